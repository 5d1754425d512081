"""What is chosen: category id → option, with a quantity where the category has one.

A selection is *canonical* when every required category is chosen, every option exists, a quantity
is there exactly where the category has one, and lies within the bounds of the chosen size. A
quantity is never 0: that category is absent instead. Every selection that leaves this package is
canonical.
"""

from collections.abc import ItemsView, Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, TypeVar, overload

import msgspec
from typing_extensions import override

from configurator.errors import SelectionInvalid

if TYPE_CHECKING:
    from configurator.catalogue import Catalogue, Category

T = TypeVar("T")


class Choice(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """The chosen option of one category; `quantity` is None where the category has none."""

    option: str
    quantity: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Bounds:
    """Quantities that may be chosen: minimum, minimum + step, … maximum. 0 means not chosen."""

    minimum: int
    maximum: int
    step: int

    @property
    def lowest(self) -> int:
        """The smallest quantity that is a choice."""
        return self.minimum or self.step

    def allow(self, quantity: int) -> bool:
        """Whether this quantity can be chosen."""
        in_range = self.lowest <= quantity <= self.maximum
        return in_range and (quantity - self.minimum) % self.step == 0


class Selection(Mapping[str, Choice]):
    """An immutable, hashable mapping of category id → Choice.

    Iterates in the order of the category ids, whatever the order it was built in; equal when it
    holds the same choices.
    """

    __slots__ = ("_choices",)

    def __init__(self, choices: Mapping[str, Choice] | Iterable[tuple[str, Choice]] = ()) -> None:
        self._choices: dict[str, Choice] = dict(sorted(dict(choices).items()))

    @classmethod
    def _sorted(cls, choices: dict[str, Choice]) -> "Selection":
        """The selection of a dict that is in order already, and that nobody else holds."""
        selection = cls.__new__(cls)
        selection._choices = choices  # noqa: SLF001 - of this class itself
        return selection

    def with_choice(self, category: str, choice: Choice) -> "Selection":
        """This selection with one category chosen anew."""
        choices = {**self._choices, category: choice}
        return Selection._sorted(choices) if category in self._choices else Selection(choices)

    def without(self, category: str) -> "Selection":
        """This selection with one category not chosen; the same when it was not."""
        if category not in self._choices:
            return self
        choices = self._choices.copy()
        del choices[category]
        return Selection._sorted(choices)

    def choices(self) -> dict[str, Choice]:
        """The choices as a dict of the caller's own."""
        return self._choices.copy()

    @overload
    def get(self, category: str, /) -> Choice | None: ...

    @overload
    def get(self, category: str, /, default: Choice | T) -> Choice | T: ...

    @override
    def get(self, category: str, /, default: object = None) -> object:
        return self._choices.get(category, default)

    @override
    def items(self) -> ItemsView[str, Choice]:
        return self._choices.items()

    @override
    def __contains__(self, category: object) -> bool:
        return category in self._choices

    @override
    def __getitem__(self, category: str) -> Choice:
        return self._choices[category]

    @override
    def __iter__(self) -> Iterator[str]:
        return iter(self._choices)

    @override
    def __len__(self) -> int:
        return len(self._choices)

    @override
    def __eq__(self, other: object) -> bool:
        return isinstance(other, Selection) and self._choices == other._choices

    @override
    def __hash__(self) -> int:
        return hash(tuple(self._choices.items()))

    @override
    def __repr__(self) -> str:
        return f"Selection({self._choices!r})"


def quantity_bounds(
    catalogue: "Catalogue", category: "Category", selection: Selection
) -> Bounds | None:
    """The quantities this category may have with the chosen size; None when it has no quantity.

    `selection` must hold the size category.
    """
    rule = category.quantity
    if rule is None:
        return None
    size = selection[catalogue.size_category].option
    return Bounds(minimum=rule.minimum, maximum=rule.maximum[size], step=rule.step)


def choice_to_json(choice: Choice) -> dict[str, object]:
    """`{"option"}` or `{"option", "quantity"}`."""
    if choice.quantity is None:
        return {"option": choice.option}
    return {"option": choice.option, "quantity": choice.quantity}


def choice_from_json(value: object) -> Choice:
    """The choice of a JSON object, of any catalogue. Raises SelectionInvalid."""
    choice = _parse_choice(value)
    if isinstance(choice, str):
        raise SelectionInvalid((("$", choice),))
    return choice


def selection_to_json(selection: Selection) -> dict[str, object]:
    """`{category: choice}`, in the order of the category ids."""
    return {category: choice_to_json(choice) for category, choice in selection.items()}


def selection_from_json(catalogue: "Catalogue", value: object) -> Selection:
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


def selection_problems(catalogue: "Catalogue", selection: Selection) -> list[tuple[str, str]]:
    """Why this selection is not canonical, as (path, message); empty when it is."""
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


def _quantity_problem(bounds: Bounds | None, quantity: int | None) -> str | None:
    if bounds is None:
        return None if quantity is None else "is not asked for in this category"
    if quantity is None:
        return "is missing"
    if bounds.allow(quantity):
        return None
    return f"must be {bounds.lowest} to {bounds.maximum} in steps of {bounds.step}"


def _parse_choice(value: object) -> Choice | str:
    """A choice, or what is wrong with its JSON."""
    if not isinstance(value, dict):
        return "must be an object with option and quantity"
    option, quantity = value.get("option"), value.get("quantity")
    if not isinstance(option, str):
        return "option must be a string"
    if isinstance(quantity, float) and quantity.is_integer():
        quantity = int(quantity)  # 8.0 is the same JSON number as 8
    if quantity is not None and type(quantity) is not int:
        return "quantity must be a whole number"
    return Choice(option=option, quantity=quantity)
