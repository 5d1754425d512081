"""Operations, one by one: what is asked, what becomes of it, and what people are told."""

import pytest

from configurator.catalogue.reading import parse_catalogue
from configurator.catalogue.selection import Choice, Selection
from configurator.operations.intents import Apply, Clear, Operation, Reset, SetQuantity
from configurator.operations.outcomes import (
    Adjusted,
    Cause,
    Change,
    Committed,
    Conflict,
    conflict,
    evaluate,
    reads,
)
from configurator.operations.reasons import Reason, ReasonCode
from configurator.text import Text
from tests.configurator.nest_haus import CATALOGUE, CATALOGUE_TEXT, house
from tests.configurator.operations.carried_out import codes, committed, panels, select, set_pv

# Ops that are carried out as asked.


def test_selecting_changes_one_category() -> None:
    outcome = evaluate(CATALOGUE, house(), select("fussboden", "schiefer_massiv"))

    assert outcome == Committed(
        selection=house("nest80 trapezblech kiefer schiefer_massiv"),
        changes=(
            Change(
                category="fussboden",
                before=Choice(option="parkett"),
                after=Choice(option="schiefer_massiv"),
                cause=Cause.ASKED,
            ),
        ),
    )


@pytest.mark.parametrize(
    ("before", "operation", "after"),
    [
        # A quantity that is not said: the one there is, else the default, as far as it fits.
        (house(), select("pvanlage", "pv_panels"), house(pv=8)),
        (house(), select("fenster", "pvc"), house(fenster=("pvc", 20))),
        (
            house(fenster=("pvc", 31)),
            select("fenster", "aluminium"),
            house(fenster=("aluminium", 31)),
        ),
        (house(pv=3), select("pvanlage", "pv_panels"), house(pv=3)),
        (house(), select("fenster", "pvc", 46), house(fenster=("pvc", 46))),
        # Quantities; 0 means not chosen. The only option need not be chosen first.
        (house(pv=3), set_pv(8), house(pv=8)),
        (house(), set_pv(1), house(pv=1)),
        (house(pv=3), set_pv(0), house()),
        (house(), set_pv(0), house()),
        (house(), SetQuantity(category="fenster", quantity=0), house()),
        (house(pv=3), select("pvanlage", "pv_panels", 0), house()),
        # Leaving out.
        (house(planung="pro"), Clear(category="planungspaket"), house()),
        (house(), Clear(category="planungspaket"), house()),
        # All at once.
        (
            house(),
            Apply(operations=(select("nest", "nest160"), set_pv(16), Clear(category="fenster"))),
            house("nest160 trapezblech kiefer parkett", pv=16),
        ),
        (house(pv=8, check=True), Reset(), CATALOGUE.defaults),
    ],
)
def test_done_as_asked(before: Selection, operation: Operation, after: Selection) -> None:
    assert committed(before, operation) == after


def test_an_op_without_effect_is_committed_without_a_change() -> None:
    assert evaluate(CATALOGUE, house(pv=3), set_pv(3)) == Committed(
        selection=house(pv=3), changes=()
    )
    assert evaluate(CATALOGUE, house(), select("nest", "nest80")) == Committed(
        selection=house(), changes=()
    )


def test_the_default_quantity_is_taken_as_far_as_it_fits() -> None:
    generous = parse_catalogue(
        CATALOGUE_TEXT.replace("default: 8", "default: 12"), source="12 panels by default"
    )
    large = house("nest160 trapezblech kiefer parkett")

    for before, quantity in [(house(), 8), (large, 12)]:
        outcome = evaluate(generous, before, select("pvanlage", "pv_panels"))
        assert isinstance(outcome, Committed)
        assert outcome.selection["pvanlage"] == panels(quantity)


# Ops that a rule adjusts.


def test_a_smaller_nest_cuts_what_no_longer_fits_and_says_so() -> None:
    """(OP12)"""
    before = house("nest140 trapezblech kiefer parkett", pv=14, fenster=("pvc", 50))

    outcome = evaluate(CATALOGUE, before, select("nest", "nest80"))

    assert outcome == Adjusted(
        selection=house(pv=8, fenster=("pvc", 46)),
        changes=(
            Change(
                category="nest",
                before=Choice(option="nest140"),
                after=Choice(option="nest80"),
                cause=Cause.ASKED,
            ),
            Change(category="pvanlage", before=panels(14), after=panels(8), cause=Cause.RULE),
            Change(
                category="fenster",
                before=Choice(option="pvc", quantity=50),
                after=Choice(option="pvc", quantity=46),
                cause=Cause.RULE,
            ),
        ),
        reasons=(
            Reason(
                code=ReasonCode.QUANTITY_REDUCED,
                category="pvanlage",
                text=Text(
                    de="Photovoltaik von 14 auf 8 Module verringert, weil auf Nest. 80 höchstens "
                    "8 passen.",
                    en="Solar power reduced from 14 to 8 panels, because at most 8 fit on "
                    "Nest. 80.",
                ),
            ),
            Reason(
                code=ReasonCode.QUANTITY_REDUCED,
                category="fenster",
                text=Text(
                    de="Fenster von 50 auf 46 m² verringert, weil in Nest. 80 höchstens 46 passen.",
                    en="Windows reduced from 50 to 46 m², because at most 46 fit in Nest. 80.",
                ),
            ),
        ),
    )


def test_a_smaller_nest_leaves_what_fits() -> None:
    before = house("nest140 trapezblech kiefer parkett", pv=8, fenster=("pvc", 46))

    assert committed(before, select("nest", "nest80")) == house(pv=8, fenster=("pvc", 46))


def test_in_a_bundle_what_is_set_after_the_cut_counts_as_asked() -> None:
    before = house("nest160 trapezblech kiefer parkett", pv=16)
    bundle = Apply(operations=(select("nest", "nest80"), set_pv(5)))

    outcome = evaluate(CATALOGUE, before, bundle)

    assert isinstance(outcome, Committed)
    assert [(change.category, change.cause) for change in outcome.changes] == [
        ("nest", Cause.ASKED),
        ("pvanlage", Cause.ASKED),
    ]


def test_in_a_bundle_a_quantity_cut_twice_is_told_once() -> None:
    before = house("nest160 trapezblech kiefer parkett", pv=16)
    bundle = Apply(operations=(select("nest", "nest120"), select("nest", "nest80")))

    outcome = evaluate(CATALOGUE, before, bundle)

    assert isinstance(outcome, Adjusted)
    assert [reason.text.de for reason in outcome.reasons] == [
        "Photovoltaik von 16 auf 8 Module verringert, weil auf Nest. 80 höchstens 8 passen."
    ]


def test_in_a_bundle_a_wish_that_the_rule_takes_back_is_told() -> None:
    before = house("nest160 trapezblech kiefer parkett", pv=8)
    bundle = Apply(operations=(set_pv(16), select("nest", "nest80")))

    outcome = evaluate(CATALOGUE, before, bundle)

    assert isinstance(outcome, Adjusted)
    assert [change.category for change in outcome.changes] == ["nest"]
    assert codes(outcome) == ["quantity_reduced"]


# Guards.


@pytest.mark.parametrize(
    ("operation", "read"),
    [
        (select("fussboden", "parkett"), {"fussboden"}),
        (select("nest", "nest80"), {"nest", "pvanlage", "fenster"}),
        (set_pv(3), {"pvanlage", "nest"}),
        (Clear(category="fenster"), {"fenster", "nest"}),
        (
            Apply(operations=(set_pv(3), Clear(category="planungspaket"))),
            {"pvanlage", "nest", "planungspaket"},
        ),
        (Reset(), set(CATALOGUE.by_id)),
        (select("pool", "big"), {"pool"}),
    ],
)
def test_categories_that_an_operation_relies_on(operation: Operation, read: set[str]) -> None:
    assert reads(CATALOGUE, operation) == read


def test_a_guarded_operation_meets_a_later_change() -> None:
    outcome = conflict(CATALOGUE, {"nest": "Anna"})

    assert outcome == Conflict(
        reasons=(
            Reason(
                code=ReasonCode.CHANGED_MEANWHILE,
                category="nest",
                text=Text(
                    de="Anna hat „Größe“ inzwischen geändert. Sieh dir den neuen Stand an und "
                    "entscheide dann noch einmal.",
                    en="Anna has changed “Size” in the meantime. Look at the new state, then "
                    "decide again.",
                ),
            ),
        ),
        categories=("nest",),
    )
