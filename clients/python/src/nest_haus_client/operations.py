"""What can be asked of a house: named intents, as they travel.

The server decides what becomes of them. ``guess`` is what this client shows until then.
"""

from collections.abc import Mapping

import msgspec


class Choice(msgspec.Struct, frozen=True, omit_defaults=True):
    """The chosen option of one category; ``quantity`` is None where the category has none."""

    option: str
    quantity: int | None = None


class Chosen(dict[str, str | int]):
    """A choice as a JSON object, so that a selection can be given to ``json.dumps`` as it is."""

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
        """How many; None where the category has no quantity."""
        found = self.get("quantity")
        return None if found is None else int(found)

    def __eq__(self, other: object) -> bool:  # type: ignore[explicit-override]  # Python 3.11
        """A choice with the same option and quantity is the same choice."""
        return super().__eq__(Chosen(other) if isinstance(other, Choice) else other)

    __hash__ = None  # as of every dict


class _Tagged(msgspec.Struct, frozen=True, tag_field="kind", omit_defaults=True):
    """What the operations share: immutable, tagged by ``kind``, unknown fields ignored."""


class Select(_Tagged, frozen=True, tag="select"):
    """Choose an option; without ``quantity`` the category keeps its own if it fits."""

    category: str
    option: str
    quantity: int | None = None


class SetQuantity(_Tagged, frozen=True, tag="set_quantity"):
    """Set how many; 0 clears."""

    category: str
    quantity: int


class Clear(_Tagged, frozen=True, tag="clear"):
    """Leave a category out."""

    category: str


SingleOperation = Select | SetQuantity | Clear


class Apply(_Tagged, frozen=True, tag="apply"):
    """Do several operations at once, all or none; at most 16."""

    operations: tuple[SingleOperation, ...]


class Reset(_Tagged, frozen=True, tag="reset"):
    """Go back to the defaults of the catalogue."""


class Undo(_Tagged, frozen=True, tag="undo"):
    """Take back the author's newest op; ``anyway``: even over somebody else's later change."""

    anyway: bool = False


class Redo(_Tagged, frozen=True, tag="redo"):
    """Bring back what the author's newest undo took back."""

    anyway: bool = False


Operation = Select | SetQuantity | Clear | Apply | Reset | Undo | Redo

Selection = Mapping[str, Choice]


def plain(selection: Selection) -> dict[str, Chosen]:
    """A copy that JSON can say: ``{"nest": {"option": "nest80"}, ...}``."""
    return {category: Chosen(choice) for category, choice in selection.items()}


"""Category -> what is chosen; a category that is not chosen is absent."""

Guess = Mapping[str, Choice | None]
"""Category -> what is shown until the server has answered; None: not chosen."""


def guess(operation: Operation, shown: Selection) -> Guess:
    """What an operation most likely makes of what is shown; only the categories it names.

    The rules of the catalogue are the server's. What reset, undo and redo do is not guessed.
    """
    guessed: dict[str, Choice | None] = {}
    for single in operation.operations if isinstance(operation, Apply) else (operation,):
        if isinstance(single, Reset | Undo | Redo):
            continue
        before = guessed.get(single.category, shown.get(single.category))
        match single:
            case Select(option=option, quantity=quantity):
                kept = before.quantity if quantity is None and before is not None else quantity
                guessed[single.category] = Choice(option, kept) if kept != 0 else None
            case SetQuantity(quantity=0) | Clear():
                guessed[single.category] = None
            case SetQuantity(quantity=quantity) if before is not None:
                guessed[single.category] = Choice(before.option, quantity)
            case _:
                pass  # how many of which option is the server's to say
    return guessed
