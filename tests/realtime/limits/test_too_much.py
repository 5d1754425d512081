"""A client that sends too much is told truly when to come back, and others notice nothing."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, suppress
from datetime import timedelta
from uuid import uuid4

import httpx
import pytest
from websockets.asyncio.client import connect
from websockets.exceptions import ConnectionClosed

from configurator.people.sharing import Invitation
from tests.realtime.clients import Api, Json, Socket, joined, opened, select
from tests.realtime.conftest import RunningWeb, StartWeb
from tests.realtime.transports.test_socketio import connected
from tests.support.waiting import eventually


@pytest.fixture
async def limited(start_web: StartWeb) -> RunningWeb:
    return await start_web(limit_scale=1.0)


def stand_still(web: RunningWeb) -> None:
    """On a busy machine a moment that was told comes, or an allowance is back, while much is sent."""
    web.time.stop()


def an_op(house: Json, op_id: str | None = None) -> Json:
    return {
        "configuration": house["id"],
        "op_id": op_id or str(uuid4()),
        "base_version": 0,
        "operation": select("nest", "nest100"),
    }


async def test_ops_beyond_the_burst_are_refused_unjudged_and_pass_after_the_wait(
    start_web: StartWeb,
) -> None:
    """(LM1, LM2) Retries of the same op cost, too."""
    web = await start_web(limit_scale=0.1)
    stand_still(web)
    api = web.api()
    house = await api.create()
    async with joined(web.ws_url, api.token or "", house["code"]) as socket:
        again = str(uuid4())
        for n in range(20):
            await socket.send("op", **an_op(house, again if n % 2 else None))
        answers = [frame async for frame in replies(socket, 20)]
        refused = [each for each in answers if each["type"] == "error"]
        assert len(answers) - len(refused) >= 6
        assert {each["code"] for each in refused} == {"too_many_requests"}
        assert all(each["retryable"] and each["op_id"] for each in refused)
        assert again in {each["op_id"] for each in refused}
        new = next(each["op_id"] for each in refused if each["op_id"] != again)
        unknown = await socket.ask("outcome_of", configuration=house["id"], op_id=new)
        assert unknown["code"] == "op_unknown"
        wait_ms = (await exhausted(socket, house))["retry_after_ms"]
        web.time.go_on(timedelta(milliseconds=wait_ms))
        through = await socket.ask("op", **an_op(house))
        assert through["type"] == "outcome"


async def test_more_large_messages_than_are_read_end_the_connection(start_web: StartWeb) -> None:
    """(LM5) A large message costs time before it is parsed, so its bytes are limited, too."""
    web = await start_web(limit_scale=0.1)
    stand_still(web)
    async with opened(web.ws_url) as socket:
        for _ in range(2):
            assert (await socket.ask("ping", note="x" * 7_000))["type"] == "pong"
        assert (await socket.ask("ping"))["type"] == "pong"
        web.time.go_on(timedelta(seconds=3))
        assert (await socket.ask("ping", note="x" * 20_000))["type"] == "pong"
        await socket.send("ping", note="x" * 7_000)
        assert (await socket.next())["code"] == "flooding"
        with pytest.raises(ConnectionClosed) as closed:
            await socket.next()
    assert closed.value.rcvd is not None
    assert (closed.value.rcvd.code, closed.value.rcvd.reason) == (4029, "flooding")


async def replies(socket: Socket, count: int) -> AsyncIterator[Json]:
    while count:
        frame = await socket.next()
        if frame.get("re"):
            count -= 1
            yield frame


async def exhausted(socket: Socket, house: Json) -> Json:
    """The newest refusal, of nobody who waited."""
    while True:
        answer: Json = await socket.ask("op", **an_op(house))
        if answer["type"] == "error":
            return answer


async def test_the_connections_and_requests_of_a_person_count_together(
    start_web: StartWeb,
) -> None:
    """(LM2, ER3)"""
    web = await start_web(limit_scale=0.1)
    stand_still(web)
    api = web.api()
    house = await api.create()
    async with (
        joined(web.ws_url, api.token or "", house["code"]) as one,
        connected(web, api.token or "") as two,
    ):
        await two.ask("join", configuration=house["code"])
        for _ in range(6):
            assert (await one.ask("op", **an_op(house)))["type"] == "outcome"
        for _ in range(6):
            assert "outcome" in await two.ask("op", **an_op(house))
        async with httpx.AsyncClient(base_url=web.url, verify=False, timeout=60) as client:
            bearer = {"authorization": f"Bearer {api.token}"}
            path = f"/api/configurations/{house['id']}/ops"
            answer = await client.post(path, json=an_op(house), headers=bearer)
            while answer.status_code == 200:
                answer = await client.post(path, json=an_op(house), headers=bearer)
        assert answer.status_code == 429
        error = answer.json()["error"]
        assert error["code"] == "too_many_requests"
        assert int(answer.headers["retry-after"]) * 1000 >= error["retry_after_ms"] >= 1


async def test_a_peer_that_does_not_stop_is_closed_and_others_do_not_notice(
    limited: RunningWeb,
) -> None:
    """(LM3, ER2)"""
    stand_still(limited)
    api = limited.api()
    house = await api.create()
    async with (
        joined(limited.ws_url, api.token or "", house["code"]) as calm,
        opened(limited.ws_url) as flood,
    ):
        await flood.hello(api.token)
        with pytest.raises(ConnectionClosed) as closed:
            await send_for_ever(flood)
        assert closed.value.rcvd is not None
        assert (closed.value.rcvd.code, closed.value.rcvd.reason) == (4029, "flooding")
        codes = [frame.get("code") for frame in flood.frames if frame["type"] == "error"]
        assert codes == ["too_many_requests"] * 99 + ["flooding"]
        assert (await calm.ask("ping"))["type"] == "pong"


async def test_a_peer_that_always_waits_as_told_is_never_closed(start_web: StartWeb) -> None:
    """(LM1, LM3) One op at a time; and more at once than flooding would be."""
    web = await start_web(limit_scale=0.5)
    stand_still(web)
    api = web.api()
    house = await api.create()
    async with joined(web.ws_url, api.token or "", house["code"]) as socket:
        done = refused = 0
        while refused < 150:
            answer = await socket.ask("op", **an_op(house))
            refused += answer["type"] == "error"
            done += answer["type"] == "outcome"
            web.time.go_on(timedelta(milliseconds=answer.get("retry_after_ms", 0)))
        assert done >= 150
    async with connected(web, api.token or "") as person:
        await person.ask("join", configuration=house["code"])
        async with asyncio.TaskGroup() as together:
            sent = [together.create_task(person.ask("op", **an_op(house))) for _ in range(200)]
        answers = [each.result() for each in sent]
        assert sum(each.get("code") == "too_many_requests" for each in answers) > 150
        web.time.go_on(timedelta(seconds=10))
        assert "outcome" in await person.ask("op", **an_op(house))


async def send_for_ever(socket: Socket) -> None:
    for _ in range(300):
        await socket.send("ping")
    while True:
        await socket.next()


async def test_a_flood_over_socketio_ends_as_well(limited: RunningWeb) -> None:
    """(LM3)"""
    stand_still(limited)
    api = limited.api()
    await api.create()
    async with connected(limited, api.token or "") as person:
        for _ in range(200):
            await person.client.emit("ping", {}, namespace="/configurator")
        await eventually(lambda: not person.client.connected, why="it was closed")


async def test_leaving_the_namespace_and_coming_back_gives_no_new_limits(
    start_web: StartWeb,
) -> None:
    """(LM4, TR15) A limit is that of the connection, however often it enters the namespace.

    A client that the limit keeps out loses its connection, and comes back later.
    """
    web = await start_web(limit_scale=0.1)
    stand_still(web)
    api = web.api()
    await api.create()
    address = f"{web.url.replace('http', 'ws')}/socket.io/?EIO=4&transport=websocket"
    async with connect(address) as socket:
        await socket.recv()
        with suppress(ConnectionClosed):
            for _ in range(150):
                await socket.send(f'40/configurator,{{"token":"{api.token}"}}')
                while not (text := str(await socket.recv())).startswith("42"):
                    pass
                if '"welcome"' in text:
                    await socket.send('42/configurator,1["nothing",{}]')
                    while not str(await socket.recv()).startswith("43"):
                        pass
                await socket.send("41/configurator,")
        await socket.wait_closed()
        assert (socket.close_code, socket.close_reason) == (1013, "too_many_requests")


async def test_a_viewer_takes_nothing_from_those_who_edit(start_web: StartWeb) -> None:
    """(LM4) Ops that the sender may not make do not count for the house."""
    web = await start_web(limit_scale=0.1)
    api = web.api()
    house = await api.create()
    owner = await web.parts.people.authenticator.by_token(api.token or "")
    assert owner is not None
    invited = await web.parts.editing.sharing.invite(owner, house["id"], Invitation(role="viewer"))
    async with AsyncExitStack() as stack:
        for _ in range(6):
            viewer, token = await web.parts.editing.actions.people.register()
            await web.parts.editing.sharing.redeem(viewer, invited.url.partition("#")[2])
            socket = await stack.enter_async_context(joined(web.ws_url, token, house["code"]))
            for _ in range(12):
                await socket.send("op", **an_op(house))
            codes = {frame["code"] async for frame in replies(socket, 12)}
            assert "read_only" in codes
            refused = await Api(web.url, token).submit(house["id"], select("nest", "nest100"))
            assert refused.json()["error"]["code"] in {"read_only", "too_many_requests"}
        anna = await stack.enter_async_context(joined(web.ws_url, api.token or "", house["code"]))
        assert (await anna.ask("op", **an_op(house)))["type"] == "outcome"


async def test_an_unreadable_message_counts_as_well(start_web: StartWeb) -> None:
    """(LM2)"""
    web = await start_web(limit_scale=0.1)
    stand_still(web)
    api = web.api()
    await api.create()
    async with opened(web.ws_url) as socket:
        await socket.hello(api.token)
        for _ in range(40):
            await socket.send_text('{"type": "nothing", "id": "x"}')
        codes = [(await socket.next())["code"] for _ in range(40)]
        assert codes.count("unknown_message_type") >= 5
        assert set(codes) == {"unknown_message_type", "too_many_requests"}


async def test_presence_that_comes_too_fast_is_shown_in_time_and_never_refused(
    limited: RunningWeb,
) -> None:
    """(LM2, MS5) Only the newest presence is kept."""
    api = limited.api()
    house = await api.create()
    async with (
        joined(limited.ws_url, api.token or "", house["code"]) as mover,
        joined(limited.ws_url, api.token or "", house["code"]) as other,
    ):
        for n in range(500):
            category = "fenster" if n == 499 else ("nest", "pvanlage")[n % 2]
            await mover.send("presence", configuration=house["id"], category=category)
        while True:
            shown = await other.until("presence")
            if any(member["category"] == "fenster" for member in shown["members"]):
                break
        assert (await mover.ask("ping"))["type"] == "pong"
        assert [frame for frame in mover.frames if frame["type"] == "error"] == []


async def test_more_ops_than_a_house_takes_are_refused_from_every_sender(
    start_web: StartWeb,
) -> None:
    """(LM2)"""
    web = await start_web(limit_scale=0.1)
    stand_still(web)
    api = web.api()
    house = await api.create()
    owner = await web.parts.people.authenticator.by_token(api.token or "")
    assert owner is not None
    async with AsyncExitStack() as stack:
        sockets = []
        for _ in range(10):
            guest, token = await web.parts.editing.actions.people.register()
            invited = await web.parts.editing.sharing.invite(owner, house["id"], Invitation())
            await web.parts.editing.sharing.redeem(guest, invited.url.partition("#")[2])
            opening = joined(web.ws_url, token, house["code"])
            sockets.append(await stack.enter_async_context(opening))
        for socket in sockets:
            for _ in range(6):
                await socket.send("op", **an_op(house))
        answers = [frame for socket in sockets async for frame in replies(socket, 6)]
    refused = [each for each in answers if each["type"] == "error"]
    assert refused
    assert {each["code"] for each in refused} == {"too_many_requests"}
    assert len({each["retry_after_ms"] for each in refused}) > len(refused) / 2
