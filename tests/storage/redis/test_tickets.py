"""A ticket stands for a token for a while, and is used up by one caller only."""

import asyncio

import pytest

from storage.errors import StorageUnavailable
from storage.redis.client import Redis
from storage.redis.tickets import TicketStore
from tests.storage.conftest import sha256, until
from tests.storage.link import link_to
from tests.support.programs.ports import free_port

TICKET, OWNER = sha256("ticket"), sha256("token")


async def test_one_of_many_uses_it_up(redis: Redis, redis_url: str) -> None:
    async with Redis(redis_url) as other:
        tickets = [TicketStore(redis), TicketStore(other)]
        await tickets[0].keep(TICKET, OWNER, 60_000)
        assert await tickets[1].owner(TICKET) == OWNER
        assert await tickets[1].owner(TICKET) == OWNER
        async with asyncio.TaskGroup() as tasks:
            tries = [tasks.create_task(tickets[n % 2].redeem(TICKET)) for n in range(20)]
        assert sorted(each.result() for each in tries) == [False] * 19 + [True]
        assert await tickets[0].owner(TICKET) is None


async def test_a_ticket_runs_out(redis: Redis) -> None:
    tickets = TicketStore(redis)
    await tickets.keep(TICKET, OWNER, 20)

    async def gone() -> bool:
        return await tickets.owner(TICKET) is None

    await until(gone)
    assert not await tickets.redeem(TICKET)


async def test_without_redis_the_page_does_not_mention_it() -> None:
    async with Redis(f"redis://127.0.0.1:{free_port()}") as redis:
        tickets = TicketStore(redis)
        for asked in (
            tickets.keep(TICKET, OWNER, 1000),
            tickets.owner(TICKET),
            tickets.redeem(TICKET),
        ):
            with pytest.raises(StorageUnavailable):
                await asked


async def test_when_the_answer_is_lost_it_is_not_called_used(redis_url: str) -> None:
    """Asked again, as the client does with other commands, Redis would say: no such ticket. (CN11)"""
    async with link_to(redis_url) as link, Redis(link.url) as redis:
        tickets = TicketStore(redis)
        await tickets.keep(TICKET, OWNER, 60_000)
        link.lose_replies()

        async def redeem() -> str:
            try:
                return f"used up: {await tickets.redeem(TICKET)}"
            except StorageUnavailable:
                return "not known"

        async with asyncio.TaskGroup() as tasks:
            redeeming = tasks.create_task(redeem())
            await until(lambda: link.lost_replies > 0)
            link.mend()
            link.cut()
        assert redeeming.result() == "not known"
        assert await tickets.owner(TICKET) is None
