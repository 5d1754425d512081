"""Everything that a screen needs beside the selection, as a function of catalogue and selection."""

from collections.abc import Mapping

import msgspec

from configurator.catalogue.canonical import quantity_bounds
from configurator.catalogue.model import Catalogue, Category
from configurator.catalogue.selection import QuantityBounds, Selection
from configurator.pricing.pictures import preview_url
from configurator.pricing.price import Price, amount_cents, option_cents, price


class Derived(msgspec.Struct, frozen=True, kw_only=True):
    """Everything that a screen needs beside the selection, at the same version.

    ``differences[category][option]`` is the change of the total, in cents, if that option were
    chosen now; ``clear_differences[category]`` the change if the category were left out. ``bounds``
    has the quantities of categories that have one; ``previews[view]`` is the address of a picture.
    """

    price: Price
    differences: Mapping[str, Mapping[str, int]]
    clear_differences: Mapping[str, int]
    bounds: Mapping[str, QuantityBounds]
    previews: Mapping[str, str]


def derive(catalogue: Catalogue, selection: Selection) -> Derived:
    """Derive from a canonical selection."""
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
        previews={view.id: preview_url(view.id, selection) for view in catalogue.views},
    )


# The effect of a click on the total follows from the prices alone, so it is computed without
# carrying the click out: `rules` would accept each of these clicks, and tests compare both.


def _differences(catalogue: Catalogue, selection: Selection, category: Category) -> dict[str, int]:
    """The change of the total, in cents, if each option of a category were selected now."""
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
    """The amount, in cents, of all quantities beyond what this size allows."""
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
    """The quantity of an option that is selected without a quantity."""
    if category.quantity is None:
        return None
    present = selection.get(category.id)
    if present is not None:
        return present.quantity
    size = selection[catalogue.size_category].option
    return min(category.quantity.default, category.quantity.maximum[size])
