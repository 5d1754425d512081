"""The types of a catalogue. Everybody imports them from configurator.catalogue."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from fractions import Fraction

from typing_extensions import override

from configurator.selection import Selection


@dataclass(frozen=True, slots=True, kw_only=True)
class Text:
    """A text for people, in both languages."""

    de: str
    en: str


@dataclass(frozen=True, slots=True, kw_only=True)
class FromCombination:
    """The price is in the combination table; `included` is the option the table starts from."""

    included: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Fixed:
    """One price, whatever else is chosen."""

    amount_cents: int


@dataclass(frozen=True, slots=True, kw_only=True)
class PerUnit:
    """A price for each unit of the category's quantity."""

    unit_cents: int


PriceRule = FromCombination | Fixed | PerUnit


@dataclass(frozen=True, slots=True, kw_only=True)
class Swatch:
    """What the material looks like; `colour` is `#rrggbb`."""

    key: str
    colour: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Option:
    """One thing that can be chosen in a category."""

    id: str
    name: Text
    description: Text
    swatch: Swatch | None
    price: PriceRule


@dataclass(frozen=True, slots=True, kw_only=True)
class QuantityRule:
    """How many: from `minimum` in steps, up to a maximum for each option of the size category.

    `unit` is the word for many, `unit_one` for one; `place` is the preposition that says where
    they fit ("auf" Nest. 80).
    """

    unit: Text
    unit_one: Text
    place: Text
    minimum: int
    maximum: Mapping[str, int]
    step: int
    default: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Category:
    """One decision. A required category is always chosen; the others may be absent."""

    id: str
    name: Text
    description: Text
    view: str
    required: bool
    options: tuple[Option, ...]
    quantity: QuantityRule | None


@dataclass(frozen=True, slots=True, kw_only=True)
class View:
    """One side from which the house is shown."""

    id: str
    name: Text


@dataclass(frozen=True, slots=True, kw_only=True)
class Size:
    """What an option of the size category means: physical modules and usable area in m²."""

    modules: int
    usable_area_m2: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Combination:
    """The total in cents of every (size option, *option of each axis), in the order of `axes`."""

    axes: tuple[str, ...]
    included: Mapping[str, str]
    totals: Mapping[tuple[str, ...], int]


@dataclass(frozen=True, slots=True, kw_only=True)
class FinancingTerms:
    """A loan repaid in equal monthly rates; `annuity` is the exact monthly rate for one cent."""

    months: int
    rate_percent: Decimal
    annuity: Fraction


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Catalogue:
    """Everything that can be chosen, in the order it is shown. Equal when the text is the same.

    `combined` are the categories that are priced together: the size and the axes, as in the keys
    of the combination.
    """

    id: str
    name: Text
    revision: str
    currency: str
    vat_percent: int
    views: tuple[View, ...]
    categories: tuple[Category, ...]
    size_category: str
    sizes: Mapping[str, Size]
    combination: Combination
    financing: FinancingTerms
    defaults: Selection
    by_id: Mapping[str, Category] = field(init=False, repr=False)
    combined: tuple[str, ...] = field(init=False, repr=False)
    _options: Mapping[tuple[str, str], Option] = field(init=False, repr=False)

    def __post_init__(self) -> None:
        options = {(c.id, option.id): option for c in self.categories for option in c.options}
        object.__setattr__(self, "by_id", {c.id: c for c in self.categories})
        object.__setattr__(self, "combined", (self.size_category, *self.combination.axes))
        object.__setattr__(self, "_options", options)

    def category(self, category: str) -> Category | None:
        """The category with this id; `by_id` is for ids that are known to exist."""
        return self.by_id.get(category)

    def option(self, category: str, option: str) -> Option | None:
        """The option with this id in this category."""
        return self._options.get((category, option))

    def chosen_option(self, category: str, selection: Selection) -> Option:
        """The option chosen in this category. Raises KeyError when none is."""
        return self._options[category, selection[category].option]

    @override
    def __eq__(self, other: object) -> bool:
        return isinstance(other, Catalogue) and self.revision == other.revision

    @override
    def __hash__(self) -> int:
        return hash(self.revision)
