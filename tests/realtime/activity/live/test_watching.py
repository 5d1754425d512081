"""Admin programs watch the live interactions over a socket, on every transport."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import uuid4

import pytest
import socketio
from websockets.asyncio.client import connect

from realtime.people import auth
from realtime.people.principal import Staff, token_sha256
from storage.redis.activity.keys import EVENTS
from storage.redis.client import Redis, commands
from tests.realtime.clients import Json, Socket, opened
from tests.realtime.conftest import RunningWeb, StartWeb
from tests.realtime.transports.test_socketio import NAMESPACE, connected
from tests.support.activity import event
from tests.support.waiting import eventually


async def admin_token(web: RunningWeb) -> str:
    token = f"session-{uuid4()}"
    expires_at = datetime.now(UTC) + timedelta(hours=1)
    await web.parts.stores.admins.open_session(token_sha256(token), expires_at)
    return token


async def an_admin(web: RunningWeb) -> Staff:
    """An admin of a new session."""
    return auth.admin_of(token_sha256(await admin_token(web)))


@asynccontextmanager
async def admin_of(web: RunningWeb, token: str | None = None) -> AsyncIterator[Socket]:
    async with opened(web.ws_url) as socket:
        welcome = await socket.hello(token or await admin_token(web))
        assert welcome["person"]["name"] == "Admin"
        yield socket


async def append(web: RunningWeb, first: int, end: int, **fields: Any) -> str:
    """Interactions of sessions with these numbers; the id of the last one."""
    stored = await web.parts.stores.stream.append(
        [event(f"{n}", **fields) for n in range(first, end)]
    )
    return stored[-1].stream_id


async def watched(socket: Socket, count: int) -> list[str]:
    """The sessions of the next interactions, none skipped, no gap."""
    names: list[str] = []
    while len(names) < count:
        message = await socket.until("activity")
        assert (message["skipped"], message["gap"]) == (0, False)
        names += [each["session"] for each in message["events"]]
    return names


async def test_an_admin_sees_the_newest_then_everything(web: RunningWeb) -> None:
    """(AC3)"""
    await append(web, 0, 30)
    async with admin_of(web) as socket:
        watching = await socket.ask("watch", history=10)
        assert watching["type"] == "watching"
        assert await watched(socket, 10) == [str(n) for n in range(20, 30)]
        await append(web, 30, 33)
        assert await watched(socket, 3) == ["30", "31", "32"]
        assert (await socket.ask("unwatch"))["type"] == "unwatched"
        await append(web, 33, 34)
        assert (await socket.ask("ping"))["type"] == "pong"
        await eventually(lambda: not web.parts.activity.feed.watchers, why="nobody watches")


async def test_over_socketio_and_with_the_cookie(web: RunningWeb) -> None:
    """(AC3, TR2)"""
    token = await admin_token(web)
    await append(web, 0, 5)
    async with connected(web, token) as program:
        assert "since" in await program.ask("watch", history=2)
        await eventually(lambda: program.seen("activity"))
        assert [each["session"] for each in program.seen("activity")[0]["events"]] == ["3", "4"]
    cookie = f"nest_admin={token}"
    client = socketio.AsyncClient(reconnection=False)
    await client.connect(
        web.url, headers={"cookie": cookie}, namespaces=[NAMESPACE], transports=["websocket"]
    )
    watching = await client.call("watch", {"history": 1}, namespace=NAMESPACE, timeout=60)
    assert "since" in watching
    await client.disconnect()
    async with connect(web.ws_url, additional_headers={"cookie": cookie}) as connection:
        socket = Socket(connection)
        await socket.hello(None)
        await socket.ask("watch", history=1)
        assert await watched(socket, 1) == ["4"]


async def test_people_may_not_watch(web: RunningWeb) -> None:
    """(AC2)"""
    api = web.api()
    await api.create()
    async with opened(web.ws_url) as socket:
        await socket.hello(api.token)
        assert (await socket.ask("watch"))["code"] == "admins_only"
        assert (await socket.ask("ping"))["type"] == "pong"


async def test_a_watch_resumes_exactly_where_it_was_on_any_process_under_load(
    start_web: StartWeb,
) -> None:
    """(AC3, AC4) Cut off again and again, with a filter, while interactions come."""
    webs = [await start_web("one"), await start_web("two")]
    token = await admin_token(webs[0])
    since = await append(webs[0], 0, 1)
    kinds = ("click", "view")

    async def write() -> None:
        for n in range(1, 1_501):
            await append(webs[n % 2], n, n + 1, event_type=kinds[n % 2])

    got: list[str] = []
    async with asyncio.TaskGroup() as tasks:
        tasks.create_task(write())
        round_ = 0
        while len(got) < 750:
            async with admin_of(webs[round_ % 2], token) as socket:
                watching = await socket.ask("watch", since=since, filter={"event_types": ["view"]})
                assert watching["since"] == since
                for _ in range(3):
                    if len(got) == 750:
                        break
                    message = await socket.until("activity")
                    assert (message["skipped"], message["gap"]) == (0, False)
                    got += [each["session"] for each in message["events"]]
                    since = message["last_id"]
            round_ += 1
    assert got == [str(n) for n in range(1, 1_501, 2)]
    assert round_ > 2


async def test_entries_trimmed_meanwhile_are_told_as_a_gap(web: RunningWeb, redis_url: str) -> None:
    """(AC4)"""
    since = await append(web, 0, 1)
    await append(web, 1, 9)
    newest = await append(web, 9, 10)
    async with Redis(redis_url) as redis:
        await commands(redis).xtrim(EVENTS, minid=newest, approximate=False)
    async with admin_of(web) as socket:
        await socket.ask("watch", since=since)
        message = await socket.until("activity")
        assert message["gap"]
        assert [each["session"] for each in message["events"]] == ["9"]
        assert message["last_id"] == newest


async def test_a_second_watch_replaces_the_first(web: RunningWeb) -> None:
    """(AC6)"""
    await append(web, 0, 3)
    async with admin_of(web) as socket:
        await socket.ask("watch", history=0)
        await socket.ask("watch", history=0, filter={"session_id": "5"})
        await append(web, 3, 6)
        assert await watched(socket, 1) == ["5"]
        await eventually(lambda: len(web.parts.activity.feed.watchers) == 1)
    await eventually(
        lambda: not web.parts.activity.feed.watchers, why="it ends with the connection"
    )


async def test_a_slow_reader_is_told_what_was_skipped_and_others_see_all(web: RunningWeb) -> None:
    """(AC5)"""
    token = await admin_token(web)
    async with (
        admin_of(web, token) as quick,
        connect(web.ws_url, max_queue=1) as connection,
    ):
        slow = Socket(connection)
        await slow.hello(token)
        for socket in (quick, slow):
            await socket.ask("watch", history=0)
        total = 0
        seen: list[str] = []
        paused = web.parts.activity.feed.watchers
        await eventually(lambda: len(paused) == 2)
        connection.transport.pause_reading()
        while not any(watcher.skipped for watcher in paused):
            await append(web, total, total + 400, element_id="x" * 200)
            total += 400
            seen += await watched(quick, 400)
        await append(web, total, total + 1)
        connection.transport.resume_reading()
        got: list[str] = []
        skipped = 0
        while not got or got[-1] != str(total):
            message: Json = await slow.until("activity")
            skipped += message["skipped"]
            got += [each["session"] for each in message["events"]]
        assert len(got) + skipped == total + 1
        assert skipped > 0
        assert got == sorted(set(got), key=int)
        assert seen == [str(n) for n in range(total)]


@pytest.mark.parametrize("since", ["1", "x-1", "-", ""])
async def test_texts_that_are_not_ids_are_refused(web: RunningWeb, since: str) -> None:
    """(MS4)"""
    async with admin_of(web) as socket:
        assert (await socket.ask("watch", since=since))["code"] == "malformed_message"
