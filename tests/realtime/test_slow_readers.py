"""Who does not read is told so and let go; nothing grows, and nobody else waits."""

import asyncio
from contextlib import suppress

from websockets.asyncio.client import connect
from websockets.exceptions import ConnectionClosed

from realtime.transports.socketio import WAITING_FRAMES_MAX
from tests.realtime.clients import joined, select
from tests.realtime.conftest import RunningWeb
from tests.support.waiting import eventually

LONG_FRAME = b'{"type": "pong", "re": "' + b"x" * 16_000 + b'"}'


async def test_a_slow_socketio_client_is_told_and_let_go(web: RunningWeb) -> None:
    """(BP3, BP4)"""
    api = web.api()
    created = await api.create()
    url = f"{web.url.replace('http', 'ws')}/socket.io/?EIO=4&transport=websocket"
    async with (
        joined(web.ws_url, api.token or "", created["code"]) as other,
        connect(url, max_queue=1) as slow,
    ):
        await slow.recv()
        await slow.send(f'40/configurator,{{"token": "{api.token}"}}')
        await slow.send(f'42/configurator,["join", {{"configuration": "{created["code"]}"}}]')
        (room,) = web.parts.hub.rooms()
        await eventually(lambda: len(room.members) == 2, why="both are in the room")
        (engine,) = web.parts.socketio._server.eio.sockets.values()
        for _ in range(20 * WAITING_FRAMES_MAX):
            room.members.attachments()[1].deliver(LONG_FRAME)
            await asyncio.sleep(0)
            if not web.parts.socketio._peers:
                break
        assert not web.parts.socketio._peers
        assert len(room.members) == 1
        assert engine.queue.qsize() < 2 * WAITING_FRAMES_MAX
        outcome = await other.op(created["id"], select("nest", "nest120"))
        assert outcome["outcome"] == "committed"
        read: list[str] = []
        async with asyncio.timeout(10):
            with suppress(ConnectionClosed):
                while True:
                    read.append(str(await slow.recv()))
        assert any("slow_reader" in packet for packet in read[-5:]), [p[:80] for p in read[-5:]]
        assert slow.close_code is not None
