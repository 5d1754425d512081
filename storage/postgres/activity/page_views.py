"""Views per minute of pages that do not begin a session."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

from storage.postgres.engine import Database


@dataclass(frozen=True, slots=True, kw_only=True)
class PageView:
    """The key of one counter: a page in a minute, seen by people or by bots."""

    minute: datetime
    page: str
    bot: bool


class StoredPageViews:
    """Adds counts; figures read them."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def add(self, counts: Mapping[PageView, int]) -> None:
        """Adds all of them in one transaction. Raises StorageUnavailable: none was added."""
        views = list(counts)
        values = {
            "minutes": [view.minute for view in views],
            "pages": [view.page for view in views],
            "bots": [view.bot for view in views],
            "ns": [counts[view] for view in views],
        }

        async def work(connection: AsyncConnection) -> None:
            await connection.execute(_ADD, values)

        await self._database.write(work)


_ADD: Final = text(
    """
    INSERT INTO page_views AS known (minute, page, bot, n)
    SELECT * FROM unnest(CAST(:minutes AS timestamptz[]), CAST(:pages AS text[]),
        CAST(:bots AS boolean[]), CAST(:ns AS bigint[])) ORDER BY 1, 2, 3
    ON CONFLICT (minute, page, bot) DO UPDATE SET n = known.n + excluded.n
    """
)
