"""Derived differences equal the real effect of the next click."""

import msgspec
from hypothesis import assume, given
from hypothesis import strategies as st

from configurator.catalogue.canonical import selection_problems
from configurator.catalogue.model import Catalogue
from configurator.catalogue.reading import parse_catalogue
from configurator.catalogue.selection import QuantityBounds, Selection
from configurator.operations.intents import Clear, Select
from configurator.operations.outcomes import Rejected, evaluate
from configurator.pricing.derived import Derived, derive
from configurator.pricing.price import price
from tests.configurator.nest_haus import CATALOGUE, CATALOGUE_TEXT, house, selections


def derived(selection: Selection, catalogue: Catalogue = CATALOGUE) -> Derived:
    return derive(catalogue, selection)


GENEROUS = parse_catalogue(
    CATALOGUE_TEXT.replace("default: 8", "default: 12"), source="12 panels by default"
)
IN_TWOS = parse_catalogue(
    CATALOGUE_TEXT.replace(
        "maximum: {nest80: 8, nest100: 10, nest120: 12, nest140: 14, nest160: 16}\n      step: 1",
        "maximum: {nest80: 4, nest100: 6, nest120: 8, nest140: 10, nest160: 16}\n      step: 2",
    ),
    source="panels in twos",
)


def total_after(catalogue: Catalogue, selection: Selection, operation: Select | Clear) -> int:
    outcome = evaluate(catalogue, selection, operation)
    assert not isinstance(outcome, Rejected)
    return price(catalogue, outcome.selection).total_cents


@given(selection=selections(), catalogue=st.sampled_from([CATALOGUE, GENEROUS, IN_TWOS]))
def test_differences_are_what_the_operation_does_to_the_price(
    selection: Selection, catalogue: Catalogue
) -> None:
    assume(selection_problems(catalogue, selection) == [])
    shown = derived(selection, catalogue)

    now = price(catalogue, selection)
    assert shown.price == now
    for category in catalogue.categories:
        for option in category.options:
            operation = Select(category=category.id, option=option.id)
            difference = total_after(catalogue, selection, operation) - now.total_cents
            assert shown.differences[category.id][option.id] == difference
        if category.id in selection:
            assert shown.differences[category.id][selection[category.id].option] == 0
    assert shown.clear_differences == {
        category.id: total_after(catalogue, selection, Clear(category=category.id))
        - now.total_cents
        for category in catalogue.categories
        if not category.required and category.id in selection
    }


def test_a_smaller_nest_is_priced_with_what_it_cuts() -> None:
    selection = house("nest160 trapezblech kiefer parkett", pv=16, fenster=("pvc", 62))

    differences = derived(selection).differences["nest"]

    assert differences["nest80"] == -(4 * 33_600_00 + 8 * 390_00 + 16 * 280_00)
    assert differences["nest160"] == 0


def test_bounds_follow_the_nest() -> None:
    assert derived(house()).bounds == {
        "pvanlage": QuantityBounds(minimum=0, maximum=8, step=1),
        "fenster": QuantityBounds(minimum=0, maximum=46, step=1),
    }
    large = house("nest160 trapezblech kiefer parkett")
    assert derived(large).bounds["fenster"] == QuantityBounds(minimum=0, maximum=62, step=1)


def test_the_json_of_a_screen() -> None:
    shown = msgspec.json.decode(msgspec.json.encode(derived(house(pv=2, check=True))))

    assert shown["price"]["total_cents"] == 156_770_00
    assert shown["differences"]["fussboden"] == {
        "parkett": 0,
        "kalkstein_kanafar": 5_700_00,
        "schiefer_massiv": 5_700_00,
    }
    assert shown["differences"]["fenster"]["pvc"] == 20 * 280_00
    assert shown["clear_differences"] == {"pvanlage": -780_00, "grundstueckscheck": -490_00}
    assert shown["bounds"] == {
        "pvanlage": {"minimum": 0, "maximum": 8, "step": 1},
        "fenster": {"minimum": 0, "maximum": 46, "step": 1},
    }
    assert shown["previews"] == {
        "exterior": "/preview/v2/exterior/nest80.trapezblech.pv2.svg",
        "interior": "/preview/v2/interior/nest80.kiefer.parkett.svg",
        "pv": "/preview/v2/pv/nest80.trapezblech.pv2.svg",
        "fenster": "/preview/v2/fenster/nest80.trapezblech.svg",
    }
