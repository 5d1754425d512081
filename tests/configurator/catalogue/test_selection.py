"""Selections: values that compare by what is chosen, and JSON that cannot smuggle anything in."""

import json
import pickle

import msgspec
import pytest
from hypothesis import given

from configurator.catalogue.canonical import selection_from_json
from configurator.catalogue.selection import (
    Choice,
    QuantityBounds,
    Selection,
)
from configurator.errors import SelectionInvalid
from tests.configurator.nest_haus import CATALOGUE, house, selections


def test_equal_whatever_the_order_it_was_built_in() -> None:
    one = Selection().with_choice("a", Choice(option="x")).with_choice("b", Choice(option="y"))
    other = Selection({"b": Choice(option="y"), "a": Choice(option="x")})

    assert one == other
    assert hash(one) == hash(other)
    assert list(other) == ["a", "b"]
    assert msgspec.to_builtins(one.choices()) == msgspec.to_builtins(other.choices())


def test_changing_makes_a_new_one() -> None:
    before = house(pv=4)

    after = before.with_choice("pvanlage", Choice(option="pv_panels", quantity=8)).without("nest")

    assert before.get("pvanlage") == Choice(option="pv_panels", quantity=4)
    assert before["nest"] == Choice(option="nest80")
    assert after.get("nest") is None
    assert after.get("pvanlage") == Choice(option="pv_panels", quantity=8)
    assert before.without("fenster") is before
    assert before != msgspec.to_builtins(before.choices())


@given(selection=selections())
def test_json_and_pickle_round_trip(selection: Selection) -> None:
    assert selection_from_json(CATALOGUE, msgspec.to_builtins(selection.choices())) == selection
    assert pickle.loads(pickle.dumps(selection)) == selection
    assert all(msgspec.convert(msgspec.to_builtins(c), Choice) == c for c in selection.values())


BASE: dict[str, object] = msgspec.to_builtins(house(pv=8).choices())


@pytest.mark.parametrize(
    ("value", "problem"),
    [
        (None, ("$", "must be an object of categories")),
        ([], ("$", "must be an object of categories")),
        ({**BASE, "nest": "nest80"}, ("$.nest", "must be an object with option and quantity")),
        ({**BASE, "nest": {"option": 80}}, ("$.nest", "option must be a string")),
        (
            {**BASE, "nest": {"option": "nest90"}},
            ("$.nest.option", "is no option of this category"),
        ),
        (
            {key: value for key, value in BASE.items() if key != "fussboden"},
            ("$.fussboden", "must be chosen"),
        ),
        (
            {key: value for key, value in BASE.items() if key != "nest"},
            ("$.nest", "must be chosen"),
        ),
        ({**BASE, "pool": {"option": "x"}}, ("$.pool", "is no category of this catalogue")),
        (
            {**BASE, "fussboden": {"option": "parkett", "quantity": 3}},
            ("$.fussboden.quantity", "is not asked for in this category"),
        ),
        ({**BASE, "pvanlage": {"option": "pv_panels"}}, ("$.pvanlage.quantity", "is missing")),
        *(
            (
                {**BASE, "pvanlage": {"option": "pv_panels", "quantity": quantity}},
                ("$.pvanlage.quantity", "must be 1 to 8 in steps of 1"),
            )
            for quantity in (-1, 0, 9, 10**30)
        ),
        *(
            (
                {**BASE, "pvanlage": {"option": "pv_panels", "quantity": quantity}},
                ("$.pvanlage", "quantity must be a whole number"),
            )
            for quantity in (True, 8.5, "8", float("nan"))
        ),
    ],
)
def test_json_that_is_not_a_selection(value: object, problem: tuple[str, str]) -> None:
    with pytest.raises(SelectionInvalid) as caught:
        selection_from_json(CATALOGUE, value)

    assert caught.value.problems == (problem,)


@pytest.mark.parametrize("written", ["8", "8.0", "8e0", "80e-1"])
def test_a_whole_number_is_one_however_it_is_written(written: str) -> None:
    choice = json.loads(f'{{"option": "pv_panels", "quantity": {written}}}')
    selection = selection_from_json(CATALOGUE, {**BASE, "pvanlage": choice})
    assert selection["pvanlage"].quantity == 8


def test_every_problem_is_told_at_once() -> None:
    with pytest.raises(SelectionInvalid) as caught:
        selection_from_json(CATALOGUE, {"nest": {"option": "nest80"}, "pool": {"option": "x"}})

    assert [path for path, _ in caught.value.problems] == [
        "$.gebaeudehuelle",
        "$.innenverkleidung",
        "$.fussboden",
        "$.pool",
    ]


@pytest.mark.parametrize(
    ("bounds", "allowed"),
    [
        (QuantityBounds(minimum=0, maximum=3, step=1), [1, 2, 3]),
        (QuantityBounds(minimum=0, maximum=10, step=5), [5, 10]),
        (QuantityBounds(minimum=3, maximum=8, step=2), [3, 5, 7]),
    ],
)
def test_quantities_within_bounds(bounds: QuantityBounds, allowed: list[int]) -> None:
    assert [quantity for quantity in range(-2, 13) if bounds.allow(quantity)] == allowed
    assert bounds.lowest == allowed[0]
