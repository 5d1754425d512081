"""Undo and redo as they are asked, and the ops around them."""

from configurator.operations.intents import (
    Redo,
    Select,
    SetQuantity,
    Undo,
)
from configurator.operations.outcomes import (
    OpOutcome,
)
from tests.configurator.edited_house import EditedHouse

UNDO, REDO = Undo(), Redo()
ANYWAY = Undo(anyway=True)


def set_pv(quantity: int) -> SetQuantity:
    return SetQuantity(category="pvanlage", quantity=quantity)


def nest(size: str) -> Select:
    return Select(category="nest", option=size)


def panels(edited: EditedHouse) -> int:
    choice = edited.selection.get("pvanlage")
    return (choice.quantity or 0) if choice else 0


def codes(outcome: OpOutcome) -> list[str]:
    return [reason.code.value for reason in outcome.reasons]
