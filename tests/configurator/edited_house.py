"""A house that several people edit, in memory: the real domain and a log, no stores, no transport."""

from dataclasses import dataclass
from uuid import UUID, uuid5

from configurator.catalogue.model import Catalogue
from configurator.catalogue.selection import Selection
from configurator.operations.document import Document, apply_changes, written_since
from configurator.operations.intents import Operation, Redo, Undo, operation_kind
from configurator.operations.outcomes import Conflict, OpOutcome, Rejected, evaluate
from configurator.operations.undo import OwnOp, Reversal, Stacks, stacks, take_back, touched
from configurator.pricing.price import total_cents
from tests.configurator.nest_haus import CATALOGUE
from tests.support.history import LoggedOperation

_PEOPLE = UUID(int=1)


def person(name: str) -> UUID:
    return uuid5(_PEOPLE, name)


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """One committed op of somebody, and what it took back."""

    logged: LoggedOperation
    name: str
    reverts: int | None

    @property
    def own(self) -> OwnOp:
        return OwnOp(
            version=self.logged.version,
            kind=operation_kind(self.logged.operation),
            reverts=self.reverts,
            changed=bool(self.logged.changes),
        )


class EditedHouse:
    """`do("Anna", operation)` is what a room does with an op; `log` has what was committed."""

    def __init__(self, selection: Selection, catalogue: Catalogue = CATALOGUE) -> None:
        self.catalogue = catalogue
        self.initial = Document(version=0, selection=selection, written={})
        self.document = self.initial
        self.log: list[Entry] = []

    @property
    def selection(self) -> Selection:
        return self.document.selection

    @property
    def total_cents(self) -> int:
        return total_cents(self.catalogue, self.selection)

    def stacks_of(self, name: str) -> Stacks:
        return stacks(entry.own for entry in self.log if entry.name == name)

    def do(self, name: str, operation: Operation) -> OpOutcome:
        reversal = self.reversal(name, operation)
        outcome: OpOutcome
        if isinstance(operation, Undo | Redo) and reversal is not None:
            outcome = take_back(self.catalogue, self.selection, operation, reversal)
        else:
            outcome = evaluate(self.catalogue, self.selection, operation)
        if isinstance(outcome, Rejected | Conflict):
            return outcome
        version = self.document.version + 1
        self.document = apply_changes(self.document, outcome.changes, version)
        logged = LoggedOperation(
            version=version,
            op_id=UUID(int=version),
            person_id=person(name),
            operation=operation,
            changes=outcome.changes,
        )
        reverts = reversal.version if reversal is not None else None
        self.log.append(Entry(logged=logged, name=name, reverts=reverts))
        return outcome

    def reversal(self, name: str, operation: Operation) -> Reversal | None:
        if not isinstance(operation, Undo | Redo):
            return None
        version = self.stacks_of(name).next(operation)
        if version is None:
            return None
        changes = self.log[version - 1].logged.changes
        asked_about = touched(self.catalogue, self.selection, changes)
        asked_about &= written_since(self.document, version)
        return Reversal(
            version=version,
            changes=changes,
            changed_by={
                change.category: entry.name
                for entry in self.log[version:]
                for change in entry.logged.changes
                if entry.name != name and change.category in asked_about
            },
        )
