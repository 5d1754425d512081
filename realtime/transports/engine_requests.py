"""Requests to an Engine.IO server, as python-engineio takes them."""

from collections.abc import Mapping
from typing import Any, Final
from urllib.parse import parse_qs

from starlette.responses import Response
from starlette.types import Receive, Scope, Send

from configurator.protocol.codes import Refused
from realtime.http.edge import refusal

NO_POLLING: Final = "long polling is off here: open a WebSocket, transport=websocket"
METHODS: Final = ("GET", "HEAD", "POST")

SESSION_HEADER: Final = "Engine-Session"
"""Has the id of the session that an answer opens, where a proxy finds it: each poll has to come here."""

_REASONS: Final[Mapping[bytes, str]] = {
    b'"Invalid session': "no such session: it is over, or of another process",
    b'"Invalid transport': "transport is polling or websocket",
    b'"Invalid websocket': "transport=websocket needs a WebSocket",
    b'"Unexpected HTTP': "the session is a WebSocket now",
    b'"upgraded already': "the session is a WebSocket now, or one is taking over",
    b'"The client is using': "EIO is 4",
}
"""What python-engineio begins its refusals with, and what we say instead."""


async def environ_of(scope: Scope, receive: Receive, send: Send) -> dict[str, Any]:
    """The environ that engineio asks of a request.

    Its own function makes a class for each, which stays until the garbage collector comes.
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
    """Raises Refused for what is not served: JSONP, whose answer is a script, and other methods.

    Without ``polling`` a session is a WebSocket from its beginning.
    """
    if "j" in query_of(scope):
        raise Refused("handshake_unusable", detail="JSONP is off")
    if not polling and scope["type"] == "http":
        raise Refused("handshake_unusable", detail=NO_POLLING)
    if scope.get("method", "GET") not in METHODS:
        raise Refused("method_not_allowed")  # OPTIONS, too: pages of other origins ask nothing


def answer_to(refused: Refused) -> Response:
    """The answer to a request that is refused."""
    response = refusal(refused)
    if refused.code.name == "method_not_allowed":
        response.headers["allow"] = ", ".join(METHODS)
    return response


def query_of(scope: Scope) -> dict[str, list[str]]:
    """The parameters of the address."""
    return parse_qs(scope["query_string"].decode("latin-1"), keep_blank_values=True)


def refused_by(answer: Mapping[str, Any]) -> Refused | None:
    """The refusal that stands for an answer of python-engineio's own; None if it is no refusal.

    What it says of the request is not repeated: a session that is named, an origin.
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
