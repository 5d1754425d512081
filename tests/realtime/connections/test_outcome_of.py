"""The outcome of an op can be asked for, whichever process it was sent to."""

from uuid import UUID, uuid4

import asyncpg

from tests.realtime.clients import Json, joined, opened, select
from tests.realtime.conftest import RunningWeb, StartWeb
from tests.realtime.transports.test_socketio import connected
from tests.support.waiting import eventually


def an_op(house: Json, op_id: UUID, category: str = "nest", option: str = "nest100") -> Json:
    return {
        "configuration": house["id"],
        "op_id": str(op_id),
        "base_version": 0,
        "operation": select(category, option),
    }


async def test_the_outcome_is_told_on_every_process_and_transport(start_web: StartWeb) -> None:
    """(OP17)"""
    one, two = await start_web("one"), await start_web("two")
    api, op_id, refused_id = one.api(), uuid4(), uuid4()
    house = await api.create()
    async with joined(one.ws_url, api.token or "", house["code"]) as author:
        told = {
            str(op_id): await author.ask("op", **an_op(house, op_id)),
            str(refused_id): await author.ask("op", **an_op(house, refused_id, "nest", "nest1000")),
        }
    asking = {"configuration": house["code"]}
    for web in (one, two):
        async with opened(web.ws_url) as raw, connected(web, api.token) as socketio:
            await raw.hello(api.token)
            for asked, outcome in told.items():
                same = {**without_re(outcome), "repeated": True}
                same |= {"can_undo": None, "can_redo": None}
                answers = [
                    without_re(await raw.ask("outcome_of", op_id=asked, **asking)),
                    without_re(await socketio.ask("outcome_of", op_id=asked, **asking)),
                    without_re(await rest(web, api.token or "", house, asked)),
                ]
                for answer in answers:
                    assert answer == {**same, "type": "outcome"}
            unknown = await raw.ask("outcome_of", op_id=str(uuid4()), **asking)
            assert (unknown["code"], unknown.get("retryable", False)) == ("op_unknown", False)
            assert unknown["op_id"] is not None


def without_re(outcome: Json) -> Json:
    return {name: value for name, value in outcome.items() if name != "re"} | {"type": "outcome"}


async def rest(web: RunningWeb, token: str, house: Json, op_id: str) -> Json:
    path = f"/api/configurations/{house['code']}/ops/{op_id}"
    answer = await web.api(token).call("GET", path)
    assert answer.status_code == 200, answer.text
    found: Json = answer.json()
    return found


async def test_rest_tells_unknown_ids_from_texts_that_are_not_ids(web: RunningWeb) -> None:
    """(OP17, ER3)"""
    api = web.api()
    house = await api.create()
    path = f"/api/configurations/{house['id']}/ops"
    unknown = await api.call("GET", f"{path}/{uuid4()}")
    assert (unknown.status_code, unknown.json()["error"]["code"]) == (404, "op_unknown")
    no_id = await api.call("GET", f"{path}/undefined")
    assert (no_id.status_code, no_id.json()["error"]["code"]) == (400, "malformed_message")


async def test_only_who_may_see_the_house_hears_and_only_of_its_ops(web: RunningWeb) -> None:
    """(OP17, JN1)"""
    api, stranger, op_id = web.api(), web.api(), uuid4()
    house, other = await api.create(), await stranger.create()
    await api.submit(house["id"], select("nest", "nest100"), op_id=op_id)
    async with opened(web.ws_url) as socket:
        await socket.hello(stranger.token)
        refused = await socket.ask("outcome_of", configuration=house["id"], op_id=str(op_id))
        assert refused["code"] == "not_found"
        elsewhere = await socket.ask("outcome_of", configuration=other["id"], op_id=str(op_id))
        assert elsewhere["code"] == "op_unknown"
    path = f"/api/configurations/{house['id']}/ops/{op_id}"
    assert (await stranger.call("GET", path)).status_code == 404


async def test_an_op_that_is_on_its_way_is_waited_for(web: RunningWeb, database_url: str) -> None:
    """(OP17)"""
    api, op_id = web.api(), uuid4()
    house = await api.create()
    async with (
        joined(web.ws_url, api.token or "", house["code"]) as author,
        joined(web.ws_url, api.token or "", house["code"]) as asking,
    ):
        lock = await asyncpg.connect(database_url)
        try:
            async with lock.transaction():
                await lock.execute(
                    "SELECT 1 FROM configurations WHERE id = $1 FOR UPDATE", UUID(house["id"])
                )
                await author.send("op", **an_op(house, op_id))
                room = web.parts.editing.hub.opened(code=house["code"])
                assert room is not None
                await eventually(lambda: room.under_way, why="the op is on its way")
                asked = await asking.send("outcome_of", configuration=house["id"], op_id=str(op_id))
                await eventually(lambda: room.judging, why="the question waits")
        finally:
            await lock.close()
        outcome = await asking.until("outcome")
        assert (outcome["re"], outcome["version"], outcome["repeated"]) == (asked, 1, True)
