"""A whole product of real processes on free ports: PostgreSQL, Valkey, web processes, workers."""

import json
from collections.abc import AsyncIterator, Callable, Iterator, Mapping
from contextlib import AbstractAsyncContextManager, AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from app.embedded.servers import embedded_postgres, embedded_valkey
from app.programs.server_process import EmbeddedServer
from app.release import release
from tests.storage.link import Link, link_to
from tests.support.programs.processes import Process, web, worker

UNHEARD = ("Future exception was never retrieved", "ConnectionDoesNotExistError")
"""asyncpg 0.32 forgets the future of a COPY whose connection breaks: sending CopyFail raises before
the future is marked as seen. The error itself reaches us by the exception; only this line is noise.
"""

PATIENT: Final = "5"
"""Seconds for Valkey to answer, which it may need on a machine with far too much to do: for a test that
is not about it, and whose requests may not be refused."""

Between = Callable[[str, str], AbstractAsyncContextManager[tuple[str, str]]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Links:
    """The ways of one process to the stores, where they are ours to disturb."""

    postgresql: Link
    valkey: Link


@dataclass(frozen=True, slots=True, kw_only=True)
class Stand:
    """The processes that run. The servers keep their addresses and data over a kill and a start.

    `links`: those of each of our own processes by name; empty unless the stand is linked.
    """

    postgres: EmbeddedServer
    valkey: EmbeddedServer
    webs: tuple[Process, ...]
    workers: tuple[Process, ...]
    links: Mapping[str, Links] = field(default_factory=dict)

    @property
    def urls(self) -> tuple[str, ...]:
        """The addresses of the web processes."""
        return tuple(process.url for process in self.webs)

    @property
    def worker(self) -> Process:
        """The first worker."""
        return self.workers[0]

    @property
    def processes(self) -> dict[str, Process]:
        """Our own processes by name: web-0, web-1, worker-0."""
        kinds = {"web": self.webs, "worker": self.workers}
        return {f"{kind}-{n}": each for kind in kinds for n, each in enumerate(kinds[kind])}

    def crashes(self) -> Iterator[str]:
        """Lines that no log may contain, whatever was killed: tracebacks, lines of level error."""
        for name, process in self.processes.items():
            for line in process.log.splitlines():
                crashed = "Traceback" in line or _level(line) in {"error", "critical"}
                if crashed and not all(words in line for words in UNHEARD):
                    yield f"{name}: {line[:2000]}"


@asynccontextmanager
async def running_stand(
    home: Path,
    *,
    webs: int = 2,
    workers: int = 1,
    between: Between | None = None,
    linked: bool = False,
    apart: Mapping[str, Mapping[str, str]] | None = None,
    **environ: str,
) -> AsyncIterator[Stand]:
    """Everything ready, until the block ends.

    `environ`: settings for our own processes; `apart`: more for single ones, by name. `between`
    gives the addresses of the servers that these use instead of the real ones. `linked`: each of
    them reaches each store by a link of its own.
    """
    async with AsyncExitStack() as stack:
        postgres, valkey = embedded_postgres(home), embedded_valkey(home)
        urls = [await stack.enter_async_context(server) for server in (postgres, valkey)]
        await release(urls[0])
        if between is not None:
            urls = list(await stack.enter_async_context(between(*urls)))
        settings = {"NEST_LOG_FORMAT": "json", "NEST_LIMIT_SCALE": "100", **environ}
        names = [f"web-{number}" for number in range(webs)]
        names += [f"worker-{number}" for number in range(workers)]
        links: dict[str, Links] = {}
        started: list[Process] = []
        for name in names:
            own, places = {**settings, **(apart or {}).get(name, {}), "NEST_NODE": name}, urls
            if linked:
                both = [await stack.enter_async_context(link_to(url)) for url in urls]
                links[name] = Links(postgresql=both[0], valkey=both[1])
                places = [link.url for link in both]
            process = (
                worker(*places, **own) if len(started) >= webs else web(*places, port=None, **own)
            )
            started.append(stack.enter_context(process))
        for process in started[:webs]:
            await process.ready()
        yield Stand(
            postgres=postgres,
            valkey=valkey,
            webs=tuple(started[:webs]),
            workers=tuple(started[webs:]),
            links=links,
        )


def _level(line: str) -> str:
    try:
        found = json.loads(line)
    except ValueError:
        return ""
    return str(found.get("level", "")) if isinstance(found, dict) else ""
