"""Peers that send no more, and still read or do not."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest
from starlette.types import Receive, Scope, Send

from tests.attack.http_peer import (
    CHUNKED,
    GET,
    HERE,
    LAST,
    POST,
    SOCKET,
    Peer,
    answered,
    code_of,
    leave,
    peers,
)
from tests.support.programs.http_server import echo, echoing, http_connections
from tests.support.waiting import eventually

BODY = b"x" * 300_000
SOON_SECONDS = 6
"""Sooner than a deadline would end it."""

COMPLETE: dict[str, tuple[bytes, int]] = {
    "no body": (GET, 1),
    "a body": (POST + b"Content-Length: 5\r\n\r\nhello", 1),
    "a body in chunks": (CHUNKED + b"5\r\nhello\r\n0\r\n\r\n", 1),
    "a large body": (POST + b"Content-Length: 300000\r\n\r\n" + BODY, 1),
    "HTTP/1.0": (b"GET /a HTTP/1.0\r\n\r\n", 1),
    "two requests": (GET + GET, 2),
    "a request and half of one": (GET + GET[:-4], 1),
    "a request and half of a body": (GET + POST + b"Content-Length: 5\r\n\r\nhel", 1),
}


class Held:
    """An application that answers when it is told to; what it heard of the peer before."""

    def __init__(self) -> None:
        self.go_on = asyncio.Event()
        self.asked = 0
        self.heard: list[str] = []
        self._loop = asyncio.get_running_loop()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        self.asked += 1
        if scope["path"] == "/last":
            await echo(scope, receive, send)
            return

        async def heard() -> object:
            message = await receive()
            self.heard.append(message["type"])
            return message

        going_on = asyncio.run_coroutine_threadsafe(self.go_on.wait(), self._loop)
        await asyncio.wrap_future(going_on)
        await echo(scope, heard, send)  # type: ignore[arg-type]


@asynccontextmanager
async def half_closed(port: int, sent: bytes) -> AsyncIterator[Peer]:
    """A peer that has sent this and no more; the server has seen its end."""
    async with peers(port) as (peer,):
        await peer.send(sent)
        peer.writer.write_eof()
        assert b" 200 " in await answered(port, LAST)  # read after that
        yield peer


@pytest.mark.parametrize("name", COMPLETE)
async def test_a_complete_request_is_answered(name: str) -> None:
    """The connection was closed at once, and the answer to a request that was carried out was lost."""
    sent, answers = COMPLETE[name]
    connections, app = http_connections(), Held()
    with echoing(connections, app=app) as port:
        async with half_closed(port, sent) as peer:
            app.go_on.set()
            assert (await peer.rest()).count(b"HTTP/1.1 200 OK") == answers
        await eventually(lambda: connections.open == 0, why="it has ended")


INCOMPLETE = {
    "nothing": b"",
    "half of a request line": b"GET /a HT",
    "half of a head": GET[:-2],
    "a head without its body": POST + b"Content-Length: 5\r\n\r\n",
    "half of a body": POST + b"Content-Length: 5\r\n\r\nhel",
    "half of a chunk": CHUNKED + b"5\r\nhel",
    "chunks without an end": CHUNKED + b"5\r\nhello\r\n",
    "half of a large body": POST + b"Content-Length: 600000\r\n\r\n" + BODY,
}


@pytest.mark.parametrize("name", INCOMPLETE)
async def test_half_a_request_ends_at_once(name: str) -> None:
    connections, app = http_connections(), Held()
    with echoing(connections, app=app) as port:
        app.go_on.set()
        async with half_closed(port, INCOMPLETE[name]) as peer, asyncio.timeout(SOON_SECONDS):
            assert await peer.rest() == b""
        await eventually(lambda: connections.open == 0, SOON_SECONDS, why="it has ended")
    assert "http.disconnect" in app.heard or app.asked == 1


async def test_a_refusal_waits_for_its_turn() -> None:
    connections, app = http_connections(), Held()
    with echoing(connections, app=app) as port:
        async with half_closed(port, GET + b"NONSENSE\r\n\r\n") as peer:
            app.go_on.set()
            answer = await peer.rest()
        await eventually(lambda: connections.open == 0, SOON_SECONDS, why="it has ended")
    assert answer.startswith(b"HTTP/1.1 200 ")
    assert code_of(answer) == "request_unreadable"


async def test_a_client_that_is_gone_is_forgotten_when_it_is_answered() -> None:
    connections, app = http_connections(), Held()
    with echoing(connections, app=app) as port:
        async with peers(port, 5) as made:
            for peer in made:
                await peer.send(GET)
                peer.writer.close()
            await eventually(lambda: app.asked == len(made), why="all are asked")
            app.go_on.set()
            await eventually(lambda: connections.open == 0, why="all have ended")


@pytest.mark.parametrize("behind_proxy", [False, True])
async def test_leaving_gains_no_place_while_the_request_is_worked_on(behind_proxy: bool) -> None:
    """The place was free at once: one network had any number of requests answered for nobody."""
    trusted = (HERE,) if behind_proxy else ()
    connections, app = http_connections(per_network=3, trusted=trusted), Held()
    request = GET[:-2] + b"X-Forwarded-For: 192.0.2.7\r\n\r\n"
    with echoing(connections, app=app) as port:
        async with peers(port, 3) as made:
            for peer in made:
                await peer.send(request)
            await eventually(lambda: app.asked == 3, why="all are asked")
            for peer in made:
                leave(peer.writer)
            for _ in range(5):  # the server has heard of the resets before the last one
                assert code_of(await answered(port, request)) == "too_many_connections"
            app.go_on.set()
            await eventually(lambda: connections.open == 0, why="nothing works for them")
        async with peers(port) as (late,):
            assert await late.status(request) == 200


async def test_half_a_handshake_opens_nothing() -> None:
    connections = http_connections()
    with echoing(connections) as port:
        async with half_closed(port, SOCKET) as peer, asyncio.timeout(SOON_SECONDS):
            await peer.rest()
        await eventually(lambda: connections.open == 0, SOON_SECONDS, why="it has ended")
