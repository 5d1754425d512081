"""Everything a screen needs beside the selection; a pure function of catalogue and selection."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from configurator.catalogue import Catalogue, Category
from configurator.pricing import Price, amount_cents, option_cents, price, price_to_json
from configurator.selection import Bounds, Selection, quantity_bounds

PreviewUrl = Callable[[str, Catalogue, Selection], str]


@dataclass(frozen=True, slots=True, kw_only=True)
class Derived:
    """The price, and what every next click would change.

    `differences[category][option]` is the total after selecting the option now, with everything
    the rules adjust, minus the total now; 0 for the chosen option. `clear_differences` is the same
    for leaving out a category that is chosen and not required. `bounds` has the categories with a
    quantity, `previews` the address of every view.
    """

    price: Price
    differences: Mapping[str, Mapping[str, int]]
    clear_differences: Mapping[str, int]
    bounds: Mapping[str, Bounds]
    previews: Mapping[str, str]


def derive(catalogue: Catalogue, selection: Selection, *, preview_url: PreviewUrl) -> Derived:
    """Derive from a canonical selection; `preview_url(view, catalogue, selection)` names a picture."""
    now = price(catalogue, selection)
    return Derived(
        price=now,
        differences={
            category.id: _differences(catalogue, selection, category)
            for category in catalogue.categories
        },
        clear_differences={
            category.id: -amount_cents(catalogue, category.id, selection[category.id])
            for category in catalogue.categories
            if not category.required and category.id in selection
        },
        bounds={
            category.id: bounds
            for category in catalogue.categories
            if (bounds := quantity_bounds(catalogue, category, selection)) is not None
        },
        previews={view.id: preview_url(view.id, catalogue, selection) for view in catalogue.views},
    )


def derived_to_json(derived: Derived) -> dict[str, object]:
    """`{"price", "differences", "clear_differences", "bounds", "previews"}`."""
    return {
        "price": price_to_json(derived.price),
        "differences": {key: dict(value) for key, value in derived.differences.items()},
        "clear_differences": dict(derived.clear_differences),
        "bounds": {
            category: {"minimum": each.minimum, "maximum": each.maximum, "step": each.step}
            for category, each in derived.bounds.items()
        },
        "previews": dict(derived.previews),
    }


# What a click would do to the total follows from the prices alone, so it is computed without
# carrying the click out: `rules` would accept every one of these, and the tests hold both together.


def _differences(catalogue: Catalogue, selection: Selection, category: Category) -> dict[str, int]:
    """What selecting each option of a category now would change the total by."""
    if category.id in catalogue.combined:
        return _combined_differences(catalogue, selection, category)
    present = selection.get(category.id)
    now_cents = 0 if present is None else amount_cents(catalogue, category.id, present)
    quantity = _usual_quantity(catalogue, selection, category)
    return {option.id: option_cents(option, quantity) - now_cents for option in category.options}


def _combined_differences(
    catalogue: Catalogue, selection: Selection, category: Category
) -> dict[str, int]:
    totals = catalogue.combination.totals
    key = [selection[each].option for each in catalogue.combined]
    now_cents, place = totals[tuple(key)], catalogue.combined.index(category.id)
    differences: dict[str, int] = {}
    for option in category.options:
        key[place] = option.id
        differences[option.id] = totals[tuple(key)] - now_cents
    if category.id == catalogue.size_category:
        for size in differences:
            differences[size] -= _cut_cents(catalogue, selection, size)
    return differences


def _cut_cents(catalogue: Catalogue, selection: Selection, size: str) -> int:
    """The amount of everything that does not fit this size."""
    cut_cents = 0
    for category in catalogue.categories:
        choice = selection.get(category.id)
        if category.quantity is None or choice is None or choice.quantity is None:
            continue
        if choice.quantity > (maximum := category.quantity.maximum[size]):
            option = catalogue.chosen_option(category.id, selection)
            cut_cents += option_cents(option, choice.quantity) - option_cents(option, maximum)
    return cut_cents


def _usual_quantity(catalogue: Catalogue, selection: Selection, category: Category) -> int | None:
    """The quantity that selecting an option without one gets."""
    if category.quantity is None:
        return None
    present = selection.get(category.id)
    if present is not None:
        return present.quantity
    size = selection[catalogue.size_category].option
    return min(category.quantity.default, category.quantity.maximum[size])
