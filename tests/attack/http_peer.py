"""One connection of somebody, and servers with short deadlines to connect to."""

import asyncio
import json
import socket
import struct
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress

from realtime.transports.http.connections import (
    HttpDeadlines,
)

HERE = "127.0.0.1"
SHORT = HttpDeadlines(head=0.3, body=0.3, answer=0.3, spare=0.3, linger=0.1)
"""For what is too slow."""

STEADY = HttpDeadlines(body=2, answer=2)
"""For what takes longer as a whole, and never pauses for that long, on a busy machine either."""
GET = b"GET /a HTTP/1.1\r\nHost: x\r\n\r\n"
LAST = b"GET /last HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n"
POST = b"POST /a HTTP/1.1\r\nHost: x\r\n"
CHUNKED = POST + b"Transfer-Encoding: chunked\r\n\r\n"
SOCKET = (
    b"GET /ws HTTP/1.1\r\nHost: x\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n"
    b"Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n"
)


class Peer:
    """One connection of somebody."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.reader = reader
        self.writer = writer

    async def send(self, data: bytes) -> None:
        self.writer.write(data)
        with suppress(OSError):
            await self.writer.drain()

    async def head(self) -> bytes:
        async with asyncio.timeout(10):
            return await self.reader.readuntil(b"\r\n\r\n")

    async def status(self, request: bytes) -> int:
        """The status of an answer that has a body."""
        await self.send(request)
        head = await self.head()
        length = int(head.lower().partition(b"content-length: ")[2].partition(b"\r\n")[0])
        await self.reader.readexactly(length)
        return int(head[9:12])

    async def rest(self) -> bytes:
        """Everything until the other side ends."""
        read = b""
        with suppress(ConnectionError):
            async with asyncio.timeout(10):
                while more := await self.reader.read(65_536):
                    read += more
        return read


@asynccontextmanager
async def peers(port: int, number: int = 1, *, first: bytes = b"") -> AsyncIterator[list[Peer]]:
    """Connections, each of which has sent this as soon as it was open."""
    made: list[Peer] = []
    try:
        for _ in range(number):
            made.append(Peer(*await asyncio.open_connection(HERE, port)))
            await made[-1].send(first)
        yield made
    finally:
        for peer in made:
            peer.writer.transport.abort()


def leave(writer: asyncio.StreamWriter) -> None:
    """Reset the connection; a peer that only closes might still read."""
    at_once = struct.pack("ii", 1, 0)
    writer.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, at_once)
    writer.transport.abort()


async def answered(port: int, *segments: bytes) -> bytes:
    async with peers(port) as (peer,):
        for segment in segments:
            await peer.send(segment)
            await asyncio.sleep(0)
        return await peer.rest()


def code_of(answer: bytes) -> str:
    body = answer.rpartition(b"\r\n\r\n")[2]
    return str(json.loads(body)["error"]["code"])
