"""Malformed handshakes of WebSockets: each is answered, and none outlives the server."""

import asyncio
import json
import re
from collections import Counter
from contextlib import ExitStack

import pytest
from starlette.types import Receive, Scope, Send
from uvicorn.protocols.websockets.websockets_sansio_impl import WebSocketsSansIOProtocol

from realtime.transports.http.connections import HttpDeadlines
from tests.attack.http_peer import GET, SOCKET, answered, code_of, peers
from tests.support.programs.http_server import echo, echoing, http_connections
from tests.support.waiting import eventually


def with_field(field: bytes, after: bytes = b"") -> bytes:
    return SOCKET[:-2] + field + b"\r\n\r\n" + after


UNREADABLE = (400, "request_unreadable")
UNUSABLE = (400, "handshake_unusable")
UPGRADE = (426, "upgrade_required")

REFUSED = {
    "a body": (with_field(b"Content-Length: 5", b"hello"), UNREADABLE),
    "the length of a body": (with_field(b"Content-Length: 5"), UNREADABLE),
    "a body in chunks": (
        with_field(b"Transfer-Encoding: chunked", b"5\r\nhello\r\n0\r\n\r\n"),
        UNREADABLE,
    ),
    "an address that is not ASCII": (SOCKET.replace(b"/ws", b"/ws\xc3\xa4"), UNREADABLE),
    "HTTP/1.0": (SOCKET.replace(b"HTTP/1.1", b"HTTP/1.0"), UNUSABLE),
    "no key": (SOCKET.replace(b"Sec-WebSocket-Key", b"X"), UNUSABLE),
    "a short key": (SOCKET.replace(b"dGhlIHNhbXBsZSBub25jZQ==", b"dGhl"), UNUSABLE),
    "no key at all": (SOCKET.replace(b"dGhlIHNhbXBsZSBub25jZQ==", b"<script>"), UNUSABLE),
    "two keys": (with_field(b"Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ=="), UNUSABLE),
    "no version": (SOCKET.replace(b"Sec-WebSocket-Version", b"X"), UPGRADE),
    "an old version": (SOCKET.replace(b"Version: 13", b"Version: 7"), UPGRADE),
    "two protocols to choose": (SOCKET.replace(b"websocket", b"websocket, h2c"), UPGRADE),
    "broken protocols": (with_field(b"Sec-WebSocket-Protocol: a b, ;;"), UNUSABLE),
    "broken extensions": (with_field(b"Sec-WebSocket-Extensions: ;;;"), UNUSABLE),
    "too much": (with_field(b"Cookie: " + b"c" * 40_000), (431, "head_too_large")),
}


async def test_every_handshake_is_answered_and_ends() -> None:
    """100 of 100 with a body stayed open, and one of them broke the stop of the server."""
    connections = http_connections()
    with echoing(connections) as port:
        for name, (request, expected) in REFUSED.items():
            answer = await answered(port, request)
            assert len(re.findall(rb"HTTP/1.1 \d", answer)) == 1, name
            assert (int(answer[9:12]), code_of(answer)) == expected, (name, answer)
            head, _, body = answer.lower().partition(b"\r\n\r\n")
            assert b"\r\ncontent-type: application/json" in head
            assert b"\r\nconnection: close" in head
            assert head.count(b"\r\ncontent-length: %d" % len(body)) == 1, (name, answer)
            assert (b"\r\nsec-websocket-version: 13" in head) == (expected == UPGRADE), name
            assert {"de", "en"} == json.loads(body)["error"]["message"].keys()
            assert b"script" not in body
        await eventually(lambda: connections.open == 0, why="all have ended")
    codes = [code for _, (_, code) in REFUSED.values()]
    assert connections.refusals == Counter(codes)


LARGE = {
    "cookies": with_field(b"Cookie: " + b"c" * 9_000),
    "address": SOCKET.replace(b"/ws", b"/ws?" + b"a" * 9_000),
    "protocols": with_field(b"Sec-WebSocket-Protocol: " + b"p," * 10_000 + b"p"),
    "a body of nothing": with_field(b"Content-Length: 0"),
    "octets": with_field(b"Cookie: \xe4\xf6"),
}


async def test_a_handshake_may_be_as_large_as_any_head() -> None:
    """A page with 9 kB of cookies loaded, and its socket never opened."""
    with echoing() as port:
        for name, request in LARGE.items():
            async with peers(port) as (peer,):
                await peer.send(request)
                assert b" 101 " in await peer.head(), name


async def test_bytes_before_the_answer_wait() -> None:
    received: list[object] = []
    accept = asyncio.Event()
    loop = asyncio.get_running_loop()

    async def app(_scope: Scope, receive: Receive, send: Send) -> None:
        await receive()
        await asyncio.wrap_future(asyncio.run_coroutine_threadsafe(accept.wait(), loop))
        await send({"type": "websocket.accept"})
        received.append((await receive()).get("text"))

    text = b"\x81\x82\x00\x00\x00\x00hi"
    with echoing(app=app) as port:
        async with peers(port) as (peer,):
            await peer.send(SOCKET + text[:3])
            await peer.send(text[3:])
            accept.set()
            assert b" 101 " in await peer.head()
            await eventually(lambda: received == ["hi"], why="it was read")
        accept.clear()
        async with peers(port) as (peer,):
            await peer.send(SOCKET + b"\x88\x80\x00\x00\x00\x00" * 2_000)
            assert await peer.rest() == b""
        accept.set()


async def test_an_application_that_does_not_answer_is_answered_for() -> None:
    async def app(_scope: Scope, receive: Receive, _send: Send) -> None:
        while (await receive())["type"] != "websocket.disconnect":
            pass

    impatient = http_connections(deadlines=HttpDeadlines(handshake=0.1))
    with echoing(impatient, app=app) as port:
        answer = await answered(port, SOCKET)
    assert answer.startswith(b"HTTP/1.1 503 ")
    assert code_of(answer) == "unavailable"


async def test_a_socket_behind_an_unanswered_request_is_told_why() -> None:
    connections = http_connections()

    async def slow(scope: Scope, receive: Receive, send: Send) -> None:
        await eventually(lambda: bool(connections.refusals), why="the second one was read")
        await echo(scope, receive, send)

    with echoing(connections, app=slow) as port:
        answer = await answered(port, GET + SOCKET)
    assert b"CONNECT" not in answer
    assert b"a WebSocket is opened when" in answer


async def test_one_broken_socket_keeps_no_other_from_its_close(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    broken = WebSocketsSansIOProtocol.shutdown
    asked: list[object] = []

    def shutdown(self: WebSocketsSansIOProtocol) -> None:
        asked.append(self)
        if len(asked) == 1:
            raise AssertionError
        broken(self)

    monkeypatch.setattr(WebSocketsSansIOProtocol, "shutdown", shutdown)
    with ExitStack() as server:
        port = server.enter_context(echoing())
        async with peers(port, 3) as made:
            for peer in made:
                await peer.send(SOCKET)
                await peer.head()
            async with asyncio.TaskGroup() as reading:
                rest = [reading.create_task(peer.rest()) for peer in made]
                await asyncio.to_thread(server.close)
            closes = [each.result() for each in rest]
    assert sorted(closes) == [b"", b"\x88\x02\x03\xf4", b"\x88\x02\x03\xf4"]
