"""Floods of frames on a WebSocket that the application hardly sees."""

import asyncio
import struct
from collections.abc import Awaitable, Callable
from contextlib import suppress
from typing import cast

import pytest
from starlette.types import Receive, Scope, Send
from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed
from websockets.frames import Frame, Opcode

from realtime.delivery.inbox import Inbox
from realtime.transports.websocket.socket import socket_of
from realtime.transports.websocket.uvicorn_protocol import (
    CLOSE_FLOODING,
    NEEDLESS_FRAMES_MAX,
    PARSED_BYTES,
    NestWebSocketProtocol,
)
from tests.attack.engine import OURS, closed_soon, upgraded
from tests.attack.engine import opened as open_directly
from tests.attack.victim import Victim
from tests.support.programs.http_server import echoing

SOCKET = (
    b"GET /ws HTTP/1.1\r\nHost: x\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n"
    b"Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n"
)
EMPTY = struct.pack("!BBI", 0x89, 0x80, 0)  # a ping, masked, of nothing
FLOODS = {
    "pings": EMPTY,
    "pongs": b"\x8a" + EMPTY[1:],
    "empty parts": b"\x00" + EMPTY[1:],
    "parts of a byte": b"\x00\x81\x00\x00\x00\x00x",
}


async def opened(port: int) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    writer.write(SOCKET)
    assert b" 101 " in await reader.readuntil(b"\r\n\r\n")
    return reader, writer


@pytest.mark.parametrize("frame", FLOODS.values(), ids=FLOODS)
async def test_frames_that_carry_nothing_end_the_connection(frame: bytes) -> None:
    """93,000 pings a second of one peer cost half a core."""
    with echoing() as port:
        reader, writer = await opened(port)
        writer.write(b"\x01\x81\x00\x00\x00\x00x" if frame[0] == 0 else b"")  # begins a text
        writer.write(frame * (NEEDLESS_FRAMES_MAX + 50))
        async with asyncio.timeout(10):
            answer = await reader.read()
        writer.transport.abort()
    assert struct.pack("!H", CLOSE_FLOODING) + b"flooding" in answer


Open = Callable[[Victim, str], Awaitable[ClientConnection]]

NESTED = {
    "brackets": "[" * 65_000,
    "brackets in a message": '{"type":"ping","x":' + "[" * 64_000,
    "brackets and strings in turn": '{"type":"ping","x":' + '[{"a":' * 10_000,
    "many fields": '{"type":"ping",' + ",".join(f'"k{n}":1' for n in range(6_000)) + "}",
    "a deep place and many flat ones": '{"type":"x","x":' + "[" * 1_200 + "[]," * 20_000,
}


async def test_large_messages_of_strangers_end_their_connections(victim: Victim) -> None:
    """Three such sockets took the whole process: 18 ms for each message, others waited 450 ms."""
    async with victim.attacked() as cost, asyncio.TaskGroup() as attack:
        ends = [attack.create_task(sent_for_ever(victim.port, text)) for text in NESTED.values()]
    print(cost)
    assert {end.result() for end in ends} == {"flooding"}
    assert not cost.wrong
    assert not [*victim.wrong_lines()]


@pytest.mark.parametrize("how", [open_directly, upgraded])
@pytest.mark.parametrize("begin", ["2", "2/configurator,", "2/x,"])
async def test_large_events_end_their_sessions(victim: Victim, how: Open, begin: str) -> None:
    """Before, they were parsed and encoded again before anything checked their size."""
    event = f'4{begin}["message",{NESTED["many fields"]}]'
    socket = await how(victim, OURS)
    with suppress(ConnectionClosed):
        for _ in range(10):
            await socket.send(event)
    assert await closed_soon(socket)
    assert socket.close_reason == "flooding"


async def sent_for_ever(port: int, text: str) -> str:
    """The reason why a connection ends that sends this text as fast as the server accepts it."""
    async with connect(f"ws://127.0.0.1:{port}/ws", max_queue=None) as socket:
        with suppress(ConnectionClosed):
            while True:
                await socket.send(text)
        return socket.close_reason or ""


async def test_messages_that_come_together_are_taken_one_after_the_other() -> None:
    """A socket held 16 MB for 256 kB of messages of two bytes."""
    waiting: list[int] = []
    texts: list[str] = []
    done = asyncio.Event()
    loop = asyncio.get_running_loop()
    number = 30_000

    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        socket = socket_of(scope)
        assert socket is not None
        assert isinstance(socket.protocol, NestWebSocketProtocol)
        inbox = cast("Inbox[object]", socket.protocol.queue)
        await receive()
        await send({"type": "websocket.accept"})
        while (message := await receive())["type"] == "websocket.receive":
            texts.append(message["text"])
            waiting.append(len(inbox))
            if len(texts) == number:
                loop.call_soon_threadsafe(done.set)

    frames = b"".join(Frame(Opcode.TEXT, b"%05d" % n).serialize(mask=True) for n in range(number))
    with echoing(app=app) as port:
        _reader, writer = await opened(port)
        writer.write(frames)
        async with asyncio.timeout(20):
            await done.wait()
        writer.transport.abort()
    assert texts == [f"{n:05d}" for n in range(number)]
    assert max(waiting) <= PARSED_BYTES // 8
