"""PgBouncer before a PostgreSQL, for as long as a block lasts."""

import asyncio
import os
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from urllib.parse import urlsplit

from tests.storage.link import link_to
from tests.support.programs.installing import PGBOUNCER
from tests.support.programs.ports import free_port
from tests.support.waiting import eventually

DROPPED = (
    "synchronous_commit,default_transaction_isolation,statement_timeout,lock_timeout,"
    "idle_in_transaction_session_timeout,jit,tcp_keepalives_idle,tcp_keepalives_interval,"
    "tcp_keepalives_count"
)


@asynccontextmanager
async def pgbouncer(
    database_url: str, directory: Path, *, pool_mode: str, drops_settings: bool
) -> AsyncIterator[str]:
    """The URL that leads through it."""
    program, port = PGBOUNCER.required(), free_port()
    parts = urlsplit(database_url)
    async with link_to(database_url) as link:
        (directory / "pgbouncer.ini").write_text(
            "[databases]\n"
            f"* = host=127.0.0.1 port={urlsplit(link.url).port} user={parts.username or 'nest'}\n"
            "[pgbouncer]\n"
            f"listen_addr = 127.0.0.1\nlisten_port = {port}\nunix_socket_dir =\n"
            f"auth_type = any\npool_mode = {pool_mode}\n"
            + (f"ignore_startup_parameters = {DROPPED}\n" if drops_settings else "")
        )
        as_nobody = ("-u", "nobody") if os.geteuid() == 0 else ()
        with (directory / "pgbouncer.ini").open("rb") as settings:
            process = await asyncio.create_subprocess_exec(  # nobody may not enter the directory
                program, "-q", *as_nobody, "/dev/stdin", stdin=settings
            )
        try:
            await eventually(lambda: _listens(port))
            yield f"postgresql://nest@127.0.0.1:{port}{parts.path}"
        finally:
            process.terminate()
            await process.wait()


async def _listens(port: int) -> bool:
    try:
        _, writer = await asyncio.open_connection("127.0.0.1", port)
    except OSError:
        return False
    writer.close()
    return True
