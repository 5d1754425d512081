"""HTTP load from a separate process: each of its connections asks again after each answer.

The program is `wrk` if it is installed, because it costs least; else this module, which the figures
then name. Both send the same bodies in turn and time each answer.
"""

import asyncio
import json
import resource
import shutil
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import cycle
from pathlib import Path
from typing import cast

import uvloop
from typing_extensions import override

from bench.figures import percentile

WARM_SECONDS = 1.0
"""Seconds at the beginning in which nothing is counted."""

_WRK = """
local requests, at = {}, 0
init = function(args)
  for body in io.lines(args[1]) do
    requests[#requests + 1] = wrk.format('POST', wrk.path, {['content-type'] = 'application/json'}, body)
  end
end
request = function()
  at = at % #requests + 1
  return requests[at]
end
done = function(summary, latency, requests)
  local lost = summary.errors
  io.write(string.format('\\n{"answered": %d, "seconds": %f, "p50_ms": %f, "p99_ms": %f, "failed": %d}\\n',
    summary.requests, summary.duration / 1e6, latency:percentile(50) / 1e3,
    latency:percentile(99) / 1e3, lost.connect + lost.read + lost.write + lost.status + lost.timeout))
end
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Load:
    """The result of a load.

    `failed` counts requests without an answer, or with another than 2xx; `cores` is the load's own
    processor use.
    """

    answered: int
    failed: int
    seconds: float
    p50_ms: float
    p99_ms: float
    cores: float
    tool: str

    @property
    def rate(self) -> float:
        """Successful answers per second."""
        return (self.answered - self.failed) / self.seconds


async def post(url: str, bodies: Sequence[bytes], *, connections: int, seconds: float) -> Load:
    """POST these bodies in turn, for this time."""
    tool = "wrk" if shutil.which("wrk") else "bench.product.http_load"
    with tempfile.TemporaryDirectory(prefix="nest-bench-") as folder:
        file, script = Path(folder) / "bodies", Path(folder) / "load.lua"
        file.write_bytes(b"\n".join(bodies))
        script.write_text(_WRK)
        if tool == "wrk":
            warm, command = (
                ["wrk", "-t1", f"-c{connections}", f"-d{each:.0f}s", "-s", str(script), url, "--", str(file)]
                for each in (WARM_SECONDS, seconds)
            )  # fmt: skip
            await _run(warm)
        else:
            command = [sys.executable, "-m", "bench.product.http_load", url, str(file), str(connections), str(seconds)]  # fmt: skip
        said, cores = await _run(command)
    return Load(**json.loads(said.splitlines()[-1]), cores=cores, tool=tool)


async def _run(command: Sequence[str]) -> tuple[str, float]:
    """The output of the command, and the number of cores that it used."""
    began, before = time.monotonic(), _children_seconds()
    process = await asyncio.create_subprocess_exec(*command, stdout=asyncio.subprocess.PIPE)
    said, _ = await process.communicate()
    if process.returncode:
        raise RuntimeError(f"{command[0]} ended with {process.returncode}")
    return said.decode(), (_children_seconds() - before) / (time.monotonic() - began)


def _children_seconds() -> float:
    """The processor time of children that have ended, in seconds."""
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


class _Connection(asyncio.Protocol):
    """Sends a request, reads its answer, and sends the next one."""

    def __init__(self, requests: Iterator[bytes], took: list[tuple[float, float, bool]]) -> None:
        self._requests = requests
        self._took = took
        self._received = b""
        self._sent = 0.0
        self._transport: asyncio.Transport | None = None

    @override
    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast("asyncio.Transport", transport)  # uvloop's transport is no subclass
        self._send()

    @override
    def data_received(self, data: bytes) -> None:
        self._received += data
        head, end, body = self._received.partition(b"\r\n\r\n")
        if not end:
            return
        length = int(head.lower().partition(b"content-length: ")[2].partition(b"\r\n")[0])
        if len(body) < length:
            return
        self._took.append((self._sent, time.perf_counter(), head[9:10] == b"2"))
        self._received = b""
        self._send()

    def _send(self) -> None:
        assert self._transport is not None
        self._sent = time.perf_counter()
        self._transport.write(next(self._requests))


async def _load(
    url: str, bodies: Sequence[bytes], connections: int, seconds: float
) -> dict[str, float]:
    host, _, path = url.partition("//")[2].partition("/")
    address, _, port = host.partition(":")
    head = f"POST /{path} HTTP/1.1\r\nhost: {host}\r\ncontent-type: application/json\r\n"
    requests = cycle(
        [f"{head}content-length: {len(body)}\r\n\r\n".encode() + body for body in bodies]
    )
    took: list[tuple[float, float, bool]] = []
    loop = asyncio.get_running_loop()
    begins = time.perf_counter() + WARM_SECONDS
    transports = [
        (await loop.create_connection(lambda: _Connection(requests, took), address, int(port)))[0]
        for _ in range(connections)
    ]
    await asyncio.sleep(begins + seconds - time.perf_counter())
    ends = time.perf_counter()
    for transport in transports:
        transport.abort()
    counted = [each for each in took if each[0] >= begins]
    late = [(answered - sent) * 1000 for sent, answered, _ in counted]
    return {
        "answered": len(counted),
        "seconds": ends - begins,
        "p50_ms": percentile(late, 0.5),
        "p99_ms": percentile(late, 0.99),
        "failed": sum(not good for *_, good in counted),
    }


def main() -> None:
    """`python -m bench.product.http_load URL FILE CONNECTIONS SECONDS`."""
    url, file, connections, seconds = sys.argv[1:]
    bodies = Path(file).read_bytes().splitlines()
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        print(json.dumps(runner.run(_load(url, bodies, int(connections), float(seconds)))))


if __name__ == "__main__":
    main()
