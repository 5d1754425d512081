"""Hints arrive, or `on_gap` says that they may not have; Redis never makes anybody wait.

Cites P5 and rows 16, 18, 21 of the failure matrix.
"""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from uuid import uuid4

import pytest

from storage.redis.bus.bus import Bus, room_channel
from storage.redis.client import Redis
from tests.storage.link import Link, link_to
from tests.support.programs.ports import free_port
from tests.support.programs.servers import numbered
from tests.support.waiting import PATIENT_SECONDS, eventually

QUICK = 0.4


class Ear:
    """A bus with everything it heard. `deaf_after`: patient, for a machine with much to do."""

    def __init__(self, redis: Redis, *, max_queue: int, deaf_after: float) -> None:
        self.heard: list[tuple[str, bytes]] = []
        self.gaps = 0
        self.bus = Bus(
            redis,
            process=str(uuid4()),
            on_message=lambda channel, payload: self.heard.append((channel, payload)),
            on_gap=self._gap,
            max_queue=max_queue,
            tick_seconds=0.1,
            deaf_after_seconds=deaf_after,
        )

    def _gap(self) -> None:
        self.gaps += 1

    async def healthy(self) -> "Ear":
        await eventually(lambda: self.bus.healthy)
        return self

    async def session(self, number: int) -> None:
        await eventually(lambda: self.bus.sessions == number)

    async def hears(self, channel: str, payload: bytes) -> None:
        await eventually(lambda: (channel, payload) in self.heard)

    async def hears_again(self, channel: str, sender: "Ear") -> None:
        """Wait for one of many messages. With little patience it may be deaf again by the first."""

        def said_and_heard() -> bool:
            sender.bus.publish(channel, b"after")
            return (channel, b"after") in self.heard

        await eventually(said_and_heard)

    def payloads(self, channel: str) -> list[bytes]:
        return [payload for heard, payload in self.heard if heard == channel]


@asynccontextmanager
async def listening(
    url: str, *, max_queue: int = 10_000, deaf_after: float = 10.0
) -> AsyncIterator[Ear]:
    async with Redis(url, call_seconds=deaf_after / 2) as redis:
        ear = Ear(redis, max_queue=max_queue, deaf_after=deaf_after)
        async with ear.bus:
            yield ear


@pytest.fixture
def room() -> str:
    return room_channel(uuid4())


@pytest.fixture
async def link(redis_url: str) -> AsyncIterator[Link]:
    async with link_to(redis_url) as link:
        yield link


async def test_messages_arrive_in_order_and_only_where_wanted(redis_url: str, room: str) -> None:
    async with listening(redis_url) as one, listening(redis_url) as other:
        await one.healthy()
        assert await one.bus.subscribe(room)
        for number in range(2000):
            other.bus.publish(room, b"%d" % number)
        other.bus.publish(room_channel(uuid4()), b"elsewhere")
        await eventually(lambda: len(one.heard) == 2000)
        assert one.payloads(room) == [b"%d" % number for number in range(2000)]
        assert other.heard == []
        assert (one.gaps, other.gaps) == (0, 0)


async def test_the_own_messages_arrive_too(redis_url: str, room: str) -> None:
    async with listening(redis_url) as ear:
        await ear.healthy()
        await ear.bus.subscribe(room)
        ear.bus.publish(room, b"\x00\xff")
        await eventually(lambda: ear.heard == [(room, b"\x00\xff")])


async def test_another_database_of_the_same_server_is_another_bus(
    redis_url: str, room: str
) -> None:
    async with listening(redis_url) as here, listening(numbered(redis_url, "14")) as there:
        for each in (here, there):
            await each.healthy()
            await each.bus.subscribe(room)
        there.bus.publish(room, b"there")
        await there.hears(room, b"there")
        here.bus.publish(room, b"here")
        await here.hears(room, b"here")
        assert there.payloads(room) == [b"there"]
        assert here.payloads(room) == [b"here"]


async def test_subscriptions_are_counted(redis_url: str, room: str) -> None:
    marker = room_channel(uuid4())
    async with listening(redis_url) as ear:
        await ear.healthy()
        for channel in (room, room, marker):
            assert await ear.bus.subscribe(channel)
        ear.bus.unsubscribe(room)
        ear.bus.publish(room, b"still wanted")
        await eventually(lambda: ear.payloads(room) == [b"still wanted"])
        ear.bus.unsubscribe(room)
        ear.bus.publish(room, b"not wanted")
        ear.bus.publish(marker, b"later")
        await eventually(lambda: ear.payloads(marker) == [b"later"])
        assert ear.payloads(room) == [b"still wanted"]
        assert await ear.bus.subscribe(room)
        ear.bus.publish(room, b"again")
        await eventually(lambda: ear.payloads(room)[-1] == b"again")


async def test_the_last_of_many_subscriptions_counts(redis_url: str, room: str) -> None:
    async with listening(redis_url) as ear:
        await ear.healthy()
        for _ in range(50):
            answer = ear.bus.subscribe(room)
            ear.bus.unsubscribe(room)
            await asyncio.sleep(0)
            del answer
        assert await ear.bus.subscribe(room)
        ear.bus.publish(room, b"heard")
        await eventually(lambda: ear.payloads(room) == [b"heard"])


async def test_a_subscription_before_redis_is_there_is_made_up_for(
    link: Link, redis_url: str, room: str
) -> None:
    link.cut(refuse=True)
    async with listening(link.url) as ear, listening(redis_url) as other:
        assert not await ear.bus.subscribe(room)
        assert not ear.bus.healthy
        link.mend()
        await eventually(lambda: ear.gaps == 1)
        await ear.healthy()
        other.bus.publish(room, b"heard")
        await eventually(lambda: ear.heard == [(room, b"heard")])


async def test_a_cut_connection_is_a_gap_and_comes_back(
    link: Link, redis_url: str, room: str
) -> None:
    async with listening(link.url) as ear, listening(redis_url) as other:
        await ear.healthy()
        await ear.bus.subscribe(room)
        link.cut()
        await eventually(lambda: ear.bus.sessions == 2)
        assert ear.gaps == 2  # one when it was lost, one when it is whole again
        other.bus.publish(room, b"after")
        await eventually(lambda: ear.heard == [(room, b"after")])


async def test_when_the_gap_is_called_everything_after_it_is_heard(
    link: Link, redis_url: str, room: str
) -> None:
    """P5: whatever `on_gap` finds missing in PostgreSQL, or comes later, is not lost."""
    async with listening(link.url) as ear, listening(redis_url) as other:
        await ear.healthy()
        await ear.bus.subscribe(room)
        for cut in range(20):
            link.cut()
            await ear.session(cut + 2)
            other.bus.publish(room, b"%d" % cut)
            await ear.hears(room, b"%d" % cut)


async def test_a_half_open_link_is_noticed_by_the_missing_tick(
    link: Link, redis_url: str, room: str
) -> None:
    async with listening(link.url, deaf_after=QUICK) as ear, listening(redis_url) as other:
        await ear.healthy()
        await ear.bus.subscribe(room)
        link.freeze()
        await eventually(lambda: not ear.bus.healthy)
        await eventually(lambda: ear.gaps)
        link.cut()
        link.mend()
        await ear.healthy()
        await ear.hears_again(room, other)


async def test_messages_published_during_an_outage_are_sent_after_it(
    link: Link, redis_url: str, room: str
) -> None:
    async with listening(link.url) as ear, listening(redis_url) as other:
        await other.healthy()
        await ear.healthy()
        await other.bus.subscribe(room)
        link.cut(refuse=True)
        for number in range(100):
            ear.bus.publish(room, b"%d" % number)
        await eventually(lambda: not ear.bus.healthy)
        link.mend()
        await eventually(lambda: len(other.heard) >= 100)
        assert list(dict.fromkeys(other.payloads(room))) == [b"%d" % n for n in range(100)]
        assert ear.bus.dropped == 0


async def test_a_full_queue_drops_the_oldest_and_tells_everybody(
    link: Link, redis_url: str, room: str
) -> None:
    async with (
        listening(link.url, max_queue=10) as ear,
        listening(redis_url) as other,
    ):
        await other.healthy()
        await ear.healthy()
        await other.bus.subscribe(room)
        link.cut(refuse=True)
        await eventually(lambda: not ear.bus.healthy)
        for number in range(25):
            ear.bus.publish(room, b"%d" % number)
        assert (ear.bus.dropped, ear.bus.queued) == (15, 10)
        assert ear.gaps == 1
        link.mend()
        await eventually(lambda: other.gaps == 1)
        await eventually(lambda: len(other.heard) == 10)
        assert other.payloads(room) == [b"%d" % number for number in range(15, 25)]


async def test_without_redis_nobody_waits_and_nothing_raises(room: str) -> None:
    async with listening(f"redis://127.0.0.1:{free_port()}", deaf_after=3_600) as ear:
        async with asyncio.timeout(PATIENT_SECONDS):  # far less than the deadline of a call
            assert not await ear.bus.subscribe(room)
            ear.bus.publish(room, b"lost")
            ear.bus.unsubscribe(room)
        assert not ear.bus.healthy


async def test_a_paused_redis_is_waited_for(link: Link, room: str) -> None:
    async with listening(link.url, deaf_after=QUICK) as ear:
        await ear.healthy()
        await ear.bus.subscribe(room)
        link.freeze()
        await eventually(lambda: not ear.bus.healthy)
        link.mend()
        await ear.healthy()
        await ear.hears_again(room, ear)


async def test_a_killed_client_comes_back(redis_url: str, redis: Redis, room: str) -> None:
    async with listening(redis_url) as ear:
        await ear.healthy()
        await ear.bus.subscribe(room)
        await kill_listeners(redis)
        await eventually(lambda: ear.bus.sessions == 2)
        ear.bus.publish(room, b"after")
        await eventually(lambda: (room, b"after") in ear.heard)


async def kill_listeners(redis: Redis) -> None:
    """End the listeners of this database; others may use the server, too."""
    own = await redis.client.client_info()
    for each in await redis.client.client_list("pubsub"):
        if each["db"] == str(own["db"]):
            await redis.client.client_kill_filter(_id=each["id"])


async def test_leaving_while_it_sends_always_ends(redis_url: str, redis: Redis, room: str) -> None:
    """With a socket timeout redis-py sends with `wait_for`, which may forget a cancellation."""
    for turns in range(120):
        async with asyncio.timeout(10), Ear(redis, max_queue=10, deaf_after=10).bus as bus:
            for _ in range(turns):
                bus.publish(room, b"x")
                await asyncio.sleep(0)
