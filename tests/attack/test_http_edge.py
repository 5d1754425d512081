"""What one stranger's connection can do to the process before any of our code is asked."""

import asyncio
import contextlib

import pytest

from tests.attack.victim import Victim

pytestmark = pytest.mark.timeout(60)


async def test_pipelined_requests_do_not_pile_up(victim: Victim) -> None:
    """C1: 20 MB of requests behind each other cost 1,057 MB, for good."""
    request = b"GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n" * 4000
    async with victim.attacked() as cost:
        reader, writer = await victim.connect()
        with contextlib.suppress(OSError, TimeoutError):
            async with asyncio.timeout(5):
                for _ in range(143):
                    writer.write(request)
                    await writer.drain()
        writer.close()
        del reader
    print(cost)  # noqa: T201
    assert cost.grown <= 20, cost
    assert not list(victim.wrong_lines())
