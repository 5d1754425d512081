"""Checks whether the configured stores can be used, before a process starts.

A process starts even if a store is away, and waits for it. It does not start if waiting cannot help;
every command then prints the same sentence.
"""

import asyncio
from collections.abc import Coroutine, Mapping
from typing import Final

import structlog

from app.settings.settings import Settings, SettingsError
from storage.errors import StorageError
from storage.postgres.engine import Database
from storage.postgres.pooler import pooler_in_the_way
from storage.redis.client import Redis
from storage.redis.suitable import unsuitable

log = structlog.get_logger()

DIRECTLY: Final = (
    "give the address of PostgreSQL itself. Each process keeps NEST_DATABASE_POOL_SIZE + 2 "
    "connections and relies on it that they stay what they are"
)
SINGLE: Final = (
    "NEST-Haus Live uses one server: give the address of a single Redis or Valkey, and a database "
    "that it has"
)


def require_usable(databases: Mapping[str, str], redis_url: str, *, waits: bool = False) -> None:
    """Raises SettingsError with a sentence for each store that can never be used.

    `databases` has the URLs by the names of their settings. A store that is away, or refuses us now,
    is logged if the process `waits` for it; a command reports it itself.
    """
    problems = asyncio.run(_look(databases, redis_url, waits))
    if problems:
        raise SettingsError(problems)


def of_web(settings: Settings) -> Mapping[str, str]:
    """The databases of a web process."""
    name = "NEST_WEB_DATABASE_URL" if settings.web_database_url else "DATABASE_URL"
    return {name: settings.for_web}


def of_worker(settings: Settings) -> Mapping[str, str]:
    """The database of a worker."""
    name = "NEST_WORKER_DATABASE_URL" if settings.worker_database_url else "DATABASE_URL"
    return {name: settings.for_worker}


async def database_problem(setting: str, url: str) -> str | None:
    """A sentence about an unsuitable pooler in front of this database. Raises StorageError."""
    found = await pooler_in_the_way(Database(url))
    return None if found is None else f"{setting}: {found}; {DIRECTLY}."


async def redis_problem(url: str) -> str | None:
    """A sentence about a Redis that can never be used. Raises StorageError."""
    async with Redis(url, pool_size=2) as redis:
        found = await unsuitable(redis)
    return None if found is None else f"REDIS_URL: {found}; {SINGLE}."


async def _look(databases: Mapping[str, str], redis_url: str, waits: bool) -> tuple[str, ...]:
    looks = [database_problem(name, url) for name, url in databases.items() if url]
    looks += [redis_problem(redis_url)] if redis_url else []
    async with asyncio.TaskGroup() as group:
        found = [
            group.create_task(_unless_away(look, waits), name="look at a store") for look in looks
        ]
    return tuple(problem for each in found if (problem := each.result()) is not None)


async def _unless_away(look: Coroutine[None, None, str | None], waits: bool) -> str | None:
    try:
        return await look
    except (StorageError, OSError) as away:
        if waits:
            log.warning("store_away", step="start", reason=str(away)[:200])
        return None
