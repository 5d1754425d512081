"""Wrong messages of another process, perhaps of another release, harm nobody here."""

import asyncio
from uuid import UUID

import pytest

from storage.redis.bus.bus import room_channel
from tests.realtime.activity.live.test_watching import an_admin
from tests.realtime.clients import joined, select
from tests.realtime.conftest import RunningWeb

UNREADABLE = [b"", b"\xff\xfe", b"{}", b'{"process": "\xff", "members": []}', b"[" * 2000]


async def test_unreadable_messages_on_the_bus(web: RunningWeb) -> None:
    api = web.api()
    created = await api.create()
    async with joined(web.ws_url, api.token or "", created["code"]) as socket:
        for payload in UNREADABLE:
            for kind in (b"", b"o", b"p", b"x"):
                web.parts.editing.hub.hear(room_channel(UUID(created["id"])), kind + payload)
        outcome = await socket.op(created["id"], select("nest", "nest100"))
        assert outcome["outcome"] == "committed"


@pytest.mark.parametrize("payload", UNREADABLE)
async def test_unreadable_members_of_another_process(web: RunningWeb, payload: bytes) -> None:
    api = web.api()
    created = await api.create()
    await web.parts.stores.presence.put(UUID(created["id"]), "odd", payload, 20)
    async with joined(web.ws_url, api.token or "", created["code"]) as socket:
        assert any(frame["type"] == "snapshot" for frame in socket.frames)


@pytest.mark.parametrize("payload", UNREADABLE)
async def test_an_unreadable_report_of_another_process(web: RunningWeb, payload: bytes) -> None:
    api = web.api()
    created = await api.create()
    await web.parts.stores.presence.report("odd", payload, 10)
    frames: asyncio.Queue[str] = asyncio.Queue()
    async with joined(web.ws_url, api.token or "", created["code"]):
        watch = await web.parts.activity.live_view.watch(
            frames.put_nowait, admin=await an_admin(web)
        )
        async with asyncio.timeout(60):
            while created["code"] not in await frames.get():
                pass
        await watch.close()
