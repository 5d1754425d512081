"""A house, version by version, carried out again by the domain and compared with what is stored.

Pure. Every op of the log is judged anew on the selection before it. What the log says goes on,
whatever comes out of that: people saw what was stored, and a difference is shown, not hidden.
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Literal

import msgspec

from configurator.catalogue import Catalogue
from configurator.document import Document, apply_changes
from configurator.errors import DocumentInvalid, OperationInvalid
from configurator.operations import (
    Adjusted,
    Change,
    Committed,
    Outcome,
    Reason,
    Redo,
    Undo,
    evaluate,
    parse_operation,
)
from configurator.pricing import total_cents
from configurator.selection import Selection
from configurator.undo import Reversal, take_back
from storage.postgres.configurations import StoredOperation

Difference = Literal["operation", "outcome", "changes", "reasons", "log", "total_cents"]
"""Where the domain and the log disagree: `operation` cannot be read or carried out any more; `log`
changes something that was not so."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ReplayedOp:
    """One op, the selection after it, and what the domain makes of both."""

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

    `taken_back`: what the versions changed that undo and redo ops in the log took back.
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
) -> Outcome:
    operation = parse_operation(stored.operation)
    if isinstance(operation, Undo | Redo) and (version := reverted(stored)) is not None:
        # Who else had changed it decides only whether it is done, and it was.
        reversal = Reversal(version=version, changes=tuple(taken_back[version]), changed_by={})
        return take_back(catalogue, before, operation, reversal)
    return evaluate(catalogue, before, operation)


def _disagreements(
    outcome: Outcome, stored: StoredOperation, changes: list[Change]
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
    """The selection after these changes, and whether each started from what was there."""
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
