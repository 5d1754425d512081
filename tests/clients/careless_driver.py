"""A client that makes the usual mistakes, for the conformance kit to find.

It applies whatever comes, never joins again, forgets its ops with the line, and makes a new op_id
for every try.
"""

import asyncio
import json
import os
import sys
from contextlib import suppress
from typing import Any
from uuid import uuid4

from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import WebSocketException


def say(**what: object) -> None:
    print(json.dumps(what), flush=True)  # noqa: T201


class Careless:
    def __init__(self) -> None:
        self.state: dict[str, Any] = {}
        self.pending = 0
        self.socket: ClientConnection | None = None

    async def stay(self) -> None:
        while True:
            with suppress(OSError, WebSocketException):
                url = os.environ["NEST_URL"].replace("http", "ws", 1)
                async with connect(f"{url}/ws?token={os.environ['NEST_TOKEN']}") as self.socket:
                    await self.enter()
                    async for text in self.socket:
                        self.take(json.loads(text))

    async def enter(self) -> None:
        await self.send(type="hello", protocol=1, token=os.environ["NEST_TOKEN"])
        await self.send(type="join", configuration=os.environ["NEST_CODE"])

    async def send(self, **message: object) -> None:
        assert self.socket is not None
        await self.socket.send(json.dumps(message))

    def take(self, frame: dict[str, Any]) -> None:
        if frame["type"] in {"snapshot", "op"} and "derived" in frame:
            ready = bool(self.state)
            self.state = {
                "epoch": frame["epoch"],
                "version": self.state.get("version", 0) + 1 if ready else frame["version"],
                "selection": frame["selection"],
                "total_cents": frame["derived"]["price"]["total_cents"],
            }
            if not ready:
                say(ready=True)
        if frame["type"] == "outcome":
            self.pending = 0
            say(outcome=frame)

    async def op(self, operation: object) -> None:
        with suppress(OSError, WebSocketException):
            await self.send(
                type="op",
                configuration=os.environ["NEST_CODE"],
                op_id=str(uuid4()),
                base_version=0,
                operation=operation,
            )


async def main() -> None:
    careless = Careless()
    lines = asyncio.StreamReader()
    await asyncio.get_running_loop().connect_read_pipe(
        lambda: asyncio.StreamReaderProtocol(lines), sys.stdin
    )
    async with asyncio.TaskGroup() as tasks:
        tasks.create_task(careless.stay())
        async for line in lines:
            asked = json.loads(line)
            if asked["do"] == "op":
                await careless.op(asked["operation"])
            elif asked["do"] == "state":
                say(state={**careless.state, "pending": careless.pending})
            else:
                os._exit(0)


asyncio.run(main())
