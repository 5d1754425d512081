"""Everything a screen needs beside the selection; a pure function of catalogue and selection."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from configurator.catalogue import Catalogue, Category
from configurator.intents import Clear, Select
from configurator.pricing import Price, price, price_to_json, total_cents
from configurator.rules import Done, attempt
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
            category.id: _differences(catalogue, selection, category, now.total_cents)
            for category in catalogue.categories
        },
        clear_differences={
            category.id: _after(catalogue, selection, Clear(category=category.id)) - now.total_cents
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


def _differences(
    catalogue: Catalogue, selection: Selection, category: Category, now_cents: int
) -> dict[str, int]:
    return {
        option.id: _after(catalogue, selection, Select(category=category.id, option=option.id))
        - now_cents
        for option in category.options
    }


def _after(catalogue: Catalogue, selection: Selection, operation: Select | Clear) -> int:
    """The total after an operation that the rules always accept."""
    result = attempt(catalogue, selection, operation)
    reached = result.selection if isinstance(result, Done) else selection
    return total_cents(catalogue, reached)
