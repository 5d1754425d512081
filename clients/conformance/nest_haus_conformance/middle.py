"""A man in the middle: between a client under test and the server, frame by frame.

It passes frames on as configured, answers in the server's place, records all frames in order, cuts
or closes lines and refuses new ones.
"""

import asyncio
import json
import logging
import time
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from typing import Literal

from websockets.asyncio.client import connect
from websockets.asyncio.server import ServerConnection, serve
from websockets.exceptions import ConnectionClosed
from websockets.typing import Subprotocol

from nest_haus_conformance.peer import Json, socket_url

AWAY_SECONDS = 30
"""The longest wait before a client's next attempt to connect, by rule CL5."""

Change = Callable[[Json], list[Json]]
"""The frames to pass on instead of one: no frame, itself, itself twice, another one."""
Answer = Callable[[Json], Json | None]
"""The answer to a message that the server must not see; None to pass the message on."""
Said = tuple[Literal["up", "down"], Json]
"""A message from the client (up), or to the client (down)."""


def unchanged(frame: Json) -> list[Json]:
    """Pass it on."""
    return [frame]


def passed(_message: Json) -> Json | None:
    """Answer nothing, so that the server does."""
    return None


@dataclass(slots=True, kw_only=True)
class Passage:
    """One connection of the client: its address, its beginning, and the client's messages."""

    path: str
    began: float
    sent: list[tuple[float, Json]] = field(default_factory=list)

    def messages(self, type_: str) -> list[Json]:
        """The client's messages of this type."""
        return [message for _, message in self.sent if message.get("type") == type_]


class Middle:
    """``down`` changes the server's frames, ``up`` the client's.

    ``answer`` is called before ``up``. ``timeline`` has everything that reached or left the client,
    on all its connections, in order.
    """

    def __init__(self, upstream: str, down: Change = unchanged) -> None:
        self._upstream = socket_url(upstream)
        self._clients: set[ServerConnection] = set()
        self._news = asyncio.Condition()
        self.url = ""
        self.down = down
        self.up: Change = unchanged
        self.answer: Answer = passed
        self.timeline: list[Said] = []
        self.refusing = False
        self.refused: list[float] = []
        self.passages: list[Passage] = []
        self._may_come_until = 0.0

    @asynccontextmanager
    async def listening(self) -> AsyncIterator["Middle"]:
        """Accept the client until the block ends."""
        async with serve(
            self._serve,
            "127.0.0.1",
            0,
            compression=None,
            max_size=2**22,
            select_subprotocol=_same,
            logger=_silent(),
        ) as server:
            self.url = f"http://127.0.0.1:{next(iter(server.sockets)).getsockname()[1]}"
            try:
                yield self
            finally:
                self.cut()

    def cut(self) -> None:
        """End every connection as a network does: without a word."""
        for client in list(self._clients):
            client.transport.abort()

    async def close(self, code: int) -> None:
        """End every connection as a server does: with a close code."""
        for client in list(self._clients):
            await client.close(code)

    async def say(self, frame: Json) -> None:
        """Send the client a frame that the server did not send."""
        for client in list(self._clients):
            await self._say(client, frame)

    async def _say(self, client: ServerConnection, frame: Json) -> None:
        self.timeline.append(("down", frame))
        await client.send(json.dumps(frame, ensure_ascii=False))

    async def until(self, condition: Callable[[], bool]) -> None:
        """Wait for an action of the client."""
        async with self._news:
            await self._news.wait_for(condition)

    def mend(self) -> None:
        """Let the client in again, whenever it comes."""
        self.refusing = False
        self._may_come_until = time.monotonic() + AWAY_SECONDS

    def may_be_away(self) -> bool:
        """Whether the client has no connection and may still wait before it tries to get one."""
        return not self._clients and time.monotonic() < self._may_come_until

    def sent(self, type_: str) -> list[Json]:
        """Everything of this type that the client sent, on all its connections."""
        return [message for passage in self.passages for message in passage.messages(type_)]

    async def _serve(self, client: ServerConnection) -> None:
        if self.refusing:
            self.refused.append(time.monotonic())
            self._may_come_until = 0.0
            client.transport.abort()
            await self._tell()
            return
        path = client.request.path if client.request is not None else ""
        passage = Passage(path=path, began=time.monotonic())
        self.passages.append(passage)
        self._clients.add(client)
        try:
            with suppress(ConnectionClosed, OSError):
                await self._pass_on(client, passage)
        finally:
            self._clients.discard(client)
            self._may_come_until = time.monotonic() + AWAY_SECONDS
            await self._tell()

    async def _pass_on(self, client: ServerConnection, passage: Passage) -> None:
        async with connect(self._upstream, compression=None, max_size=2**22) as server:

            async def upwards() -> None:
                async for text in client:
                    message = json.loads(text)
                    passage.sent.append((time.monotonic(), message))
                    self.timeline.append(("up", message))
                    await self._tell()
                    if (answer := self.answer(message)) is not None:
                        await self._say(client, answer)
                        continue
                    for each in self.up(message):
                        await server.send(json.dumps(each))
                await server.close()

            async def downwards() -> None:
                async for text in server:
                    for each in self.down(json.loads(text)):
                        await self._say(client, each)
                    await self._tell()
                await client.close(server.close_code or 1011, server.close_reason or "")

            with suppress(ExceptionGroup):
                async with asyncio.TaskGroup() as tasks:
                    tasks.create_task(upwards())
                    tasks.create_task(downwards())

    async def _tell(self) -> None:
        async with self._news:
            self._news.notify_all()


def _same(_connection: ServerConnection, offered: Sequence[Subprotocol]) -> Subprotocol | None:
    return next(iter(offered), None)


def _silent() -> logging.Logger:
    """A separate logger without output: cut lines are the purpose of this server."""
    return logging.Logger("nest_haus_conformance.middle", logging.CRITICAL + 1)  # noqa: LOG001
