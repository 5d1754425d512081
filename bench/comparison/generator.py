"""The load generator for all contestants, as a process on the load's core."""

import asyncio
import json
from collections.abc import Awaitable, Callable, Mapping

from bench.comparison.contestants import Server
from bench.comparison.cores import on_core
from bench.comparison.peer_packages import PEERS
from tests.support.programs.node import find_node

SECONDS_MAX = 300
SCRIPT = PEERS / "load" / "main.mjs"

Figures = dict[str, float]
Answer = Callable[[str], Awaitable[None]]


class JobFailedError(Exception):
    """The generator gave no figures; the message has its last output."""


async def run_task(
    task: Mapping[str, object], server: Server, ask: Answer
) -> tuple[Figures, dict[str, object]]:
    """The figures of one run, and other observations of the generator.

    ``ask`` is called with the name of each moment at which the generator waits for us.
    """
    where = {"url": server.url, "pids": server.pids, "memory": server.pids["server"]}
    found = await generate({**task, **where}, ask)
    noticed: dict[str, object] = {
        name: found.pop(name) for name in ("problems", "cpu_by") if name in found
    }
    figures = {name: float(str(value)) for name, value in found.items() if value is not None}
    return figures, noticed


async def generate(task: Mapping[str, object], ask: Answer) -> dict[str, object]:
    """Run the generator; returns its last output, decoded."""
    with on_core("load"):
        process = await asyncio.create_subprocess_exec(
            str(find_node().program),
            "--max-old-space-size=6000",
            str(SCRIPT),
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.PIPE,
            limit=2**24,
        )
    assert process.stdin is not None
    assert process.stdout is not None
    assert process.stderr is not None
    try:
        async with asyncio.timeout(SECONDS_MAX):
            process.stdin.write(json.dumps(task).encode() + b"\n")
            last = b""
            async for line in process.stdout:
                if line.startswith(b"@"):
                    await ask(line[1:].decode().strip())
                    process.stdin.write(b"\n")
                else:
                    last = line
            complaint = (await process.stderr.read()).decode(errors="replace")
            if await process.wait():
                raise JobFailedError(" ".join(complaint.split())[-600:])
    except TimeoutError:
        raise JobFailedError(f"no figures within {SECONDS_MAX} s") from None
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()
    found: dict[str, object] = json.loads(last)
    return found
