"""The number of entries that the stream took in each of its lives (`storage.redis.activity.life`).

A count only grows: any process that knows a higher count of a life notes it, in any order. Each entry
ends in the ledger once, so lost = taken by all lives - still waiting - ended. The ledger does not say
to which life an entry belonged: if more ended than was noted, the surplus is booked to the newest life
that is over (`note_with_ended`); otherwise it would hide losses of a later life.
"""

from collections.abc import Mapping
from typing import Final

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

from storage.postgres.engine import Database

BEFORE: Final = ""
"""The life of entries that ended before lives were noted."""

_MADE: Final = text("SELECT to_regclass('stream_lives') IS NOT NULL")
"""Migration 0026 creates the table; with an older schema this code works and notes nothing."""

_ALL: Final = text("SELECT life, offered FROM stream_lives")
_NOTE: Final = text(
    """
    INSERT INTO stream_lives AS known (life, offered)
    SELECT * FROM unnest(CAST(:lives AS text[]), CAST(:offered AS bigint[])) ORDER BY 1
    ON CONFLICT (life) DO UPDATE SET offered = excluded.offered, seen_at = now()
    WHERE known.offered < excluded.offered
    """
)
_NOTE_ENDED: Final = text(
    """
    WITH over AS (
        SELECT coalesce((
            SELECT life FROM stream_lives WHERE life NOT IN ('', CAST(:now AS text))
            ORDER BY CAST(life AS numeric) DESC LIMIT 1
        ), '') AS life
    ), took AS (
        SELECT over.life, CAST(:ended AS bigint) - (
            SELECT coalesce(sum(offered), 0) FROM stream_lives WHERE life <> over.life
        ) AS offered FROM over
    )
    INSERT INTO stream_lives AS known (life, offered)
    SELECT life, offered FROM took WHERE offered > 0
    ON CONFLICT (life) DO UPDATE SET offered = excluded.offered, seen_at = now()
    WHERE known.offered < excluded.offered
    """
)


class StreamLives:
    """Writes and reads the counts of lives. Every method raises StorageUnavailable."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def all(self) -> Mapping[str, int] | None:
        """The noted count of each life, by its name; None if the table does not exist yet."""

        async def work(connection: AsyncConnection) -> Mapping[str, int] | None:
            if not (await connection.execute(_MADE)).scalar_one():
                return None
            return {row.life: row.offered for row in await connection.execute(_ALL)}

        return await self._database.read(work)

    async def note(self, lives: Mapping[str, int]) -> None:
        """Note that each life took at least this many entries. Safe to repeat."""
        asked = {"lives": list(lives), "offered": list(lives.values())}

        async def work(connection: AsyncConnection) -> None:
            if (await connection.execute(_MADE)).scalar_one():
                await connection.execute(_NOTE, asked)

        await self._database.write(work)

    async def note_with_ended(self, lives: Mapping[str, int], ended: int, *, now: str) -> None:
        """Note the counts of lives, and that all together took at least `ended`; safe to repeat.

        `now`: the name of the present life, "" if there is no life. Its count in `lives` must have
        been read after `ended`. Both are one transaction: a restore between them would remove the
        count of `now`, and its ended entries would be booked to a life that is over.
        """
        asked = {"lives": list(lives), "offered": list(lives.values())}

        async def work(connection: AsyncConnection) -> None:
            if (await connection.execute(_MADE)).scalar_one():
                await connection.execute(_NOTE, asked)
                await connection.execute(_NOTE_ENDED, {"ended": ended, "now": now})

        await self._database.write(work)
