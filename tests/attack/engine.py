"""Engine.IO as an attacker speaks it: polls over one kept connection, and WebSockets of any kind."""

import asyncio
import json
from collections.abc import AsyncIterator
from typing import Self
from urllib.parse import urlencode

import httpx
from websockets.asyncio.client import ClientConnection, connect
from websockets.frames import Opcode

from tests.attack.victim import Victim

PAGES = "/_nicegui_ws/socket.io/"
OURS = "/socket.io/"
SERVERS = (PAGES, OURS)
CONNECT = {PAGES: "40", OURS: "40/configurator,"}


class Poller:
    """A client that only polls, with this Cookie header. An async context manager."""

    def __init__(self, victim: Victim, path: str, cookie: str = "") -> None:
        self.victim = victim
        self.path = path
        headers = {"cookie": cookie} if cookie else {}
        self._http = httpx.AsyncClient(
            base_url=victim.url, timeout=20, verify=False, headers=headers
        )

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        await self._http.aclose()

    def address(self, **query: str) -> str:
        return f"{self.path}?{urlencode({'EIO': '4', 'transport': 'polling', **query})}"

    async def open(self) -> httpx.Response:
        return await self._http.get(self.address())

    async def ask(self, **query: str) -> httpx.Response:
        return await self._http.get(self.address(**query))

    async def session(self) -> str:
        """The id of a new session."""
        answer = await self.open()
        assert answer.status_code == 200, answer.text
        return str(json.loads(answer.text[1:])["sid"])

    async def poll(self, sid: str) -> httpx.Response:
        return await self._http.get(self.address(sid=sid))

    async def post(self, sid: str, body: bytes) -> httpx.Response:
        return await self._http.post(self.address(sid=sid), content=body)

    async def post_chunks(self, sid: str, chunk: bytes, count: int) -> httpx.Response:
        async def chunks() -> AsyncIterator[bytes]:
            for _ in range(count):
                yield chunk

        return await self._http.post(self.address(sid=sid), content=chunks())


async def opened(victim: Victim, path: str) -> ClientConnection:
    """A WebSocket from the beginning, its OPEN packet read."""
    socket = await connect(f"ws://{victim.host}:{victim.port}{path}?EIO=4&transport=websocket")
    await socket.recv()
    return socket


async def upgraded(victim: Victim, path: str) -> ClientConnection:
    """A WebSocket that began with a poll."""
    async with Poller(victim, path) as poller:
        sid = await poller.session()
    address = f"ws://{victim.host}:{victim.port}{path}?EIO=4&transport=websocket&sid={sid}"
    socket = await connect(address)
    await socket.send("2probe")
    assert await socket.recv() == "3probe"
    await socket.send("5")
    return socket


def frame(opcode: Opcode, payload: bytes, *, fin: bool = True) -> bytes:
    """A frame as clients send it, masked with zeros; `payload` is short."""
    return bytes([fin << 7 | opcode, 0x80 | len(payload)]) + bytes(4) + payload


async def closed_soon(socket: ClientConnection) -> bool:
    """Whether the server ends this connection sooner than a deadline of 10 s does."""
    return await closed_within(socket, 8)


async def closed_within(socket: ClientConnection, seconds: float) -> bool:
    """Whether the server ends this connection in time."""
    try:
        async with asyncio.timeout(seconds):
            await socket.wait_closed()
    except TimeoutError:
        return False
    return True
