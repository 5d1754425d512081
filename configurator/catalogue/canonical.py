"""Canonical selections: the check of a selection, and the reading of one from untrusted JSON."""

from configurator.catalogue.model import Catalogue, Category
from configurator.catalogue.selection import Choice, QuantityBounds, Selection
from configurator.errors import SelectionInvalid


def quantity_bounds(
    catalogue: Catalogue, category: Category, selection: Selection
) -> QuantityBounds | None:
    """The quantities that this category may have with the chosen size; None if it has no quantity.

    `selection` must hold the size category.
    """
    rule = category.quantity
    if rule is None:
        return None
    size = selection[catalogue.size_category].option
    return QuantityBounds(minimum=rule.minimum, maximum=rule.maximum[size], step=rule.step)


def selection_from_json(catalogue: Catalogue, value: object) -> Selection:
    """The canonical selection in untrusted JSON. Raises SelectionInvalid with every problem."""
    if not isinstance(value, dict):
        raise SelectionInvalid((("$", "must be an object of categories"),))
    problems: list[tuple[str, str]] = []
    choices: dict[str, Choice] = {}
    for category, raw in value.items():
        choice = _parse_choice(raw)
        if isinstance(choice, str):
            problems.append((f"$.{category}", choice))
        else:
            choices[category] = choice
    selection = Selection(choices) if not problems else Selection()
    problems = problems or selection_problems(catalogue, selection)
    if problems:
        raise SelectionInvalid(tuple(problems))
    return selection


def selection_problems(catalogue: Catalogue, selection: Selection) -> list[tuple[str, str]]:
    """The reasons why this selection is not canonical, as (path, message); empty if it is."""
    problems = [
        (f"$.{category.id}", "must be chosen")
        for category in catalogue.categories
        if category.required and category.id not in selection
    ]
    size = selection.get(catalogue.size_category)
    sized = size is not None and size.option in catalogue.sizes
    for category_id, choice in selection.items():
        category = catalogue.category(category_id)
        if category is None:
            problems.append((f"$.{category_id}", "is no category of this catalogue"))
        elif catalogue.option(category_id, choice.option) is None:
            problems.append((f"$.{category_id}.option", "is no option of this category"))
        elif sized:
            bounds = quantity_bounds(catalogue, category, selection)
            if (message := _quantity_problem(bounds, choice.quantity)) is not None:
                problems.append((f"$.{category_id}.quantity", message))
    return problems


def _quantity_problem(bounds: QuantityBounds | None, quantity: int | None) -> str | None:
    if bounds is None:
        return None if quantity is None else "is not asked for in this category"
    if quantity is None:
        return "is missing"
    if bounds.allow(quantity):
        return None
    return f"must be {bounds.lowest} to {bounds.maximum} in steps of {bounds.step}"


def _parse_choice(value: object) -> Choice | str:
    """A choice, or a sentence about the mistake in its JSON."""
    if not isinstance(value, dict):
        return "must be an object with option and quantity"
    option, quantity = value.get("option"), value.get("quantity")
    if not isinstance(option, str):
        return "option must be a string"
    if isinstance(quantity, float) and quantity.is_integer():
        quantity = int(quantity)  # 8.0 and 8 are the same number in JSON
    if quantity is not None and type(quantity) is not int:
        return "quantity must be a whole number"
    return Choice(option=option, quantity=quantity)
