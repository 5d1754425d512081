"""Properties of every operation on every selection."""

import msgspec
from hypothesis import assume, given
from hypothesis import strategies as st

from configurator.catalogue.canonical import selection_problems
from configurator.catalogue.selection import Selection
from configurator.operations.intents import (
    Apply,
    Clear,
    Operation,
    Redo,
    Reset,
    Select,
    SetQuantity,
    Undo,
    parse_operation,
)
from configurator.operations.outcomes import (
    Adjusted,
    Cause,
    Committed,
    Rejected,
    evaluate,
    reads,
)
from configurator.pricing.price import total_cents
from tests.configurator.nest_haus import (
    CATALOGUE,
    applies,
    house,
    operations,
    selections,
    single_operations,
)

MAXIMUM_PANELS = {"nest80": 8, "nest100": 10, "nest120": 12, "nest140": 14, "nest160": 16}


def after(selection: Selection, operation: Operation) -> Selection:
    outcome = evaluate(CATALOGUE, selection, operation)
    return selection if isinstance(outcome, Rejected) else outcome.selection


def named(operation: Operation) -> set[str]:
    """The categories that an operation itself writes."""
    match operation:
        case Apply(operations=nested):
            return {each.category for each in nested}
        case Reset():
            return set(CATALOGUE.by_id)
        case Undo() | Redo():
            return set()
        case _:
            return {operation.category}


@given(selection=selections(), asked=st.lists(operations(), max_size=12))
def test_no_sequence_of_operations_leaves_what_can_be_built(
    selection: Selection, asked: list[Operation]
) -> None:
    """(SN5)"""
    for operation in asked:
        selection = after(selection, operation)
        assert selection_problems(CATALOGUE, selection) == []


def test_every_number_of_panels_on_every_size() -> None:
    for larger, most in MAXIMUM_PANELS.items():
        for quantity in range(1, most + 1):
            before = house(f"{larger} trapezblech kiefer parkett", pv=quantity)
            for size, maximum in MAXIMUM_PANELS.items():
                outcome = evaluate(CATALOGUE, before, Select(category="nest", option=size))
                assert isinstance(outcome, Adjusted if quantity > maximum else Committed)
                assert outcome.selection["pvanlage"].quantity == min(quantity, maximum)


@given(selection=selections(), operation=operations())
def test_an_outcome_says_everything_it_did(selection: Selection, operation: Operation) -> None:
    outcome = evaluate(CATALOGUE, selection, operation)
    if isinstance(outcome, Rejected):
        assert len(outcome.reasons) == 1
        return

    rebuilt = selection
    for change in outcome.changes:
        assert change.before != change.after
        assert rebuilt.get(change.category) == change.before
        rebuilt = (
            rebuilt.without(change.category)
            if change.after is None
            else rebuilt.with_choice(change.category, change.after)
        )
    assert rebuilt == outcome.selection
    moved = {change.category for change in outcome.changes if change.cause is Cause.RULE}
    told = {reason.category for reason in outcome.reasons}
    assert moved <= told
    assert isinstance(outcome, Adjusted) == bool(told)
    assert {change.category for change in outcome.changes} - moved <= named(operation)


@given(selection=selections(), operation=operations())
def test_a_repair_is_accepted_and_costs_what_it_says(
    selection: Selection, operation: Operation
) -> None:
    """(OP13)"""
    outcome = evaluate(CATALOGUE, selection, operation)
    assume(isinstance(outcome, Rejected))
    assert isinstance(outcome, Rejected)

    for repair in outcome.repairs:
        repaired = evaluate(CATALOGUE, selection, repair.operation)
        assert not isinstance(repaired, Rejected)
        assert repaired.changes
        difference = total_cents(CATALOGUE, repaired.selection) - total_cents(CATALOGUE, selection)
        assert repair.difference_cents == difference
        assert parse_operation(msgspec.to_builtins(repair.operation)) == repair.operation


@given(selection=selections(), bundle=applies())
def test_apply_is_all_or_nothing(selection: Selection, bundle: Apply) -> None:
    """(OP14)"""
    outcome = evaluate(CATALOGUE, selection, bundle)

    reached = selection
    for operation in bundle.operations:
        step = evaluate(CATALOGUE, reached, operation)
        if isinstance(step, Rejected):
            assert isinstance(outcome, Rejected)
            assert outcome.reasons == step.reasons
            return
        reached = step.selection
    assert not isinstance(outcome, Rejected)
    assert outcome.selection == reached


@given(
    selection=selections(),
    one=single_operations() | applies(),
    other=single_operations() | applies(),
)
def test_operations_on_different_parts_commute(
    selection: Selection, one: Operation, other: Operation
) -> None:
    """(OP10)"""
    assume(not named(one) & reads(CATALOGUE, other) and not named(other) & reads(CATALOGUE, one))

    assert after(after(selection, one), other) == after(after(selection, other), one)


@given(
    selection=selections(),
    earlier=operations(),
    later=single_operations(sensible=True),
)
def test_the_later_operation_wins_unless_a_rule_speaks(
    selection: Selection, earlier: Operation, later: Operation
) -> None:
    """(OP10)"""
    between = after(selection, earlier)
    outcome = evaluate(CATALOGUE, between, later)

    if isinstance(outcome, Rejected):
        return
    match later:
        case Select(category=category, option=option, quantity=quantity) if quantity != 0:
            assert outcome.selection[category].option == option
            assert quantity in {None, outcome.selection[category].quantity}
        case SetQuantity(category=category, quantity=quantity) if quantity != 0:
            assert outcome.selection[category].quantity == quantity
        case _:
            assert not named(later) & set(outcome.selection)
    by_rule = {change.category for change in outcome.changes if change.cause is Cause.RULE}
    for category in set(CATALOGUE.by_id) - named(later) - by_rule:
        assert outcome.selection.get(category) == between.get(category)


@given(selection=selections(), operation=operations())
def test_doing_it_again_changes_nothing(selection: Selection, operation: Operation) -> None:
    first = evaluate(CATALOGUE, selection, operation)
    assume(not isinstance(first, Rejected) and not isinstance(operation, Apply))
    assert not isinstance(first, Rejected)

    again = evaluate(CATALOGUE, first.selection, operation)

    assert again == Committed(selection=first.selection, changes=())


@given(selection=selections())
def test_reset_forgets_everything(selection: Selection) -> None:
    assert after(selection, Reset()) == CATALOGUE.defaults
    assert after(after(selection, Clear(category="fenster")), Reset()) == CATALOGUE.defaults
