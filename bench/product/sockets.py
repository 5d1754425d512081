"""Edits over raw WebSockets: the time until they are saved, and until others have them."""

import asyncio
import time
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from random import Random
from uuid import uuid4

import msgspec
from websockets.asyncio.client import ClientConnection, connect

from bench.figures import Run, percentile
from bench.machine import cores_used
from bench.stage import Stage

SIZES = ("nest80", "nest100", "nest120", "nest140", "nest160")
SHELLS = ("trapezblech", "holzlattung", "fassadenplatten_schwarz", "fassadenplatten_weiss")
ROOMS = 10
EDITS_PER_SECOND = 50


class _Frame(msgspec.Struct):
    type: str
    op_id: str | None = None
    outcome: str | None = None


_decode = msgspec.json.Decoder(_Frame).decode


class Member:
    """One socket in one house; notes the time at which each op was sent, acknowledged and seen."""

    def __init__(self, connection: ClientConnection, configuration: str) -> None:
        self.sent: dict[str, float] = {}
        self.acknowledged: dict[str, float] = {}
        self.seen: dict[str, float] = {}
        self._connection = connection
        self._configuration = configuration
        self._answered = asyncio.Event()

    async def send(self, category: str, option: str) -> str:
        """Ask for a change; the clock starts when the message is handed to the socket."""
        op_id = str(uuid4())
        message = msgspec.json.encode(
            {
                "type": "op",
                "configuration": self._configuration,
                "op_id": op_id,
                "base_version": 0,
                "operation": {"kind": "select", "category": category, "option": option},
            }
        )
        self.sent[op_id] = time.perf_counter()
        await self._connection.send(message, text=True)
        return op_id

    async def edit(self, category: str, option: str) -> None:
        """Ask for a change, and wait for the outcome."""
        op_id = await self.send(category, option)
        while op_id not in self.acknowledged:
            self._answered.clear()
            await self._answered.wait()

    async def read(self) -> None:
        """Note all messages, until cancelled."""
        while True:
            text = await self._connection.recv(decode=False)
            now = time.perf_counter()
            frame = _decode(text)
            if frame.op_id is None:
                continue
            if frame.type == "op":
                self.seen[frame.op_id] = now
            elif frame.type == "outcome":
                self.acknowledged[frame.op_id] = now
                self._answered.set()


@asynccontextmanager
async def entered(url: str, token: str, configuration: str) -> AsyncIterator[Member]:
    """A member whose messages are read inside the block."""
    async with connect(f"{url.replace('http', 'ws', 1)}/ws", max_queue=1024) as connection:
        for message in (
            {"type": "hello", "protocol": 1, "token": token},
            {"type": "join", "configuration": configuration},
        ):
            await connection.send(msgspec.json.encode(message), text=True)
        while _decode(await connection.recv(decode=False)).type != "snapshot":
            pass
        member = Member(connection, configuration)
        async with asyncio.TaskGroup() as group:
            reader = group.create_task(member.read())
            yield member
            reader.cancel()


def milliseconds(begins: dict[str, float], ends: dict[str, float]) -> list[float]:
    """The time between two notes, for each op of `begins`. A missing end is an error."""
    return [(ends[op_id] - began) * 1000 for op_id, began in begins.items()]


async def all_there(begins: dict[str, float], ends: dict[str, float]) -> None:
    """Wait until each op of `begins` is in `ends`."""
    async with asyncio.timeout(10):
        while not begins.keys() <= ends.keys():  # noqa: ASYNC110 - readers fill it
            await asyncio.sleep(0.01)


async def steady(stage: Stage) -> Run:
    """50 edits/s over 10 rooms; in each, one person edits and another, elsewhere, watches."""
    seconds = 2 if stage.quick else 15
    async with _pairs(stage) as pairs:
        random = Random(1)
        loop = asyncio.get_running_loop()
        for author, _ in pairs:
            await author.edit("nest", "nest100")
            author.sent.clear()
        begins = loop.time()
        with cores_used(stage.roots()) as cores:
            for number in range(EDITS_PER_SECOND * seconds):
                await asyncio.sleep(max(0, begins + number / EDITS_PER_SECOND - loop.time()))
                await pairs[number % ROOMS][0].send("nest", random.choice(SIZES))
            acks: list[float] = []
            others: list[float] = []
            for author, watcher in pairs:
                await all_there(author.sent, author.acknowledged)
                await all_there(author.sent, watcher.seen)
                acks += milliseconds(author.sent, author.acknowledged)
                others += milliseconds(author.sent, watcher.seen)
    return Run(
        figures={
            "edit to ack, p50": percentile(acks, 0.5),
            "edit to ack, p99": percentile(acks, 0.99),
            "edit to the other's socket, p50": percentile(others, 0.5),
            "edit to the other's socket, p95": percentile(others, 0.95),
            "edit to the other's socket, p99": percentile(others, 0.99),
        },
        cores=cores,
    )


@asynccontextmanager
async def _pairs(stage: Stage) -> AsyncIterator[list[tuple[Member, Member]]]:
    async with AsyncExitStack() as stack:
        pairs = []
        for number in range(ROOMS):
            house, tokens = await stage.house()
            here, there = stage.stand.urls[number % 2], stage.stand.urls[(number + 1) % 2]
            author = await stack.enter_async_context(entered(here, tokens[0], house["id"]))
            watcher = await stack.enter_async_context(entered(there, tokens[1], house["id"]))
            pairs.append((author, watcher))
        yield pairs


async def unthrottled(stage: Stage) -> Run:
    """One room with one author, who edits as soon as the last edit is saved; another watches."""
    edits = 200 if stage.quick else 2000
    house, tokens = await stage.house()
    here, there = stage.stand.urls[:2]
    async with (
        entered(here, tokens[0], house["id"]) as author,
        entered(there, tokens[1], house["id"]) as watcher,
    ):
        for shell in SHELLS:
            await author.edit("gebaeudehuelle", shell)
        author.sent.clear()
        began = time.perf_counter()
        with cores_used(stage.roots()) as cores:
            for number in range(edits):
                await author.edit("gebaeudehuelle", SHELLS[number % len(SHELLS)])
        took = time.perf_counter() - began
        await all_there(author.sent, watcher.seen)
        acks = milliseconds(author.sent, author.acknowledged)
        others = milliseconds(author.sent, watcher.seen)
    return Run(
        figures={
            "edit to ack, p50": percentile(acks, 0.5),
            "edit to ack, p99": percentile(acks, 0.99),
            "edit to the other's socket, p95": percentile(others, 0.95),
            "time per edit": took / edits * 1000,
        },
        cores=cores,
    )
