"""Operations, one by one: what is asked, what becomes of it, and what people are told."""

import pytest

from configurator.catalogue import Text, parse_catalogue
from configurator.operations import (
    Adjusted,
    Apply,
    Cause,
    Change,
    Clear,
    Committed,
    Conflict,
    Evaluation,
    Operation,
    Reason,
    ReasonCode,
    Rejected,
    Reset,
    Select,
    SetQuantity,
    conflict,
    evaluate,
    reads,
    reason_to_json,
    repair_to_json,
)
from configurator.selection import Choice, Selection
from tests.configurator.nest_haus import CATALOGUE, CATALOGUE_TEXT, house


def select(category: str, option: str, quantity: int | None = None) -> Select:
    return Select(category=category, option=option, quantity=quantity)


def set_pv(quantity: int) -> SetQuantity:
    return SetQuantity(category="pvanlage", quantity=quantity)


def panels(quantity: int) -> Choice:
    return Choice(option="pv_panels", quantity=quantity)


def committed(before: Selection, operation: Operation) -> Selection:
    outcome = evaluate(CATALOGUE, before, operation)
    assert isinstance(outcome, Committed), outcome
    assert outcome.reasons == ()
    return outcome.selection


def rejected(before: Selection, operation: Operation) -> Rejected:
    outcome = evaluate(CATALOGUE, before, operation)
    assert isinstance(outcome, Rejected), outcome
    return outcome


def codes(outcome: Evaluation | Conflict) -> list[str]:
    return [reason.code.value for reason in outcome.reasons]


# What is done as asked.


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


def test_what_is_so_already_is_committed_without_a_change() -> None:
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


# What a rule adjusts.


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


# What is refused, and the ways out.


def test_more_than_fits_offers_what_fits_and_the_size_in_which_it_would() -> None:
    outcome = rejected(house(pv=3), set_pv(14))

    assert outcome.reasons == (
        Reason(
            code=ReasonCode.QUANTITY_ABOVE_MAXIMUM,
            category="pvanlage",
            text=Text(
                de="Auf Nest. 80 passen höchstens 8 Module, gewünscht: 14. Nimm höchstens 8 oder "
                "ändere zuerst „Größe“.",
                en="On Nest. 80 at most 8 panels fit; you asked for 14. Choose at most 8, or "
                "change “Size” first.",
            ),
        ),
    )
    assert [repair_to_json(repair) for repair in outcome.repairs] == [
        {
            "operation": {"kind": "set_quantity", "category": "pvanlage", "quantity": 8},
            "text": {
                "de": "Photovoltaik auf 8 Module setzen",
                "en": "Set Solar power to 8 panels",
            },
            "difference_cents": 5 * 390_00,
        },
        {
            "operation": {
                "kind": "apply",
                "operations": [
                    {"kind": "select", "category": "nest", "option": "nest140"},
                    {"kind": "set_quantity", "category": "pvanlage", "quantity": 14},
                ],
            },
            "text": {
                "de": "Nest. 140 und dazu 14 Module wählen",
                "en": "Choose Nest. 140 with 14 panels",
            },
            "difference_cents": 3 * 33_600_00 + 11 * 390_00,
        },
    ]


def test_more_than_fits_anywhere() -> None:
    outcome = rejected(house(), select("fenster", "pvc", 1_000_000))

    assert outcome.reasons[0].text.de == (
        "In Nest. 80 passen höchstens 46 m², gewünscht: 1.000.000. Nimm höchstens 46."
    )
    assert [repair.operation for repair in outcome.repairs] == [select("fenster", "pvc", 46)]


def test_less_than_nothing() -> None:
    outcome = rejected(house(pv=3), set_pv(-3))

    assert codes(outcome) == ["quantity_below_minimum"]
    assert outcome.reasons[0].text.de == (
        "Bei „Photovoltaik“ geht es nicht unter 0 Module, gewünscht: −3. Nimm mindestens 1 oder "
        "wähle den Bereich ab."
    )
    assert [(repair.operation, repair.difference_cents) for repair in outcome.repairs] == [
        (set_pv(1), -2 * 390_00),
        (Clear(category="pvanlage"), -3 * 390_00),
    ]


def test_between_two_steps() -> None:
    in_fives = parse_catalogue(
        CATALOGUE_TEXT.replace(
            "maximum: {nest80: 46, nest100: 50, nest120: 54, nest140: 58, nest160: 62}\n"
            "      step: 1",
            "maximum: {nest80: 45, nest100: 50, nest120: 50, nest140: 55, nest160: 60}\n"
            "      step: 5",
        ),
        source="windows in steps of 5 m²",
    )

    outcome = evaluate(in_fives, house(), select("fenster", "pvc", 7))

    assert isinstance(outcome, Rejected)
    assert codes(outcome) == ["quantity_off_step"]
    assert outcome.reasons[0].text == Text(
        de="„Fenster“ gibt es nur in 5er-Schritten, 7 liegt dazwischen. Nimm 5 oder 10.",
        en="“Windows” comes in steps of 5 m², and 7 lies between two of them. Choose 5 or 10.",
    )
    assert [repair.operation for repair in outcome.repairs] == [
        select("fenster", "pvc", 5),
        select("fenster", "pvc", 10),
    ]


def test_a_quantity_of_nothing_offers_every_option() -> None:
    outcome = rejected(house(), SetQuantity(category="fenster", quantity=99))

    assert codes(outcome) == ["nothing_selected"]
    assert [(repair.operation, repair.difference_cents) for repair in outcome.repairs] == [
        (select("fenster", "pvc", 46), 46 * 280_00),
        (select("fenster", "fichte", 46), 46 * 400_00),
        (select("fenster", "steirische_eiche", 46), 46 * 550_00),
        (select("fenster", "aluminium", 46), 46 * 700_00),
    ]
    assert outcome.repairs[0].text.de == "Fenster: Kunststoff wählen, 46 m²"


def test_a_quantity_below_nothing_offers_the_lowest() -> None:
    outcome = rejected(house(), SetQuantity(category="fenster", quantity=-5))

    assert [repair.operation for repair in outcome.repairs][:1] == [select("fenster", "pvc", 1)]


def test_a_required_category_stays_and_the_others_are_offered() -> None:
    outcome = rejected(house(), Clear(category="innenverkleidung"))

    assert codes(outcome) == ["category_required"]
    assert outcome.reasons[0].text.de == (
        "„Innenverkleidung“ gehört zu jedem Haus und kann nicht entfallen. Wähle stattdessen "
        "eine andere Ausführung."
    )
    assert [(repair.operation, repair.difference_cents) for repair in outcome.repairs] == [
        (select("innenverkleidung", "fichte"), 1_400_00),
        (select("innenverkleidung", "steirische_eiche"), 10_200_00),
    ]


@pytest.mark.parametrize(
    ("operation", "code"),
    [
        (select("pool", "big"), "unknown_category"),
        (SetQuantity(category="pool", quantity=1), "unknown_category"),
        (Clear(category="pool"), "unknown_category"),
        (select("nest", "nest90"), "unknown_option"),
        (select("fussboden", "parkett", 3), "quantity_not_allowed"),
        (SetQuantity(category="fussboden", quantity=3), "quantity_not_allowed"),
    ],
)
def test_refused(operation: Operation, code: str) -> None:
    outcome = rejected(house(), operation)

    assert codes(outcome) == [code]
    assert outcome.repairs == ()


def test_a_quantity_too_much_can_be_left_out() -> None:
    outcome = rejected(house(), select("fussboden", "schiefer_massiv", 3))

    assert [repair.operation for repair in outcome.repairs] == [
        select("fussboden", "schiefer_massiv")
    ]


def test_a_bundle_is_refused_as_a_whole_and_repaired_as_a_whole() -> None:
    bundle = Apply(
        operations=(select("fussboden", "schiefer_massiv"), set_pv(12), select("fenster", "pvc"))
    )

    outcome = rejected(house(), bundle)

    assert codes(outcome) == ["quantity_above_maximum"]
    assert [repair.operation for repair in outcome.repairs] == [
        Apply(
            operations=(
                select("fussboden", "schiefer_massiv"),
                set_pv(8),
                select("fenster", "pvc"),
            )
        ),
        Apply(
            operations=(
                select("fussboden", "schiefer_massiv"),
                select("nest", "nest120"),
                set_pv(12),
                select("fenster", "pvc"),
            )
        ),
    ]


def test_a_bundle_is_not_repaired_beyond_its_limit_or_when_something_else_is_wrong() -> None:
    full = Apply(operations=(*[select("nest", "nest80")] * 15, set_pv(12)))
    repaired = Apply(operations=(*full.operations[:15], set_pv(8)))
    assert [repair.operation for repair in rejected(house(), full).repairs] == [repaired]

    twice_wrong = Apply(operations=(set_pv(12), select("pool", "big")))
    assert rejected(house(), twice_wrong).repairs == ()


def test_every_sentence_is_kind() -> None:
    refused: list[Operation] = [
        select("pool", "big"),
        select("nest", "nest90"),
        select("fussboden", "parkett", 3),
        Clear(category="nest"),
        set_pv(99),
        set_pv(-1),
        SetQuantity(category="fenster", quantity=3),
    ]
    for operation in refused:
        for reason in rejected(house(), operation).reasons:
            for text in (reason.text.de, reason.text.en):
                assert text.endswith(".")
                assert not any(
                    word in text.lower()
                    for word in ("fehler", "ungültig", "error", "invalid", " sie ", "pool")
                )
            assert reason_to_json(reason)["code"] == reason.code.value


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
def test_what_an_operation_relies_on(operation: Operation, read: set[str]) -> None:
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
