"""A whole product of real processes on free ports: PostgreSQL, Valkey, web processes, a worker."""

import json
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import AbstractAsyncContextManager, AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

from app.embedded import embedded_postgres, embedded_valkey
from app.release import release
from app.server_process import EmbeddedServer
from tests.support.processes import Process, web, worker

UNHEARD = ("Future exception was never retrieved", "ConnectionDoesNotExistError")
"""asyncpg 0.32 forgets the future of a COPY whose connection breaks: sending CopyFail raises before
the future is marked as seen. The error itself reaches us by the exception; only this line is noise.
"""

Between = Callable[[str, str], AbstractAsyncContextManager[tuple[str, str]]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Stand:
    """What runs. The servers keep their addresses and data over a kill and a start."""

    postgres: EmbeddedServer
    valkey: EmbeddedServer
    webs: tuple[Process, ...]
    worker: Process

    @property
    def urls(self) -> tuple[str, ...]:
        """Where the web processes listen."""
        return tuple(process.url for process in self.webs)

    @property
    def processes(self) -> dict[str, Process]:
        """Our own processes by name."""
        named = {f"web {number}": each for number, each in enumerate(self.webs)}
        return {**named, "worker": self.worker}

    def crashes(self) -> Iterator[str]:
        """What no log may hold, whatever was killed: tracebacks and lines of level error."""
        for name, process in self.processes.items():
            for line in process.log.splitlines():
                crashed = "Traceback" in line or _level(line) in {"error", "critical"}
                if crashed and not all(words in line for words in UNHEARD):
                    yield f"{name}: {line[:2000]}"


@asynccontextmanager
async def running_stand(
    home: Path, *, webs: int = 2, between: Between | None = None, **environ: str
) -> AsyncIterator[Stand]:
    """Everything ready, until the block ends. `environ`: settings for our own processes.

    `between` gives the addresses of the servers that these use instead of the real ones.
    """
    async with AsyncExitStack() as stack:
        postgres, valkey = embedded_postgres(home), embedded_valkey(home)
        urls = [await stack.enter_async_context(server) for server in (postgres, valkey)]
        await release(urls[0])
        if between is not None:
            urls = list(await stack.enter_async_context(between(*urls)))
        settings = {"NEST_LOG_FORMAT": "json", "NEST_LIMIT_SCALE": "100", **environ}
        processes = [web(*urls, port=None, **settings, NEST_NODE=f"web-{n}") for n in range(webs)]
        processes.append(worker(*urls, **settings, NEST_NODE="worker"))
        for process in processes:
            stack.enter_context(process)
        for process in processes[:-1]:
            await process.ready()
        yield Stand(
            postgres=postgres, valkey=valkey, webs=tuple(processes[:-1]), worker=processes[-1]
        )


def _level(line: str) -> str:
    try:
        found = json.loads(line)
    except ValueError:
        return ""
    return str(found.get("level", "")) if isinstance(found, dict) else ""
