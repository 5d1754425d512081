"""Reading of a catalogue, its options and prices, from one YAML text.

A catalogue is immutable once published; its revision is the SHA-256 of its text. Money is integer
cents everywhere behind `parse_catalogue`; the text may write whole euros (`…_euros`) or cents
(`…_cents`), never a fraction.

Prices are of two kinds. The categories of the *combination* share one table: every combination of
size and axes has its own total, which is not the sum of prices of options. Every other option has
its own price, fixed or per unit of quantity.
"""

import hashlib
import re
from collections.abc import Container, Mapping, Sequence
from dataclasses import dataclass
from itertools import product

from msgspec.structs import replace

from configurator.catalogue.canonical import selection_problems
from configurator.catalogue.marked_yaml import Marked, read_marked
from configurator.catalogue.model import (
    Catalogue,
    Category,
    Combination,
    Combined,
    FinancingTerms,
    Fixed,
    Included,
    Option,
    PerUnit,
    PriceRule,
    QuantityRule,
    Size,
    Swatch,
    View,
)
from configurator.catalogue.pictured import check_pictures
from configurator.catalogue.selection import Choice, QuantityBounds, Selection
from configurator.errors import CatalogueInvalid
from configurator.preview.scene.keys import SHOWN
from configurator.text import Text

_COLOUR = re.compile(r"#[0-9a-f]{6}")


def parse_catalogue(text: str, *, source: str) -> Catalogue:
    """The catalogue written in a YAML text; `source` names it in the error.

    Raises CatalogueInvalid with all problems and their lines.
    """
    root = read_marked(text)
    catalogue = _read_catalogue(root, hashlib.sha256(text.encode()).hexdigest())
    if root.problems:
        raise CatalogueInvalid(source, tuple(sorted(set(root.problems))))
    return catalogue


# Every function below notes problems on the marks and goes on with neutral values; its result is
# used only if no problem was noted.

_CATALOGUE_KEYS = (
    "id",
    "name",
    "currency",
    "vat_percent",
    "financing",
    "views",
    "size",
    "categories",
    "combination",
    "defaults",
)
_QUANTITY_KEYS = ("unit", "unit_one", "place", "minimum", "maximum", "step", "default")


def _read_catalogue(root: Marked, revision: str) -> Catalogue:
    top = root.mapping(_CATALOGUE_KEYS)
    views = [_read_view(mark) for mark in top["views"].items()]
    _check_unique(top["views"], [view.id for view in views], "view")
    size = top["size"].mapping(("category", "options"))
    size_category = size["category"].name()
    sizes = {name: _read_size(mark) for name, mark in size["options"].entries().items()}
    table = top["combination"].mapping(("base_modules", "included", "rows"))
    included = {name: mark.name() for name, mark in table["included"].entries().items()}
    reader = _CategoryReader(
        views=tuple(view.id for view in views),
        sizes=tuple(sizes),
        included={size_category: next(iter(sizes), ""), **included},
    )
    categories = [reader.category(mark) for mark in top["categories"].items()]
    _check_unique(top["categories"], [category.id for category in categories], "category")
    by_id = {category.id: category for category in categories}
    _check_size(size, size_category, by_id)
    _check_included(table["included"], size_category, by_id)
    catalogue = Catalogue(
        id=_read_catalogue_id(top["id"]),
        name=_read_text(top["name"]),
        revision=revision,
        currency=top["currency"].text(),
        vat_percent=top["vat_percent"].whole(),
        views=tuple(_with_shown(view, by_id) for view in views),
        categories=tuple(categories),
        size_category=size_category,
        sizes=sizes,
        combination=_read_combination(table, included, sizes, by_id),
        financing=_read_financing(top["financing"]),
        defaults=_read_defaults(top["defaults"]),
        places=_read_places(top["categories"], categories),
    )
    _check_defaults(top["defaults"], catalogue)
    if not root.problems:  # the check would repeat the problems of a catalogue that has others
        check_pictures(top, catalogue)
    return catalogue


def _read_catalogue_id(mark: Marked) -> str:
    name = mark.text()
    if name and not name.replace("-", "").isalnum():
        mark.problem("must be letters, digits and hyphens")
    return name


def _read_text(mark: Marked) -> Text:
    fields = mark.mapping(("de", "en"))
    return Text(de=fields["de"].text(), en=fields["en"].text())


def _read_view(mark: Marked) -> View:
    fields = mark.mapping(("id", "name"))
    return View(id=fields["id"].name(), name=_read_text(fields["name"]), shows=())


def _with_shown(view: View, categories: Container[str]) -> View:
    shown = tuple(category for category in SHOWN.get(view.id, ()) if category in categories)
    return replace(view, shows=shown)


def _read_size(mark: Marked) -> Size:
    fields = mark.mapping(("modules", "usable_area_m2"))
    return Size(
        modules=fields["modules"].whole(1), usable_area_m2=fields["usable_area_m2"].whole(1)
    )


def _read_financing(mark: Marked) -> FinancingTerms:
    fields = mark.mapping(("months", "rate_percent"))
    return FinancingTerms(
        months=fields["months"].whole(1), rate_percent=float(fields["rate_percent"].decimal())
    )


def _read_cents(place: Marked, fields: Mapping[str, Marked], name: str) -> int:
    """An amount written as `<name>_euros` or as `<name>_cents`."""
    euros, cents = fields[f"{name}_euros"], fields[f"{name}_cents"]
    if euros.present == cents.present:
        place.problem(f"needs {name}_euros or {name}_cents, and only one of them")
        return 0
    return euros.whole() * 100 if euros.present else cents.whole()


@dataclass(frozen=True, slots=True, kw_only=True)
class _CategoryReader:
    """Reads categories. It knows the views, the size options and what the combination includes."""

    views: Sequence[str]
    sizes: Sequence[str]
    included: Mapping[str, str]

    def category(self, mark: Marked) -> Category:
        fields = mark.mapping(
            ("id", "name", "description", "view", "required", "options"), ("quantity",)
        )
        name = fields["id"].name()
        quantity = self.quantity(fields["quantity"]) if fields["quantity"].present else None
        if quantity is not None and name in self.included:
            fields["quantity"].problem("a category of the combination has no quantity")
        options = [
            self.option(option, name, counted=quantity is not None)
            for option in fields["options"].items()
        ]
        _check_unique(fields["options"], [option.id for option in options], "option")
        return Category(
            id=name,
            name=_read_text(fields["name"]),
            description=_read_text(fields["description"]),
            view=fields["view"].reference(self.views, "view"),
            required=fields["required"].flag(),
            options=tuple(options),
            quantity=quantity,
        )

    def option(self, mark: Marked, category: str, *, counted: bool) -> Option:
        fields = mark.mapping(("id", "name", "description"), ("swatch", "price"))
        name, price = fields["id"].name(), fields["price"]
        rule: PriceRule = Included() if self.included.get(category) == name else Combined()
        if category not in self.included:
            rule = _read_price(mark, price, counted=counted)
        elif price.present:
            price.problem("the price of this option is in the combination")
        return Option(
            id=name,
            name=_read_text(fields["name"]),
            description=_read_text(fields["description"]),
            swatch=_read_swatch(fields["swatch"]) if fields["swatch"].present else None,
            price=rule,
        )

    def quantity(self, mark: Marked) -> QuantityRule:
        fields = mark.mapping(_QUANTITY_KEYS)
        minimum, step = fields["minimum"].whole(), fields["step"].whole(1)
        maxima = fields["maximum"].mapping(self.sizes)
        maximum = {size: maxima[size].whole() for size in self.sizes}
        for size, most in maximum.items():
            if not QuantityBounds(minimum=minimum, maximum=most, step=step).allow(most):
                maxima[size].problem("must be reachable from the minimum in steps, and above 0")
        default = fields["default"].whole()
        widest = max(maximum.values(), default=0)
        if not QuantityBounds(minimum=minimum, maximum=widest, step=step).allow(default):
            fields["default"].problem("must be a quantity that can be chosen")
        return QuantityRule(
            unit=_read_text(fields["unit"]),
            unit_one=_read_text(fields["unit_one"]),
            minimum=minimum,
            maximum=maximum,
            step=step,
            default=default,
        )


def _read_places(mark: Marked, categories: Sequence[Category]) -> dict[str, Text]:
    """The prepositions of the categories with a quantity."""
    written = {
        category.id: place.entries()["quantity"].mapping((), _QUANTITY_KEYS)["place"]
        for category, place in zip(categories, mark.items(), strict=True)
        if category.quantity is not None
    }
    return {category: _read_text(place) for category, place in written.items()}


def _read_swatch(mark: Marked) -> Swatch:
    fields = mark.mapping(("key", "colour"))
    colour = fields["colour"].text()
    if colour and not _COLOUR.fullmatch(colour):
        fields["colour"].problem('must be a colour like "#b8895a"')
    return Swatch(key=fields["key"].name(), colour=colour)


def _read_price(option: Marked, mark: Marked, *, counted: bool) -> PriceRule:
    if not mark.present:
        option.problem("missing key: price")
        return Fixed(amount_cents=0)
    name = "unit" if counted else "amount"
    fields = mark.mapping((), (f"{name}_euros", f"{name}_cents"))
    cents = _read_cents(mark, fields, name)
    return PerUnit(unit_cents=cents) if counted else Fixed(amount_cents=cents)


def _read_combination(
    table: Mapping[str, Marked],
    included: Mapping[str, str],
    sizes: Mapping[str, Size],
    categories: Mapping[str, Category],
) -> Combination:
    """Read the table row by row; it must price each combination of the axes exactly once."""
    base_modules = table["base_modules"].whole(1)
    axes = tuple(category for category in categories if category in included)
    cells: dict[tuple[str, ...], tuple[int, int]] = {}
    for row in table["rows"].items():
        money = ("base_euros", "base_cents", "per_module_euros", "per_module_cents")
        fields = row.mapping(axes, money)
        base = _read_cents(row, fields, "base")
        per_module = _read_cents(row, fields, "per_module")
        named = [_read_references(fields[axis], categories[axis]) for axis in axes]
        for cell in product(*named):
            if cell in cells:
                row.problem(f"priced twice: {', '.join(cell)}")
            cells[cell] = base, per_module
    for cell in product(*([option.id for option in categories[axis].options] for axis in axes)):
        if cell not in cells:
            table["rows"].problem(f"no price for {', '.join(cell)}")
    totals = {
        (name, *cell): base + (size.modules - base_modules) * per_module
        for name, size in sizes.items()
        for cell, (base, per_module) in cells.items()
    }
    if any(size.modules < base_modules for size in sizes.values()):
        table["base_modules"].problem("there is a size with fewer modules")
    return Combination(axes=axes, included=included, totals=totals)


def _read_references(mark: Marked, category: Category) -> list[str]:
    known = [option.id for option in category.options]
    names = [item.reference(known, f"option of {category.id}") for item in mark.items()]
    return [name for name in names if name]


def _read_defaults(mark: Marked) -> Selection:
    choices: dict[str, Choice] = {}
    for category, place in mark.entries().items():
        fields = place.mapping(("option",), ("quantity",))
        counted = fields["quantity"]
        choices[category] = Choice(
            option=fields["option"].name(), quantity=counted.whole() if counted.present else None
        )
    return Selection(choices)


def _check_defaults(mark: Marked, catalogue: Catalogue) -> None:
    places = mark.entries()
    for path, message in selection_problems(catalogue, catalogue.defaults):
        category = path.split(".")[1]
        places.get(category, mark).problem(f"{category} {message}")


def _check_unique(mark: Marked, names: Sequence[str], what: str) -> None:
    for index, item in enumerate(mark.items()):
        if names[index] and names[index] in names[:index]:
            item.problem(f"there is another {what} {names[index]}")


def _check_size(
    size: Mapping[str, Marked],
    size_category: str,
    categories: Mapping[str, Category],
) -> None:
    category = categories.get(size_category)
    if category is None:
        size["category"].problem(f"no such category: {size_category}")
        return
    if not category.required:
        size["category"].problem(f"{size_category} must be required")
    size["options"].mapping([option.id for option in category.options])


def _check_included(mark: Marked, size_category: str, categories: Mapping[str, Category]) -> None:
    for name, place in mark.entries().items():
        category = categories.get(name)
        if category is None or name == size_category:
            place.problem(f"no such category beside the size: {name}")
            continue
        if not category.required:
            place.problem(f"{name} must be required")
        place.reference([option.id for option in category.options], f"option of {name}")
