"""Refusals by the HTTP server itself, before any endpoint is called, as bytes of HTTP/1.1."""

from collections.abc import Sequence
from html import escape
from http import HTTPStatus
from typing import Final

from starlette.responses import HTMLResponse, Response
from websockets.datastructures import Headers
from websockets.exceptions import InvalidHeader, InvalidProtocol, InvalidUpgrade
from websockets.http11 import Response as HandshakeResponse

from configurator.protocol.codes import CODES, Refused
from realtime.edge.exchange import refusal

PAGE: Final = """<!doctype html>
<html lang="de"><head><meta charset="utf-8"><meta http-equiv="refresh" content="{seconds}">
<meta name="viewport" content="width=device-width, initial-scale=1"><title>NEST-Haus</title>
<style>body{{font:1.1rem/1.5 system-ui,sans-serif;max-width:36rem;margin:20vh auto;padding:0 1.5rem}}</style>
</head><body><main><p>{de}</p><p lang="en">{en}</p></main></body></html>
"""
"""The page of a refusal. It reloads itself and needs no other file: the server is full."""


def refusal_bytes(
    refused: Refused, headers: Sequence[tuple[bytes, bytes]] = (), *, page: bool = False
) -> bytes:
    """The whole answer, in the form of an endpoint's refusal, with ``Connection: close``.

    ``headers`` are those that each answer of the server has. With ``page`` the answer is a page for
    a person.
    """
    answer = refusal(refused)
    if page:
        answer = _page(refused, answer.headers.get("retry-after", "5"))
    status = answer.status_code
    lines = [b"HTTP/1.1 %d %s" % (status, HTTPStatus(status).phrase.encode())]
    fields = (*headers, *answer.raw_headers, (b"connection", b"close"))
    lines += [name + b": " + value for name, value in fields]
    return b"\r\n".join((*lines, b"", bytes(answer.body)))


def handshake_refused(problem: BaseException | None) -> Refused:
    """The refusal of a handshake in which ``websockets`` found this problem."""
    match problem:
        case InvalidProtocol():
            return Refused("handshake_unusable", detail="a WebSocket needs HTTP/1.1")
        case InvalidUpgrade(name=name):
            return Refused("upgrade_required", detail=f"the header {name}")
        case InvalidHeader(name="Sec-WebSocket-Version"):
            return Refused("upgrade_required", detail="Sec-WebSocket-Version is 13")
        case InvalidHeader(name=name, value=None):
            return Refused("handshake_unusable", detail=f"the header {name} is missing")
        case InvalidHeader(name=name):
            return Refused("handshake_unusable", detail=f"the header {name}")
        case _:
            return Refused("handshake_unusable")


def handshake_answer(
    refused: Refused, headers: Sequence[tuple[bytes, bytes]] = ()
) -> HandshakeResponse:
    """The answer to a refused handshake; ``headers`` are those that each answer has."""
    answer = refusal(refused)
    fields = Headers()
    for name, value in (*headers, *answer.raw_headers):
        fields[name.decode()] = value.decode()
    fields["connection"] = "close"
    if refused.code is CODES["upgrade_required"]:
        fields["sec-websocket-version"] = "13"  # RFC 6455, 4.4
    status = HTTPStatus(answer.status_code)
    return HandshakeResponse(status.value, status.phrase, fields, bytes(answer.body))


def _page(refused: Refused, seconds: str) -> Response:
    text = refused.code.text
    return HTMLResponse(
        PAGE.format(seconds=seconds, de=escape(text.de), en=escape(text.en)),
        refused.code.status,
        {
            "cache-control": "no-store",
            "content-security-policy": "default-src 'none'; style-src 'unsafe-inline'",
            "retry-after": seconds,
        },
    )
