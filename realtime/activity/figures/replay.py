"""Replays a house version by version and compares the result with the stored one.

Pure. Every op of the log is judged again on the selection before it. Where the two differ, the
difference is shown, and the replay goes on with the stored selection, because that is the one that
people saw.
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Literal

import msgspec

from configurator.catalogue.model import Catalogue
from configurator.catalogue.selection import Selection
from configurator.errors import DocumentInvalid, OperationInvalid
from configurator.operations.document import Document, apply_changes
from configurator.operations.intents import Redo, Undo, parse_operation
from configurator.operations.outcomes import Adjusted, Change, Committed, OpOutcome, evaluate
from configurator.operations.reasons import Reason
from configurator.operations.undo import Reversal, take_back
from configurator.pricing.price import total_cents
from storage.postgres.configurations.stored import StoredOperation

Difference = Literal["operation", "outcome", "changes", "reasons", "log", "total_cents"]
"""A disagreement between domain and log: `operation` cannot be read or carried out any more; `log`
changes a value that was not so before."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ReplayedOp:
    """One op, the selection after it, and the domain's result for the same op."""

    stored: StoredOperation
    selection: Selection
    recomputed_cents: int | None
    differences: tuple[Difference, ...]


def replay(
    catalogue: Catalogue,
    selection: Selection,
    log: Iterable[StoredOperation],
    taken_back: Mapping[int, list[Change]],
) -> Iterator[ReplayedOp]:
    """The ops of a log in order, from the selection before the first of them.

    `taken_back` has, by version, the changes of the ops that an undo or redo in the log took back.
    """
    for stored in log:
        step = _replayed(catalogue, selection, stored, taken_back)
        selection = step.selection
        yield step


def reverted(stored: StoredOperation) -> int | None:
    """The version that a stored undo or redo took back."""
    version = stored.operation.get("reverts")
    return version if isinstance(version, int) else None


def _replayed(
    catalogue: Catalogue,
    before: Selection,
    stored: StoredOperation,
    taken_back: Mapping[int, list[Change]],
) -> ReplayedOp:
    changes = msgspec.convert(stored.changes, list[Change])
    differences: list[Difference] = []
    try:
        outcome = _outcome(catalogue, before, stored, taken_back)
    except (OperationInvalid, KeyError):
        differences.append("operation")
    else:
        differences += _disagreements(outcome, stored, changes)
    after, fits = _applied(before, changes)
    if not fits:
        differences.append("log")
    recomputed = _total(catalogue, after)
    if recomputed != stored.total_cents:
        differences.append("total_cents")
    return ReplayedOp(
        stored=stored,
        selection=after,
        recomputed_cents=recomputed,
        differences=tuple(differences),
    )


def _outcome(
    catalogue: Catalogue,
    before: Selection,
    stored: StoredOperation,
    taken_back: Mapping[int, list[Change]],
) -> OpOutcome:
    operation = parse_operation(stored.operation)
    if isinstance(operation, Undo | Redo) and (version := reverted(stored)) is not None:
        # Changes by others decide only whether an undo is possible, and this one was done.
        reversal = Reversal(version=version, changes=tuple(taken_back[version]), changed_by={})
        return take_back(catalogue, before, operation, reversal)
    return evaluate(catalogue, before, operation)


def _disagreements(
    outcome: OpOutcome, stored: StoredOperation, changes: list[Change]
) -> Iterator[Difference]:
    name = {Committed: "committed", Adjusted: "adjusted"}.get(type(outcome), "refused")
    if name != stored.outcome:
        yield "outcome"
    if not isinstance(outcome, Committed | Adjusted):
        return
    if list(outcome.changes) != changes:
        yield "changes"
    if list(outcome.reasons) != msgspec.convert(stored.reasons, list[Reason]):
        yield "reasons"


def _applied(before: Selection, changes: list[Change]) -> tuple[Selection, bool]:
    """The selection after these changes, and whether each change started from the present value."""
    try:
        document = Document(version=0, selection=before, written={})
        return apply_changes(document, changes, 1).selection, True
    except DocumentInvalid:
        for change in changes:
            before = (
                before.without(change.category)
                if change.after is None
                else before.with_choice(change.category, change.after)
            )
        return before, False


def _total(catalogue: Catalogue, selection: Selection) -> int | None:
    try:
        return total_cents(catalogue, selection)
    except KeyError:
        return None
