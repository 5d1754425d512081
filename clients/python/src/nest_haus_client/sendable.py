"""What cannot be sent at all is refused to whoever asked, before it gets to the connection."""

import msgspec

from nest_haus_client.errors import Refused
from nest_haus_client.operations import Apply, Operation, Select, SetQuantity

_encoder = msgspec.json.Encoder()


def check_sendable(said: object) -> None:
    """Raises Refused if no JSON can be made of this: half a character, an object of some class.

    The server would say the same. Found by the connection it would be the end of everything else
    that waits to be sent.
    """
    try:
        _encoder.encode(said)
    except (TypeError, ValueError, RecursionError) as problem:
        raise Refused("malformed_message", detail=str(problem)[:200]) from None


def check_operation(operation: Operation) -> None:
    """Raises Refused also for a quantity that is no whole number.

    JSON has no NaN: it would be sent as null, which keeps the quantity that is there.
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
