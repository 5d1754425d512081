"""The types of a catalogue, for the product and for its clients.

Every type except `Combination` and `Catalogue` is also part of the JSON of `GET /api/catalogue`: a
field added here is added there. `Catalogue` adds to `PublicCatalogue` the parts that clients do not
see.
"""

from collections.abc import Mapping
from decimal import Decimal
from fractions import Fraction
from functools import cached_property

import msgspec
from typing_extensions import override

from configurator.catalogue.selection import Choice, Selection
from configurator.text import Text


class Included(msgspec.Struct, frozen=True, kw_only=True, tag_field="kind", tag="included"):
    """The price is in the combination table, which starts from this option."""


class Combined(msgspec.Struct, frozen=True, kw_only=True, tag_field="kind", tag="combination"):
    """The price is in the combination table."""


class Fixed(msgspec.Struct, frozen=True, kw_only=True, tag_field="kind", tag="fixed"):
    """The price is the same for every selection."""

    amount_cents: int


class PerUnit(msgspec.Struct, frozen=True, kw_only=True, tag_field="kind", tag="per_unit"):
    """The price is for each unit of the category's quantity."""

    unit_cents: int


PriceRule = Included | Combined | Fixed | PerUnit


class Swatch(msgspec.Struct, frozen=True, kw_only=True):
    """The look of a material; `colour` is `#rrggbb`."""

    key: str
    colour: str


class Option(msgspec.Struct, frozen=True, kw_only=True):
    """One option that can be chosen in a category."""

    id: str
    name: Text
    description: Text
    swatch: Swatch | None
    price: PriceRule


class QuantityRule(msgspec.Struct, frozen=True, kw_only=True):
    """The allowed quantities: from `minimum` in steps, up to a maximum for each size.

    `unit` is the plural of the unit's name, `unit_one` the singular.
    """

    unit: Text
    unit_one: Text
    minimum: int
    maximum: Mapping[str, int]
    step: int
    default: int


class Category(msgspec.Struct, frozen=True, kw_only=True):
    """One decision. A required category always has a choice; other categories may be absent."""

    id: str
    name: Text
    description: Text
    view: str
    required: bool
    quantity: QuantityRule | None
    options: tuple[Option, ...]


class View(msgspec.Struct, frozen=True, kw_only=True):
    """One side from which the house is shown; `shows` are the pictured categories, in order."""

    id: str
    name: Text
    shows: tuple[str, ...]


class Size(msgspec.Struct, frozen=True, kw_only=True):
    """The meaning of an option of the size category: physical modules and usable area in m²."""

    modules: int
    usable_area_m2: int


class FinancingTerms(msgspec.Struct, frozen=True, kw_only=True, dict=True):
    """A loan repaid in equal monthly rates, at `rate_percent` interest a year."""

    months: int
    rate_percent: float

    @cached_property
    def annuity(self) -> Fraction:
        """The exact monthly rate for one cent of the loan, by the rate as it is written."""
        monthly = Fraction(Decimal(str(self.rate_percent))) / 1200
        if not monthly:
            return Fraction(1, self.months)
        return monthly / (1 - (1 + monthly) ** -self.months)


class PublicCatalogue(msgspec.Struct, frozen=True, kw_only=True):
    """Everything that can be chosen, in the order of the screen, for clients."""

    id: str
    name: Text
    revision: str
    currency: str
    vat_percent: int
    financing: FinancingTerms
    views: tuple[View, ...]
    size_category: str
    sizes: Mapping[str, Size]
    defaults: Mapping[str, Choice]
    categories: tuple[Category, ...]


class Combination(msgspec.Struct, frozen=True, kw_only=True):
    """The total in cents of every (size option, *option of each axis), in the order of `axes`."""

    axes: tuple[str, ...]
    included: Mapping[str, str]
    totals: Mapping[tuple[str, ...], int]


class Catalogue(PublicCatalogue, frozen=True, kw_only=True, eq=False, dict=True):
    """A catalogue with the parts that prices and sentences need. Equal if the text is the same.

    `places` has, for each category with a quantity, the preposition that says where the units fit
    ("auf" Nest. 80).
    """

    defaults: Selection
    combination: Combination
    places: Mapping[str, Text]

    def public(self) -> PublicCatalogue:
        """The part that clients read."""
        fields = {name: getattr(self, name) for name in PublicCatalogue.__struct_fields__}
        return PublicCatalogue(**{**fields, "defaults": self.defaults.choices()})

    @cached_property
    def by_id(self) -> Mapping[str, Category]:
        """The categories by their ids."""
        return {category.id: category for category in self.categories}

    @cached_property
    def combined(self) -> tuple[str, ...]:
        """The categories that are priced together: the keys of the combination, in their order."""
        return self.size_category, *self.combination.axes

    @cached_property
    def _options(self) -> Mapping[tuple[str, str], Option]:
        return {(c.id, option.id): option for c in self.categories for option in c.options}

    def category(self, category: str) -> Category | None:
        """The category with this id, or None; use `by_id` for ids that are known to exist."""
        return self.by_id.get(category)

    def option(self, category: str, option: str) -> Option | None:
        """The option with this id in this category, or None."""
        return self._options.get((category, option))

    def chosen_option(self, category: str, selection: Selection) -> Option:
        """The option chosen in this category. Raises KeyError if none is."""
        return self._options[category, selection[category].option]

    @override
    def __eq__(self, other: object) -> bool:
        return isinstance(other, Catalogue) and self.revision == other.revision

    @override
    def __hash__(self) -> int:
        return hash(self.revision)
