"""What was stored, newest first and a page at a time, for whoever searches the live view."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import Row, text

from configurator.event_ids import session_meant
from configurator.house_code import as_code
from storage.postgres.engine import Database

PAGE_MAX = 200
_FIRST = datetime(2000, 1, 1, tzinfo=UTC)
_REACH = (timedelta(hours=1), timedelta(days=1), timedelta(days=8), timedelta(days=100))
"""A page is looked for in the last hour first: most are full of it, and it is quick to read."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Wish:
    """What is searched for; empty wants everything.

    One of the `needles` is anywhere in an event, or the first is the id of its session as the
    client gave it, or the code of its house.
    """

    event_type: str = ""
    category: str = ""
    session_id: UUID | None = None
    needles: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Past:
    """An interaction as it is stored; `code` is that of its session's configuration."""

    event_id: UUID
    session: str
    session_id: UUID
    at: datetime
    event_type: str
    category: str
    element_id: str | None
    selection_value: str | None
    previous_value: str | None
    time_spent_ms: int | None
    total_cents: int | None
    change_cents: int | None
    version: int | None
    seq: int | None
    tab: int | None
    bot: bool
    props: str | None
    code: str | None


class PastInteractions:
    """Read-only."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def page(
        self, wish: Wish, *, before: datetime, before_id: UUID | None = None, limit: int = PAGE_MAX
    ) -> list[Past]:
        """Up to `limit` that happened before this moment and event, newest first.

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
        return [Past(**row._mapping) for row in found]  # noqa: SLF001 - SQLAlchemy's public name

    async def _newest(self, values: dict[str, object]) -> Sequence[Row[Any]]:
        found = await self._database.read(lambda connection: connection.execute(_NEWEST, values))
        return found.all()


_NEWEST = text(
    """
    SELECT event_id, coalesce(external_id, session_id::text) AS session, session_id,
           occurred_at AS at, event_type, category, element_id, selection_value, previous_value,
           time_spent_ms, total_cents, change_cents, version, seq, tab, bot,
           props::text AS props, code
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
