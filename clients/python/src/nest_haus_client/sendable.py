"""What cannot be sent at all is refused to whoever asked, before it gets to the connection."""

import msgspec

from nest_haus_client.errors import Refused

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
