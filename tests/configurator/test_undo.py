"""Undo and redo: what is taken back, what is asked first, and what never happens."""

from collections.abc import Callable
from random import Random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule

from configurator.catalogue import Text
from configurator.document import fold
from configurator.operations import (
    Adjusted,
    Apply,
    Cause,
    Committed,
    Conflict,
    Operation,
    Outcome,
    Redo,
    Rejected,
    Repair,
    Reset,
    Select,
    SetQuantity,
    Undo,
    operation_to_json,
    parse_operation,
)
from configurator.selection import Selection, selection_problems
from configurator.undo import HISTORY_VERSIONS, KEPT, OwnOp, Stacks, reads, stacks
from tests.configurator.edited_house import EditedHouse
from tests.configurator.nest_haus import CATALOGUE, house, operations, selections

UNDO, REDO = Undo(), Redo()
ANYWAY = Undo(anyway=True)
PANEL_CENTS = 390_00


def set_pv(quantity: int) -> SetQuantity:
    return SetQuantity(category="pvanlage", quantity=quantity)


def nest(size: str) -> Select:
    return Select(category="nest", option=size)


def panels(edited: EditedHouse) -> int:
    choice = edited.selection.get("pvanlage")
    return (choice.quantity or 0) if choice else 0


def codes(outcome: Outcome) -> list[str]:
    return [reason.code.value for reason in outcome.reasons]


def test_a_redo_brings_back_what_the_undo_found() -> None:
    """PT10: 3; Anna 0; Ben 5; Anna undoes: asked, then 3; Anna redoes: 5, not 0. (UN4, UN5)"""
    edited = EditedHouse(house(pv=3))
    edited.do("Anna", set_pv(0))
    edited.do("Ben", set_pv(5))

    asked = edited.do("Anna", UNDO)

    assert isinstance(asked, Conflict)
    assert asked.categories == ("pvanlage",)
    assert codes(asked) == ["changed_meanwhile"]
    assert asked.reasons[0].text.de.startswith("Ben hat „Photovoltaik“ inzwischen geändert.")
    assert asked.repairs == (
        Repair(
            operation=ANYWAY,
            text=Text(
                de="Trotzdem zurücknehmen: Photovoltaik: 3 Module",
                en="Undo anyway: Solar power: 3 panels",
            ),
            difference_cents=-2 * PANEL_CENTS,
        ),
    )
    assert panels(edited) == 5

    assert isinstance(edited.do("Anna", ANYWAY), Committed)
    assert panels(edited) == 3
    assert isinstance(edited.do("Anna", REDO), Committed)
    assert panels(edited) == 5


def test_a_redo_over_the_change_of_somebody_else_is_asked_first_too() -> None:
    """(UN5)"""
    edited = EditedHouse(house(pv=3))
    edited.do("Anna", set_pv(4))
    edited.do("Anna", UNDO)
    edited.do("Ben", set_pv(5))

    asked = edited.do("Anna", REDO)

    assert isinstance(asked, Conflict)
    assert asked.repairs == (
        Repair(
            operation=Redo(anyway=True),
            text=Text(
                de="Trotzdem wiederherstellen: Photovoltaik: 4 Module",
                en="Redo anyway: Solar power: 4 panels",
            ),
            difference_cents=-1 * PANEL_CENTS,
        ),
    )
    edited.do("Anna", Redo(anyway=True))
    assert panels(edited) == 4


def test_what_a_smaller_nest_cut_comes_back_with_the_nest() -> None:
    """(UN3, UN12)"""
    large = house("nest160 trapezblech kiefer parkett", pv=16, fenster=("pvc", 62))
    edited = EditedHouse(large)
    edited.do("Anna", nest("nest80"))
    assert panels(edited) == 8

    outcome = edited.do("Anna", UNDO)

    assert isinstance(outcome, Committed)
    assert edited.selection == large
    assert [change.cause for change in outcome.changes] == [Cause.ASKED] * 3
    edited.do("Anna", REDO)
    assert edited.selection == house(pv=8, fenster=("pvc", 46))


def test_a_bundle_and_a_reset_are_taken_back_as_a_whole() -> None:
    """(UN1, UN12)"""
    before = house(pv=3, planung="pro", check=True)
    for operation in (Reset(), Apply(operations=(nest("nest120"), set_pv(12)))):
        edited = EditedHouse(before)
        edited.do("Anna", operation)
        assert edited.selection != before
        edited.do("Anna", UNDO)
        assert edited.selection == before


def test_what_somebody_else_changed_elsewhere_stays() -> None:
    """(UN1)"""
    edited = EditedHouse(house())
    edited.do("Anna", set_pv(4))
    edited.do("Ben", Select(category="fussboden", option="schiefer_massiv"))

    assert isinstance(edited.do("Anna", UNDO), Committed)
    assert edited.selection == house("nest80 trapezblech kiefer schiefer_massiv")


def test_only_own_ops_are_taken_back() -> None:
    """(UN1, UN8)"""
    edited = EditedHouse(house())
    edited.do("Ben", set_pv(4))

    for operation, code in ((UNDO, "nothing_to_undo"), (REDO, "nothing_to_redo")):
        outcome = edited.do("Anna", operation)
        assert isinstance(outcome, Rejected)
        assert codes(outcome) == [code]
        assert outcome.repairs == ()
        assert outcome.reasons[0].text.de
        assert outcome.reasons[0].text.en
    assert panels(edited) == 4


def test_a_new_change_forgets_what_could_be_redone_and_no_change_does_not() -> None:
    """(UN7, UN11)"""
    edited = EditedHouse(house())
    edited.do("Anna", set_pv(4))
    edited.do("Anna", UNDO)
    edited.do("Anna", set_pv(0))  # as it is already
    assert edited.stacks_of("Anna").redo == (2,)
    edited.do("Ben", nest("nest120"))
    assert edited.stacks_of("Anna").redo == (2,)
    edited.do("Anna", set_pv(1))
    assert codes(edited.do("Anna", REDO)) == ["nothing_to_redo"]


def test_what_somebody_else_took_back_already_is_not_asked_about() -> None:
    """(UN5)"""
    edited = EditedHouse(house(pv=3))
    edited.do("Anna", set_pv(4))
    edited.do("Ben", set_pv(3))

    outcome = edited.do("Anna", UNDO)

    assert isinstance(outcome, Committed)
    assert outcome.changes == ()
    assert edited.stacks_of("Anna") == Stacks()


def test_a_value_of_somebody_else_that_an_own_undo_brought_back_is_still_theirs() -> None:
    """(UN5)"""
    edited = EditedHouse(house(pv=3))
    edited.do("Anna", set_pv(4))
    edited.do("Ben", set_pv(5))
    edited.do("Anna", set_pv(6))
    assert isinstance(edited.do("Anna", UNDO), Committed)
    assert panels(edited) == 5

    asked = edited.do("Anna", UNDO)

    assert isinstance(asked, Conflict)
    assert asked.reasons[0].text.en.startswith("Ben has changed “Solar power”")


def test_panels_of_somebody_else_are_not_cut_unasked() -> None:
    """I12b: a rule is no reason to overwrite somebody else's later change silently either. (UN5)"""
    edited = EditedHouse(house())
    edited.do("Anna", nest("nest160"))
    edited.do("Ben", set_pv(16))

    asked = edited.do("Anna", UNDO)

    assert isinstance(asked, Conflict)
    assert asked.categories == ("pvanlage",)
    assert asked.repairs[0].difference_cents == -(4 * 33_600_00 + 8 * PANEL_CENTS)
    done = edited.do("Anna", ANYWAY)
    assert isinstance(done, Adjusted)
    assert codes(done) == ["quantity_reduced"]
    assert edited.selection == house(pv=8)
    edited.do("Anna", REDO)
    assert edited.selection == house("nest160 trapezblech kiefer parkett", pv=16)


def test_what_does_not_fit_any_more_is_refused_and_the_stacks_stay() -> None:
    """PT11; `anyway` brings back as much as fits. (UN6, UN13)"""
    edited = EditedHouse(house("nest160 trapezblech kiefer parkett", pv=16))
    edited.do("Anna", set_pv(4))
    edited.do("Ben", nest("nest80"))
    stacks_before = edited.stacks_of("Anna")

    outcome = edited.do("Anna", UNDO)

    assert isinstance(outcome, Rejected)
    assert codes(outcome) == ["quantity_above_maximum"]
    assert outcome.reasons[0].text.de == (
        "Auf Nest. 80 passen höchstens 8 Module, gewünscht: 16. Nimm höchstens 8 oder ändere "
        "zuerst „Größe“."
    )
    assert [(r.operation, r.difference_cents) for r in outcome.repairs] == [
        (ANYWAY, 4 * PANEL_CENTS)
    ]
    assert edited.selection == house(pv=4)
    assert edited.stacks_of("Anna") == stacks_before
    done = edited.do("Anna", ANYWAY)
    assert isinstance(done, Adjusted)
    assert codes(done) == ["quantity_reduced"]
    assert edited.selection == house(pv=8)


def test_what_an_undo_relies_on() -> None:
    """(UN14)"""
    edited = EditedHouse(house("nest160 trapezblech kiefer parkett"))
    edited.do("Anna", set_pv(4))
    edited.do("Anna", nest("nest80"))
    edited.do("Anna", Select(category="fussboden", option="schiefer_massiv"))

    assert [reads(CATALOGUE, entry.logged.changes) for entry in edited.log] == [
        {"pvanlage", "nest"},
        {"nest", "pvanlage", "fenster"},
        {"fussboden"},
    ]


def test_many_steps_back_and_forth() -> None:
    """(UN10, UN3)"""
    edited = EditedHouse(house())
    states = [edited.selection]
    for number in range(150):
        edited.do("Anna", set_pv(number % 8 + 1))
        states.append(edited.selection)

    for number in range(150):
        assert edited.selection == states[150 - number]
        assert isinstance(edited.do("Anna", UNDO), Committed)
    assert edited.selection == states[0]
    assert codes(edited.do("Anna", UNDO)) == ["nothing_to_undo"]
    for number in range(150):
        assert isinstance(edited.do("Anna", REDO), Committed)
        assert edited.selection == states[1 + number]


@pytest.mark.parametrize("operation", [UNDO, REDO, ANYWAY, Redo(anyway=True)])
def test_undo_and_redo_as_json(operation: Operation) -> None:
    wire = operation_to_json(operation)
    assert set(wire) <= {"kind", "anyway"}
    assert parse_operation(wire) == operation
    assert parse_operation({**wire, "reverts": 17}) == operation


@given(selection=selections(), asked=st.lists(operations(), max_size=12))
def test_undoing_and_redoing_everything_changes_nothing(
    selection: Selection, asked: list[Operation]
) -> None:
    """I12a, selection and price: k undos, then k redos, nobody else around. (UN3)"""
    edited = EditedHouse(selection)
    states = [(edited.selection, edited.total_cents)]
    for operation in asked:
        edited.do("Anna", operation)
        if edited.selection != states[-1][0]:
            states.append((edited.selection, edited.total_cents))
    changed = len(states) - 1
    assert len(edited.stacks_of("Anna").undo) == changed

    for step in range(changed):
        assert isinstance(edited.do("Anna", UNDO), Committed)
        assert (edited.selection, edited.total_cents) == states[changed - 1 - step]
    assert edited.stacks_of("Anna").undo == ()
    for step in range(changed):
        assert isinstance(edited.do("Anna", REDO), Committed)
        assert (edited.selection, edited.total_cents) == states[1 + step]
    assert edited.stacks_of("Anna").redo == ()


def own_log(seed: int, length: int) -> list[OwnOp]:
    """Ops of one person, undo and redo as their stacks allow."""
    dice = Random(seed)
    log: list[OwnOp] = []
    reached, version = Stacks(), 0
    while len(log) < length:
        version += dice.randint(1, 3)
        selects = 5 if len(log) < 20 else 0.1 + 2 * (seed % 4)
        kind = dice.choices(["select", "undo", "redo"], [selects, 3, 2])[0]
        asked = UNDO if kind == "undo" else REDO if kind == "redo" else None
        reverts = None if asked is None else reached.next(asked)
        if asked is None or reverts is not None:
            changed = dice.random() > 0.02
            log.append(OwnOp(version=version, kind=kind, reverts=reverts, changed=changed))
            reached = reached.after(log[-1])
    return log


def ends_like(part: Stacks, whole: Stacks) -> bool:
    """Whether the steps that `part` has are the newest of `whole`, and all where it says so."""
    undo, redo = (
        whole.undo[len(whole.undo) - len(part.undo) :],
        whole.redo[-len(part.redo) or KEPT :],
    )
    return (
        (part.undo, part.redo) == (undo, redo)
        and (part.undo_goes_on or part.undo == whole.undo or whole.undo_goes_on)
        and (part.redo_goes_on or part.redo == whole.redo or whole.redo_goes_on)
    )


@pytest.mark.parametrize("seed", range(12))
def test_the_newest_ops_of_the_log_give_the_newest_steps(seed: int) -> None:
    """(UN10) Whatever part of the log is read, and as they are kept op by op."""
    log = own_log(seed, 600)
    kept = Stacks()
    for length, op in enumerate(log, start=1):
        kept = kept.after(op)
        if length % 37 == 0:
            whole = stacks(log[:length])
            assert ends_like(kept, whole)
            for newest in (1, 20, 150, 400):
                part = stacks(log[max(0, length - newest) : length], goes_on=newest < length)
                assert ends_like(part, whole)
        assert not set(kept.undo) & set(kept.redo)
        assert max(len(kept.undo), len(kept.redo)) <= KEPT


IN_BETWEEN: dict[str, Callable[[int], list[OwnOp]]] = {
    "nothing": lambda _: [],
    "what is chosen already": lambda v: [
        OwnOp(version=v + n, kind="select", reverts=None, changed=False) for n in range(3)
    ],
    "undo and redo": lambda v: [
        OwnOp(version=v, kind="undo", reverts=v - 1, changed=True),
        OwnOp(version=v + 1, kind="redo", reverts=v, changed=True),
    ],
    "a change that was taken back": lambda v: [
        OwnOp(version=v, kind="select", reverts=None, changed=True),
        OwnOp(version=v + 1, kind="undo", reverts=v, changed=True),
    ],
}


@pytest.mark.parametrize("between", IN_BETWEEN)
def test_a_hundred_steps_are_a_hundred_changes(between: str) -> None:
    """(UN10) Whatever else the person did between them, and others."""
    log: list[OwnOp] = []
    for change in range(100):
        version = 1 + 90 * change
        log.append(OwnOp(version=version, kind="select", reverts=None, changed=True))
        log += IN_BETWEEN[between](version + 1)
    reached = stacks(log).within(log[-1].version)
    assert len(reached.undo) == 100
    for version in range(10_000, 10_100):
        assert reached.known
        step = reached.next(UNDO)
        assert step is not None
        reached = reached.after(OwnOp(version=version, kind="undo", reverts=step, changed=True))
    assert reached.next(UNDO) is None
    assert len(reached.redo) >= 100


def test_a_stack_that_goes_on_says_so_when_its_newest_steps_are_taken() -> None:
    """(UN10)"""
    log = [
        OwnOp(version=version, kind="select", reverts=None, changed=True)
        for version in range(1, KEPT + 51)
    ]
    kept = stacks(log)
    for version in range(KEPT, 0, -1):
        assert kept.known
        log.append(OwnOp(version=1000 - version, kind="undo", reverts=version + 50, changed=True))
        kept = kept.after(log[-1])
    assert not kept.known
    assert stacks(log).undo == tuple(range(1, 51))


def test_what_is_very_many_versions_back_is_forgotten() -> None:
    """(UN10)"""
    log = [OwnOp(version=version, kind="select", reverts=None, changed=True) for version in (1, 5)]
    log.append(OwnOp(version=7, kind="undo", reverts=5, changed=True))
    kept = stacks(log)

    assert kept.within(HISTORY_VERSIONS) == kept
    assert kept.within(HISTORY_VERSIONS + 1) == Stacks(redo=(7,))
    assert kept.within(HISTORY_VERSIONS + 7) == Stacks()


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
