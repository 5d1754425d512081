"""Undo and redo: what is taken back, what is asked first, and what never happens."""

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from configurator.catalogue.selection import Selection
from configurator.operations.intents import (
    Apply,
    Operation,
    Redo,
    Reset,
    Select,
    parse_operation,
)
from configurator.operations.outcomes import (
    Adjusted,
    Cause,
    Committed,
    Conflict,
    Rejected,
    Repair,
)
from configurator.operations.undo import Stacks, reads
from configurator.text import Text
from tests.configurator.edited_house import EditedHouse
from tests.configurator.nest_haus import CATALOGUE, house, operations, selections
from tests.configurator.operations.taking_back import (
    ANYWAY,
    REDO,
    UNDO,
    codes,
    nest,
    panels,
    set_pv,
)

PANEL_CENTS = 390_00


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


def test_a_quantity_cut_by_a_smaller_nest_comes_back_with_the_nest() -> None:
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


def test_changes_of_others_in_other_categories_stay() -> None:
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


def test_an_op_that_was_already_taken_back_is_not_a_conflict() -> None:
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


def test_an_undo_that_does_not_fit_is_refused_and_the_stacks_stay() -> None:
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


def test_categories_that_an_undo_relies_on() -> None:
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
    wire = msgspec.to_builtins(operation)
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
