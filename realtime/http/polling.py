"""Long polling of Engine.IO, as ``/openapi.json`` describes it; ``realtime.transports`` answers it."""

from collections.abc import Mapping, Sequence
from typing import Final, NoReturn

from starlette.requests import Request

from realtime.http.endpoints import Endpoint

ADDRESS: Final = "/socket.io/"

_PARAMETERS: Final[Mapping[str, Mapping[str, object]]] = {
    "EIO": {"type": "string", "const": "4", "description": "The version of Engine.IO"},
    "transport": {"type": "string", "const": "polling"},
    "sid": {"type": "string", "description": "The session; without one a GET opens one"},
}
_REFUSALS: Final = ("handshake_unusable", "foreign_origin", "head_too_large")
_OF_OTHER_ORIGINS: Final = (
    "Access-Control-Allow-Origin",
    "Access-Control-Allow-Credentials",
    "Vary",
)


def polling_endpoints() -> Sequence[Endpoint]:
    """A request that opens a session or fetches its packets, and one that sends packets."""
    return (
        Endpoint(
            method="GET",
            path=ADDRESS,
            handler=_mounted,
            summary="Socket.IO by long polling: open a session (429 and 503 where there are too many), "
            "or wait for its packets. One poll of a session at a time. 400 for a session that is over: "
            "open a new one.",
            answer=str,
            media=("text/plain",),
            headers={200: (*_OF_OTHER_ORIGINS, "Engine-Session")},
            query=("EIO", "transport", "sid"),
            required=("EIO",),
            parameters=_PARAMETERS,
            codes=_REFUSALS,
            tags=["sockets"],
            limit="poll",
        ),
        Endpoint(
            method="POST",
            path=ADDRESS,
            handler=_mounted,
            summary="Socket.IO by long polling: send packets of a session. 413 for more than 64 kB, 429 "
            "`flooding` for too many; both end the session.",
            answer=str,
            media=("text/plain",),
            headers={200: _OF_OTHER_ORIGINS},
            query=("EIO", "transport", "sid"),
            required=("EIO", "sid"),
            parameters=_PARAMETERS,
            body=str,
            body_media="text/plain",
            codes=(*_REFUSALS, "flooding"),
            tags=["sockets"],
            limit="poll",
        ),
    )


async def _mounted(_request: Request) -> NoReturn:
    raise AssertionError("the mounted application answers")
