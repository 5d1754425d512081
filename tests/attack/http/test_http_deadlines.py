"""A connection of our HTTP server ends if its peer sends or reads too slowly."""

import asyncio

import pytest
from starlette.types import Receive, Scope, Send

from tests.attack.http_peer import (
    CHUNKED,
    GET,
    LAST,
    POST,
    SHORT,
    SOCKET,
    STEADY,
    code_of,
    peers,
)
from tests.support.programs.http_server import (
    echoing,
    http_connections,
    read_steadily,
    send_steadily,
)
from tests.support.waiting import eventually

# ---- for how long

HALVES = {
    "nothing": b"",
    "half a head": b"GET /a HTTP/1.1\r\nHost: x\r\nX-",
    "half a handshake": SOCKET[:-20],
    "half a body": POST + b"Content-Length: 1000\r\n\r\nabc",
    "half a body in chunks": CHUNKED + b"400\r\nabc",
    "half a second head": GET + b"GET /b HTTP/1.1\r\nHost",
    "empty lines": b"\r\n\r\n",
}


async def test_half_a_request_ends_the_connection() -> None:
    """Each of 500 such connections stayed open without a limit."""
    connections = http_connections(deadlines=SHORT)
    with echoing(connections) as listened:
        for name, half in HALVES.items():
            async with peers(listened, 20, first=half) as made:
                for peer in made:
                    answer = await peer.rest()
                    if name == "nothing":
                        assert answer == b""
                    else:
                        assert code_of(answer) == "request_too_slow", name
        await eventually(lambda: connections.open == 0, why="all are gone")
    assert connections.refusals["request_too_slow"] == 20 * (len(HALVES) - 1)


DRIPS = {
    "head": (b"GET /a HTTP/1.1\r\nHost: x\r\nX: ", b"v"),
    "body": (POST + b"Content-Length: 100000\r\n\r\n", b"b"),
    "chunks": (CHUNKED, b"1\r\nx\r\n"),
    "extension": (CHUNKED + b"1;", b"e"),
    "empty lines": (b"", b"\r\n"),
}


@pytest.mark.parametrize(("first", "drop"), DRIPS.values(), ids=DRIPS)
async def test_a_drip_ends(first: bytes, drop: bytes) -> None:
    connections = http_connections(deadlines=SHORT)
    with echoing(connections) as listened:
        async with peers(listened, first=first + drop) as (peer,):

            async def dripped() -> bool:
                await peer.send(drop)
                return bool(connections.refusals) and connections.open == 0

            await eventually(dripped, why="it was cut off")
    assert connections.refusals["request_too_slow"] == 1


async def test_a_body_that_comes_steadily_may_take_longer() -> None:
    connections = http_connections(deadlines=STEADY)
    with echoing(connections) as listened:
        async with peers(listened) as (peer,):
            await peer.send(POST + b"Content-Length: 125000\r\n\r\n")
            await send_steadily(peer.writer, b"b" * 5_000, times=25, every_seconds=0.1)
            assert b" 200 " in await peer.head()


async def large(scope: Scope, _receive: Receive, send: Send) -> None:
    """Answers more than sockets take by themselves: at once, or in parts."""
    parts = 1 if scope["path"] == "/whole" else 300
    await send({"type": "http.response.start", "status": 200, "headers": []})
    for _ in range(parts):
        body = b"x" * (30_000_000 // parts)
        await send({"type": "http.response.body", "body": body, "more_body": True})
    await send({"type": "http.response.body"})


@pytest.mark.parametrize("path", [b"/whole", b"/parts"])
@pytest.mark.parametrize("closing", [b"", b"Connection: close\r\n"], ids=["kept", "closing"])
async def test_a_peer_that_does_not_read_an_answer_is_cut_off(path: bytes, closing: bytes) -> None:
    connections = http_connections(deadlines=SHORT)
    with echoing(connections, app=large) as listened:
        async with peers(listened, 5) as made:
            for peer in made:
                await peer.send(GET.replace(b"/a", path)[:-2] + closing + b"\r\n")
            await eventually(
                lambda: connections.refusals["slow_reader"] == 5, 10, why="they are cut off"
            )
            await eventually(lambda: connections.open == 0, why="they are gone")


async def test_an_answer_that_the_kernel_took_counts_as_read() -> None:
    """Its connection ends with the time between two requests, not with that of an answer."""
    connections = http_connections(deadlines=SHORT)
    with echoing(connections, idle_seconds=1) as listened:
        async with peers(listened) as (peer,):
            await peer.send(GET)  # and nothing is read
            await eventually(lambda: connections.open == 1, why="it has come")
            await eventually(lambda: connections.open == 0, why="it has waited for long enough")
            assert connections.refusals["slow_reader"] == 0
            assert b"GET /a" in await peer.rest()


async def test_a_slow_but_steady_reader_gets_the_whole_answer() -> None:
    connections = http_connections(deadlines=STEADY)
    with echoing(connections, app=large) as listened:
        async with peers(listened) as (peer,):
            await peer.send(LAST.replace(b"/last", b"/whole"))
            async with asyncio.timeout(60):
                read = await read_steadily(peer.reader, 500_000, every_seconds=0.03)
            assert read > 30_000_000


async def test_a_connection_waits_only_for_a_while() -> None:
    connections = http_connections(deadlines=SHORT)
    with echoing(connections, idle_seconds=1) as listened:
        async with peers(listened) as (peer,):
            assert await peer.status(GET) == 200
            assert await peer.rest() == b""
