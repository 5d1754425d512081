"""An admin follows the interactions with the Python client: in order, without a gap or a repeat."""

from collections.abc import AsyncGenerator
from datetime import UTC, datetime, timedelta
from random import Random

import pytest
from nest_haus_client import Activity, ActivityFilter, Client, Refused
from nest_haus_client.core.watch import BATCHES_KEPT, WatchState
from nest_haus_client.messages import Watching

from realtime.people.principal import token_sha256
from tests.realtime.conftest import RunningWeb
from tests.storage.link import link_to
from tests.support.activity import TRACK
from tests.support.waiting import eventually

ADMIN = "an admin session of the tests"


async def click(web: RunningWeb, number: int, category: str = "nest") -> None:
    body = {
        "sessionId": "client_1_watch",
        "interaction": {"eventType": "click", "category": category, "elementId": str(number)},
    }
    answer = await web.api().call("POST", TRACK, json=body)
    assert answer.status_code == 200, answer.text


async def as_admin(web: RunningWeb) -> str:
    in_an_hour = datetime.now(UTC) + timedelta(hours=1)
    await web.parts.stores.admins.open_session(token_sha256(ADMIN), in_an_hour)
    return ADMIN


def numbers(batch: Activity) -> list[int]:
    return [int(str(event["element_id"])) for event in batch.events]


async def take(batches: AsyncGenerator[Activity, None], count: int) -> list[int]:
    taken: list[int] = []
    while len(taken) < count:
        taken += numbers(await anext(batches))
    return taken


async def test_the_watch_goes_on_where_it_was_when_the_connection_is_lost(web: RunningWeb) -> None:
    """(AC4)"""
    async with link_to(web.url) as link, Client(link.url, token=await as_admin(web)) as client:
        batches = client.watch()
        await click(web, 0)
        assert await take(batches, 1) == [0]
        await click(web, 1)
        await click(web, 2)
        assert await take(batches, 2) == [1, 2]
        link.cut(refuse=True)
        await eventually(lambda: client.status == "offline")
        for number in range(3, 6):
            await click(web, number)
        link.mend()
        assert await take(batches, 3) == [3, 4, 5]
        await batches.aclose()


async def test_another_program_goes_on_after_the_last_id(web: RunningWeb) -> None:
    """(AC4)"""
    for number in range(4):
        await click(web, number)
    async with Client(web.url, token=await as_admin(web)) as client:
        first = await anext(client.watch())
        assert numbers(first) == [0, 1, 2, 3][: len(first.events)]
        last_id = first.last_id
    await click(web, 4)
    async with Client(web.url, token=ADMIN) as client:
        second = await anext(client.watch(since=last_id))
    assert numbers(second)[0] == len(first.events)


async def test_a_filter_restricts(web: RunningWeb) -> None:
    """(AC3)"""
    await click(web, 0, "fenster")
    await click(web, 1, "nest")
    async with Client(web.url, token=await as_admin(web)) as client:
        batches = client.watch(filter=ActivityFilter(categories=["nest"]))
        assert numbers(await anext(batches)) == [1]
        await batches.aclose()


async def test_only_admins_may_watch(web: RunningWeb) -> None:
    """(AC2)"""
    async with Client.register(web.url) as client:
        with pytest.raises(Refused) as refused:
            await anext(client.watch())
        assert refused.value.code == "admins_only"


def test_a_slow_reader_asks_again_and_misses_nothing() -> None:
    """(CL13)"""
    watch = WatchState(since="0-0", history=0, wanted=None, random=Random(1), heard=lambda: None)
    watch.connected()
    asked = watch.message(0.0)
    assert asked is not None
    watch.receive(Watching(re=asked.id, since="0-0"), 0.0)
    for number in range(1, BATCHES_KEPT + 10):
        watch.receive(Activity(events=[], last_id=f"{number}-0"), 0.0)
    taken = []
    while (batch := watch.take()) is not None:
        taken.append(batch.last_id)
    assert taken == [f"{number}-0" for number in range(1, BATCHES_KEPT + 1)]
    again = watch.message(0.0)
    assert again is not None
    assert again.since == f"{BATCHES_KEPT}-0"
    watch.receive(Activity(events=[], last_id="900-0"), 0.0)  # of the watch that was replaced
    assert watch.take() is None
