"""A frozen peer is not shown any more, keeps its connection, and is shown again. (PR4, PR7)

With intervals that are a tenth or less of the real ones.
"""

import asyncio
from collections.abc import AsyncIterator, Callable, Coroutine
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import dataclass
from typing import Any

import httpx
import pytest
from websockets.asyncio.client import connect

from realtime.connections.signs_of_life import (
    PING_SECONDS,
    PONG_SECONDS,
    SILENT_SECONDS,
    SignsOfLife,
)
from realtime.connections.timing import Timing
from tests.realtime import page_tabs
from tests.realtime.clients import Json, Socket, joined, opened
from tests.realtime.conftest import RunningWeb, StartWeb
from tests.support.waiting import eventually


@dataclass
class Peer:
    """Somebody in the house: how they freeze, and give a sign of life again."""

    freeze: Callable[[], None]
    wake: Callable[[], Coroutine[Any, Any, object]]


async def nothing() -> None:
    pass


@asynccontextmanager
async def raw(web: RunningWeb, token: str, house: Json) -> AsyncIterator[Peer]:
    """Its machine or network stops: what is sent to it stays in the kernel."""
    async with joined(web.ws_url, token, house["code"]) as socket:
        transport = socket.connection.transport

        async def wake() -> None:
            transport.resume_reading()
            assert (await socket.ask("ping"))["type"] == "pong"

        yield Peer(transport.pause_reading, wake)


@asynccontextmanager
async def hung(web: RunningWeb, token: str, house: Json) -> AsyncIterator[Peer]:
    """A tab whose scripts hang: the browser answers the pings below them all the same."""
    async with opened(web.ws_url) as socket:
        await socket.ask("hello", protocol=1, token=token, heartbeat_ms=10_000)
        await socket.join(house["code"])
        yield Peer(lambda: None, lambda: socket.ask("ping"))


@asynccontextmanager
async def socketio(web: RunningWeb, token: str, house: Json) -> AsyncIterator[Peer]:
    """A client that answers no ping of Engine.IO."""
    address = f"{web.url.replace('http', 'ws')}/socket.io/?EIO=4&transport=websocket"
    async with connect(address) as socket:
        await socket.send(f'40/configurator,{{"token":"{token}"}}')
        await socket.send(f'42/configurator,["join",{{"configuration":"{house["code"]}"}}]')
        yield Peer(lambda: None, lambda: socket.send("3"))


@asynccontextmanager
async def polling(web: RunningWeb, token: str, house: Json) -> AsyncIterator[Peer]:
    """A client that does not poll any more."""
    async with httpx.AsyncClient(timeout=15) as client:
        address = f"{web.url}/socket.io/?EIO=4&transport=polling"
        sid = (await client.get(address)).text.split('"sid":"')[1].split('"')[0]
        for packet in (
            f'40/configurator,{{"token":"{token}"}}',
            f'42/configurator,["join",{{"configuration":"{house["code"]}"}}]',
        ):
            await client.post(f"{address}&sid={sid}", content=packet)
        yield Peer(lambda: None, lambda: client.post(f"{address}&sid={sid}", content="3"))


@asynccontextmanager
async def page(web: RunningWeb, token: str, house: Json) -> AsyncIterator[Peer]:
    """Its browser answers no ping."""
    async with page_tabs.page(web, token, house["code"]) as opened:
        await opened.join()

        async def wake() -> None:
            opened.tab.connection.heard()

        yield Peer(lambda: None, wake)


@pytest.fixture
async def quick(start_web: StartWeb) -> RunningWeb:
    return await start_web(timing=Timing(ping_seconds=0.1, silent_seconds=1.0))


Way = Callable[[RunningWeb, str, Json], AbstractAsyncContextManager[Peer]]


@pytest.mark.parametrize("way", [raw, hung, socketio, polling, page])
async def test_a_frozen_peer_is_hidden_and_shown_again(quick: RunningWeb, way: Way) -> None:
    """(PR4, PR7, TR17) The connection stays open."""
    api = quick.api()
    house = await api.create()
    async with joined(quick.ws_url, api.token or "", house["code"]) as watcher:
        async with way(quick, api.token or "", house) as peer:
            await members(watcher, 2)
            peer.freeze()
            await members(watcher, 1)
            await peer.wake()
            await members(watcher, 2)
        if way is not polling:  # nobody says goodbye there
            await members(watcher, 1)


async def test_a_house_is_on_the_screens_of_those_who_are_present(quick: RunningWeb) -> None:
    """A tab that was killed keeps its place for two minutes; admins see no house because of it."""

    def reported() -> int:
        report = quick.parts.editing.hub.report()
        assert len(report.rooms) == report.room_count
        return report.room_count

    api = quick.api()
    house = await api.create()
    async with page(quick, api.token or "", house) as tab:
        await tab.wake()
        assert reported() == 1
        tab.freeze()
        await eventually(lambda: reported() == 0, why="nobody is seen there")
        await tab.wake()
        assert reported() == 1


async def members(watcher: Socket, count: int) -> None:
    while (await watcher.until("presence"))["member_count"] != count:
        pass


async def test_nothing_is_compressed(quick: RunningWeb) -> None:
    """(TR18)"""
    async with connect(quick.ws_url, compression="deflate") as socket:
        assert socket.protocol.extensions == []


async def test_silence_is_told_once_and_so_is_its_end() -> None:
    """(PR7)"""
    told: asyncio.Queue[bool] = asyncio.Queue()
    life = SignsOfLife(told.put_nowait, silent_seconds=0.01)
    life.watch()
    life.watch()
    assert await told.get() is False
    assert life.silent
    life.heard()
    assert await told.get() is True
    assert await told.get() is False
    life.end()
    assert told.empty()


def test_twenty_seconds_hold_and_a_slow_answer_costs_nothing() -> None:
    """(PR4, TR16) Every other sign of life may be lost or late; who is slower keeps the connection."""
    assert 2 * PING_SECONDS < SILENT_SECONDS < 20 - 2
    assert PONG_SECONDS >= 20
