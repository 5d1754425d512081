"""Undo and redo in any history of several people."""

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule

from configurator.catalogue.canonical import selection_problems
from configurator.catalogue.selection import Selection
from configurator.operations.intents import (
    Operation,
    Redo,
    Undo,
)
from configurator.operations.outcomes import (
    Adjusted,
    Committed,
    Conflict,
)
from tests.configurator.edited_house import EditedHouse
from tests.configurator.nest_haus import CATALOGUE, operations, selections
from tests.configurator.operations.taking_back import REDO, UNDO, codes
from tests.support.history import fold

PEOPLE = st.sampled_from(["Anna", "Ben", "Cleo"])


class Household(RuleBasedStateMachine):
    """Any history of several people who edit, undo and redo. (UN1, UN5, UN6)"""

    @initialize(selection=selections())
    def open(self, selection: Selection) -> None:
        self.edited = EditedHouse(selection)

    @rule(name=PEOPLE, operation=operations())
    def operate(self, name: str, operation: Operation) -> None:
        self.edited.do(name, operation)

    @rule(name=PEOPLE, operation=st.sampled_from([UNDO, REDO]))
    def reverse(self, name: str, operation: Undo | Redo) -> None:
        edited = self.edited
        before, stacks_before = edited.document, edited.stacks_of(name)
        total_before = edited.total_cents

        outcome = edited.do(name, operation)

        if isinstance(outcome, Committed | Adjusted):
            for change in outcome.changes:
                written = before.written.get(change.category, 0)
                assert not written or self.author(written) == name or written <= self.reverted
            assert self.reverted == stacks_before.next(operation)
            assert self.reverted not in edited.stacks_of(name).undo + edited.stacks_of(name).redo
            return
        assert edited.document == before
        assert edited.stacks_of(name) == stacks_before
        if stacks_before.next(operation) is None:
            assert outcome.repairs == ()
            return
        (repair,) = outcome.repairs
        assert isinstance(outcome, Conflict) or codes(outcome) == ["quantity_above_maximum"]
        assert isinstance(edited.do(name, repair.operation), Committed | Adjusted)
        assert edited.total_cents - total_before == repair.difference_cents
        assert self.reverted == stacks_before.next(operation)

    @property
    def reverted(self) -> int:
        return self.edited.log[-1].reverts or 0

    def author(self, version: int) -> str:
        return self.edited.log[version - 1].name

    @invariant()
    def it_can_be_built(self) -> None:
        assert selection_problems(CATALOGUE, self.edited.selection) == []

    @invariant()
    def the_log_gives_the_document(self) -> None:
        log = [entry.logged for entry in self.edited.log]
        assert fold(self.edited.initial, log) == self.edited.document


TestHousehold = Household.TestCase
TestHousehold.settings = settings(
    derandomize=True, deadline=None, max_examples=80, stateful_step_count=25
)
