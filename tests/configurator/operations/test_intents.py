"""Operations on the wire: what is decoded, and what never gets in."""

import msgspec
import pytest

from configurator.catalogue.selection import Choice
from configurator.errors import OperationInvalid
from configurator.operations.intents import (
    Apply,
    Clear,
    Operation,
    Reset,
    Select,
    SetQuantity,
    operation_kind,
    parse_operation,
)
from configurator.operations.outcomes import (
    Cause,
    Change,
)


@pytest.mark.parametrize(
    ("operation", "wire"),
    [
        (
            Select(category="nest", option="nest80"),
            {"kind": "select", "category": "nest", "option": "nest80"},
        ),
        (
            Select(category="fenster", option="pvc", quantity=0),
            {"kind": "select", "category": "fenster", "option": "pvc", "quantity": 0},
        ),
        (
            SetQuantity(category="pvanlage", quantity=3),
            {"kind": "set_quantity", "category": "pvanlage", "quantity": 3},
        ),
        (Clear(category="nest"), {"kind": "clear", "category": "nest"}),
        (
            Apply(operations=(Clear(category="nest"),)),
            {"kind": "apply", "operations": [{"kind": "clear", "category": "nest"}]},
        ),
        (Reset(), {"kind": "reset"}),
    ],
)
def test_operations_as_json(operation: Operation, wire: dict[str, object]) -> None:
    assert msgspec.json.decode(msgspec.json.encode(operation)) == wire
    assert parse_operation(wire) == operation
    assert parse_operation({**wire, "a_field_of_tomorrow": [1]}) == operation
    assert operation_kind(operation) == wire["kind"]
    assert msgspec.json.decode(msgspec.json.encode(operation), type=Operation) == operation


SET = '{"kind":"set_quantity","category":"pvanlage","quantity":%s}'
APPLY = '{"kind":"apply","operations":[%s]}'
CLEAR = '{"kind":"clear","category":"nest"}'


@pytest.mark.parametrize(
    "wire",
    [
        "[]",
        "null",
        "{}",
        '{"kind":"explode"}',
        '{"kind":["select"]}',
        '{"kind":"select","category":"nest"}',
        '{"kind":"select","category":"","option":"nest80"}',
        '{"kind":"select","category":"nest","option":"%s"}' % ("x" * 65),
        '{"kind":"select","category":7,"option":"nest80"}',
        *(
            SET % quantity
            for quantity in ("3.0", "true", '"3"', "null", "1e2", "1000001", "-1000001", "9" * 40)
        ),
        APPLY % "",
        APPLY % ",".join([CLEAR] * 17),
        APPLY % '{"kind":"reset"}',
        APPLY % (APPLY % CLEAR),
    ],
)
def test_json_that_is_not_an_operation(wire: str) -> None:
    with pytest.raises(msgspec.ValidationError):
        msgspec.json.decode(wire, type=Operation)
    with pytest.raises(OperationInvalid):
        parse_operation(msgspec.json.decode(wire))


@pytest.mark.parametrize("number", ["NaN", "Infinity", "1e999"])
def test_numbers_that_json_does_not_have(number: str) -> None:
    with pytest.raises(msgspec.DecodeError):
        msgspec.json.decode(SET % number, type=Operation)
    with pytest.raises(OperationInvalid):
        parse_operation({"kind": "set_quantity", "category": "pvanlage", "quantity": float(number)})


def test_changes_as_json() -> None:
    change = Change(
        category="pvanlage",
        before=None,
        after=Choice(option="pv_panels", quantity=8),
        cause=Cause.RULE,
    )

    assert msgspec.to_builtins(change) == {
        "category": "pvanlage",
        "before": None,
        "after": {"option": "pv_panels", "quantity": 8},
        "cause": "rule",
    }
    assert msgspec.convert(msgspec.to_builtins(change), Change) == change
