"""Stored interactions, newest first and page by page, for the search of the live view."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import Row, text

from configurator.activity.event_ids import session_meant
from configurator.activity.stored import Happening
from configurator.house_code import as_code
from storage.postgres.engine import Database

PAGE_MAX = 200
_FIRST = datetime(2000, 1, 1, tzinfo=UTC)
_REACH = (timedelta(hours=1), timedelta(days=1), timedelta(days=8), timedelta(days=100))
"""A page is looked for in the last hour first: that usually fills it, and is quick to read."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Wish:
    """The search conditions; empty ones match everything.

    An event matches if one of the `needles` occurs anywhere in it, or if the first one is the
    client's own id of its session or the code of its house.
    """

    event_type: str = ""
    category: str = ""
    session_id: UUID | None = None
    needles: tuple[str, ...] = ()


class Past(Happening, frozen=True, kw_only=True):
    """An interaction with its session, as the client calls it, and the code of the session's house."""

    session: str
    session_id: UUID
    code: str | None


class PastInteractions:
    """Read-only."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def page(
        self, wish: Wish, *, before: datetime, before_id: UUID | None = None, limit: int = PAGE_MAX
    ) -> list[Past]:
        """Up to `limit` matching events before this moment and event id, newest first.

        Looks back a hundred days. Raises StorageUnavailable.
        """
        found: Sequence[Row[Any]] = ()
        for reach in _REACH:
            found = await self._newest(
                {
                    "before": before,
                    "before_id": before_id or UUID(int=0),
                    "since": max(before, _FIRST + reach) - reach,
                    "limit": min(limit, PAGE_MAX),
                    "type": wish.event_type,
                    "category": wish.category,
                    "session": wish.session_id,
                    "needles": [needle.lower() for needle in wish.needles],
                    "needle_session": session_meant(wish.needles[0]) if wish.needles else None,
                    "code": as_code(wish.needles[0]) if wish.needles else None,
                }
            )
            if len(found) >= min(limit, PAGE_MAX):
                break
        return [Past(**row._mapping) for row in found]

    async def _newest(self, values: dict[str, object]) -> Sequence[Row[Any]]:
        found = await self._database.read(lambda connection: connection.execute(_NEWEST, values))
        return found.all()


_NEWEST = text(
    f"""
    SELECT {", ".join(Happening.__struct_fields__)},
           coalesce(external_id, session_id::text) AS session, session_id, code
    FROM (
        SELECT * FROM interactions
        WHERE occurred_at >= :since AND (occurred_at, event_id) < (:before, :before_id)
          AND (CAST(:type AS text) = '' OR event_type = :type)
          AND (CAST(:category AS text) = '' OR category = :category)
          AND (CAST(:session AS uuid) IS NULL OR session_id = :session)
          AND (CAST(:needle_session AS uuid) IS NULL OR session_id = :needle_session
               OR session_id IN (SELECT sessions.id FROM sessions JOIN configurations
                   ON configurations.id = configuration_id WHERE code = :code)
               OR EXISTS (SELECT FROM unnest(CAST(:needles AS text[])) AS needle
                   WHERE strpos(lower(concat_ws(' ', event_type, category, element_id,
                       selection_value, previous_value, session_id, props)), needle) > 0))
        ORDER BY occurred_at DESC, event_id DESC LIMIT :limit
    ) AS found
    LEFT JOIN sessions ON sessions.id = session_id
    LEFT JOIN (SELECT id AS configuration, code FROM configurations) AS houses
        ON houses.configuration = configuration_id
    ORDER BY occurred_at DESC, event_id DESC
    """
)
