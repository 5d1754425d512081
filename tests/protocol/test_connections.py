"""The beginning of a connection."""

import asyncio
from collections.abc import Callable, Coroutine
from typing import Any
from uuid import uuid4

import pytest
from websockets.asyncio.client import connect
from websockets.typing import Subprotocol

from configurator.protocol.messages import POSITION_MS, PROTOCOL
from realtime.connections.timing import Timing
from tests.realtime.clients import Socket, joined, opened, select
from tests.realtime.conftest import RunningWeb
from tests.support.waiting import eventually


async def test_a_token_in_an_address_is_ignored(web: RunningWeb) -> None:
    """(CN2)"""
    api = web.api()
    house = await api.create()
    for query in ("token", "auth", "access_token", "authorization", "nest_person"):
        async with connect(f"{web.ws_url}?{query}={api.token}") as connection:
            socket = Socket(connection)
            assert (await socket.join(house["code"]))["code"] == "hello_first"
            assert (await socket.hello(None))["code"] == "not_authenticated"


@pytest.mark.parametrize("headers", ["authorization", "cookie"])
async def test_the_handshake_may_say_who_it_is(web: RunningWeb, headers: str) -> None:
    """(CN2)"""
    api = web.api()
    await api.create()
    value = f"Bearer {api.token}" if headers == "authorization" else f"nest_person={api.token}"
    async with opened(web.ws_url, additional_headers={headers: value}) as socket:
        assert (await socket.hello(None))["type"] == "welcome"


async def test_a_silent_peer_is_let_go_after_five_seconds(web: RunningWeb) -> None:
    """Pings do not help. (CN3)"""
    assert Timing().hello_seconds == 5

    async def silent() -> int | None:
        async with opened(web.ws_url) as socket:
            await socket.ask("ping")
            async with asyncio.timeout(60):
                await socket.connection.wait_closed()
            return socket.connection.close_code

    async def silent_over_socketio() -> int | None:
        address = f"{web.url.replace('http', 'ws')}/socket.io/?EIO=4&transport=websocket"
        async with connect(address) as idle:
            async with asyncio.timeout(60):
                await idle.wait_closed()
            return idle.close_code

    assert await both(silent, silent_over_socketio) == [4001, 4001]


async def both(*acts: Callable[[], Coroutine[Any, Any, int | None]]) -> list[int | None]:
    async with asyncio.TaskGroup() as tasks:
        running = [tasks.create_task(act()) for act in acts]
    return [task.result() for task in running]


async def test_welcome_says_who_and_what(web: RunningWeb) -> None:
    """(CN6)"""
    api = web.api()
    created = await api.create()
    async with opened(web.ws_url) as socket:
        welcome = await socket.hello(api.token)
        assert welcome["protocol"] == PROTOCOL
        assert welcome.get("position_ms", 2000) == POSITION_MS
        snapshot = await socket.join(created["code"])
        assert snapshot["you"]["person"] == welcome["person"]["id"]
        assert [m["connection"] for m in snapshot["members"]] == [welcome["connection"]]


@pytest.mark.parametrize(
    ("offered", "chosen"),
    [
        (None, None),
        (["nest.v1"], "nest.v1"),
        (["other", "nest.v1"], "nest.v1"),
        (["nest.v9"], None),
    ],
)
async def test_the_subprotocol_is_chosen_where_it_is_offered(
    web: RunningWeb, offered: list[str] | None, chosen: str | None
) -> None:
    """(TR5)"""
    subprotocols = [Subprotocol(each) for each in offered] if offered else None
    async with connect(web.ws_url, subprotocols=subprotocols) as connection:
        assert connection.subprotocol == chosen
        assert (await Socket(connection).ask("ping"))["type"] == "pong"


async def test_a_join_gives_one_snapshot_of_one_version(web: RunningWeb) -> None:
    """(JN2)"""
    api = web.api()
    created = await api.create()
    await api.submit(created["code"], select("nest", "nest160"))
    async with opened(web.ws_url) as socket:
        await socket.hello(api.token)
        snapshot = await socket.join(created["code"])
        assert (snapshot["type"], snapshot["version"]) == ("snapshot", 1)
        assert snapshot["recovered"] is False
        assert snapshot["selection"]["nest"] == {"option": "nest160"}
        read = await api.read(created["id"])
        assert snapshot["derived"]["price"] == read["derived"]["price"]
        await socket.ask("ping")
        assert [f["type"] for f in socket.frames].count("snapshot") == 1


async def test_joining_again_is_one_membership(web: RunningWeb) -> None:
    """(JN7)"""
    api = web.api()
    created = await api.create()
    async with joined(web.ws_url, api.token or "", created["code"]) as socket:
        again = await socket.join(created["id"])
        assert len(again["members"]) == 1
        since = {"epoch": again["epoch"], "version": again["version"]}
        assert (await socket.join(created["code"], since=since))["recovered"] is True
        outcome = await socket.op(created["id"], select("nest", "nest120"))
        assert outcome["outcome"] == "committed"
        await socket.ask("ping")
        assert [f["version"] for f in socket.frames if f["type"] == "op"] == [1]


async def test_a_member_who_joins_again_is_never_shown_as_gone(web: RunningWeb) -> None:
    """(PR4, JN7)"""
    api = web.api()
    created = await api.create()
    async with (
        joined(web.ws_url, api.token or "", created["code"]) as other,
        joined(web.ws_url, api.token or "", created["code"]) as socket,
    ):
        await other.until("presence", member_count=2)
        (room,) = web.parts.editing.hub.rooms()
        await eventually(lambda: room.members.quiet is None, why="news are told at once")
        await socket.join(created["code"])
        await socket.send("presence", configuration=created["id"], category="nest")
        seen = await other.until("presence")
        counts = [seen["member_count"]]
        while not any(member["category"] == "nest" for member in seen["members"]):
            seen = await other.until("presence")
            counts.append(seen["member_count"])
        assert set(counts) == {2}


async def test_the_server_tells_a_peer_who_it_is(web: RunningWeb) -> None:
    """A message cannot say another name, person, colour or role. (PR1)"""
    api = web.api()
    created = await api.create()
    async with joined(web.ws_url, api.token or "", created["code"]) as socket:
        claims = {"name": "Chef", "person": str(uuid4()), "role": "admin", "colour": 7}
        await socket.send("presence", configuration=created["id"], category="nest", **claims)
        presence = await socket.until("presence")
        while presence["members"][0]["category"] != "nest":
            presence = await socket.until("presence")
        welcome = socket.frames[0]
        (member,) = presence["members"]
        assert member["name"] == welcome["person"]["name"]
        assert member["person"] == welcome["person"]["id"]
        assert member["colour"] == welcome["person"]["colour"]
        assert member["role"] == "owner"


async def test_presence_is_no_part_of_the_document(web: RunningWeb) -> None:
    """(PR5)"""
    api = web.api()
    created = await api.create()
    async with joined(web.ws_url, api.token or "", created["code"]) as socket:
        for number in range(200):
            category = ("nest", "fenster")[number % 2]
            await socket.send("presence", configuration=created["id"], category=category)
        await socket.ask("ping")
    assert (await api.read(created["id"]))["version"] == 0
    log = (await api.call("GET", f"/api/configurations/{created['id']}/ops")).json()
    assert log["ops"] == []
