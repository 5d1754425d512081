"""Operations: named intents, and what the rules make of them.

`evaluate` runs an intent on a canonical selection and ends in one outcome:

    committed   it is done as asked
    adjusted    it is done, and a rule moved something else; the reasons say what and why
    rejected    nothing changed; a reason and ways out, each with its price difference
    conflict    nothing changed, because somebody changed what a guarded operation relied on
                (`reads` and `conflict`; decided by the caller, who knows the versions)

Undo and redo, which need to know what was done before, are in configurator.undo.

An `apply` is atomic: its operations run in order, each on the result of the one before, and end in
one outcome; if one is refused nothing is done. Time and authors are no business of this module.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import assert_never

from configurator import reasons as why
from configurator.catalogue import Catalogue, Text, text_to_json
from configurator.intents import (
    Apply,
    Clear,
    Operation,
    Redo,
    Reset,
    Select,
    SetQuantity,
    SingleOperation,
    Undo,
    operation_kind,
    operation_to_json,
    parse_operation,
)
from configurator.pricing import total_cents
from configurator.reasons import Reason, ReasonCode, reason_to_json
from configurator.rules import Done, Refused, attempt, cut_reasons
from configurator.selection import Choice, Selection, choice_from_json, choice_to_json

__all__ = [
    "Adjusted",
    "Apply",
    "Cause",
    "Change",
    "Clear",
    "Committed",
    "Conflict",
    "Evaluation",
    "Operation",
    "Outcome",
    "Reason",
    "ReasonCode",
    "Redo",
    "Rejected",
    "Repair",
    "Reset",
    "Select",
    "SetQuantity",
    "SingleOperation",
    "Undo",
    "change_from_json",
    "change_to_json",
    "changes_of",
    "conflict",
    "evaluate",
    "operation_kind",
    "operation_to_json",
    "parse_operation",
    "reads",
    "reason_to_json",
    "repair_to_json",
    "tied_to",
]


class Cause(StrEnum):
    """Why a category changed: somebody asked for it, or a rule followed from what they asked."""

    ASKED = "asked"
    RULE = "rule"


@dataclass(frozen=True, slots=True, kw_only=True)
class Change:
    """One category before and after; None is not chosen. Before and after differ."""

    category: str
    before: Choice | None
    after: Choice | None
    cause: Cause


@dataclass(frozen=True, slots=True, kw_only=True)
class Repair:
    """A way out that would be accepted now, and what it would change the total by."""

    operation: Operation
    text: Text
    difference_cents: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Committed:
    """Done as asked. No changes when everything was so already."""

    selection: Selection
    changes: tuple[Change, ...]
    reasons: tuple[Reason, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Adjusted:
    """Done, and a rule moved something; at least one reason."""

    selection: Selection
    changes: tuple[Change, ...]
    reasons: tuple[Reason, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Rejected:
    """Nothing was done; the repairs come in the order to offer them."""

    reasons: tuple[Reason, ...]
    repairs: tuple[Repair, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Conflict:
    """Nothing was done: these categories changed since the author looked.

    An undo or redo has one way out, the same with `anyway`; other ops have none.
    """

    reasons: tuple[Reason, ...]
    categories: tuple[str, ...]
    repairs: tuple[Repair, ...] = ()


Evaluation = Committed | Adjusted | Rejected
Outcome = Evaluation | Conflict


def evaluate(catalogue: Catalogue, selection: Selection, operation: Operation) -> Evaluation:
    """What becomes of an operation on a canonical selection; the result is canonical again."""
    result = attempt(catalogue, selection, operation)
    if isinstance(result, Refused):
        repairs = tuple(_repairs(catalogue, selection, result))
        return Rejected(reasons=(result.reason,), repairs=repairs)
    changes = changes_of(catalogue, selection, result)
    if result.cuts:
        reasons = cut_reasons(catalogue, result)
        return Adjusted(selection=result.selection, changes=changes, reasons=reasons)
    return Committed(selection=result.selection, changes=changes)


def changes_of(catalogue: Catalogue, before: Selection, done: Done) -> tuple[Change, ...]:
    """What is different now, in catalogue order."""
    return tuple(_changes(catalogue, before, done))


def reads(catalogue: Catalogue, operation: Operation) -> frozenset[str]:
    """The categories whose value the author relied on: those it names and those a rule ties to them.

    A quantity is tied to the size; the size to every quantity that it may cut. What an undo or redo
    takes back is not in it: `configurator.undo.reads` says what that relies on.
    """
    match operation:
        case Undo() | Redo():
            return frozenset()
        case Reset():
            return frozenset(category.id for category in catalogue.categories)
        case Apply(operations=operations):
            return frozenset[str]().union(*(reads(catalogue, nested) for nested in operations))
        case Select() | SetQuantity() | Clear():
            return tied_to(catalogue, operation.category)
        case _:
            assert_never(operation)


def tied_to(catalogue: Catalogue, category_id: str) -> frozenset[str]:
    """A category and those a rule ties to it: a quantity to the size, the size to every quantity."""
    category = catalogue.category(category_id)
    tied: list[str] = []
    if category_id == catalogue.size_category:
        tied = [each.id for each in catalogue.categories if each.quantity is not None]
    elif category is not None and category.quantity is not None:
        tied = [catalogue.size_category]
    return frozenset((category_id, *tied))


def conflict(catalogue: Catalogue, changed_by: Mapping[str, str]) -> Conflict:
    """The answer to a guarded operation; `changed_by` says who last changed what it relies on."""
    changed = [c for c in catalogue.categories if c.id in changed_by]
    return Conflict(
        reasons=tuple(why.changed_meanwhile(c, changed_by[c.id]) for c in changed),
        categories=tuple(c.id for c in changed),
    )


def change_to_json(change: Change) -> dict[str, object]:
    """`{"category", "before", "after", "cause"}`."""
    return {
        "category": change.category,
        "before": change.before and choice_to_json(change.before),
        "after": change.after and choice_to_json(change.after),
        "cause": change.cause.value,
    }


def change_from_json(value: Mapping[str, object]) -> Change:
    """A change as `change_to_json` wrote it."""
    before, after = value["before"], value["after"]
    return Change(
        category=str(value["category"]),
        before=None if before is None else choice_from_json(before),
        after=None if after is None else choice_from_json(after),
        cause=Cause(str(value["cause"])),
    )


def repair_to_json(repair: Repair) -> dict[str, object]:
    """`{"operation", "text", "difference_cents"}`."""
    return {
        "operation": operation_to_json(repair.operation),
        "text": text_to_json(repair.text),
        "difference_cents": repair.difference_cents,
    }


def _changes(catalogue: Catalogue, before: Selection, done: Done) -> Iterator[Change]:
    for category in catalogue.categories:
        old, new = before.get(category.id), done.selection.get(category.id)
        if old != new:
            cause = Cause.RULE if category.id in done.cuts else Cause.ASKED
            yield Change(category=category.id, before=old, after=new, cause=cause)


def _repairs(catalogue: Catalogue, selection: Selection, refused: Refused) -> Iterator[Repair]:
    """The ways out that would be accepted and change something, priced."""
    total = total_cents(catalogue, selection)
    for way in refused.ways:
        result = attempt(catalogue, selection, way.operation)
        if isinstance(result, Done) and result.selection != selection:
            difference = total_cents(catalogue, result.selection) - total
            yield Repair(operation=way.operation, text=way.text, difference_cents=difference)
