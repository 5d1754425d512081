"""Refusals of the HTTP server itself, before any endpoint is asked, as bytes of HTTP/1.1."""

from collections.abc import Sequence
from http import HTTPStatus

from configurator.protocol.codes import Refused
from realtime.http.edge import refusal


def refusal_bytes(refused: Refused, headers: Sequence[tuple[bytes, bytes]] = ()) -> bytes:
    """The whole answer, as endpoints would give it; it says that the connection is closed.

    ``headers`` are those that each answer of the server has.
    """
    answer = refusal(refused)
    status = answer.status_code
    lines = [b"HTTP/1.1 %d %s" % (status, HTTPStatus(status).phrase.encode())]
    fields = (*headers, *answer.raw_headers, (b"connection", b"close"))
    lines += [name + b": " + value for name, value in fields]
    return b"\r\n".join((*lines, b"", bytes(answer.body)))
