"""Requests to an Engine.IO server, converted for python-engineio, and its refusals in our words."""

from collections.abc import Mapping
from typing import Any, Final
from urllib.parse import parse_qs

from starlette.responses import Response
from starlette.types import Receive, Scope, Send

from configurator.protocol.codes import CODES, Refused
from realtime.edge.exchange import refusal

NO_POLLING: Final = "long polling is off here: open a WebSocket, transport=websocket"
METHODS: Final = ("GET", "HEAD", "POST")

SESSION_HEADER: Final = "Engine-Session"
"""The header with the id of the session that an answer opens: a proxy reads it to send each poll to
this process."""

_REASONS: Final[Mapping[bytes, str]] = {
    b'"Invalid session': "no such session: it has ended, or belongs to another process",
    b'"Invalid transport': "transport is polling or websocket",
    b'"Invalid websocket': "transport=websocket needs a WebSocket",
    b'"Unexpected HTTP': "the session is a WebSocket now",
    b'"upgraded already': "the session is a WebSocket now, or one is taking over",
    b'"The client is using': "EIO is 4",
}
"""The beginnings of python-engineio's refusals, and our words for them."""


async def environ_of(scope: Scope, receive: Receive, send: Send) -> dict[str, Any]:
    """The environ of a request, in the form that engineio takes.

    engineio's own function makes a class for each request, which stays until the garbage collector
    runs.
    """
    if scope["type"] == "websocket":
        await receive()  # websocket.connect
    environ: dict[str, Any] = {
        "REQUEST_METHOD": scope.get("method", "GET"),
        "PATH_INFO": scope["path"],
        "QUERY_STRING": scope["query_string"].decode("latin-1"),
        "asgi.receive": receive,
        "asgi.send": send,
        "asgi.scope": scope,
    }
    for name, value in scope["headers"]:
        key = "HTTP_" + name.decode("latin-1").upper().replace("-", "_")
        text = value.decode("latin-1")
        environ[key] = f"{environ[key]},{text}" if key in environ else text
    return environ


def check_request(scope: Scope, *, polling: bool = True) -> None:
    """Raise Refused for JSONP, whose answer would be a script, and for other methods.

    Without ``polling`` every session must be a WebSocket from its beginning.
    """
    if "j" in query_of(scope):
        raise Refused("handshake_unusable", detail="JSONP is off")
    if not polling and scope["type"] == "http":
        raise Refused("handshake_unusable", detail=NO_POLLING)
    if scope.get("method", "GET") not in METHODS:
        raise Refused("method_not_allowed")  # OPTIONS, too: pages of other origins may not ask


def answer_to(refused: Refused) -> Response:
    """The answer to a request that is refused."""
    response = refusal(refused)
    if refused.code is CODES["method_not_allowed"]:
        response.headers["allow"] = ", ".join(METHODS)
    return response


def query_of(scope: Scope) -> dict[str, list[str]]:
    """The parameters of the address."""
    return parse_qs(scope["query_string"].decode("latin-1"), keep_blank_values=True)


def refused_by(answer: Mapping[str, Any]) -> Refused | None:
    """The refusal in our words for python-engineio's answer; None if that is not a refusal.

    Parts of the request that the answer repeats, such as a session's id or an origin, are left out.
    """
    status, said = str(answer["status"])[:3], bytes(answer["response"])
    if status == "405":
        return Refused("method_not_allowed")
    if status != "400":
        return None
    if b"not an accepted origin" in said:
        return Refused("foreign_origin")
    for reason, detail in _REASONS.items():
        if said.startswith(reason):
            return Refused("handshake_unusable", detail=detail)
    return Refused("handshake_unusable")
