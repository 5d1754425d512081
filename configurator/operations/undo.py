"""Undo and redo of each person: the ops that can be taken back, and the outcome of doing so.

Theory. No state is stored for undo. Both stacks of a person follow from their own committed ops, in
order, so they can always be computed from the log:

    an op with changes    goes onto the undo stack; the redo stack is emptied
    an undo of op t       takes t off the undo stack and goes onto the redo stack itself
    a redo of undo u      takes u off the redo stack and goes onto the undo stack itself

An op without changes goes onto no stack. (An undo without changes, because everything is as it was
already, still takes its op off: otherwise the person would be stuck with it.)

Undo and redo are therefore the same: they take back the changes of one op (`take_back`). The new
changes are computed at the time of the request, from the present state: a redo brings back what its
undo found, not what the person once chose. Neither overwrites silently: if another person has since
changed what it would change, the outcome is a conflict that names them; `anyway` overrides that.
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace

from configurator.catalogue.model import Catalogue
from configurator.catalogue.selection import Selection
from configurator.operations import reasons as why
from configurator.operations.intents import Redo, Undo
from configurator.operations.outcomes import (
    Adjusted,
    Change,
    Committed,
    Conflict,
    OpOutcome,
    Rejected,
    Repair,
    changes_of,
    tied_to,
)
from configurator.operations.reasons import Reason
from configurator.operations.rules import Possible, cut_reasons, cut_to_size
from configurator.pricing.price import total_cents
from configurator.text import Text

HISTORY_VERSIONS = 10_000
"""An op that is more than this many versions back, counting those of all people, cannot be
undone."""

STEPS = 100
"""The number of steps of a stack that are read from the log at once, at least, if there are so
many."""

TOLD = 2
"""The most choices that the text of a repair names."""

KEPT = 2 * STEPS
"""The newest steps of a stack that are kept in memory; older ones are read when they are needed."""


@dataclass(frozen=True, slots=True, kw_only=True)
class OwnOp:
    """The facts of a committed op that the stacks need; `reverts` is set for an undo or redo."""

    version: int
    kind: str
    reverts: int | None
    changed: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Stacks:
    """The versions of the ops that one person can undo or redo, the next one last.

    Only the newest steps are here; the log has the older ones of a stack that goes on.
    """

    undo: tuple[int, ...] = ()
    redo: tuple[int, ...] = ()
    undo_goes_on: bool = False
    redo_goes_on: bool = False

    @property
    def known(self) -> bool:
        """Whether it is known of both stacks which step is next, or that there is none."""
        return bool(self.undo or not self.undo_goes_on) and bool(self.redo or not self.redo_goes_on)

    @property
    def deep(self) -> bool:
        """Whether each stack is complete or has ``STEPS`` steps: then no older op need be read."""
        return (len(self.undo) >= STEPS or not self.undo_goes_on) and (
            len(self.redo) >= STEPS or not self.redo_goes_on
        )

    def next(self, asked: Undo | Redo) -> int | None:
        """The version of the op that the undo or redo would take back; None if there is none."""
        stack = self.undo if isinstance(asked, Undo) else self.redo
        return stack[-1] if stack else None

    def within(self, version: int) -> "Stacks":
        """The stacks at a version, without steps more than HISTORY_VERSIONS back."""
        oldest = version - HISTORY_VERSIONS + 1
        if all(stack[0] >= oldest for stack in (self.undo, self.redo) if stack):
            return self
        return replace(self, undo=_from(oldest, self.undo), redo=_from(oldest, self.redo))

    def after(self, op: OwnOp) -> "Stacks":
        """The stacks after one more op of the same person."""
        return _newest(_moved(self, op))


@dataclass(frozen=True, slots=True, kw_only=True)
class Reversal:
    """The op that is taken back, and who else has since changed which of its categories."""

    version: int
    changes: tuple[Change, ...]
    changed_by: Mapping[str, str]


def stacks(log: Iterable[OwnOp], *, goes_on: bool = False) -> Stacks:
    """The stacks of a person after their own ops, in the order of the versions.

    ``goes_on`` says that the log has older ones. An undo is newer than the op that it takes back,
    so the newest ops give the newest steps.
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
) -> OpOutcome:
    """The outcome of an undo or redo on a canonical selection; the result is canonical again.

    The outcome is `conflict` if another person has since changed a category that it would change,
    and `rejected` if a choice that it would bring back does not fit any more. Both have one repair:
    the same with `anyway`, which brings back as much as fits and is `adjusted` if it cuts a
    quantity.
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


def _restored(catalogue: Catalogue, selection: Selection, changes: Iterable[Change]) -> Possible:
    """The choices before these changes, with quantities cut to the present size."""
    for change in changes:
        if change.before is None:
            selection = selection.without(change.category)
        else:
            selection = selection.with_choice(change.category, change.before)
    return cut_to_size(catalogue, selection, selection[catalogue.size_category].option)


def _too_many(catalogue: Catalogue, done: Possible) -> Iterator[Reason]:
    """The reasons why the choices do not fit any more: another person changed the size.

    Only quantities that would come back can be too large here. Any other quantity fitted before the
    op; if it does not now, another person changed it, and that is a conflict.
    """
    size = catalogue.chosen_option(catalogue.size_category, done.selection)
    for category in catalogue.categories:
        if category.quantity is not None and category.id in done.cuts:
            wanted = done.cuts[category.id].before
            yield why.quantity_above_maximum(catalogue, category, category.quantity, size, wanted)


def _anyway(
    catalogue: Catalogue, selection: Selection, asked: Undo | Redo, done: Possible
) -> Repair:
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
