"""A peer that does not read is told so and let go; no queue grows, and nobody else waits."""

import asyncio
import socket
import struct
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress

import msgspec
from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed
from websockets.frames import Frame as WireFrame
from websockets.frames import Opcode

from configurator.protocol.codes import CODES
from realtime.connections.timing import Timing
from realtime.delivery.frame import Frame
from realtime.delivery.outbox import BYTES_MAX
from realtime.delivery.peer import Peer
from realtime.transports.socketio.client import Link
from realtime.transports.websocket.uvicorn_protocol import WRITE_HIGH_BYTES
from tests.realtime.clients import Json, Socket, joined, select
from tests.realtime.conftest import RunningWeb, StartWeb
from tests.support.waiting import eventually

SHELLS = ("trapezblech", "holzlattung")
SLOW_READER = CODES["slow_reader"].close


def reply(size_bytes: int = 16_000) -> Frame:
    """A frame that nothing can stand for."""
    return Frame("pong", b'{"type":"pong","re":"' + b"x" * size_bytes + b'"}')


@asynccontextmanager
async def stalled(url: str) -> AsyncIterator[ClientConnection]:
    """A connection that takes next to nothing while nobody reads from it."""
    host, _, port = url.split("/")[2].partition(":")
    narrow = socket.socket()
    narrow.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
    narrow.setblocking(False)
    await asyncio.get_running_loop().sock_connect(narrow, (host, int(port)))
    async with connect(
        url, sock=narrow, max_queue=1, ping_interval=None, close_timeout=0.1
    ) as connection:
        yield connection


async def enter(slow: ClientConnection, token: str, configuration: str) -> None:
    for message in (
        {"type": "hello", "protocol": 1, "token": token},
        {"type": "join", "configuration": configuration},
    ):
        await slow.send(msgspec.json.encode(message), text=True)


async def read_until_closed(slow: ClientConnection) -> list[str]:
    read: list[str] = []
    async with asyncio.timeout(60):
        with suppress(ConnectionClosed):
            while True:
                read.append(str(await slow.recv()))
    return read


def peer_of(web: RunningWeb, number: int) -> Peer[bytes]:
    """The sending side of the member who entered as number 0, 1, ..."""
    (room,) = web.parts.editing.hub.rooms()
    found = room.members.attachments()[number].deliver.__self__  # type: ignore[attr-defined]
    peer = found.peer if isinstance(found, Link) else found
    assert isinstance(peer, Peer)
    return peer


def kept_bytes(peer: Peer[bytes]) -> int:
    waiting = peer.outbox.size_bytes if peer.outbox is not None else 0
    return waiting + peer.outlet.unsent_bytes


async def fall_behind(web: RunningWeb, other: Socket, created: Json, peer: Peer[bytes]) -> int:
    """Edit until ops had to give way for the peer; the version then."""
    version = 0
    while peer.outbox is None or not peer.outbox.dropped:
        outcome = await other.op(created["id"], select("gebaeudehuelle", SHELLS[version % 2]))
        version = outcome["version"]
        assert kept_bytes(peer) < WRITE_HIGH_BYTES + BYTES_MAX + 64 * 1024
    return version


async def test_a_stalled_reader_costs_little_delays_nobody_and_is_whole_when_it_reads(
    web: RunningWeb,
) -> None:
    """(BP1, BP2, BP4)"""
    api = web.api()
    created = await api.create()
    async with (
        joined(web.ws_url, api.token or "", created["code"]) as other,
        stalled(web.ws_url) as slow,
    ):
        await enter(slow, api.token or "", created["code"])
        (room,) = web.parts.editing.hub.rooms()
        await eventually(lambda: len(room.members) == 2, why="both are in the room")
        version = await fall_behind(web, other, created, peer_of(web, 1))
        seen = [frame["version"] for frame in other.frames if frame["type"] == "op"]
        assert seen == list(range(1, version + 1))
        frames: list[Json] = []
        async with asyncio.timeout(60):
            while not frames or frames[-1].get("version") != version:
                frames.append(msgspec.json.decode(await slow.recv()))
        snapshots = [frame for frame in frames if frame["type"] == "snapshot"]
        assert snapshots[-1]["recovered"] is False
        assert snapshots[-1]["version"] == version
        assert snapshots[-1]["selection"] == (await api.read(created["id"]))["selection"]
        ops = [frame["version"] for frame in frames if frame["type"] == "op"]
        assert ops == list(range(1, len(ops) + 1))


async def test_a_peer_that_takes_nothing_for_long_is_let_go_and_resumes(
    start_web: StartWeb,
) -> None:
    """(BP3, ER2, TR12)"""
    web = await start_web(timing=Timing(write_seconds=0.3))
    api = web.api()
    created = await api.create()
    async with (
        joined(web.ws_url, api.token or "", created["code"]) as other,
        stalled(web.ws_url) as slow,
    ):
        await enter(slow, api.token or "", created["code"])
        (room,) = web.parts.editing.hub.rooms()
        await eventually(lambda: len(room.members) == 2, why="both are in the room")
        peer = peer_of(web, 1)
        outcome = await other.op(created["id"], select("nest", "nest120"))
        while kept_bytes(peer) <= WRITE_HIGH_BYTES:
            peer.deliver(reply())
        await eventually(lambda: len(room.members) == 1, why="the stalled one is let go")
        read = await read_until_closed(slow)
        assert '"slow_reader"' in read[-1]
        assert slow.close_code == SLOW_READER
        async with joined(web.ws_url, api.token or "", created["code"]) as back:
            (snapshot,) = [frame for frame in back.frames if frame["type"] == "snapshot"]
            assert snapshot["version"] == outcome["version"]


async def test_a_peer_that_never_reads_again_is_cut_off(web: RunningWeb) -> None:
    """(BP3, ER5, TR12)"""
    api = web.api()
    created = await api.create()
    async with (
        joined(web.ws_url, api.token or "", created["code"]) as other,
        stalled(web.ws_url) as slow,
    ):
        await enter(slow, api.token or "", created["code"])
        (room,) = web.parts.editing.hub.rooms()
        await eventually(lambda: len(room.members) == 2, why="both are in the room")
        peer = peer_of(web, 1)
        transport = peer.outlet.protocol.transport  # type: ignore[attr-defined]
        while not peer.ended:
            peer.deliver(reply())
        assert kept_bytes(peer) < WRITE_HIGH_BYTES + 64 * 1024
        await eventually(
            lambda: not transport.get_write_buffer_size(), why="nothing is kept for it"
        )
        outcome = await other.op(created["id"], select("nest", "nest120"))
        assert outcome["outcome"] == "committed"


async def test_pings_of_a_peer_that_does_not_read_are_not_piled_up(web: RunningWeb) -> None:
    """(ER5)"""
    api = web.api()
    created = await api.create()
    async with stalled(web.ws_url) as slow:
        await enter(slow, api.token or "", created["code"])
        await eventually(lambda: bool(web.parts.editing.hub.rooms()), why="the room is open")
        (room,) = web.parts.editing.hub.rooms()
        await eventually(lambda: len(room.members) == 1, why="it is in the room")
        peer = peer_of(web, 0)
        while kept_bytes(peer) <= WRITE_HIGH_BYTES:
            peer.deliver(reply())
        before = peer.outlet.unsent_bytes
        for number in range(900):
            payload = struct.pack("!I", number) * 30
            slow.transport.write(WireFrame(Opcode.PING, payload).serialize(mask=True))
        await slow.send('{"type": "ping", "id": "last"}')
        await eventually(
            lambda: peer.outbox is not None and len(peer.outbox) > 0,
            why="all of them have arrived",
        )
        assert peer.outlet.unsent_bytes == before


async def test_a_slow_socketio_client_is_told_and_let_go(web: RunningWeb) -> None:
    """(BP3, BP4, TR11)"""
    api = web.api()
    created = await api.create()
    url = f"{web.url.replace('http', 'ws')}/socket.io/?EIO=4&transport=websocket"
    async with (
        joined(web.ws_url, api.token or "", created["code"]) as other,
        stalled(url) as slow,
    ):
        await slow.recv()
        await slow.send(f'40/configurator,{{"token": "{api.token}"}}')
        await slow.send(f'42/configurator,["join", {{"configuration": "{created["code"]}"}}]')
        (room,) = web.parts.editing.hub.rooms()
        await eventually(lambda: len(room.members) == 2, why="both are in the room")
        peer = peer_of(web, 1)
        while not peer.ended:
            peer.deliver(reply())
        await eventually(lambda: len(room.members) == 1, why="it is let go")
        outcome = await other.op(created["id"], select("nest", "nest120"))
        assert outcome["outcome"] == "committed"
        read = await read_until_closed(slow)
        assert read[-1].startswith('42/configurator,["error",')
        assert '"slow_reader"' in read[-1]
        assert slow.close_code == SLOW_READER


async def test_empty_parts_of_a_message_are_not_piled_up(web: RunningWeb) -> None:
    """(ER5) They count nothing against its size."""
    api = web.api()
    created = await api.create()
    async with joined(web.ws_url, api.token or "", created["code"]) as socket:
        protocol = peer_of(web, 0).outlet.protocol  # type: ignore[attr-defined]
        kept: list[int] = []

        async def parts() -> AsyncIterator[str]:
            yield '{"type": "pi'
            for _ in range(900):
                yield ""
            await (await socket.connection.ping())
            kept.append(len(protocol.frames))
            yield 'ng", "id": "whole"}'

        await socket.connection.send(parts())
        assert (await socket.until("pong"))["re"] == "whole"
        assert kept == [1]
