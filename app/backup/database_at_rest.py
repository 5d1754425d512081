"""The database for a command: the configured one, a running embedded one, or one started for it."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from app.backup.errors import NoDataError
from app.embedded.servers import data_version, embedded_postgres
from app.settings.settings import Settings
from app.supervisor.exclusive import locked_home


@asynccontextmanager
async def database_of(settings: Settings, *, make: bool) -> AsyncIterator[str]:
    """The address of the owner's login; `settings` include those of a running stack.

    Without DATABASE_URL and a running stack the embedded PostgreSQL is started for the block, and
    NEST_HOME is locked. `make`: also if it has no data yet. Raises AlreadyInUseError,
    EmbeddedServerError, NoDataError.
    """
    if settings.database_url:
        yield settings.database_url
        return
    with locked_home(settings.home):
        if not make and data_version(settings.home / "postgres") is None:
            raise NoDataError(
                f"NEST_HOME {settings.home} has no data. Set NEST_HOME or DATABASE_URL."
            )
        async with embedded_postgres(settings.home) as url:
            yield url
