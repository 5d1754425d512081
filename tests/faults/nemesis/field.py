"""The processes and links that faults hit, and which of them are down because of that."""

import asyncio
from collections.abc import AsyncIterator, Iterator, Mapping, Sequence
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from app.programs.server_process import EmbeddedServer
from tests.faults.load.ledger import Ledger
from tests.faults.load.pace import Pace
from tests.faults.load.stand import Stand, running_stand
from tests.faults.nemesis.tabs import Tab
from tests.support.audited import SECRET
from tests.support.faults.faulty_postgres import FaultyPostgres, faulty_postgres
from tests.support.faults.faulty_redis import FaultyRedis, faulty_redis
from tests.support.programs.haproxy import running_haproxy
from tests.support.programs.processes import Process
from tests.support.waiting import POLL_SECONDS

POSTGRESQL: Final = "postgresql"
VALKEY: Final = "valkey"
CLOCKED: Final = "web-1"
"""The process whose clock a fault may move."""


@dataclass(slots=True, kw_only=True)
class Field:
    """One product under attack; our processes reach both stores through the faulty ones.

    `clock`: the file that says how far the clock of `CLOCKED` is off; None without libfaketime.
    `down`: whom a fault has ended at this moment. `slow`: aims in seconds that were missed, which is
    no broken promise on a busy machine. `tabs`: those that are open.
    """

    stand: Stand
    home: Path
    ledger: Ledger
    faulty_postgres: FaultyPostgres
    faulty_valkey: FaultyRedis
    clock: Path | None = None
    down: set[str] = field(default_factory=set)
    slow: list[str] = field(default_factory=list)
    tabs: Sequence[Tab] = ()

    def server(self, name: str) -> EmbeddedServer:
        """One of the two stores."""
        return {POSTGRESQL: self.stand.postgres, VALKEY: self.stand.valkey}[name]

    def process(self, name: str) -> Process:
        """One of our own processes."""
        return self.stand.processes[name]

    def pid(self, name: str) -> int:
        """The process id of one of ours, or of a server."""
        if name in self.stand.processes:
            return self.process(name).pid
        pid = self.server(name).pid
        assert pid is not None, f"{name} does not run"
        return pid

    @property
    def operator(self) -> dict[str, str]:
        """The settings of a person who runs a command beside the product."""
        return {
            "DATABASE_URL": self.stand.postgres.url,
            "REDIS_URL": self.stand.valkey.url,
            "NEST_AUDIT_KEY": SECRET,
        }

    def end(self) -> None:
        """End our processes at once: how they stop is the matter of a rolling restart."""
        for process in self.stand.processes.values():
            process.kill()

    @contextmanager
    def ended(self, name: str) -> Iterator[None]:
        """Allow this process to be down until the block ends."""
        self.down.add(name)
        try:
            yield
        finally:
            self.down.discard(name)

    async def watch(self) -> None:
        """Watch the processes until cancelled. One that ends without a fault that ended it is a problem; it is
        started again, as by a supervisor, so that the run goes on.
        """
        pace = Pace(asyncio.Event())
        while True:
            for name, process in self.stand.processes.items():
                if name not in self.down and not process.alive:
                    code = process.wait(0)
                    self.ledger.problems.append(f"{name} ended by itself, exit code {code}")
                    process.start()
            for name in (POSTGRESQL, VALKEY):
                if name not in self.down and self.server(name).pid is None:
                    self.ledger.problems.append(f"{name} ended, and no fault had ended it")
                    with self.ended(name), self.ledger.noting(f"starting {name}"):
                        await self.server(name).start_async()
            await pace.rest(POLL_SECONDS)


@asynccontextmanager
async def running_field(
    home: Path,
    ledger: Ledger,
    *,
    webs: int = 2,
    workers: int = 2,
    linked: bool = True,
    apart: Mapping[str, Mapping[str, str]] | None = None,
    environ: Mapping[str, str] | None = None,
) -> AsyncIterator[Field]:
    """A product that faults can reach, until the block ends; `apart` and `environ` as of a stand."""
    faulty: list[tuple[FaultyPostgres, FaultyRedis]] = []

    @asynccontextmanager
    async def between(postgres: str, valkey: str) -> AsyncIterator[tuple[str, str]]:
        async with faulty_postgres(postgres) as first, faulty_redis(valkey) as second:
            faulty.append((first, second))
            yield first.url, second.url

    async with running_stand(
        home,
        webs=webs,
        workers=workers,
        between=between,
        linked=linked,
        apart=apart,
        **{"NEST_AUDIT_KEY": SECRET, **(environ or {})},
    ) as stand:
        [(first, second)] = faulty
        yield Field(
            stand=stand,
            home=home,
            ledger=ledger,
            faulty_postgres=first,
            faulty_valkey=second,
        )


@contextmanager
def front_of(stand: Stand) -> Iterator[Process]:
    """HAProxy as it is shipped, before the web processes of a stand that trusts it."""
    one, two = (process.port or 0 for process in stand.webs)
    with running_haproxy(one, two) as proxy:
        yield proxy


BEHIND_A_PROXY: Final = {"NEST_TRUSTED_PROXIES": "127.0.0.1", "NEST_DRAIN_SECONDS": "2"}
"""Settings that `deploy/haproxy.cfg` asks for."""
