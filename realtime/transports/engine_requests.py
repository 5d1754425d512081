"""Requests to an Engine.IO server, as python-engineio takes them."""

from typing import Any
from urllib.parse import parse_qs

from starlette.types import Receive, Scope, Send

from configurator.protocol.codes import Refused


async def environ_of(scope: Scope, receive: Receive, send: Send) -> dict[str, Any]:
    """What engineio asks of a request.

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


def refuse_jsonp(scope: Scope) -> None:
    """Raises Refused for a request whose answer would be a script."""
    if "j" in query_of(scope):
        raise Refused("handshake_unusable", detail="JSONP is off")


def query_of(scope: Scope) -> dict[str, list[str]]:
    """The parameters of the address."""
    return parse_qs(scope["query_string"].decode("latin-1"), keep_blank_values=True)
