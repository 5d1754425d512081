"""A process that is told to stop: what it still does, what it refuses, how it hands over."""

import asyncio
import json
from random import Random

import httpx
import pytest
from websockets.asyncio.client import connect
from websockets.exceptions import ConnectionClosed, InvalidStatus

from realtime.connections.drain import BATCH, HANDOVER_SECONDS, PAUSE_SECONDS, RETRY_MS, Drain
from tests.realtime.api.declared.test_polling import OPENING, session
from tests.realtime.clients import Socket, joined, select
from tests.realtime.conftest import RunningWeb
from tests.realtime.transports.test_socketio import connected
from tests.support.waiting import eventually

HOUR = 3_600.0


async def test_a_draining_process_is_not_ready_and_still_answers(web: RunningWeb) -> None:
    api = web.api()
    created = await api.create()
    web.parts.drain.begin(HOUR)
    async with httpx.AsyncClient(base_url=web.url, timeout=60) as client:
        plain = await client.get("/readyz")
        haproxy = await client.get("/readyz?draining=404")
    assert (plain.status_code, haproxy.status_code) == (503, 404)
    for answer in (plain, haproxy):
        assert answer.json()["ready"] is False
        assert answer.json()["draining"] is True
    done = await api.submit(created["id"], select("nest", "nest120"))
    assert done.status_code == 200


async def test_a_ready_process_answers_200_to_every_form_of_the_question(web: RunningWeb) -> None:
    async with httpx.AsyncClient(base_url=web.url, timeout=60) as client:

        async def ready() -> bool:
            return (await client.get("/readyz?draining=404")).status_code == 200

        await eventually(ready, why="PostgreSQL was looked at")


@pytest.mark.parametrize("path", ["/ws", "/socket.io/?EIO=4&transport=websocket"])
async def test_a_new_socket_is_told_when_to_come_back(web: RunningWeb, path: str) -> None:
    """(CN9)"""
    web.parts.drain.begin(HOUR)
    with pytest.raises(InvalidStatus) as refused:
        async with connect(web.url.replace("http", "ws") + path):
            pass
    answer = refused.value.response
    assert answer.body is not None
    error = json.loads(answer.body)["error"]
    assert (answer.status_code, error["code"]) == (503, "restarting")
    assert HOUR * 1000 - 60_000 < error["retry_after_ms"] <= HOUR * 1000 + RETRY_MS
    assert int(answer.headers["retry-after"]) * 1000 >= error["retry_after_ms"]


async def test_a_new_session_of_long_polling_too_while_others_go_on(web: RunningWeb) -> None:
    """(CN9)"""
    async with httpx.AsyncClient(base_url=web.url, timeout=60) as client:
        address = await session(client)
        web.parts.drain.begin(HOUR)
        refused = await client.get(OPENING)
        assert (refused.status_code, refused.json()["error"]["code"]) == (503, "restarting")
        assert (await client.post(address, content="40/configurator,")).status_code == 200


async def test_a_socket_is_handed_over_after_its_answer(web: RunningWeb) -> None:
    """(CN9, OP2)"""
    api = web.api()
    created = await api.create()
    async with joined(web.ws_url, api.token or "", created["code"]) as socket:
        asked = await socket.send(
            "op",
            configuration=created["id"],
            op_id="7a0c1c0e-8c57-4c0e-8f0c-0c7b4f6f8f11",
            base_version=0,
            operation=select("nest", "nest120"),
        )
        room = await web.parts.editing.hub.room(created["id"])
        await eventually(lambda: room.version == 1, why="the op is under way")
        web.parts.drain.begin(0)
        await web.parts.drain.hand_over()
        with pytest.raises(ConnectionClosed) as closed:
            await socket.until("never")
    answer, last = [frame for frame in socket.frames if frame["type"] in {"outcome", "error"}]
    assert (answer["re"], answer["outcome"]) == (asked, "committed")
    assert (last["type"], last["code"]) == ("error", "restarting")
    assert 0 < last["retry_after_ms"] <= RETRY_MS
    assert closed.value.rcvd is not None
    assert (closed.value.rcvd.code, closed.value.rcvd.reason) == (1012, "restarting")
    assert web.parts.drain.handed_over == 1


async def test_a_peer_without_a_hello_is_handed_over_too(web: RunningWeb) -> None:
    async with connect(web.ws_url) as connection:
        await (await connection.ping())
        await web.parts.drain.hand_over()
        socket = Socket(connection)
        with pytest.raises(ConnectionClosed):
            await socket.until("never")
    assert [frame["code"] for frame in socket.frames] == ["restarting"]


async def test_socket_io_is_handed_over(web: RunningWeb) -> None:
    """(CN9)"""
    api = web.api()
    await api.create()
    async with connected(web, api.token) as person:
        await web.parts.drain.hand_over()
        await eventually(lambda: not person.client.connected, why="the socket is closed")
    [error] = person.seen("error")
    assert error["code"] == "restarting"
    assert 0 < error["retry_after_ms"] <= RETRY_MS


async def test_long_polling_is_handed_over(web: RunningWeb) -> None:
    api = web.api()
    await api.create()
    said = ""
    async with httpx.AsyncClient(base_url=web.url, timeout=15) as client:
        address = await session(client)
        hello = json.dumps({"token": api.token})
        assert (await client.post(address, content=f"40/configurator,{hello}")).status_code == 200
        while '"welcome"' not in said:
            said += (await client.get(address)).text
        async with asyncio.TaskGroup() as tasks:
            leaving = tasks.create_task(web.parts.drain.hand_over())
            while (answer := await client.get(address)).status_code == 200:
                said += answer.text
            await leaving
    assert '"restarting"' in said
    assert said.endswith(("1restarting", "1")), "the session says that it ends"


class Batches:
    """Connections that leave at once. A batch is what leaves in one turn of the event loop."""

    def __init__(self) -> None:
        self.told: list[int] = []
        self.sizes: list[int] = []
        self._under_way = False

    async def leave(self, retry_after_ms: int) -> None:
        if not self._under_way:
            self._under_way = True
            self.sizes.append(0)
            asyncio.get_running_loop().call_soon(self._end)
        self.sizes[-1] += 1
        self.told.append(retry_after_ms)

    def _end(self) -> None:
        self._under_way = False


async def test_many_are_handed_over_in_batches_each_with_a_time_of_its_own() -> None:
    drain, batches = Drain(Random(11)), Batches()
    drain.watch(lambda: [batches.leave] * 600)
    drain.watch(lambda: [batches.leave] * 400)
    await drain.hand_over()
    assert batches.sizes == [BATCH] * (1_000 // BATCH)
    assert drain.handed_over == 1_000
    assert len(set(batches.told)) > 300, "they do not all come back at once"
    assert min(batches.told) > 0
    assert max(batches.told) <= RETRY_MS


async def test_however_many_there_are_the_last_is_told_in_time() -> None:
    """The number of batches decides, not a clock."""
    drain, batches = Drain(Random(11)), Batches()
    drain.watch(lambda: [batches.leave] * 20_000)
    await drain.hand_over()
    assert drain.handed_over == 20_000
    assert len(batches.sizes) <= HANDOVER_SECONDS / PAUSE_SECONDS


async def test_one_that_cannot_be_handed_over_keeps_nobody() -> None:
    drain, told = Drain(Random(11)), list[int]()

    async def broken(_retry_after_ms: int) -> None:
        raise RuntimeError

    async def leave(retry_after_ms: int) -> None:
        told.append(retry_after_ms)

    drain.watch(lambda: [broken, leave, broken, leave])
    await drain.hand_over()
    assert (len(told), drain.handed_over) == (2, 2)
