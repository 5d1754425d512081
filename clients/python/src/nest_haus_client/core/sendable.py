"""Refuses messages that cannot be sent, in the caller, before they reach the connection."""

import msgspec

from nest_haus_client.core.operations import Apply, Operation, Select, SetQuantity
from nest_haus_client.errors import Refused

_encoder = msgspec.json.Encoder()


def check_sendable(said: object) -> None:
    """Raises Refused if this cannot be written as JSON: half a character, an object of some class.

    The server would answer the same. If the connection found it, all other waiting messages would be
    lost.
    """
    try:
        _encoder.encode(said)
    except (TypeError, ValueError, RecursionError) as problem:
        raise Refused("malformed_message", detail=str(problem)[:200]) from None


def check_operation(operation: Operation) -> None:
    """Like ``check_sendable``; also raises Refused for a quantity that is not a whole number.

    JSON has no NaN: it would be sent as null, which keeps the present quantity.
    """
    check_sendable(operation)
    bundle = isinstance(operation, Apply)
    singles = operation.operations if isinstance(operation, Apply) else (operation,)
    for at, single in enumerate(singles):
        quantity: object = single.quantity if isinstance(single, Select | SetQuantity) else None
        if isinstance(quantity, float) and not quantity.is_integer():
            place = f"operations[{at}].quantity" if bundle else "quantity"
            detail = f"A whole number is needed, without a fraction - at `$.operation.{place}`"
            raise Refused("malformed_message", detail=detail)
