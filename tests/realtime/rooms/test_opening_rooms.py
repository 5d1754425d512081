"""Rooms that could not be opened leave nothing behind, and stopping does not wait for Redis."""

import asyncio
import time
from uuid import UUID, uuid4

import pytest

from configurator.protocol.codes import Refused
from storage.redis.bus.bus import room_channel
from tests.realtime.conftest import RunningWeb, serving
from tests.storage.link import link_to
from tests.support.waiting import eventually


def wanted(web: RunningWeb, configuration_id: UUID) -> bool:
    return web.parts.stores.bus.wants(room_channel(configuration_id))


async def test_a_room_that_is_not_found_leaves_nothing_behind(web: RunningWeb) -> None:
    unknown = uuid4()
    with pytest.raises(Refused):
        await web.parts.editing.hub.room(unknown)
    assert web.parts.editing.hub.rooms() == []
    assert not wanted(web, unknown)


async def test_a_peer_that_leaves_while_a_room_opens_leaves_nothing_behind(web: RunningWeb) -> None:
    created = await web.api().create()
    configuration_id = UUID(created["id"])
    await eventually(lambda: web.parts.stores.bus.healthy, why="subscriptions take a round trip")
    async with asyncio.TaskGroup() as tasks:
        opening = tasks.create_task(web.parts.editing.hub.room(configuration_id))
        while not wanted(web, configuration_id):  # noqa: ASYNC110
            await asyncio.sleep(0)  # one turn of the loop: a poll would come too late
        assert not opening.done()
        opening.cancel()
    assert web.parts.editing.hub.rooms() == []
    assert not wanted(web, configuration_id)
    room = await web.parts.editing.hub.room(configuration_id)
    assert room.code == created["code"]


async def test_many_who_open_a_room_at_once_share_it(web: RunningWeb) -> None:
    configuration_id = UUID((await web.api().create())["id"])
    async with asyncio.TaskGroup() as tasks:
        opening = [
            tasks.create_task(web.parts.editing.hub.room(configuration_id)) for _ in range(20)
        ]
    assert len({id(task.result()) for task in opening}) == 1
    assert len(web.parts.editing.hub.rooms()) == 1


async def test_stopping_does_not_wait_for_redis_once_for_every_room(
    database_url: str, redis_url: str
) -> None:
    async with link_to(redis_url) as link:
        async with serving(database_url, link.url, "one", 5.0, redis_seconds=2.0) as web:
            for _ in range(12):
                await web.parts.editing.hub.room(UUID((await web.api().create())["id"]))
            link.freeze()
            began = time.monotonic()
        assert time.monotonic() - began < 12, "two seconds for each room would take 24"
