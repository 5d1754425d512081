"""Clients as developers write them: REST with httpx, raw WebSocket with websockets."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any
from uuid import UUID, uuid4

import httpx
import msgspec
from websockets.asyncio.client import ClientConnection, connect
from websockets.typing import Subprotocol

from tests.protocol.frames import check_from_server, check_reply

Json = dict[str, Any]


def select(category: str, option: str, quantity: int | None = None) -> Json:
    operation: Json = {"kind": "select", "category": category, "option": option}
    return operation if quantity is None else {**operation, "quantity": quantity}


def versions_of(frame: Json) -> list[int]:
    """The versions that a frame brings, snapshots aside.

    A process that heard late of several versions tells them in one frame.
    """
    if frame["type"] == "op":
        return [frame["version"]]
    return [op["version"] for op in frame["ops"]] if frame["type"] == "ops" else []


class Api:
    """A person who uses REST."""

    def __init__(self, url: str, token: str | None = None) -> None:
        self.url = url
        self.token = token

    async def call(self, method: str, path: str, **arguments: Any) -> httpx.Response:
        headers = {"authorization": f"Bearer {self.token}"} if self.token else {}
        headers |= arguments.pop("headers", {})
        # Nobody here speaks TLS, and reading the authorities takes longer than the request.
        async with httpx.AsyncClient(base_url=self.url, verify=False, timeout=60) as client:
            return await client.request(method, path, headers=headers, **arguments)

    async def create(self) -> Json:
        answer = await self.call("POST", "/api/configurations", json={})
        assert answer.status_code == 201, answer.text
        created: Json = answer.json()
        self.token = self.token or created["token"]
        return created

    async def read(self, reference: str) -> Json:
        answer = await self.call("GET", f"/api/configurations/{reference}")
        assert answer.status_code == 200, answer.text
        found: Json = answer.json()
        return found

    async def submit(
        self,
        reference: str,
        operation: Json,
        *,
        base_version: int = 0,
        op_id: UUID | None = None,
        guarded: bool = False,
    ) -> httpx.Response:
        return await self.call(
            "POST",
            f"/api/configurations/{reference}/ops",
            json={
                "op_id": str(op_id or uuid4()),
                "base_version": base_version,
                "operation": operation,
                "guarded": guarded,
            },
        )


class Socket:
    """A person on a raw WebSocket; keeps every frame that arrived.

    Each frame, and each message that the server understood, is held against the published schema.
    """

    def __init__(self, connection: ClientConnection) -> None:
        self.connection = connection
        self.frames: list[Json] = []
        self._count = 0
        self._asked: dict[str, Json] = {}

    async def send(self, type_: str, **fields: Any) -> str:
        self._count += 1
        message_id = str(self._count)
        message = {"type": type_, "id": message_id, **fields}
        self._asked[message_id] = message
        await self.send_text(msgspec.json.encode(message))
        return message_id

    async def send_text(self, text: str | bytes) -> None:
        await self.connection.send(text.decode() if isinstance(text, bytes) else text)

    async def next(self, deadline: float = 15.0) -> Json:
        async with asyncio.timeout(deadline):
            frame: Json = msgspec.json.decode(await self.connection.recv())
        check_from_server(frame)
        if (asked := self._asked.pop(str(frame.get("re")), None)) is not None:
            check_reply(asked, frame)
        self.frames.append(frame)
        return frame

    async def until(self, type_: str, **fields: Any) -> Json:
        """The next frame of this type with these fields; earlier ones are kept in ``frames``."""
        while True:
            frame = await self.next()
            if frame["type"] == type_ and all(frame.get(k) == v for k, v in fields.items()):
                return frame

    @property
    def versions(self) -> list[int]:
        """The versions in ``frames``, in the order in which they came."""
        return [version for frame in self.frames for version in versions_of(frame)]

    async def until_version(self, version: int) -> None:
        """Read until this version is in ``frames``, alone or together with others."""
        while version not in self.versions:
            await self.next()

    async def ask(self, type_: str, **fields: Any) -> Json:
        """Send and wait for the reply."""
        message_id = await self.send(type_, **fields)
        while True:
            frame = await self.next()
            if frame.get("re") == message_id:
                return frame

    async def hello(self, token: str | None) -> Json:
        return await self.ask("hello", protocol=1, **({"token": token} if token else {}))

    async def join(self, configuration: str, **fields: Any) -> Json:
        return await self.ask("join", configuration=configuration, **fields)

    async def op(self, configuration: str, operation: Json, base_version: int = 0) -> Json:
        return await self.ask(
            "op",
            configuration=configuration,
            op_id=str(uuid4()),
            base_version=base_version,
            operation=operation,
        )


@asynccontextmanager
async def opened(url: str, **arguments: Any) -> AsyncIterator[Socket]:
    async with connect(url, subprotocols=[Subprotocol("nest.v1")], **arguments) as connection:
        yield Socket(connection)


@asynccontextmanager
async def joined(url: str, token: str, configuration: str) -> AsyncIterator[Socket]:
    async with opened(url) as socket:
        await socket.hello(token)
        await socket.join(configuration)
        yield socket
