"""Selections: choices by category, with changes and guesses laid over them."""

from collections.abc import Iterable, Mapping
from types import MappingProxyType

import msgspec


class Choice(msgspec.Struct, frozen=True, omit_defaults=True):
    """The chosen option of one category; ``quantity`` is None where the category has none."""

    option: str
    quantity: int | None = None


class Chosen(dict[str, str | int]):
    """A choice as a JSON object, so that a selection can be passed to ``json.dumps`` directly."""

    def __init__(self, choice: Choice) -> None:
        super().__init__(option=choice.option)
        if choice.quantity is not None:
            self["quantity"] = choice.quantity

    @property
    def option(self) -> str:
        """The chosen option."""
        return str(self["option"])

    @property
    def quantity(self) -> int | None:
        """The quantity; None if the category has no quantity."""
        found = self.get("quantity")
        return None if found is None else int(found)

    def __eq__(self, other: object) -> bool:  # type: ignore[explicit-override]  # Python 3.11
        """A choice with the same option and quantity is the same choice."""
        return super().__eq__(Chosen(other) if isinstance(other, Choice) else other)

    __hash__ = None  # as of every dict


Selection = Mapping[str, Choice]
"""Category -> its choice; a category without a choice is absent."""

Guess = Mapping[str, Choice | None]
"""Category -> the choice to show until the server has answered; None: no choice."""


def plain(selection: Selection) -> dict[str, Chosen]:
    """A copy that can be written as JSON: ``{"nest": {"option": "nest80"}, ...}``."""
    return {category: Chosen(choice) for category, choice in selection.items()}


def overlaid(selection: Selection, guesses: Iterable[Guess]) -> Selection:
    """The selection with guesses on top, in order."""
    shown = dict(selection)
    for each in guesses:
        for category, choice in each.items():
            _put(shown, category, choice)
    return MappingProxyType(shown)


def changed(selection: Selection, changes: Iterable[tuple[str, Choice | None]]) -> Selection:
    """The selection after changes: each a category and its choice from then on."""
    after = dict(selection)
    for category, choice in changes:
        _put(after, category, choice)
    return after


def _put(selection: dict[str, Choice], category: str, choice: Choice | None) -> None:
    if choice is None:
        selection.pop(category, None)
    else:
        selection[category] = choice
