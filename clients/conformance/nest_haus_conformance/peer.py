"""The kit's own protocol code: a bare WebSocket peer and a few REST requests, no client library."""

import asyncio
import json
import urllib.error
import urllib.request
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any
from uuid import uuid4

from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed
from websockets.typing import Subprotocol

Json = dict[str, Any]
PROTOCOL = 1
SUBPROTOCOL = Subprotocol("nest.v1")
REST_SECONDS = 30
UNAVAILABLE = 503
AGAIN_MAX = 10
"""The number of times that the kit repeats its own requests if the server is too busy."""


async def rest(url: str, method: str, path: str, body: object = None, token: str = "") -> Json:
    """The JSON answer of a request; ``status`` is added to it.

    A busy server is asked again, because being busy breaks no rule.
    """
    answer = await asyncio.to_thread(_rest, f"{url}{path}", method, body, token)
    for _ in range(AGAIN_MAX):
        error = answer.get("error")
        if answer["status"] != UNAVAILABLE or not isinstance(error, dict):
            break
        await asyncio.sleep(_pause_seconds(error))
        answer = await asyncio.to_thread(_rest, f"{url}{path}", method, body, token)
    return answer


def _rest(address: str, method: str, body: object, token: str) -> Json:
    headers = {"content-type": "application/json"}
    if token:
        headers["authorization"] = f"Bearer {token}"
    data = None if body is None else json.dumps(body).encode()
    request = urllib.request.Request(address, data=data, headers=headers, method=method)  # noqa: S310
    try:
        with urllib.request.urlopen(request, timeout=REST_SECONDS) as answer:  # noqa: S310
            status, text = answer.status, answer.read()
    except urllib.error.HTTPError as refused:
        status, text = refused.code, refused.read()
    found = json.loads(text or b"{}")
    return {**found, "status": status} if isinstance(found, dict) else {"status": status}


class Peer:
    """One raw WebSocket; keeps every frame in ``frames``."""

    def __init__(self, connection: ClientConnection) -> None:
        self.connection = connection
        self.frames: list[Json] = []
        self._numbers = 0

    async def send(self, type_: str, **fields: object) -> str:
        """Send a message; the answer will carry this id as ``re``."""
        self._numbers += 1
        number = f"k{self._numbers}"
        await self.connection.send(json.dumps({"type": type_, "id": number, **fields}))
        return number

    async def next(self) -> Json:
        """The next frame."""
        frame: Json = json.loads(await self.connection.recv())
        self.frames.append(frame)
        return frame

    async def until(self, type_: str, **fields: object) -> Json:
        """The next frame of this type with these fields."""
        while True:
            frame = await self.next()
            if frame["type"] == type_ and all(frame.get(name) == fields[name] for name in fields):
                return frame

    async def answer(self, number: str) -> Json:
        """The answer to a message."""
        while True:
            frame = await self.next()
            if frame.get("re") == number:
                return frame

    async def ask(self, type_: str, **fields: object) -> Json:
        """Send, and wait for the answer."""
        return await self.answer(await self.send(type_, **fields))

    async def hello(self, token: str, **fields: object) -> Json:
        """Open the connection."""
        return await self.ask("hello", **{"protocol": PROTOCOL, "token": token, **fields})

    async def join(self, house: str, **fields: object) -> Json:
        """Enter a configuration."""
        return await self.ask("join", configuration=house, **fields)

    async def op(self, house: str, operation: Json, **fields: object) -> Json:
        """Ask for a change."""
        asked = {"op_id": str(uuid4()), "base_version": 0, "operation": operation, **fields}
        return await self.ask("op", configuration=house, **asked)

    async def change(self, house: str, operation: Json) -> Json:
        """The outcome of a change that the kit needs; asked again if it could not be stored."""
        op_id = str(uuid4())
        answer = await self.op(house, operation, op_id=op_id)
        for _ in range(AGAIN_MAX):
            if answer["type"] != "error" or not answer.get("retryable"):
                break
            await asyncio.sleep(_pause_seconds(answer))
            answer = await self.op(house, operation, op_id=op_id)
        return answer

    async def close_code(self) -> int:
        """Read on until the server closes."""
        try:
            while True:
                await self.next()
        except ConnectionClosed as closed:
            return closed.rcvd.code if closed.rcvd is not None else 1006


def _pause_seconds(error: Json) -> float:
    return float(error.get("retry_after_ms", 1000)) / 1000


def socket_url(url: str) -> str:
    """The address of the raw WebSocket of a server."""
    return f"{url.replace('http', 'ws', 1)}/ws"


@asynccontextmanager
async def dial(url: str) -> AsyncIterator[Peer]:
    """A connection without a hello."""
    async with connect(
        socket_url(url), subprotocols=[SUBPROTOCOL], compression=None, max_size=2**22
    ) as connection:
        yield Peer(connection)


@asynccontextmanager
async def greeted(url: str, token: str) -> AsyncIterator[Peer]:
    """A connection after its hello."""
    async with dial(url) as peer:
        await peer.hello(token)
        yield peer


@asynccontextmanager
async def joined(url: str, token: str, house: str) -> AsyncIterator[Peer]:
    """A member of a configuration; the snapshot is in ``frames``."""
    async with greeted(url, token) as peer:
        await peer.join(house)
        yield peer
