"""How many entries the stream of interactions took, life by life (`storage.redis.life`).

A count only grows: whoever knows more of a life says it, in whatever order. Each entry ends in the
ledger once, so what all lives took, less what waits, less what ended, is lost.
"""

from collections.abc import Mapping
from typing import Final

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

from storage.postgres.engine import Database

BEFORE: Final = ""
"""The life of everything that ended before lives were noted."""

_MADE: Final = text("SELECT to_regclass('stream_lives') IS NOT NULL")
"""The table is of 0026; this code works beside older schemas, too, and notes nothing there."""

_ALL: Final = text("SELECT life, offered FROM stream_lives")
_BEFORE: Final = text(
    "INSERT INTO stream_lives (life, offered) SELECT '', CAST(:before AS bigint)"
    " WHERE NOT EXISTS (SELECT FROM stream_lives) ON CONFLICT DO NOTHING"
)
_NOTE: Final = text(
    """
    INSERT INTO stream_lives AS known (life, offered)
    SELECT * FROM unnest(CAST(:lives AS text[]), CAST(:offered AS bigint[])) ORDER BY 1
    ON CONFLICT (life) DO UPDATE SET offered = excluded.offered, seen_at = now()
    WHERE known.offered < excluded.offered
    """
)


class StreamLives:
    """Notes and says what lives took. Every method raises StorageUnavailable."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def all(self) -> Mapping[str, int] | None:
        """What each life took, as far as it was noted, by its name; None: there is no table yet."""

        async def work(connection: AsyncConnection) -> Mapping[str, int] | None:
            if not (await connection.execute(_MADE)).scalar_one():
                return None
            return {row.life: row.offered for row in await connection.execute(_ALL)}

        return await self._database.read(work)

    async def note(self, lives: Mapping[str, int], *, before: int) -> None:
        """Note that each life took at least so many.

        `before`: what had ended already and is of no life, for the very first note. Safe to repeat.
        """
        asked = {"lives": list(lives), "offered": list(lives.values())}

        async def work(connection: AsyncConnection) -> None:
            if (await connection.execute(_MADE)).scalar_one():
                await connection.execute(_BEFORE, {"before": before})
                await connection.execute(_NOTE, asked)

        await self._database.write(work)
