"""Undo and redo on running servers: every way in, several people, several processes, retries."""

import asyncio
from typing import Any
from uuid import UUID, uuid4

import pytest

from tests.realtime.clients import Api, Json, Socket, joined, opened, select
from tests.realtime.conftest import RunningWeb, StartWeb
from tests.realtime.transports.test_every_transport import op as op_of
from tests.realtime.transports.test_every_transport import page, rest, socket_io, websocket

UNDO: Json = {"kind": "undo"}
REDO: Json = {"kind": "redo"}
ANYWAY: Json = {"kind": "undo", "anyway": True}


def panels(quantity: int) -> Json:
    return {"kind": "set_quantity", "category": "pvanlage", "quantity": quantity}


def panels_of(read: Json) -> int:
    return int(read["selection"].get("pvanlage", {}).get("quantity", 0))


async def ask(api: Api, house: Json, operation: Json, **fields: Any) -> Json:
    answer: Json = (await api.submit(house["id"], operation, **fields)).json()
    return answer


def code(answer: Json) -> str:
    return str(answer["reasons"][0]["code"])


async def guest_of(api: Api, house: Json, web: RunningWeb, name: str) -> Api:
    """Somebody else who may edit the same house, on this process."""
    link = await api.call("POST", f"/api/configurations/{house['id']}/share-links", json={})
    guest = web.api((await web.api().call("POST", "/api/people")).json()["token"])
    token = link.json()["url"].partition("#")[2]
    redeemed = await guest.call("POST", "/api/share-links/redeem", json={"token": token})
    assert redeemed.status_code == 200, redeemed.text
    async with opened(web.ws_url) as socket:
        await socket.hello(guest.token)
        await socket.ask("introduce", name=name)
    return guest


@pytest.mark.parametrize("way", [rest, websocket, socket_io, page])
async def test_every_way_in_undoes_and_redoes(web: RunningWeb, way: Any) -> None:
    """(UN1, UN2, UN8, TR1)"""
    api = web.api()
    house = await api.create()
    async with way(web, api.token or "", house) as ask:
        assert await ask(op_of(UNDO)) == ("rejected", "nothing_to_undo")
        assert await ask(op_of(REDO)) == ("rejected", "nothing_to_redo")
        assert await ask(op_of(panels(3))) == ("committed", "")
        assert await ask(op_of(UNDO)) == ("committed", "")
        assert panels_of(await api.read(house["id"])) == 0
        assert await ask(op_of(REDO)) == ("committed", "")
        assert panels_of(await api.read(house["id"])) == 3
        assert await ask(op_of({"kind": "undo", "anyway": 1})) == ("error", "malformed_message")
        inside = {"kind": "apply", "operations": [UNDO]}
        assert await ask(op_of(inside)) == ("error", "malformed_message")


async def test_the_price_and_the_size_come_back_with_what_was_cut(web: RunningWeb) -> None:
    """(UN3, UN12)"""
    api = web.api()
    house = await api.create()
    await ask(api, house, select("nest", "nest160"))
    await ask(api, house, panels(16))
    before = await api.read(house["id"])
    assert (await ask(api, house, select("nest", "nest80")))["outcome"] == "adjusted"

    undone = await ask(api, house, UNDO)

    after = await api.read(house["id"])
    assert undone["outcome"] == "committed"
    assert undone["total_cents"] == before["derived"]["price"]["total_cents"]
    assert (after["selection"], after["derived"]) == (before["selection"], before["derived"])


async def test_the_log_and_the_frames_say_what_was_reverted(web: RunningWeb) -> None:
    """(UN2, UN9)"""
    api = web.api()
    house = await api.create()
    async with joined(web.ws_url, api.token or "", house["code"]) as socket:
        await socket.op(house["id"], panels(3))
        undone = await socket.op(house["id"], UNDO)
        redone = await socket.op(house["id"], REDO)
        frames = [frame for frame in socket.frames if frame["type"] == "op"]
    assert [undone["can_undo"], undone["can_redo"]] == [False, True]
    assert [redone["can_undo"], redone["can_redo"]] == [True, False]
    assert [frame["operation_kind"] for frame in frames] == ["set_quantity", "undo", "redo"]
    assert [frame.get("reverts") for frame in frames] == [None, 1, 2]
    log = (await api.call("GET", f"/api/configurations/{house['id']}/ops")).json()
    assert [op["operation"] for op in log["ops"]] == [
        panels(3),
        {"kind": "undo", "reverts": 1},
        {"kind": "redo", "reverts": 2},
    ]


async def test_an_undo_that_is_sent_again_is_done_once(start_web: StartWeb) -> None:
    """I5: also on another process, after the state has moved on. (UN15, OP4)"""
    one, two = await start_web("one"), await start_web("two")
    api = one.api()
    house = await api.create()
    await ask(api, house, panels(3))
    await ask(api, house, panels(4))
    op_id = uuid4()

    first = await ask(api, house, UNDO, op_id=op_id)
    again = await ask(Api(two.url, api.token), house, UNDO, op_id=op_id, base_version=2)
    other = await ask(api, house, REDO, op_id=op_id)

    assert first["version"] == again["version"] == 3
    assert (first["repeated"], again["repeated"]) == (False, True)
    assert other["error"]["code"] == "op_id_reused"
    assert panels_of(await api.read(house["id"])) == 3
    nothing = uuid4()
    await ask(api, house, UNDO)
    assert code(await ask(api, house, UNDO, op_id=nothing)) == "nothing_to_undo"
    await ask(api, house, panels(5))
    refused_again = await ask(api, house, UNDO, op_id=nothing)
    assert (code(refused_again), refused_again["repeated"]) == ("nothing_to_undo", True)
    assert panels_of(await api.read(house["id"])) == 5


async def test_the_change_of_somebody_else_in_another_process_is_asked_about(
    start_web: StartWeb,
) -> None:
    """PT10 with two processes: 3; Anna 0; Ben 5; Anna asked, anyway 3; redo 5. (UN5)"""
    one, two = await start_web("one"), await start_web("two")
    anna = one.api()
    house = await anna.create()
    ben = await guest_of(anna, house, two, "Ben")
    await ask(ben, house, panels(3))
    await ask(anna, house, panels(0))
    five = await ask(ben, house, panels(5))

    asked = await ask(anna, house, UNDO)

    assert (asked["outcome"], code(asked)) == ("conflict", "changed_meanwhile")
    assert "Ben hat „Photovoltaik“ inzwischen geändert" in asked["reasons"][0]["text"]["de"]
    (repair,) = asked["repairs"]
    assert repair["operation"] == ANYWAY
    undone = await ask(anna, house, repair["operation"])
    assert undone["outcome"] == "committed"
    assert undone["total_cents"] - five["total_cents"] == repair["difference_cents"]
    assert panels_of(await ben.read(house["id"])) == 3
    assert (await ask(anna, house, REDO))["outcome"] == "committed"
    assert panels_of(await ben.read(house["id"])) == 5
    assert (await ask(ben, house, UNDO))["outcome"] == "conflict"


async def test_an_op_of_one_process_is_undone_on_another(start_web: StartWeb) -> None:
    """(UN10, UN1)"""
    one, two = await start_web("one"), await start_web("two")
    api = one.api()
    house = await api.create()
    elsewhere = Api(two.url, api.token)
    for quantity in (1, 2, 3, 4):
        await ask(api if quantity % 2 else elsewhere, house, panels(quantity))
    seen = []
    for step in range(8):
        operation = UNDO if step < 4 else REDO
        answer = await ask(elsewhere if step % 2 else api, house, operation)
        assert answer["outcome"] == "committed"
        seen.append(panels_of(await api.read(house["id"])))
    assert seen == [3, 2, 1, 0, 1, 2, 3, 4]
    for url in (one.url, two.url):
        assert code(await ask(Api(url, api.token), house, REDO)) == "nothing_to_redo"


async def test_a_guarded_undo_means_what_its_author_saw(web: RunningWeb) -> None:
    """(OP11, UN14)"""
    anna = web.api()
    house = await anna.create()
    ben = await guest_of(anna, house, web, "Ben")
    await ask(anna, house, panels(3))
    await ask(ben, house, select("nest", "nest120"))

    unseen = await ask(anna, house, UNDO, guarded=True, base_version=1)
    seen = await ask(anna, house, UNDO, guarded=True, base_version=2)

    assert (unseen["outcome"], code(unseen)) == ("conflict", "changed_meanwhile")
    assert unseen["reasons"][0]["text"]["en"].startswith("Ben has changed “Size”")
    assert seen["outcome"] == "committed"
    assert panels_of(await anna.read(house["id"])) == 0


async def test_an_undo_is_complete_for_a_member_who_comes_back(start_web: StartWeb) -> None:
    """Snapshot and later ops are the fresh state, also where the log must be read. (SN2, UN2)"""
    web, later = await start_web("one"), await start_web("two")
    api = web.api()
    house = await api.create()
    await ask(api, house, select("nest", "nest160"))
    await ask(api, house, panels(16))
    await ask(api, house, select("nest", "nest80"))
    await ask(api, house, UNDO)
    await ask(api, house, UNDO)
    await ask(api, house, REDO)
    fresh = await api.read(house["id"])
    for since in range(6):
        async with opened((later if since % 2 == 0 else web).ws_url) as back:
            await back.hello(api.token)
            position = {"epoch": house["epoch"], "version": since}
            missed = await back.join(house["code"], since=position)
            assert [op["version"] for op in missed["ops"]] == list(range(since + 1, 7))
            assert missed["ops"][-1]["selection"] == fresh["selection"]
            assert missed["ops"][-1]["derived"] == fresh["derived"]
            assert [op.get("reverts") for op in missed["ops"]] == [None, None, None, 3, 2, 5][
                since:
            ]


async def test_people_who_undo_at_once_on_two_processes_lose_nothing(start_web: StartWeb) -> None:
    """If another process was faster, the op is judged again on what that process did. (OP6)"""
    one, two = await start_web("one"), await start_web("two")
    anna = one.api()
    house = await anna.create()
    options = ["parkett", "kalkstein_kanafar", "schiefer_massiv"]
    for number in range(12):
        await ask(anna, house, select("fussboden", options[(number + 1) % 3]))
    before = await anna.read(house["id"])

    async def toggle(socket: Socket) -> list[Json]:
        return [await socket.op(house["id"], UNDO) for _ in range(6)]

    async with (
        joined(one.ws_url, anna.token or "", house["code"]) as first,
        joined(two.ws_url, anna.token or "", house["code"]) as second,
        asyncio.TaskGroup() as tasks,
    ):
        answers = [tasks.create_task(toggle(socket)) for socket in (first, second)]
    outcomes = [answer["outcome"] for task in answers for answer in task.result()]
    assert outcomes == ["committed"] * 12
    log = (await anna.call("GET", f"/api/configurations/{house['id']}/ops?since=12")).json()
    assert [op["operation"]["reverts"] for op in log["ops"]] == list(range(12, 0, -1))
    read = await anna.read(house["id"])
    assert read["selection"]["fussboden"] == {"option": "parkett"}
    assert read["selection"] == house["selection"]
    for _ in range(12):
        await ask(anna, house, REDO)
    assert (await anna.read(house["id"]))["selection"] == before["selection"]


async def test_the_room_knows_what_somebody_can_undo(start_web: StartWeb) -> None:
    """(UN9, UN10)"""
    one, two = await start_web("one"), await start_web("two")
    anna = one.api()
    house = await anna.create()
    house_id = UUID(house["id"])
    async with opened(one.ws_url) as socket:
        person = UUID((await socket.hello(anna.token))["person"]["id"])
    rooms = [await web.parts.editing.hub.room(house_id) for web in (one, two)]
    assert [await room.undo_state(person) for room in rooms] == [(False, False)] * 2
    steps: list[tuple[Json, tuple[bool, bool]]] = [
        (panels(3), (True, False)),
        (UNDO, (False, True)),
        (REDO, (True, False)),
        (UNDO, (False, True)),
        (panels(0), (False, True)),
        (panels(1), (True, False)),
    ]
    for operation, expected in steps:
        answer = await ask(anna, house, operation)
        assert (answer["can_undo"], answer["can_redo"]) == expected
        for room in rooms:
            await room.catch_up()
            assert await room.undo_state(person) == expected
            assert room.undo_known(person) == expected


async def test_a_hundred_changes_can_be_taken_back_whatever_was_between(
    start_web: StartWeb,
) -> None:
    """(UN10, UN11) Clicks on what is chosen already, undo with redo; on a process that reads it."""
    web = await start_web()
    api = web.api()
    house = await api.create()
    async with joined(web.ws_url, api.token or "", house["code"]) as socket:
        for change in range(100):
            for quantity in (1 + change % 2, 1 + change % 2):
                assert (await socket.op(house["id"], panels(quantity)))["outcome"] == "committed"
        for _ in range(60):
            await socket.op(house["id"], UNDO)
            await socket.op(house["id"], REDO)
    other = await start_web("two")
    async with (
        joined(web.ws_url, api.token or "", house["code"]) as here,
        joined(other.ws_url, api.token or "", house["code"]) as there,
    ):
        for step in range(100):
            answer = await (here, there)[step % 2].op(house["id"], UNDO)
            assert answer["outcome"] == "committed", (step, answer)
            assert answer["can_undo"] in (step < 99, None)
        assert code(await there.op(house["id"], UNDO)) == "nothing_to_undo"
        assert panels_of(await api.read(house["id"])) == 0
