"""Ops that are refused: the reason, who caused it, and the repairs."""

import msgspec
import pytest

from configurator.catalogue.reading import parse_catalogue
from configurator.operations.intents import Apply, Clear, Operation, SetQuantity
from configurator.operations.outcomes import (
    Rejected,
    evaluate,
)
from configurator.operations.reasons import Reason, ReasonCode
from configurator.text import Text
from tests.configurator.nest_haus import CATALOGUE_TEXT, house
from tests.configurator.operations.carried_out import codes, rejected, select, set_pv

# Refusals and their repairs.


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
    assert msgspec.json.decode(msgspec.json.encode(outcome.repairs)) == [
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
            assert msgspec.to_builtins(reason)["code"] == reason.code.value
