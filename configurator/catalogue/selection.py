"""A selection: category id → option, with a quantity where the category has one.

A selection is *canonical* if every required category is chosen, every option exists, exactly the
categories that have a quantity have one, and it lies within the bounds of the chosen size. A
quantity is never 0: the category is absent instead. Every selection that leaves this package is
canonical.
"""

from collections.abc import ItemsView, Iterable, Iterator, Mapping
from typing import TypeVar, overload

import msgspec
from typing_extensions import override

T = TypeVar("T")


class Choice(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """The chosen option of one category, with a `quantity` if the category has one."""

    option: str
    quantity: int | None = None


class QuantityBounds(msgspec.Struct, frozen=True, kw_only=True):
    """The quantities that can be chosen now: minimum, minimum + step, ... maximum."""

    minimum: int
    maximum: int
    step: int

    @property
    def lowest(self) -> int:
        """The smallest quantity above 0 that can be chosen."""
        return self.minimum or self.step

    def allow(self, quantity: int) -> bool:
        """Whether this quantity can be chosen."""
        in_range = self.lowest <= quantity <= self.maximum
        return in_range and (quantity - self.minimum) % self.step == 0


class Selection(Mapping[str, Choice]):
    """An immutable, hashable mapping of category id → Choice.

    It iterates in the order of the category ids, whatever the order in which it was built. Two
    selections are equal if they have the same choices.
    """

    __slots__ = ("_choices",)

    def __init__(self, choices: Mapping[str, Choice] | Iterable[tuple[str, Choice]] = ()) -> None:
        self._choices: dict[str, Choice] = dict(sorted(dict(choices).items()))

    @classmethod
    def _sorted(cls, choices: dict[str, Choice]) -> "Selection":
        """The selection of a dict that is sorted already and that no other code holds."""
        selection = cls.__new__(cls)
        selection._choices = choices  # noqa: SLF001 - of this class itself
        return selection

    def with_choice(self, category: str, choice: Choice) -> "Selection":
        """The same selection with a new choice in one category."""
        choices = {**self._choices, category: choice}
        return Selection._sorted(choices) if category in self._choices else Selection(choices)

    def without(self, category: str) -> "Selection":
        """The same selection without a choice in one category."""
        if category not in self._choices:
            return self
        choices = self._choices.copy()
        del choices[category]
        return Selection._sorted(choices)

    def choices(self) -> dict[str, Choice]:
        """The choices as a new dict, which belongs to the caller."""
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
