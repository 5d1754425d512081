"""Many people edit one house at the same moment: their ops are stored together, in order, each once."""

import asyncio
from contextlib import AsyncExitStack
from uuid import uuid4

import asyncpg

from storage.postgres.people.access_list import AccessLists
from tests.realtime.clients import Json, Socket, joined, select
from tests.realtime.conftest import RunningWeb
from tests.support.waiting import eventually

SIZES = ("nest80", "nest100", "nest120", "nest140", "nest160")
PEOPLE = 12


def op(house: Json, number: int, **fields: object) -> Json:
    return {
        "configuration": house["id"],
        "op_id": str(uuid4()),
        "base_version": 0,
        "operation": select("nest", SIZES[number % len(SIZES)]),
        **fields,
    }


async def test_ops_that_wait_for_each_other_are_stored_together(
    web: RunningWeb, database_url: str
) -> None:
    """(OP2) (OP6) (OP8) (SN1) There are far fewer transactions than ops."""
    api = web.api()
    house = await api.create()
    too_many = {"kind": "set_quantity", "category": "pvanlage", "quantity": 999}
    async with AsyncExitStack() as stack:
        people = [
            await stack.enter_async_context(joined(web.ws_url, api.token or "", house["id"]))
            for _ in range(PEOPLE)
        ]
        lock = await asyncpg.connect(database_url)
        async with lock.transaction():
            await lock.execute("SELECT FROM configurations FOR UPDATE")
            asked = [
                await person.send("op", **op(house, number)) for number, person in enumerate(people)
            ]
            refused = await people[0].send("op", **op(house, 0, operation=too_many))
            room = web.parts.editing.hub.opened(code=house["code"])
            assert room is not None
            await eventually(lambda: room.under_way == PEOPLE, why="all are on their way")
        outcomes = [
            await _answer(person, number) for person, number in zip(people, asked, strict=True)
        ]
        assert (await _answer(people[0], refused))["outcome"] == "rejected"
        assert sorted(each["version"] for each in outcomes) == list(range(1, PEOPLE + 1))
        for person in people:
            assert person.versions == sorted(set(person.versions)), "none twice or out of order"
            await person.until_version(PEOPLE)
            assert person.versions == list(range(1, PEOPLE + 1))
        rows = await lock.fetch(
            "SELECT version, total_cents, xmin::text AS tx FROM operations ORDER BY version"
        )
        await lock.close()
    prices = {row["version"]: row["total_cents"] for row in rows if row["version"]}
    assert prices == {each["version"]: each["total_cents"] for each in outcomes}
    assert len({row["tx"] for row in rows}) <= 4


async def test_undo_among_others_takes_back_the_own_op(web: RunningWeb) -> None:
    """(UN1) It waits for what is on its way, so it knows what there is to take back."""
    api = web.api()
    house = await api.create()
    async with (
        joined(web.ws_url, api.token or "", house["id"]) as one,
        joined(web.ws_url, api.token or "", house["id"]) as two,
    ):
        for number in range(5):
            edit = await one.send("op", **op(house, number + 1))
            undo = await two.send("op", **op(house, 0, operation={"kind": "undo"}))
            done, undone = await _answer(one, edit), await _answer(two, undo)
            assert done["outcome"] in {"committed", "adjusted"}
            assert undone["outcome"] in {"committed", "adjusted", "rejected"}
        log = (await api.call("GET", f"/api/configurations/{house['id']}/ops")).json()["ops"]
        assert [entry["version"] for entry in log] == list(range(1, len(log) + 1))


async def test_somebody_whose_role_ended_stops_nobody_else(web: RunningWeb) -> None:
    """(OP15) They are refused; what others asked for at the same moment is stored."""
    api = web.api()
    house = await api.create()
    link = (
        await api.call(
            "POST", f"/api/configurations/{house['id']}/share-links", json={"role": "editor"}
        )
    ).json()
    guest = web.api((await web.api().call("POST", "/api/people", json={})).json()["token"])
    token = str(link["url"]).rsplit("#", 1)[-1]
    await guest.call("POST", "/api/share-links/redeem", json={"token": token})
    async with (
        joined(web.ws_url, api.token or "", house["id"]) as owner,
        joined(web.ws_url, guest.token or "", house["id"]) as editor,
    ):
        room = web.parts.editing.hub.opened(code=house["code"])
        assert room is not None
        here = (await AccessLists(web.parts.stores.database).of(room.id)).people
        (removed,) = [each.person.id for each in here if each.role == "editor"]
        (by,) = [each.person.id for each in here if each.role == "owner"]
        await web.parts.stores.configuration_stores.shares.remove(room.id, removed, by=by)
        async with asyncio.TaskGroup() as tasks:
            mine = [await owner.send("op", **op(house, n)) for n in range(3)]
            theirs = await editor.send("op", **op(house, 4))
            refused = tasks.create_task(_answer(editor, theirs))
            done = [await _answer(owner, number) for number in mine]
        assert refused.result()["code"] in {"read_only", "access_revoked"}
        assert [each["version"] for each in done] == [1, 2, 3]


async def _answer(person: Socket, number: str) -> Json:
    for frame in person.frames:
        if frame.get("re") == number:
            return frame
    while True:
        frame = await person.next()
        if frame.get("re") == number:
            return frame
