"""How many entries the stream of interactions took, life by life (`storage.redis.life`).

A count only grows: whoever knows more of a life says it, in whatever order. Each entry ends in the
ledger once, so what all lives took, less what waits, less what ended, is lost. The ledger does not
say of which life an entry was: where more ended than was noted, the newest life that is over took
the rest (`note_with_ended`), else that rest would be set off against what a later life loses.
"""

from collections.abc import Mapping
from typing import Final

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

from storage.postgres.engine import Database

BEFORE: Final = ""
"""The life of what ended before lives were noted."""

_MADE: Final = text("SELECT to_regclass('stream_lives') IS NOT NULL")
"""The table is of 0026; this code works beside older schemas, too, and notes nothing there."""

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

    async def note(self, lives: Mapping[str, int]) -> None:
        """Note that each life took at least so many. Safe to repeat."""
        asked = {"lives": list(lives), "offered": list(lives.values())}

        async def work(connection: AsyncConnection) -> None:
            if (await connection.execute(_MADE)).scalar_one():
                await connection.execute(_NOTE, asked)

        await self._database.write(work)

    async def note_with_ended(self, lives: Mapping[str, int], ended: int, *, now: str) -> None:
        """Note this of lives, and that all together took at least as many as ended; safe to repeat.

        `now`: the name of the life that is there, "" if there is none. What `lives` says of it must
        have been counted after `ended`. Both are one transaction: a restore between them would take
        the count of `now` away, and what ended in it would be booked to a life that is over.
        """
        asked = {"lives": list(lives), "offered": list(lives.values())}

        async def work(connection: AsyncConnection) -> None:
            if (await connection.execute(_MADE)).scalar_one():
                await connection.execute(_NOTE, asked)
                await connection.execute(_NOTE_ENDED, {"ended": ended, "now": now})

        await self._database.write(work)
