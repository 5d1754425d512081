"""The cost of an attack: memory, log and descriptors of the process, and the time of others."""

import asyncio
import contextlib
import json
import time
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

import psutil
from typing_extensions import override

from tests.support.programs.processes import Process

MEGABYTE = 1_000_000
LOOK_SECONDS = 0.05


@dataclass(slots=True)
class Cost:
    """The cost of one attack, complete when its block has ended.

    Latencies are of `GET /healthz`.
    """

    memory_before: float
    memory_peak: float = 0.0
    memory_after: float = 0.0
    log_bytes: int = 0
    descriptors: int = 0
    latencies_ms: list[float] = field(default_factory=list)
    wrong: int = 0
    """The number of requests of other people that were not answered."""

    @property
    def grown(self) -> float:
        """MB that the process has more at its peak than before."""
        return self.memory_peak - self.memory_before

    @property
    def kept(self) -> float:
        """MB that it still has more when the attack is over."""
        return self.memory_after - self.memory_before

    @property
    def worst_ms(self) -> float:
        """The longest wait of another visitor, in ms."""
        return max(self.latencies_ms, default=0.0)

    @override
    def __str__(self) -> str:
        ordered = sorted(self.latencies_ms) or [0.0]
        return (
            f"memory {self.memory_before:.0f} -> {self.memory_peak:.0f} -> {self.memory_after:.0f} MB,"
            f" log {self.log_bytes} bytes, descriptors {self.descriptors:+d},"
            f" others p50 {ordered[len(ordered) // 2]:.0f} ms, worst {ordered[-1]:.0f} ms"
        )


class Victim:
    """The attacked web process, which answers at `host`:`port` without TLS."""

    host = "127.0.0.1"

    def __init__(self, process: Process) -> None:
        assert process.port is not None
        self.process = process
        self.port = process.port
        self.url = process.url
        self._seen = psutil.Process(process.pid)

    @property
    def memory(self) -> float:
        """Resident memory in MB."""
        return float(self._seen.memory_info().rss) / MEGABYTE

    @property
    def descriptors(self) -> int:
        return self._seen.num_fds()

    @property
    def log(self) -> str:
        return self.process.log

    def wrong_lines(self) -> Iterator[str]:
        """Tracebacks, lines of level error, and lines that are not JSON."""
        for line in self.log.splitlines():
            try:
                found = json.loads(line)
            except ValueError:
                yield line
                continue
            if not isinstance(found, dict) or "Traceback" in line or found["level"] == "error":
                yield line

    async def connect(self) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
        return await asyncio.open_connection(self.host, self.port)

    async def ask(self, request: bytes, *, within: float = 10.0) -> bytes:
        """Send these bytes over a connection of their own; everything that is answered until it ends."""
        reader, writer = await self.connect()
        try:
            writer.write(request)
            async with asyncio.timeout(within):
                return await reader.read()
        finally:
            writer.close()

    @asynccontextmanager
    async def attacked(self) -> AsyncIterator[Cost]:
        """Measure while the block attacks; what is kept later, `memory` says."""
        cost = Cost(memory_before=self.memory, memory_peak=self.memory)
        log, descriptors = len(self.log), self.descriptors
        over = asyncio.Event()
        try:
            async with asyncio.TaskGroup() as looking:
                looking.create_task(self._look(cost, over))
                try:
                    yield cost
                finally:
                    over.set()
        finally:
            cost.log_bytes = len(self.log) - log
            cost.descriptors = self.descriptors - descriptors
            cost.memory_after = self.memory

    async def _look(self, cost: Cost, over: asyncio.Event) -> None:
        while not over.is_set():
            began = time.perf_counter()
            cost.wrong += not await self.is_well()
            cost.latencies_ms.append((time.perf_counter() - began) * 1000)
            cost.memory_peak = max(cost.memory_peak, self.memory)
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(LOOK_SECONDS):
                    await over.wait()

    async def is_well(self) -> bool:
        """Whether `GET /healthz` answers 200 to a new visitor."""
        try:
            answer = await self.ask(
                b"GET /healthz HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n"
            )
        except (OSError, TimeoutError):
            return False
        return answer.startswith(b"HTTP/1.1 200")
