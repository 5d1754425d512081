"""`track` over sockets: the clock, the count and the wishes of its visitor, as over REST."""

from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from functools import partial
from typing import Any

import pytest
import socketio

from configurator.activity.entries import decode_entry
from configurator.activity.event_ids import unix_ms, uuid7
from configurator.activity.interaction import Event, Filtered
from tests.realtime.clients import Json, opened
from tests.realtime.conftest import RunningWeb
from tests.realtime.transports.test_socketio import NAMESPACE, Person
from tests.support.activity import new_id, now

Ask = Callable[..., Awaitable[Json]]
CLICK = {"eventType": "click", "category": "nest"}
YEAR_MS = 31_536_000_000
CHROME = "Mozilla/5.0 (Windows NT 10.0; Win64; x64) Chrome/141.0.0.0 Safari/537.36"


@asynccontextmanager
async def websocket(web: RunningWeb, token: str, headers: dict[str, str]) -> AsyncIterator[Ask]:
    agent = headers.pop("user-agent")
    async with opened(web.ws_url, additional_headers=headers, user_agent_header=agent) as socket:
        await socket.hello(token)
        yield socket.ask


@asynccontextmanager
async def socket_io(
    web: RunningWeb, token: str, headers: dict[str, str], *, transport: str
) -> AsyncIterator[Ask]:
    client = socketio.AsyncClient(reconnection=False)
    person = Person(client)
    await client.connect(
        web.url,
        headers=headers,
        namespaces=[NAMESPACE],
        transports=[transport],
        auth={"token": token},
    )
    try:
        yield person.ask
    finally:
        await client.disconnect()


WAYS = [
    websocket,
    partial(socket_io, transport="websocket"),
    partial(socket_io, transport="polling"),
]


async def entries(web: RunningWeb) -> list[Event | Filtered]:
    return [decode_entry(each.payload) for each in await web.parts.stores.stream.newest(100)]


async def token_of(web: RunningWeb) -> str:
    api = web.api()
    await api.create()
    return api.token or ""


@pytest.mark.parametrize("way", WAYS, ids=["websocket", "socketio", "polling"])
async def test_clock_count_and_visitor_are_known(web: RunningWeb, way: Any) -> None:
    """(AC7, AC9, AC11)"""
    headers = {"user-agent": CHROME, "accept-language": "de-AT,de;q=0.5"}
    async with way(web, await token_of(web), headers) as ask:
        there_ms = unix_ms(now()) + 10 * YEAR_MS
        event_id = uuid7(there_ms - 5_000, 3)
        told = await ask(
            "track",
            session_id="s",
            interaction=CLICK,
            event_id=str(event_id),
            sent_at_ms=there_ms,
            seq=4,
            tab=1,
        )
        assert (told["type"], told["event_id"]) == ("tracked", str(event_id))
        assert (told["duplicate"], told["filtered"]) == (False, None)
        (stored,) = await entries(web)
        assert isinstance(stored, Event)
        assert (stored.seq, stored.tab, stored.bot) == (4, 1, None)
        assert (stored.language, stored.network) == ("de-AT", "127.0.0.0/24")
        assert stored.occurred_at <= stored.received_at
        assert stored.skew_ms is not None
        assert abs(stored.skew_ms - 10 * YEAR_MS) < 30_000


@pytest.mark.parametrize("way", WAYS, ids=["websocket", "socketio", "polling"])
@pytest.mark.parametrize(
    ("headers", "reason"),
    [({"sec-gpc": "1"}, "gpc"), ({"cookie": "nest_consent=none"}, "no_consent")],
)
async def test_an_interaction_that_may_not_be_stored_is_told_and_counted(
    web: RunningWeb, way: Any, headers: dict[str, str], reason: str
) -> None:
    """(AC10)"""
    async with way(web, await token_of(web), {"user-agent": CHROME, **headers}) as ask:
        event_id = str(new_id())
        told = await ask("track", session_id="s", interaction=CLICK, event_id=event_id)
        assert (told["type"], told["event_id"], told["filtered"]) == ("tracked", event_id, reason)
        (marker,) = await entries(web)
        assert isinstance(marker, Filtered)
        assert marker.filtered == reason


async def test_programs_are_bots(web: RunningWeb) -> None:
    """(AC12)"""
    async with websocket(web, await token_of(web), {"user-agent": "python-httpx/0.28"}) as ask:
        await ask("track", session_id="s", interaction=CLICK)
        (stored,) = await entries(web)
        assert isinstance(stored, Event)
        assert stored.bot is not None
        assert stored.bot.startswith("crawler ")
