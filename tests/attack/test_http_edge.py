"""What one stranger's connection can do to the process before any of our code is asked."""

import asyncio
import contextlib
from collections.abc import Callable, Iterator

import pytest

from tests.attack.victim import Victim

pytestmark = pytest.mark.timeout(60)

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


async def test_pipelined_requests_do_not_pile_up(victim: Victim) -> None:
    """20 MB of requests behind each other cost 1,057 MB, for good."""
    request = b"GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n" * 4000
    async with victim.attacked() as cost:
        await flood(victim, (request for _ in range(143)))
    print(cost)  # noqa: T201
    assert cost.grown <= 20, cost
    assert not list(victim.wrong_lines())


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


async def test_heads_of_any_length_cost_little(victim: Victim) -> None:
    """120 MB of header fields cost 1,000 MB; 60 MB in one value cost 5 s of processor time."""
    async with victim.attacked() as cost:
        for name, pieces in ENDLESS.items():
            answer = await flood(victim, pieces())
            assert answer.startswith(b"HTTP/1.1 431 ") or not answer, (name, answer[:200])
    print(cost)  # noqa: T201
    assert cost.grown <= 10, cost
    assert not list(victim.wrong_lines())
