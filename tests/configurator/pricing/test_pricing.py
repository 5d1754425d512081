"""Prices: the golden totals of the price list, and lines that always add up."""

from decimal import Decimal
from random import Random

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from configurator.catalogue.reading import parse_catalogue
from configurator.catalogue.selection import Selection
from configurator.pricing.price import PriceLine, price, total_cents
from tests.configurator.nest_haus import (
    CATALOGUE,
    CATALOGUE_TEXT,
    every_combination,
    house,
    selections,
)


@pytest.mark.parametrize(
    ("selection", "euros"),
    [
        (house("nest80 trapezblech kiefer parkett"), 155_500),
        (house("nest160 trapezblech kiefer parkett"), 289_900),
        (house("nest160 fassadenplatten_schwarz steirische_eiche kalkstein_kanafar"), 382_200),
        (house("nest160 fassadenplatten_weiss steirische_eiche schiefer_massiv"), 382_200),
        (house("nest120 holzlattung fichte parkett"), 238_000),
        (
            house(
                "nest120 holzlattung fichte parkett",
                pv=10,
                fenster=("fichte", 20),
                planung="plus",
                check=True,
            ),
            264_290,
        ),
        (house("nest80 holzlattung kiefer parkett"), 165_100),
        (CATALOGUE.defaults, 165_100 + 20 * 280),
    ],
)
def test_golden_totals(selection: Selection, euros: int) -> None:
    assert price(CATALOGUE, selection).total_cents == euros * 100


# The price list as it is printed: shell, interior, floor → base and each additional module, in €.
PRICE_LIST = """
trapezblech             kiefer           parkett           155500 33600
trapezblech             fichte           parkett           156900 33800
trapezblech             steirische_eiche parkett           165700 35400
trapezblech             kiefer           kalkstein_kanafar 161200 35000
trapezblech             fichte           kalkstein_kanafar 162600 35300
trapezblech             steirische_eiche kalkstein_kanafar 171400 36900
holzlattung             kiefer           parkett           165100 35600
holzlattung             fichte           parkett           166400 35800
holzlattung             steirische_eiche parkett           175300 37400
holzlattung             kiefer           kalkstein_kanafar 170800 37000
holzlattung             fichte           kalkstein_kanafar 172100 37300
holzlattung             steirische_eiche kalkstein_kanafar 181000 38900
fassadenplatten_schwarz kiefer           parkett           191900 40300
fassadenplatten_schwarz fichte           parkett           193200 40600
fassadenplatten_schwarz steirische_eiche parkett           202100 42200
fassadenplatten_schwarz kiefer           kalkstein_kanafar 197600 41700
fassadenplatten_schwarz fichte           kalkstein_kanafar 198900 42000
fassadenplatten_schwarz steirische_eiche kalkstein_kanafar 207800 43600
"""


@pytest.mark.parametrize("row", PRICE_LIST.strip().splitlines())
def test_the_whole_price_list(row: str) -> None:
    shell, interior, floor, base, per_module = row.split()
    for additional, size in enumerate(["nest80", "nest100", "nest120", "nest140", "nest160"]):
        expected = (int(base) + additional * int(per_module)) * 100
        for same_shell in {shell, shell.replace("schwarz", "weiss")}:
            for same_floor in {floor, floor.replace("kalkstein_kanafar", "schiefer_massiv")}:
                selection = house(f"{size} {same_shell} {interior} {same_floor}")
                assert price(CATALOGUE, selection).total_cents == expected


def test_lines_telescope_through_the_table_and_keep_what_is_included() -> None:
    selection = house("nest120 holzlattung fichte parkett", pv=10, check=True)

    lines = price(CATALOGUE, selection).lines

    assert [(line.id, line.option, line.amount_cents) for line in lines] == [
        ("nest", "nest120", 222_700_00),
        ("gebaeudehuelle", "holzlattung", 13_600_00),
        ("innenverkleidung", "fichte", 1_700_00),
        ("fussboden", "parkett", 0),
        ("pvanlage", "pv_panels", 3_900_00),
        ("grundstueckscheck", "grundstueckscheck", 490_00),
    ]
    assert lines[4] == PriceLine(
        id="pvanlage",
        category="pvanlage",
        option="pv_panels",
        quantity=10,
        unit_cents=390_00,
        amount_cents=3_900_00,
    )


def test_the_table_does_not_add_up_from_options() -> None:
    def step_to_larch(interior: str) -> int:
        steel, larch = (
            house(f"nest80 {s} {interior} parkett") for s in ("trapezblech", "holzlattung")
        )
        return price(CATALOGUE, larch).total_cents - price(CATALOGUE, steel).total_cents

    steps = [step_to_larch(interior) for interior in ("kiefer", "fichte", "steirische_eiche")]

    assert steps == [9_600_00, 9_500_00, 9_600_00]


def test_lines_add_up_for_every_combination() -> None:
    combinations = every_combination()

    assert len(set(combinations)) == 5 * 4 * 3 * 3
    for selection in combinations:
        priced = price(CATALOGUE, selection)
        assert sum(line.amount_cents for line in priced.lines) == priced.total_cents
        assert priced.total_cents == total_cents(CATALOGUE, selection)
        assert [line.category for line in priced.lines] == [
            category.id for category in CATALOGUE.categories if category.id in selection
        ]


@given(selection=selections())
def test_lines_add_up_for_everything_that_can_be_chosen(selection: Selection) -> None:
    """(SN3)"""
    priced = price(CATALOGUE, selection)

    assert sum(line.amount_cents for line in priced.lines) == priced.total_cents
    assert priced.total_cents == total_cents(CATALOGUE, selection)
    assert all(line.amount_cents >= 0 for line in priced.lines)
    assert {line.category for line in priced.lines} == set(selection)


@given(selection=selections(), shuffled=st.randoms(use_true_random=False))
def test_the_order_of_choosing_does_not_matter(selection: Selection, shuffled: Random) -> None:
    choices = list(selection.items())
    shuffled.shuffle(choices)

    assert price(CATALOGUE, Selection(choices)) == price(CATALOGUE, selection)


@pytest.mark.parametrize(
    ("selection", "monthly_euros"),
    [
        (house("nest80 trapezblech kiefer parkett"), 902),
        (house("nest160 trapezblech kiefer parkett"), 1_681),
        (
            house(
                "nest120 holzlattung fichte parkett",
                pv=10,
                fenster=("fichte", 20),
                planung="plus",
                check=True,
            ),
            1_533,
        ),
    ],
)
def test_golden_monthly_rate(selection: Selection, monthly_euros: int) -> None:
    financing = price(CATALOGUE, selection).financing

    assert (financing.monthly_cents + 50) // 100 == monthly_euros
    assert (financing.months, financing.rate_percent) == (240, 3.5)


def test_the_monthly_rate_repays_the_loan() -> None:
    priced = price(CATALOGUE, house())
    owed = Decimal(priced.total_cents)

    for _ in range(priced.financing.months):
        owed += owed * Decimal("3.5") / 1200 - priced.financing.monthly_cents

    assert priced.financing.monthly_cents == 901_84
    assert abs(owed) < priced.financing.months  # less than a cent of rounding a month


def test_without_interest_the_rate_is_the_total_in_equal_parts() -> None:
    text = CATALOGUE_TEXT.replace("rate_percent: 3.5", "rate_percent: 0")

    free = parse_catalogue(text, source="without interest")

    assert price(free, house()).financing.monthly_cents == 647_92  # 155,500 € / 240 = 647.916…


@pytest.mark.parametrize(
    ("selection", "per_m2_cents"),
    [
        (house("nest80 trapezblech kiefer parkett"), 2_073_33),  # 155,500 / 75 = 2,073.333…
        (house("nest160 trapezblech kiefer parkett"), 1_870_32),  # 289,900 / 155 = 1,870.322…
        (house("nest80 holzlattung kiefer parkett", pv=1), 2_206_53),  # 2,206.5333…
        (house("nest80 trapezblech fichte parkett"), 2_092_00),
        (house("nest80 trapezblech fichte parkett", pv=5), 2_118_00),
    ],
)
def test_price_per_usable_square_metre(selection: Selection, per_m2_cents: int) -> None:
    assert price(CATALOGUE, selection).per_m2_cents == per_m2_cents


def test_half_a_cent_goes_up() -> None:
    halves = CATALOGUE_TEXT.replace("usable_area_m2: 75", "usable_area_m2: 32").replace(
        "base_euros: 155500", "base_cents: 15550016"
    )

    catalogue = parse_catalogue(halves, source="halves")

    assert price(catalogue, house()).per_m2_cents == 485_938  # 15,550,016 / 32 = 485,938.0
    more = halves.replace("base_cents: 15550016", "base_cents: 15550032")
    assert price(parse_catalogue(more, source="halves"), house()).per_m2_cents == 485_939  # … 938.5


def test_the_json_of_a_price() -> None:
    shown = price(CATALOGUE, house(pv=2))

    assert msgspec.json.decode(msgspec.json.encode(shown)) == {
        "total_cents": 15_628_000,
        "per_m2_cents": 208_373,
        "financing": {"monthly_cents": 90_636, "months": 240, "rate_percent": 3.5},
        "lines": [
            {"id": "nest", "category": "nest", "option": "nest80", "amount_cents": 15_550_000},
            {
                "id": "gebaeudehuelle",
                "category": "gebaeudehuelle",
                "option": "trapezblech",
                "amount_cents": 0,
            },
            {
                "id": "innenverkleidung",
                "category": "innenverkleidung",
                "option": "kiefer",
                "amount_cents": 0,
            },
            {"id": "fussboden", "category": "fussboden", "option": "parkett", "amount_cents": 0},
            {
                "id": "pvanlage",
                "category": "pvanlage",
                "option": "pv_panels",
                "quantity": 2,
                "unit_cents": 39_000,
                "amount_cents": 78_000,
            },
        ],
    }
