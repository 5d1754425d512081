"""Operations on a house: named intents, as they are sent, and the most likely effect of each.

Only the server knows the rules, and decides the outcome.
"""

import msgspec

from nest_haus_client.core.selection import Choice, Guess, Selection


class _Tagged(msgspec.Struct, frozen=True, tag_field="kind", omit_defaults=True):
    """The base of the operations: immutable, tagged by ``kind``, unknown fields ignored."""


class Select(_Tagged, frozen=True, tag="select"):
    """Choose an option; without ``quantity`` the category keeps its own if it fits."""

    category: str
    option: str
    quantity: int | None = None


class SetQuantity(_Tagged, frozen=True, tag="set_quantity"):
    """Set the quantity; 0 clears the category."""

    category: str
    quantity: int


class Clear(_Tagged, frozen=True, tag="clear"):
    """Leave a category out."""

    category: str


SingleOperation = Select | SetQuantity | Clear


class Apply(_Tagged, frozen=True, tag="apply"):
    """Do several operations at once, all or nothing; at most 16."""

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


def guess(operation: Operation, shown: Selection) -> Guess:
    """The most likely result of an operation on the shown selection, for the categories it names.

    Results of reset, undo and redo are not guessed.
    """
    guessed: dict[str, Choice | None] = {}
    for single in operation.operations if isinstance(operation, Apply) else (operation,):
        if not isinstance(single, Reset | Undo | Redo):
            before = guessed.get(single.category, shown.get(single.category))
            guessed |= _guess_one(single, before)
    return guessed


def _guess_one(single: SingleOperation, before: Choice | None) -> Guess:
    """The choice after one operation; empty if only the server knows it."""
    match single:
        case Select(category=category, option=option, quantity=quantity):
            kept = before.quantity if quantity is None and before is not None else quantity
            return {category: Choice(option, kept) if kept != 0 else None}
        case SetQuantity(category=category, quantity=0) | Clear(category=category):
            return {category: None}
        case SetQuantity(category=category, quantity=quantity):
            return {} if before is None else {category: Choice(before.option, quantity)}
