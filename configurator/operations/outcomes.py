"""Outcomes of operations: the result of the rules on named intents.

`evaluate` runs an intent on a canonical selection and ends in one outcome:

    committed   it is done as asked
    adjusted    it is done, and a rule changed something else; the reasons say what and why
    rejected    nothing changed; a reason and repairs, each with its price difference
    conflict    nothing changed, because another person changed what a guarded operation relied on
                (`reads` and `conflict`; decided by the caller, who knows the versions)

Undo and redo, which need to know what was done before, are in configurator.operations.undo.

An `apply` is atomic: its operations run in order, each on the result of the one before, and end in
one outcome; if one is refused nothing is done. This module knows nothing of time and authors.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from enum import StrEnum

import msgspec

from configurator.catalogue.model import Catalogue
from configurator.catalogue.selection import Choice, Selection
from configurator.operations import reasons as why
from configurator.operations.intents import (
    Apply,
    Operation,
    Redo,
    Reset,
    Undo,
)
from configurator.operations.reasons import Reason
from configurator.operations.rules import NotPossible, Possible, attempt, cut_reasons
from configurator.pricing.price import total_cents
from configurator.text import Text


class Cause(StrEnum):
    """The cause of a category's change: the request itself, or a rule that followed from it."""

    ASKED = "asked"
    RULE = "rule"


class Change(msgspec.Struct, frozen=True, kw_only=True):
    """The choice of one category before and after an op; null if nothing was chosen."""

    category: str
    before: Choice | None
    after: Choice | None
    cause: Cause


class Repair(msgspec.Struct, frozen=True, kw_only=True):
    """An operation that would be accepted now instead, and by how much it would change the total."""

    operation: Operation
    text: Text
    difference_cents: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Committed:
    """Done as asked; without changes if the selection was like that already."""

    selection: Selection
    changes: tuple[Change, ...]
    reasons: tuple[Reason, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Adjusted:
    """Done, and a rule changed something else; there is at least one reason."""

    selection: Selection
    changes: tuple[Change, ...]
    reasons: tuple[Reason, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Rejected:
    """Nothing was done; the repairs are in the order in which to offer them."""

    reasons: tuple[Reason, ...]
    repairs: tuple[Repair, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Conflict:
    """Nothing was done: these categories changed after the version that the author saw.

    An undo or redo has one repair, the same with `anyway`; other ops have none.
    """

    reasons: tuple[Reason, ...]
    categories: tuple[str, ...]
    repairs: tuple[Repair, ...] = ()


Evaluation = Committed | Adjusted | Rejected
OpOutcome = Evaluation | Conflict


def evaluate(catalogue: Catalogue, selection: Selection, operation: Operation) -> Evaluation:
    """The outcome of an operation on a canonical selection; the resulting selection is canonical."""
    result = attempt(catalogue, selection, operation)
    if isinstance(result, NotPossible):
        repairs = tuple(_repairs(catalogue, selection, result))
        return Rejected(reasons=(result.reason,), repairs=repairs)
    changes = changes_of(catalogue, selection, result)
    if result.cuts:
        reasons = cut_reasons(catalogue, result)
        return Adjusted(selection=result.selection, changes=changes, reasons=reasons)
    return Committed(selection=result.selection, changes=changes)


def changes_of(catalogue: Catalogue, before: Selection, done: Possible) -> tuple[Change, ...]:
    """The changes between two selections, in catalogue order."""
    return tuple(_changes(catalogue, before, done))


def reads(catalogue: Catalogue, operation: Operation) -> frozenset[str]:
    """The categories whose value the author relied on: those it names and those a rule ties to them.

    A quantity is tied to the size; the size to every quantity that it may cut. For an undo or redo,
    `configurator.operations.undo.reads` names the categories.
    """
    match operation:
        case Undo() | Redo():
            return frozenset()
        case Reset():
            return frozenset(category.id for category in catalogue.categories)
        case Apply(operations=operations):
            return frozenset[str]().union(*(reads(catalogue, nested) for nested in operations))
        case _:
            return tied_to(catalogue, operation.category)


def tied_to(catalogue: Catalogue, category_id: str) -> frozenset[str]:
    """A category and those tied to it: a quantity to the size, the size to all quantities."""
    category = catalogue.category(category_id)
    tied: list[str] = []
    if category_id == catalogue.size_category:
        tied = [each.id for each in catalogue.categories if each.quantity is not None]
    elif category is not None and category.quantity is not None:
        tied = [catalogue.size_category]
    return frozenset((category_id, *tied))


def conflict(catalogue: Catalogue, changed_by: Mapping[str, str]) -> Conflict:
    """The answer to a guarded operation; `changed_by` names who last changed each category."""
    changed = [c for c in catalogue.categories if c.id in changed_by]
    return Conflict(
        reasons=tuple(why.changed_meanwhile(c, changed_by[c.id]) for c in changed),
        categories=tuple(c.id for c in changed),
    )


def _changes(catalogue: Catalogue, before: Selection, done: Possible) -> Iterator[Change]:
    for category in catalogue.categories:
        old, new = before.get(category.id), done.selection.get(category.id)
        if old != new:
            cause = Cause.RULE if category.id in done.cuts else Cause.ASKED
            yield Change(category=category.id, before=old, after=new, cause=cause)


def _repairs(catalogue: Catalogue, selection: Selection, refused: NotPossible) -> Iterator[Repair]:
    """The repairs that would be accepted and would change something, with their prices."""
    total = total_cents(catalogue, selection)
    for repair in refused.repairs:
        result = attempt(catalogue, selection, repair.operation)
        if isinstance(result, Possible) and result.selection != selection:
            difference = total_cents(catalogue, result.selection) - total
            yield Repair(operation=repair.operation, text=repair.text, difference_cents=difference)
