"""Polls whose clients leave while they wait: nobody reads what they are answered."""

import asyncio
from collections.abc import Callable
from contextlib import AsyncExitStack
from functools import partial

import pytest

from tests.attack.engine import PAGES, SERVERS, Poller
from tests.attack.http_peer import leave as reset
from tests.attack.victim import Victim
from tests.support.waiting import eventually

pytestmark = pytest.mark.timeout(180)

Leave = Callable[[asyncio.StreamWriter], None]


def closed(writer: asyncio.StreamWriter) -> None:
    writer.close()


POLLS = 1_000
SESSIONS = 140


async def given_up(victim: Victim, address: str, leave: Leave = reset) -> None:
    """Ask, and leave once the request was heard."""
    _, writer = await victim.connect()
    writer.write(f"GET {address} HTTP/1.1\r\nHost: x\r\n\r\n".encode())
    await writer.drain()
    assert await victim.is_well()  # it is answered after that
    leave(writer)


@pytest.mark.parametrize("leave", [reset, closed])
async def test_a_session_ends_with_the_poll_that_its_client_gives_up(
    victim: Victim, leave: Leave
) -> None:
    """Before, the session waited for another 25 s, and messages of that time were lost."""
    for path in SERVERS:
        async with Poller(victim, path) as poller, asyncio.timeout(22):
            sid = await poller.session()
            assert (await poller.post(sid, b"3")).status_code == 200
            await given_up(victim, poller.address(sid=sid), leave)
            await eventually(partial(is_over, poller, sid), why="its client is gone")


async def is_over(poller: Poller, sid: str) -> bool:
    return (await poller.post(sid, b"3")).status_code == 400


async def test_polls_of_one_session_that_are_given_up_cost_nothing(victim: Victim) -> None:
    """3,678 of them took 188 MB and did not give them back."""
    async with victim.attacked() as cost, Poller(victim, PAGES) as poller:
        sid = await poller.session()
        for _ in range(POLLS):
            await given_up(victim, poller.address(sid=sid))
    print(cost)
    assert cost.grown < 12, cost
    assert not cost.wrong, cost
    assert not list(victim.wrong_lines())


async def test_sessions_whose_polls_are_given_up_end(victim: Victim) -> None:
    async with victim.attacked() as cost, AsyncExitStack() as stack:
        for path in SERVERS:
            poller = await stack.enter_async_context(Poller(victim, path))
            for _ in range(SESSIONS):
                await given_up(victim, poller.address(sid=await poller.session()))
    print(cost)
    assert cost.grown < 12, cost
    assert not cost.wrong, cost
    assert not list(victim.wrong_lines())
