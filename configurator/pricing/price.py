"""The price of a selection: one pure function over integer cents.

The lines always sum to the total. The categories of the combination are priced together, so their
lines are successive differences in the table, in catalogue order: the size with everything
included, then the difference made by the shell, then that of the interior given this shell, then
that of the floor given both. There are no adjustment lines, and an included option has a line with
0 cents.
"""

from collections.abc import Mapping
from typing import assert_never

import msgspec

from configurator.catalogue.model import Catalogue, Combined, Fixed, Included, Option, PerUnit
from configurator.catalogue.selection import Choice, Selection


class PriceLine(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """The amount that one category adds to the total; quantity and unit price if it has them."""

    id: str
    category: str
    option: str
    quantity: int | None = None
    unit_cents: int | None = None
    amount_cents: int


class Financing(msgspec.Struct, frozen=True, kw_only=True):
    """The monthly cost of financing the total; an example, not an offer."""

    monthly_cents: int
    months: int
    rate_percent: float


class Price(msgspec.Struct, frozen=True, kw_only=True):
    """The price in integer cents; the lines add up to the total."""

    total_cents: int
    per_m2_cents: int
    financing: Financing
    lines: tuple[PriceLine, ...]


def price(catalogue: Catalogue, selection: Selection) -> Price:
    """The price of a canonical selection."""
    together = _combination_amounts(catalogue, selection)
    lines = tuple(
        _line(catalogue, category.id, selection[category.id], together)
        for category in catalogue.categories
        if category.id in selection
    )
    total_cents = sum(line.amount_cents for line in lines)
    size = catalogue.sizes[selection[catalogue.size_category].option]
    terms = catalogue.financing
    return Price(
        total_cents=total_cents,
        per_m2_cents=_half_up(total_cents, size.usable_area_m2),
        financing=Financing(
            monthly_cents=_half_up(
                total_cents * terms.annuity.numerator, terms.annuity.denominator
            ),
            months=terms.months,
            rate_percent=terms.rate_percent,
        ),
        lines=lines,
    )


def total_cents(catalogue: Catalogue, selection: Selection) -> int:
    """The total of `price` without its lines; differences are computed from it."""
    combined = catalogue.combined
    total = catalogue.combination.totals[tuple([selection[each].option for each in combined])]
    for category, choice in selection.items():
        if category not in combined:
            total += amount_cents(catalogue, category, choice)
    return total


def amount_cents(catalogue: Catalogue, category: str, choice: Choice) -> int:
    """The amount of a choice that is not in the combination."""
    option = catalogue.option(category, choice.option)
    if option is None:
        raise KeyError(f"{category}.{choice.option} is not in catalogue {catalogue.id}")
    return option_cents(option, choice.quantity)


def option_cents(option: Option, quantity: int | None) -> int:
    """The amount of an option that is not in the combination."""
    match option.price:
        case Fixed(amount_cents=cents):
            return cents
        case PerUnit(unit_cents=cents):
            return cents * (quantity or 0)
        case Included() | Combined():
            raise KeyError(f"{option.id} is priced in the combination")
        case _:
            assert_never(option.price)


def _combination_amounts(catalogue: Catalogue, selection: Selection) -> Mapping[str, int]:
    """The amount in cents that each category of the combination adds, step by step in the table."""
    combination = catalogue.combination
    key = [selection[catalogue.size_category].option]
    key += [combination.included[axis] for axis in combination.axes]
    reached = combination.totals[tuple(key)]
    amounts = {catalogue.size_category: reached}
    for place, axis in enumerate(combination.axes, start=1):
        key[place] = selection[axis].option
        before, reached = reached, combination.totals[tuple(key)]
        amounts[axis] = reached - before
    return amounts


def _line(
    catalogue: Catalogue, category: str, choice: Choice, together: Mapping[str, int]
) -> PriceLine:
    option = catalogue.option(category, choice.option)
    amount = together.get(category)
    return PriceLine(
        id=category,
        category=category,
        option=choice.option,
        quantity=choice.quantity,
        unit_cents=option.price.unit_cents
        if option is not None and isinstance(option.price, PerUnit)
        else None,
        amount_cents=amount_cents(catalogue, category, choice) if amount is None else amount,
    )


def _half_up(numerator: int, denominator: int) -> int:
    """The nearest whole cent; a half goes up. Amounts are never negative.

    A Fraction is avoided: the annuity has thousands of digits, and reducing it would cost more than
    the rest of the price.
    """
    return (2 * numerator + denominator) // (2 * denominator)
