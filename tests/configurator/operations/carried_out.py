"""Ops as they are asked, and what became of them."""

from configurator.catalogue.selection import Choice, Selection
from configurator.operations.intents import Operation, Select, SetQuantity
from configurator.operations.outcomes import (
    Committed,
    Conflict,
    Evaluation,
    Rejected,
    evaluate,
)
from tests.configurator.nest_haus import CATALOGUE


def select(category: str, option: str, quantity: int | None = None) -> Select:
    return Select(category=category, option=option, quantity=quantity)


def set_pv(quantity: int) -> SetQuantity:
    return SetQuantity(category="pvanlage", quantity=quantity)


def panels(quantity: int) -> Choice:
    return Choice(option="pv_panels", quantity=quantity)


def committed(before: Selection, operation: Operation) -> Selection:
    outcome = evaluate(CATALOGUE, before, operation)
    assert isinstance(outcome, Committed), outcome
    assert outcome.reasons == ()
    return outcome.selection


def rejected(before: Selection, operation: Operation) -> Rejected:
    outcome = evaluate(CATALOGUE, before, operation)
    assert isinstance(outcome, Rejected), outcome
    return outcome


def codes(outcome: Evaluation | Conflict) -> list[str]:
    return [reason.code.value for reason in outcome.reasons]
