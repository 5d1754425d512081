"""The catalogue: what can be chosen and what it costs. Data, read from one YAML text.

A catalogue is immutable once published; its revision is the SHA-256 of its text. Money is integer
cents everywhere behind `parse_catalogue`; the text may write whole euros (`…_euros`) or cents
(`…_cents`), never a fraction.

Prices come from two places. The categories of the *combination* share one table: every combination
of size and axes has its own total, because the figures do not add up from options. Every other
option has its own price, fixed or per unit of quantity.
"""

import hashlib
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from itertools import product
from typing import assert_never

from configurator.catalogue_model import (
    Catalogue,
    Category,
    Combination,
    FinancingTerms,
    Fixed,
    FromCombination,
    Option,
    PerUnit,
    PriceRule,
    QuantityRule,
    Size,
    Swatch,
    Text,
    View,
)
from configurator.errors import CatalogueInvalid
from configurator.marked_yaml import Marked, read_marked
from configurator.pictured import check_pictures
from configurator.preview.keys import SHOWN
from configurator.selection import (
    Bounds,
    Choice,
    Selection,
    selection_problems,
    selection_to_json,
)

__all__ = [
    "Catalogue",
    "Category",
    "Combination",
    "FinancingTerms",
    "Fixed",
    "FromCombination",
    "Option",
    "PerUnit",
    "PriceRule",
    "QuantityRule",
    "Size",
    "Swatch",
    "Text",
    "View",
    "catalogue_to_json",
    "parse_catalogue",
    "text_to_json",
]

_COLOUR = re.compile(r"#[0-9a-f]{6}")


def parse_catalogue(text: str, *, source: str) -> Catalogue:
    """The catalogue written in a YAML text; `source` names it in the error.

    Raises CatalogueInvalid with every problem found and its line.
    """
    root = read_marked(text)
    catalogue = _read_catalogue(root, hashlib.sha256(text.encode()).hexdigest())
    if root.problems:
        raise CatalogueInvalid(source, tuple(sorted(set(root.problems))))
    return catalogue


def text_to_json(text: Text) -> dict[str, str]:
    """`{"de", "en"}`."""
    return {"de": text.de, "en": text.en}


def catalogue_to_json(catalogue: Catalogue) -> dict[str, object]:
    """The catalogue as a client reads it (GET /api/catalogue): both languages, money in cents."""
    return {
        "id": catalogue.id,
        "name": text_to_json(catalogue.name),
        "revision": catalogue.revision,
        "currency": catalogue.currency,
        "vat_percent": catalogue.vat_percent,
        "financing": {
            "months": catalogue.financing.months,
            "rate_percent": float(catalogue.financing.rate_percent),
        },
        "views": [_view_to_json(catalogue, view) for view in catalogue.views],
        "size_category": catalogue.size_category,
        "sizes": {
            option: {"modules": size.modules, "usable_area_m2": size.usable_area_m2}
            for option, size in catalogue.sizes.items()
        },
        "defaults": selection_to_json(catalogue.defaults),
        "categories": [_category_to_json(category) for category in catalogue.categories],
    }


def _view_to_json(catalogue: Catalogue, view: View) -> dict[str, object]:
    """With the categories that its picture shows, in their order there."""
    shows = [category for category in SHOWN[view.id] if category in catalogue.by_id]
    return {"id": view.id, "name": text_to_json(view.name), "shows": shows}


def _category_to_json(category: Category) -> dict[str, object]:
    return {
        "id": category.id,
        "name": text_to_json(category.name),
        "description": text_to_json(category.description),
        "view": category.view,
        "required": category.required,
        "quantity": None if category.quantity is None else _quantity_to_json(category.quantity),
        "options": [
            {
                "id": option.id,
                "name": text_to_json(option.name),
                "description": text_to_json(option.description),
                "swatch": option.swatch
                and {"key": option.swatch.key, "colour": option.swatch.colour},
                "price": _price_rule_to_json(option.price),
            }
            for option in category.options
        ],
    }


def _quantity_to_json(rule: QuantityRule) -> dict[str, object]:
    return {
        "unit": text_to_json(rule.unit),
        "unit_one": text_to_json(rule.unit_one),
        "minimum": rule.minimum,
        "maximum": dict(rule.maximum),
        "step": rule.step,
        "default": rule.default,
    }


def _price_rule_to_json(rule: PriceRule) -> dict[str, object]:
    match rule:
        case FromCombination(included=True):
            return {"kind": "included"}
        case FromCombination():
            return {"kind": "combination"}
        case Fixed(amount_cents=cents):
            return {"kind": "fixed", "amount_cents": cents}
        case PerUnit(unit_cents=cents):
            return {"kind": "per_unit", "unit_cents": cents}
        case _:
            assert_never(rule)


# Reading. Every function notes problems on the marks and goes on with neutral values; what it
# returns is used only when there were none.

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
        views=tuple(views),
        categories=tuple(categories),
        size_category=size_category,
        sizes=sizes,
        combination=_read_combination(table, included, sizes, by_id),
        financing=_read_financing(top["financing"]),
        defaults=_read_defaults(top["defaults"]),
    )
    _check_defaults(top["defaults"], catalogue)
    if not root.problems:  # a catalogue that is wrong otherwise would only be told twice
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
    return View(id=fields["id"].name(), name=_read_text(fields["name"]))


def _read_size(mark: Marked) -> Size:
    fields = mark.mapping(("modules", "usable_area_m2"))
    return Size(
        modules=fields["modules"].whole(1), usable_area_m2=fields["usable_area_m2"].whole(1)
    )


def _read_financing(mark: Marked) -> FinancingTerms:
    fields = mark.mapping(("months", "rate_percent"))
    months, rate_percent = fields["months"].whole(1), fields["rate_percent"].decimal()
    monthly = Fraction(rate_percent) / 1200
    annuity = monthly / (1 - (1 + monthly) ** -months) if monthly else Fraction(1, months)
    return FinancingTerms(months=months, rate_percent=rate_percent, annuity=annuity)


def _read_cents(place: Marked, fields: Mapping[str, Marked], name: str) -> int:
    """An amount written as `<name>_euros` or as `<name>_cents`."""
    euros, cents = fields[f"{name}_euros"], fields[f"{name}_cents"]
    if euros.present == cents.present:
        place.problem(f"needs {name}_euros or {name}_cents, and only one of them")
        return 0
    return euros.whole() * 100 if euros.present else cents.whole()


@dataclass(frozen=True, slots=True, kw_only=True)
class _CategoryReader:
    """Reads categories; knows the views, the size options and what the combination includes."""

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
        rule: PriceRule = FromCombination(included=self.included.get(category) == name)
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
        fields = mark.mapping(
            ("unit", "unit_one", "place", "minimum", "maximum", "step", "default")
        )
        minimum, step = fields["minimum"].whole(), fields["step"].whole(1)
        maxima = fields["maximum"].mapping(self.sizes)
        maximum = {size: maxima[size].whole() for size in self.sizes}
        for size, most in maximum.items():
            if not Bounds(minimum=minimum, maximum=most, step=step).allow(most):
                maxima[size].problem("must be reachable from the minimum in steps, and above 0")
        default = fields["default"].whole()
        widest = max(maximum.values(), default=0)
        if not Bounds(minimum=minimum, maximum=widest, step=step).allow(default):
            fields["default"].problem("must be a quantity that can be chosen")
        return QuantityRule(
            unit=_read_text(fields["unit"]),
            unit_one=_read_text(fields["unit_one"]),
            place=_read_text(fields["place"]),
            minimum=minimum,
            maximum=maximum,
            step=step,
            default=default,
        )


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
    """The table row by row; each combination of the axes must be priced exactly once."""
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
