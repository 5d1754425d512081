"""What a selection costs: one pure function over integer cents.

The lines always sum to the total. The categories of the combination are priced together, so their
lines telescope through the table in catalogue order: the size with everything included, then what
the shell changes, then the interior given that shell, then the floor given both. No line is ever
an adjustment.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import assert_never

from configurator.catalogue import Catalogue, Fixed, FromCombination, Option, PerUnit
from configurator.selection import Choice, Selection


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """One row of the breakdown; `quantity` and `unit_cents` only where the price is per unit.

    An included option keeps its line, with 0 cents.
    """

    id: str
    category: str
    option: str
    quantity: int | None
    unit_cents: int | None
    amount_cents: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Financing:
    """The monthly rate of a loan over the whole total."""

    monthly_cents: int
    months: int
    rate_percent: Decimal


@dataclass(frozen=True, slots=True, kw_only=True)
class Price:
    """The total with VAT, per m² of usable area, as a monthly rate, and line by line."""

    total_cents: int
    per_m2_cents: int
    financing: Financing
    lines: tuple[Line, ...]


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
    """The total of `price`, without the lines: what differences are made of."""
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
        case FromCombination():
            raise KeyError(f"{option.id} is priced in the combination")
        case _:
            assert_never(option.price)


def price_to_json(price: Price) -> dict[str, object]:
    """The price as clients read it; keys that do not apply to a line are absent."""
    return {
        "total_cents": price.total_cents,
        "per_m2_cents": price.per_m2_cents,
        "financing": {
            "monthly_cents": price.financing.monthly_cents,
            "months": price.financing.months,
            "rate_percent": float(price.financing.rate_percent),
        },
        "lines": [_line_to_json(line) for line in price.lines],
    }


def _combination_amounts(catalogue: Catalogue, selection: Selection) -> Mapping[str, int]:
    """What each category of the combination adds, one step through the table after the other."""
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


def _line(catalogue: Catalogue, category: str, choice: Choice, together: Mapping[str, int]) -> Line:
    option = catalogue.option(category, choice.option)
    amount = together.get(category)
    return Line(
        id=category,
        category=category,
        option=choice.option,
        quantity=choice.quantity,
        unit_cents=option.price.unit_cents
        if option is not None and isinstance(option.price, PerUnit)
        else None,
        amount_cents=amount_cents(catalogue, category, choice) if amount is None else amount,
    )


def _line_to_json(line: Line) -> dict[str, object]:
    shown: dict[str, object] = {"id": line.id, "category": line.category, "option": line.option}
    if line.quantity is not None:
        shown["quantity"] = line.quantity
    if line.unit_cents is not None:
        shown["unit_cents"] = line.unit_cents
    return {**shown, "amount_cents": line.amount_cents}


def _half_up(numerator: int, denominator: int) -> int:
    """The nearest whole cent; a half goes up. Amounts are never negative.

    Without a Fraction: the annuity has thousands of digits, and reducing it costs more than the
    rest of the price.
    """
    return (2 * numerator + denominator) // (2 * denominator)
