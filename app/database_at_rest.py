"""A database to work on with a command: the one that is set, the one that runs, or one that rests."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from app.embedded import data_version, embedded_postgres
from app.exclusive import locked_home
from app.settings import Settings


class NoDataError(Exception):
    """There is no database in this NEST_HOME; one sentence."""


@asynccontextmanager
async def database_of(settings: Settings, *, make: bool) -> AsyncIterator[str]:
    """The address of the owner's login; `settings` are those beside a running stack.

    Without DATABASE_URL and a running stack the embedded PostgreSQL is started for the block, and
    NEST_HOME is locked. `make`: also where it has no data yet. Raises AlreadyInUseError,
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
