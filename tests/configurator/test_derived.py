"""What a screen needs beside the selection equals what the next click would really do."""

import msgspec
from hypothesis import given

from configurator.catalogue import Catalogue
from configurator.derived import Derived, derive, derived_to_json
from configurator.operations import Clear, Rejected, Select, evaluate
from configurator.pricing import price
from configurator.selection import Bounds, Selection
from tests.configurator.nest_haus import CATALOGUE, house, selections


def preview_url(view: str, catalogue: Catalogue, selection: Selection) -> str:
    return f"/preview/{catalogue.id}/{view}/{selection['nest'].option}.svg"


def derived(selection: Selection) -> Derived:
    return derive(CATALOGUE, selection, preview_url=preview_url)


def total_after(selection: Selection, operation: Select | Clear) -> int:
    outcome = evaluate(CATALOGUE, selection, operation)
    assert not isinstance(outcome, Rejected)
    return price(CATALOGUE, outcome.selection).total_cents


@given(selection=selections())
def test_differences_are_what_the_operation_does_to_the_price(selection: Selection) -> None:
    shown = derived(selection)

    now = price(CATALOGUE, selection)
    assert shown.price == now
    for category in CATALOGUE.categories:
        for option in category.options:
            operation = Select(category=category.id, option=option.id)
            difference = total_after(selection, operation) - now.total_cents
            assert shown.differences[category.id][option.id] == difference
        if category.id in selection:
            assert shown.differences[category.id][selection[category.id].option] == 0
    assert shown.clear_differences == {
        category.id: total_after(selection, Clear(category=category.id)) - now.total_cents
        for category in CATALOGUE.categories
        if not category.required and category.id in selection
    }


def test_a_smaller_nest_is_priced_with_what_it_cuts() -> None:
    selection = house("nest160 trapezblech kiefer parkett", pv=16, fenster=("pvc", 62))

    differences = derived(selection).differences["nest"]

    assert differences["nest80"] == -(4 * 33_600_00 + 8 * 390_00 + 16 * 280_00)
    assert differences["nest160"] == 0


def test_bounds_follow_the_nest() -> None:
    assert derived(house()).bounds == {
        "pvanlage": Bounds(minimum=0, maximum=8, step=1),
        "fenster": Bounds(minimum=0, maximum=46, step=1),
    }
    large = house("nest160 trapezblech kiefer parkett")
    assert derived(large).bounds["fenster"] == Bounds(minimum=0, maximum=62, step=1)


def test_the_json_of_a_screen() -> None:
    shown = msgspec.json.decode(
        msgspec.json.encode(derived_to_json(derived(house(pv=2, check=True))))
    )

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
        view: f"/preview/nest-haus-2025/{view}/nest80.svg"
        for view in ("exterior", "interior", "pv", "fenster")
    }
