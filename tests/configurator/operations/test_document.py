"""Documents: snapshot plus later operations is the fresh state, at every version."""

from dataclasses import replace
from uuid import UUID

import msgspec
import pytest
from hypothesis import settings
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule

from configurator.catalogue.canonical import selection_problems
from configurator.catalogue.selection import Choice, Selection
from configurator.errors import DocumentInvalid
from configurator.operations.document import Document, apply_changes, written_since
from configurator.operations.intents import Operation, Select, SetQuantity
from configurator.operations.outcomes import Rejected, evaluate
from tests.configurator.nest_haus import CATALOGUE, operations, selections
from tests.support.history import LoggedOperation, fold, new_document

ANNA = UUID(int=7)


def carried_out(document: Document, operation: Operation) -> LoggedOperation:
    outcome = evaluate(CATALOGUE, document.selection, operation)
    assert not isinstance(outcome, Rejected)
    version = document.version + 1
    return LoggedOperation(
        version=version,
        op_id=UUID(int=version),
        person_id=ANNA,
        operation=operation,
        changes=outcome.changes,
    )


def history(*asked: Operation) -> tuple[Document, list[LoggedOperation]]:
    document, log = new_document(CATALOGUE), []
    for operation in asked:
        logged = carried_out(document, operation)
        document = apply_changes(document, logged.changes, logged.version)
        log.append(logged)
    return document, log


BIG_WITH_PANELS = (
    Select(category="nest", option="nest160"),
    SetQuantity(category="pvanlage", quantity=16),
    Select(category="fussboden", option="schiefer_massiv"),
    Select(category="nest", option="nest80"),
)


def test_versions_of_what_was_written() -> None:
    document, _ = history(*BIG_WITH_PANELS)

    assert document.version == 4
    assert document.written == {"nest": 4, "pvanlage": 4, "fussboden": 3}
    assert written_since(document, 0) == {"nest", "pvanlage", "fussboden"}
    assert written_since(document, 3) == {"nest", "pvanlage"}
    assert written_since(document, 4) == frozenset()


def test_the_log_gives_the_document_from_any_version() -> None:
    """(SN6)"""
    document, log = history(*BIG_WITH_PANELS)

    for version in range(5):
        at_version = fold(new_document(CATALOGUE), log[:version])
        assert fold(at_version, log[version:]) == document


def test_a_log_with_a_hole_is_noticed() -> None:
    _, log = history(*BIG_WITH_PANELS)

    with pytest.raises(DocumentInvalid, match="version 3 cannot follow version 1"):
        fold(new_document(CATALOGUE), [log[0], log[2]])
    with pytest.raises(DocumentInvalid, match="version 1 cannot follow version 1"):
        fold(new_document(CATALOGUE), [log[0], log[0]])


def test_a_change_that_starts_from_elsewhere_is_noticed() -> None:
    """(SN2)"""
    _, log = history(*BIG_WITH_PANELS)

    with pytest.raises(DocumentInvalid, match="version 1 changes nest from"):
        fold(new_document(CATALOGUE), [replace(log[3], version=1)])


def test_an_operation_that_changed_nothing_takes_a_version() -> None:
    document, _ = history(Select(category="nest", option="nest80"))

    assert document == replace(new_document(CATALOGUE), version=1)


class Editing(RuleBasedStateMachine):
    """Any history: the document is always what its log says, and can always be built and priced."""

    @initialize(selection=selections())
    def open(self, selection: Selection) -> None:
        self.initial = Document(version=0, selection=selection, written={})
        self.document = self.initial
        self.log: list[LoggedOperation] = []

    @rule(operation=operations())
    def operate(self, operation: Operation) -> None:
        outcome = evaluate(CATALOGUE, self.document.selection, operation)
        if isinstance(outcome, Rejected):
            return
        logged = carried_out(self.document, operation)
        before = self.document
        self.document = apply_changes(before, logged.changes, logged.version)
        self.log.append(logged)
        assert self.document.selection == outcome.selection
        assert written_since(self.document, before.version) == {
            change.category for change in outcome.changes
        }

    @invariant()
    def the_log_gives_the_document(self) -> None:
        assert fold(self.initial, self.log) == self.document

    @invariant()
    def it_survives_storage(self) -> None:
        stored = msgspec.json.encode(dict(self.document.selection))
        read = msgspec.json.decode(stored, type=dict[str, Choice])
        assert Selection(read) == self.document.selection

    @invariant()
    def it_can_be_built(self) -> None:
        assert selection_problems(CATALOGUE, self.document.selection) == []


TestEditing = Editing.TestCase
TestEditing.settings = settings(
    derandomize=True, deadline=None, max_examples=60, stateful_step_count=20
)
