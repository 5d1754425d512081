"""Coming back: exactly what was missed, or a snapshot that says so; never a hole, never twice."""

from typing import Any
from uuid import UUID

import asyncpg
import msgspec
import pytest

from realtime.rooms.recent_ops import OPS_MAX
from storage.postgres.configurations.commit.statement import CommitRequest, Stored
from tests.realtime.clients import Api, Json, joined, opened, select
from tests.realtime.conftest import RunningWeb, StartWeb
from tests.support.waiting import eventually

SIZES = ("nest100", "nest120")


async def edit(web: RunningWeb, api: Api, house: Json, times: int) -> None:
    """Make this number of versions, each of which changes the size."""
    start = (await api.read(house["id"]))["version"]
    async with opened(web.ws_url) as socket:
        await socket.hello(api.token)
        await socket.join(house["id"])
        for version in range(start, start + times):
            outcome = await socket.op(house["id"], select("nest", SIZES[version % 2]), version)
            assert outcome["version"] == version + 1


async def come_back(web: RunningWeb, api: Api, house: Json, version: int, **since: Any) -> Json:
    async with opened(web.ws_url) as socket:
        await socket.hello(api.token)
        position = {"epoch": house["epoch"], "version": version, **since}
        return await socket.join(house["id"], since=position)


def check_whole(answer: Json, house: Json, since: int, newest: int) -> None:
    """(JN3) (SN4) Exactly the ops after ``since``, the state with the last, and it says so."""
    assert (answer["type"], answer["recovered"]) == ("ops", True)
    assert (answer["from"], answer["to"]) == (since, newest)
    assert [op["version"] for op in answer["ops"]] == list(range(since + 1, newest + 1))
    for op in answer["ops"][:-1]:
        assert "selection" not in op
        assert "derived" not in op
    if answer["ops"]:
        last = answer["ops"][-1]
        assert last["total_cents"] == last["derived"]["price"]["total_cents"]
    assert answer["you"]["role"] == "owner"


async def test_every_number_of_missed_ops(web: RunningWeb) -> None:
    """(JN3)"""
    api = web.api()
    house = await api.create()
    await edit(web, api, house, 12)
    for since in range(13):
        check_whole(await come_back(web, api, house, since), house, since, 12)


async def test_a_process_that_never_had_the_room_open_reads_the_log(start_web: StartWeb) -> None:
    """(JN6)"""
    one = await start_web("one")
    api = one.api()
    house = await api.create()
    await edit(one, api, house, 9)
    two = await start_web("two")
    for since in (4, 8, 9, 0):
        check_whole(await come_back(two, api, house, since), house, since, 9)
    await edit(one, api, house, 1)
    (room,) = two.parts.editing.hub.rooms()
    await eventually(lambda: room.version == 10, why="the hint has arrived")
    check_whole(await come_back(two, api, house, 3), house, 3, 10)


async def test_the_op_frames_from_the_log_are_those_that_were_sent(start_web: StartWeb) -> None:
    """(JN6) Byte for byte the same facts, wherever they are read from."""
    one = await start_web("one")
    api = one.api()
    house = await api.create()
    await edit(one, api, house, 3)
    remembered = await come_back(one, api, house, 0)
    two = await start_web("two")
    assert (await come_back(two, api, house, 0))["ops"] == remembered["ops"]


async def test_a_client_ahead_of_the_process_is_not_sent_back(start_web: StartWeb) -> None:
    """(JN6) Read your own writes, on whatever process."""
    one, two = await start_web("one"), await start_web("two")
    api = one.api()
    house = await api.create()
    async with joined(two.ws_url, api.token or "", house["id"]):
        (room,) = two.parts.editing.hub.rooms()
        two.parts.stores.bus.unsubscribe(f"room:{{{room.id}}}")
        await edit(one, api, house, 2)
        check_whole(await come_back(two, api, house, 2), house, 2, 2)


@pytest.mark.parametrize("beyond", [0, 1])
async def test_the_edge_of_what_is_sent_op_by_op(web: RunningWeb, beyond: int) -> None:
    """(JN3) (JN4) A join sends ops up to the limit; one more, and it sends a snapshot that says so."""
    api = web.api()
    house = await api.create()
    newest = OPS_MAX + beyond
    await _log(web, house, newest)
    answer = await come_back(web, api, house, 0)
    if beyond:
        assert (answer["type"], answer["recovered"], answer["version"]) == (
            "snapshot",
            False,
            newest,
        )
    else:
        check_whole(answer, house, 0, newest)
    check_whole(await come_back(web, api, house, newest - 3), house, newest - 3, newest)


async def _log(web: RunningWeb, house: Json, count: int) -> None:
    """A long log, straight through the committer: ops that change nothing but the version."""
    stored = await web.parts.stores.configuration_stores.configurations.load(UUID(house["id"]))
    assert stored is not None
    selection = msgspec.json.encode(stored.selection).decode()
    for version in range(count):
        result = await web.parts.stores.committer.commit(
            CommitRequest(
                configuration_id=stored.id,
                epoch=stored.epoch,
                op_id=UUID(int=version),
                person_id=stored.owner_id,
                expected_version=version,
                takes_version=True,
                outcome="committed",
                base_version=version,
                guarded=False,
                body_sha256=bytes(32),
                operation='{"kind": "reset"}',
                changes="[]",
                reasons="[]",
                repairs="[]",
                selection=selection,
                written="{}",
                total_cents=stored.total_cents,
            )
        )
        assert isinstance(result, Stored)


@pytest.mark.parametrize("since", [{"version": 99}, {"epoch": str(UUID(int=7))}])
async def test_a_position_that_cannot_be_continued_gets_a_snapshot(
    web: RunningWeb, since: Json
) -> None:
    """(JN4) A version that never was, another history."""
    api = web.api()
    house = await api.create()
    await edit(web, api, house, 2)
    answer = await come_back(web, api, house, **{"version": 1, **since})
    assert (answer["type"], answer["recovered"], answer["version"]) == ("snapshot", False, 2)


async def test_coming_back_again_and_again(web: RunningWeb) -> None:
    """(JN3) The second and third time in one session, and before anything was received."""
    api = web.api()
    house = await api.create()
    async with opened(web.ws_url) as socket:
        await socket.hello(api.token)
        since = {"epoch": house["epoch"], "version": 0}
        for version in range(3):
            answer = await socket.join(house["id"], since=since)
            check_whole(answer, house, since["version"], version)
            since = {"epoch": house["epoch"], "version": version}
            await edit(web, api, house, 1)


async def test_a_position_tells_where_the_log_ends(web: RunningWeb) -> None:
    """(PS1)"""
    api = web.api()
    house = await api.create()
    async with joined(web.ws_url, api.token or "", house["id"]) as member:
        await member.op(house["id"], select("nest", "nest100"))
        position = await member.until("position", version=1)
        assert (position["configuration"], position["epoch"]) == (house["id"], house["epoch"])


async def test_a_new_history_reaches_the_present_members(
    web: RunningWeb, database_url: str
) -> None:
    """(PS2) (JN4) After a restore members get a snapshot, although nobody edits."""
    api = web.api()
    house = await api.create()
    async with joined(web.ws_url, api.token or "", house["id"]) as member:
        epoch = str(UUID(int=5))
        owner = await asyncpg.connect(database_url)  # the web's login may not write it
        await owner.execute("UPDATE deployment SET epoch = $1", UUID(int=5))
        await owner.close()
        snapshot = await member.until("snapshot", epoch=epoch)
        assert snapshot["version"] == 0
        await member.op(house["id"], select("nest", "nest100"))
        (room,) = web.parts.editing.hub.rooms()
        await eventually(lambda: str(room.epoch) == epoch, why="the room has the new epoch")
