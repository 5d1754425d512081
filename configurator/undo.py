"""Undo and redo, per person: what can be taken back, and what becomes of taking it back.

Theory. Nothing is kept for it. Both stacks of a person follow from their own committed ops, in
order, so the log is enough to have them again:

    an op with changes    goes onto the undo stack; what could be redone is forgotten
    an undo of op t       takes t off the undo stack and goes onto the redo stack itself
    a redo of undo u      takes u off the redo stack and goes onto the undo stack itself

An op without changes goes onto no stack. (An undo without changes, because everything is as it was
already, still takes its op off: otherwise the person would be stuck with it.)

So undo and redo are one thing: the changes of one op are taken back (`take_back`). It is built when
it is asked for, from what is there now: a redo brings back what its undo found, not what the person
once chose. It never silently overwrites: when somebody else has changed since what would be changed
now, it is a conflict that names them; `anyway` does it all the same.
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace

from configurator import reasons as why
from configurator.catalogue import Catalogue, Text
from configurator.operations import (
    Adjusted,
    Change,
    Committed,
    Conflict,
    Outcome,
    Reason,
    Redo,
    Rejected,
    Repair,
    Undo,
    changes_of,
    tied_to,
)
from configurator.pricing import total_cents
from configurator.rules import Done, cut_reasons, cut_to_size
from configurator.selection import Selection

HISTORY_VERSIONS = 10_000
"""What is so many versions back, everybody's together, is not taken back any more."""

STEPS = 100
"""At least so many steps of a stack are read from the log at once, if it has them."""

TOLD = 2
"""At most this many choices that a way out leads to are named on its button."""

KEPT = 2 * STEPS
"""The newest steps of a stack that are kept in memory; older ones are read when it comes to them."""


@dataclass(frozen=True, slots=True, kw_only=True)
class OwnOp:
    """What the stacks need of a committed op; `reverts` only of an undo or redo."""

    version: int
    kind: str
    reverts: int | None
    changed: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Stacks:
    """What one person can take back: versions of their own ops, the next one last.

    These are the newest steps. Where a stack goes on, older ones are in the log, not here.
    """

    undo: tuple[int, ...] = ()
    redo: tuple[int, ...] = ()
    undo_goes_on: bool = False
    redo_goes_on: bool = False

    @property
    def known(self) -> bool:
        """Whether the next step of both stacks is known, or that there is none."""
        return bool(self.undo or not self.undo_goes_on) and bool(self.redo or not self.redo_goes_on)

    @property
    def deep(self) -> bool:
        """Whether both stacks are whole or have ``STEPS`` steps: no older op needs to be read."""
        return (len(self.undo) >= STEPS or not self.undo_goes_on) and (
            len(self.redo) >= STEPS or not self.redo_goes_on
        )

    def next(self, asked: Undo | Redo) -> int | None:
        """The version of the op that would be taken back; None when there is none."""
        stack = self.undo if isinstance(asked, Undo) else self.redo
        return stack[-1] if stack else None

    def within(self, version: int) -> "Stacks":
        """The stacks at a version of the document: what is HISTORY_VERSIONS back is forgotten."""
        oldest = version - HISTORY_VERSIONS + 1
        if all(stack[0] >= oldest for stack in (self.undo, self.redo) if stack):
            return self
        return replace(self, undo=_from(oldest, self.undo), redo=_from(oldest, self.redo))

    def after(self, op: OwnOp) -> "Stacks":
        """The stacks after one more op of the same person."""
        return _newest(_moved(self, op))


@dataclass(frozen=True, slots=True, kw_only=True)
class Reversal:
    """The op that is taken back, and who else has changed which of its categories after it."""

    version: int
    changes: tuple[Change, ...]
    changed_by: Mapping[str, str]


def stacks(log: Iterable[OwnOp], *, goes_on: bool = False) -> Stacks:
    """The stacks of a person after their own ops, in the order of the versions.

    ``goes_on``: these are only the newest of them. As an undo is newer than what it takes back, the
    newest ops give the newest steps.
    """
    reached = Stacks(undo_goes_on=goes_on, redo_goes_on=goes_on)
    for op in log:
        reached = _moved(reached, op)
    return _newest(reached)


def _moved(at: Stacks, op: OwnOp) -> Stacks:
    pushed = (op.version,) if op.changed else ()
    if op.kind == "undo":
        return replace(at, undo=_without(at.undo, op.reverts), redo=(*at.redo, *pushed))
    if op.kind == "redo":
        return replace(at, undo=(*at.undo, *pushed), redo=_without(at.redo, op.reverts))
    if not op.changed:
        return at
    return replace(at, undo=(*at.undo, *pushed), redo=(), redo_goes_on=False)


def _newest(of: Stacks) -> Stacks:
    if max(len(of.undo), len(of.redo)) <= KEPT:
        return of
    return Stacks(
        undo=of.undo[-KEPT:],
        redo=of.redo[-KEPT:],
        undo_goes_on=of.undo_goes_on or len(of.undo) > KEPT,
        redo_goes_on=of.redo_goes_on or len(of.redo) > KEPT,
    )


def take_back(
    catalogue: Catalogue, selection: Selection, asked: Undo | Redo, reversal: Reversal
) -> Outcome:
    """What becomes of an undo or redo on a canonical selection; the result is canonical again.

    `conflict` when somebody else has changed what it would change; `rejected` when what it would
    bring back does not fit any more. Both have one way out: the same with `anyway`, which brings
    back as much as fits and is `adjusted` where it cut a quantity.
    """
    done = _restored(catalogue, selection, reversal.changes)
    changes = changes_of(catalogue, selection, done)
    if not asked.anyway:
        contested = [each.category for each in changes if each.category in reversal.changed_by]
        if contested:
            return Conflict(
                reasons=tuple(
                    why.changed_meanwhile(catalogue.by_id[c], reversal.changed_by[c])
                    for c in contested
                ),
                categories=tuple(contested),
                repairs=(_anyway(catalogue, selection, asked, done),),
            )
        if done.cuts:
            repairs = (_anyway(catalogue, selection, asked, done),)
            return Rejected(reasons=tuple(_too_many(catalogue, done)), repairs=repairs)
    if done.cuts:
        reasons = cut_reasons(catalogue, done)
        return Adjusted(selection=done.selection, changes=changes, reasons=reasons)
    return Committed(selection=done.selection, changes=changes)


def touched(
    catalogue: Catalogue, selection: Selection, changes: Iterable[Change]
) -> frozenset[str]:
    """The categories that taking back these changes would change now, by a rule or not."""
    done = _restored(catalogue, selection, changes)
    return frozenset(each.category for each in changes_of(catalogue, selection, done))


def reads(catalogue: Catalogue, changes: Iterable[Change]) -> frozenset[str]:
    """The categories that a guarded undo or redo relies on, and those a rule ties to them."""
    return frozenset[str]().union(*(tied_to(catalogue, each.category) for each in changes))


def _restored(catalogue: Catalogue, selection: Selection, changes: Iterable[Change]) -> Done:
    """What was before these changes, with every quantity cut that does not fit the size."""
    for change in changes:
        if change.before is None:
            selection = selection.without(change.category)
        else:
            selection = selection.with_choice(change.category, change.before)
    return cut_to_size(catalogue, selection, selection[catalogue.size_category].option)


def _too_many(catalogue: Catalogue, done: Done) -> Iterator[Reason]:
    """Why what would come back does not fit: somebody changed the size after the op.

    Other quantities than those that come back do not get here: they fitted before the op, so
    somebody else has changed them after it, and that is a conflict.
    """
    size_category = catalogue.by_id[catalogue.size_category]
    size = catalogue.chosen_option(size_category.id, done.selection)
    for category in catalogue.categories:
        if category.quantity is not None and category.id in done.cuts:
            wanted = done.cuts[category.id].before
            yield why.quantity_above_maximum(
                category, category.quantity, size, size_category, wanted
            )


def _anyway(catalogue: Catalogue, selection: Selection, asked: Undo | Redo, done: Done) -> Repair:
    text = Text(de="Trotzdem zurücknehmen", en="Undo anyway")
    if isinstance(asked, Redo):
        text = Text(de="Trotzdem wiederherstellen", en="Redo anyway")
    changes = changes_of(catalogue, selection, done)
    led_to = [why.choice_words(catalogue, each.category, each.after) for each in changes[:TOLD]]
    more = len(changes) - TOLD
    text = Text(
        de=f"{text.de}: {', '.join(words.de for words in led_to)}"
        + (f" und {more} mehr" if more > 0 else ""),
        en=f"{text.en}: {', '.join(words.en for words in led_to)}"
        + (f" and {more} more" if more > 0 else ""),
    )
    difference = total_cents(catalogue, done.selection) - total_cents(catalogue, selection)
    again = Undo(anyway=True) if isinstance(asked, Undo) else Redo(anyway=True)
    return Repair(operation=again, text=text, difference_cents=difference)


def _without(stack: tuple[int, ...], version: int | None) -> tuple[int, ...]:
    return tuple(each for each in stack if each != version)


def _from(oldest: int, stack: tuple[int, ...]) -> tuple[int, ...]:
    return stack if not stack or stack[0] >= oldest else tuple(e for e in stack if e >= oldest)
