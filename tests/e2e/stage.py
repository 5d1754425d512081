"""The product as real processes for browsers: two web processes, a worker, one database."""

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from typing import Any

import asyncpg

from app.admin_link import mint_admin_link
from tests.support.programs.processes import Process, web, worker
from tests.support.programs.servers import Servers, apart, flush, fresh_database


@dataclass(frozen=True, slots=True, kw_only=True)
class Stage:
    """The running processes. `one` and `two` are web processes on the same database and Valkey."""

    servers: Servers
    database_url: str
    one: Process
    two: Process
    worker: Process

    def value(self, query: str, *arguments: object) -> Any:
        """The first column of the first row that PostgreSQL answers."""

        async def ask() -> Any:
            connection = await asyncpg.connect(self.database_url)
            try:
                return await connection.fetchval(query, *arguments)
            finally:
                await connection.close()

        return apart(ask)

    def version(self, code: str) -> int:
        """The number of committed operations of this house."""
        return int(self.value("SELECT head FROM configurations WHERE code = $1", code))

    def stored_total_cents(self, code: str) -> int:
        return int(self.value("SELECT total_cents FROM configurations WHERE code = $1", code))

    def admin_link(self, process: Process) -> str:
        return apart(lambda: mint_admin_link(self.database_url, process.url))

    def tracebacks(self) -> list[str]:
        """Lines of the logs that no visitor may cause."""
        return [
            f"{process.command[-1]}: {line}"
            for process in (self.one, self.two, self.worker)
            for line in process.log.splitlines()
            if "Traceback" in line or '"level":"error"' in line.replace(" ", "")
        ]


@contextmanager
def running_stage(servers: Servers, **environ: str) -> Iterator[Stage]:
    """Everything ready, until the block ends. `environ`: settings for our own processes."""
    flush(servers)
    with ExitStack() as stack:
        database_url = stack.enter_context(fresh_database(servers))
        how: dict[str, Any] = {"NEST_LOG_FORMAT": "json", **environ}
        urls = (database_url, servers.redis_url)
        stage = Stage(
            servers=servers,
            database_url=database_url,
            one=stack.enter_context(web(*urls, **how, NEST_NODE="one")),
            two=stack.enter_context(web(*urls, **how, NEST_NODE="two")),
            worker=stack.enter_context(worker(*urls, **how, NEST_NODE="worker")),
        )
        for process in (stage.one, stage.two):
            process.ready_blocking(40)
        yield stage
