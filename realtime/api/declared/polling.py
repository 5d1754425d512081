"""Long polling of Engine.IO, as ``/openapi.json`` describes it; ``realtime.transports`` answers it."""

from collections.abc import Sequence
from typing import Annotated, Final, Literal, NoReturn

import msgspec
from starlette.requests import Request

from realtime.api.declared.endpoints import Endpoint

ADDRESS: Final = "/socket.io/"

_REFUSALS: Final = ("handshake_unusable", "foreign_origin", "head_too_large")
_OF_OTHER_ORIGINS: Final = (
    "Access-Control-Allow-Origin",
    "Access-Control-Allow-Credentials",
    "Vary",
)


_EngineVersion = Annotated[Literal["4"], msgspec.Meta(description="The version of Engine.IO")]
_Session = Annotated[str, msgspec.Meta(description="The session; a GET without it opens one")]


class PollQuery(msgspec.Struct, frozen=True, kw_only=True, rename={"version": "EIO"}):
    """A request that opens a session or fetches its packets."""

    version: _EngineVersion
    transport: Literal["polling"] = "polling"
    sid: _Session | None = None


class SendQuery(msgspec.Struct, frozen=True, kw_only=True, rename={"version": "EIO"}):
    """A request that sends packets of a session."""

    version: _EngineVersion
    transport: Literal["polling"] = "polling"
    sid: _Session


def polling_endpoints() -> Sequence[Endpoint]:
    """A request that opens a session or fetches its packets, and one that sends packets."""
    return (
        Endpoint(
            method="GET",
            path=ADDRESS,
            handler=_mounted,
            summary="Socket.IO by long polling: open a session (429 or 503 if there are too many), "
            "or wait for its packets. One poll of a session at a time. 400 for a session that has ended: "
            "open a new one.",
            answer=str,
            media=("text/plain",),
            headers={200: (*_OF_OTHER_ORIGINS, "Engine-Session")},
            query=[PollQuery],
            codes=_REFUSALS,
            tag="sockets",
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
            query=[SendQuery],
            body=str,
            body_media="text/plain",
            codes=(*_REFUSALS, "flooding"),
            away="unavailable",
            tag="sockets",
            limit="poll",
        ),
    )


async def _mounted(_request: Request) -> NoReturn:
    raise AssertionError("the mounted application answers")
