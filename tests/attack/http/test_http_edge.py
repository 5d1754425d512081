"""The effects of a stranger's connection on the process before any of our code is called."""

import asyncio
import contextlib
from collections.abc import Callable, Iterator

import pytest

from tests.attack.conftest import StartVictim
from tests.attack.victim import Victim
from tests.support.waiting import eventually

pytestmark = pytest.mark.timeout(180)

MEGABYTE = 1_000_000


async def flood(victim: Victim, pieces: Iterator[bytes], *, seconds: float = 2.0) -> bytes:
    """Send until the other side has had enough; what it answered."""
    reader, writer = await victim.connect()
    with contextlib.suppress(OSError, TimeoutError):
        async with asyncio.timeout(seconds):
            for piece in pieces:
                writer.write(piece)
                await writer.drain()
    answer = b""
    with contextlib.suppress(OSError, TimeoutError):
        async with asyncio.timeout(seconds):
            answer = await reader.read(MEGABYTE)
    writer.transport.abort()
    return answer


def head_of(field: bytes, size: int) -> Iterator[bytes]:
    yield b"GET /healthz HTTP/1.1\r\nHost: x\r\n"
    for _ in range(size // len(field)):
        yield field


ENDLESS: dict[str, Callable[[], Iterator[bytes]]] = {
    "many fields": lambda: head_of(b"".join(b"X-%05d: vvvvvvvv\r\n" % n for n in range(5_000)), 60 * MEGABYTE),
    "one value": lambda: iter([b"GET /healthz HTTP/1.1\r\nX: ", *[b"v" * MEGABYTE] * 60]),
    "one name": lambda: iter([b"GET /healthz HTTP/1.1\r\n", *[b"n" * MEGABYTE] * 60]),
    "address": lambda: iter([b"GET /", *[b"a" * MEGABYTE] * 60]),
    "empty lines": lambda: iter([b"\r\n" * (MEGABYTE // 2)] * 60),
}  # fmt: skip


async def test_floods_of_one_connection_cost_little(victim: Victim) -> None:
    """20 MB of requests behind each other cost 1,057 MB for good, 120 MB of header fields 1,000 MB.

    60 MB in one value cost 5 s of processor time.
    """
    request = b"GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n" * 4000
    async with victim.attacked() as cost:
        await flood(victim, (request for _ in range(143)))
        for name, pieces in ENDLESS.items():
            answer = await flood(victim, pieces())
            assert answer.startswith(b"HTTP/1.1 431 ") or not answer, (name, answer[:200])
    print(cost)
    assert cost.grown <= 10, cost
    assert cost.log_bytes < 2_000, cost
    assert not list(victim.wrong_lines())


async def connected(victim: Victim, number: int, first: bytes) -> list[asyncio.StreamWriter]:
    """Connections that have sent this; whether they are still open only the other side knows."""
    made = []
    for _ in range(number):
        _reader, writer = await victim.connect()
        writer.write(first)
        made.append(writer)
    return made


async def test_a_network_has_a_hundred_connections_that_all_end(victim: Victim) -> None:
    """2,000 connections of one network were accepted, and half requests stayed without a limit."""
    idle = victim.descriptors
    async with victim.attacked() as cost:
        made = [
            writer
            for half in (
                b"",
                b"GET /healthz HTTP/1.1\r\nHost",
                b"POST /start HTTP/1.1\r\nHost: x\r\n",
            )
            for writer in await connected(victim, 150, half)
        ]
        assert await victim.is_well()  # it comes after all of them
        most = victim.descriptors
        await eventually(lambda: victim.descriptors <= idle + 5, 20, why="all have ended")
    print(cost)
    for writer in made:
        writer.transport.abort()
    assert 100 <= most - idle <= 175, most
    assert cost.grown <= 10, cost
    assert cost.wrong == 0, cost
    assert victim.log.count("http_refused") <= 2  # one line for each code
    assert not list(victim.wrong_lines())


async def test_a_process_without_descriptors_still_says_that_it_lives(
    start_victim: StartVictim,
) -> None:
    """Every connection was closed without a word, that of the load balancer, too."""
    victim = await start_victim(
        descriptors=300, NEST_CONNECTIONS_PER_NETWORK="1000", NEST_LOG_LEVEL="info"
    )
    async with victim.attacked() as cost:
        made = await connected(victim, 400, b"GET / HTTP/1.1\r\n")
        assert await victim.is_well()
        answer = await victim.ask(b"GET / HTTP/1.1\r\nHost: x\r\n\r\n")
        assert answer.startswith(b"HTTP/1.1 503 "), answer
        assert victim.descriptors < 300
    print(cost)
    for writer in made:
        writer.transport.abort()
    assert cost.wrong == 0, cost
    assert victim.log.count("server_full") == 1
    assert not list(victim.wrong_lines())
