"""Single sessions: search, lists in pages, timelines of events; and people who came back."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime
from typing import Any, Final, Literal
from uuid import UUID
from zoneinfo import ZoneInfo

from sqlalchemy import Row, text
from sqlalchemy.ext.asyncio import AsyncConnection

from configurator.activity.periods import beginnings
from configurator.activity.ranges import Range
from configurator.activity.stored import Happening
from configurator.house_code import as_code
from storage.postgres.activity.session_keys import (
    KEY_COLUMNS,
    OF_SESSION,
    SessionKeys,
    keys_in,
    keys_of,
)
from storage.postgres.analytics.cohort import cohort, limits, rows
from storage.postgres.analytics.visit import Visit, visit_in
from storage.postgres.engine import Database

PAGE_MAX: Final = 200
WEEKS_MAX: Final = 53


@dataclass(frozen=True, slots=True, kw_only=True)
class Sought:
    """Conditions for the sessions to list; None matches any.

    `text`: part of the client's own session id or of the referrer, or the beginning of the session's
    id or of its house's code.
    """

    status: str | None = None
    device: str | None = None
    language: str | None = None
    last_category: str | None = None
    code: str | None = None
    value_min_cents: int | None = None
    text: str | None = None


SessionOrder = Literal[
    "started_at", "last_seen_at", "value_cents", "interactions", "language", "referrer", "device",
    "status", "last_category",
]  # fmt: skip
"""The fields of a `Visit` that a list can be sorted by; unknown values count as the smallest."""


@dataclass(frozen=True, slots=True, kw_only=True)
class VisitOrder:
    """The order of a list: `by` a field, and by id among equal values."""

    by: SessionOrder = "started_at"
    descending: bool = True

    def place(self, visit: Visit) -> "Mark":
        """The place of a visit in this order."""
        value = getattr(visit, self.by)
        return (_UNKNOWN.get(self.by, "") if value is None else value), visit.id


@dataclass(frozen=True, slots=True, kw_only=True)
class Cohort:
    """The people whose first session ever was in this week, and how many had a session n weeks later.

    `returned[n]` counts week n; `returned[0]` is the week itself, so it equals `people`.
    """

    week: date
    people: int
    returned: tuple[int, ...]


PageEnd = tuple[datetime, UUID]
"""The end of a page: a time, and an id among those of the same time."""

Mark = tuple[datetime | int | str, UUID]
"""The end of a page of sessions: a value of the list's order, and an id among equals."""

_UNKNOWN: Final[Mapping[str, int]] = {"value_cents": -1, "interactions": -1}
_BY: Final = {
    "started_at": ("sessions.started_at", "timestamptz"),
    "last_seen_at": ("sessions.last_seen_at", "timestamptz"),
    "value_cents": ("coalesce(total_cents, -1)", "bigint"),
    "interactions": ("interaction_count", "bigint"),
    "language": ("coalesce(language, '') COLLATE \"C\"", "text"),
    "referrer": ("coalesce(referrer, '') COLLATE \"C\"", "text"),
    "device": ("coalesce(device_type, '') COLLATE \"C\"", "text"),
    "status": ('sessions.status COLLATE "C"', "text"),
    "last_category": ("coalesce(last_category, '') COLLATE \"C\"", "text"),
}


NEWEST: Final = VisitOrder()
LATEST: Final = VisitOrder(by="last_seen_at")


class Visits:
    """Reads sessions."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def sessions(
        self,
        span: Range,
        sought: Sought,
        order: VisitOrder = NEWEST,
        *,
        after: Mark | None = None,
        limit: int = 50,
    ) -> list[Visit]:
        """Up to `limit` sessions that began in the range, in this order, after the mark `after`."""
        conditions, asked = _conditions(sought)
        return await self._page(span, order, conditions, asked, after=after, limit=limit)

    async def abandoned(
        self,
        span: Range,
        sought: Sought,
        order: VisitOrder = LATEST,
        *,
        after: Mark | None = None,
        limit: int = 50,
    ) -> list[Visit]:
        """Sessions of the range that ended with a choice but without an inquiry."""
        return await self.sessions(
            span, replace(sought, status="ABANDONED"), order, after=after, limit=limit
        )

    async def get(self, session_id: UUID) -> Visit | None:
        """The session with this id."""
        found = await self._database.read(
            lambda connection: connection.execute(_OPENED, {"session": session_id})
        )
        row = found.one_or_none()
        return None if row is None else visit_in(row)

    async def opened(
        self, session_id: UUID, *, after: UUID | None, limit: int
    ) -> tuple[Visit, list[Happening]] | None:
        """The session and a page of its `timeline`; None if there is no such session."""

        async def work(connection: AsyncConnection) -> tuple[Visit, list[Happening]] | None:
            row = (await connection.execute(_OPENED, {"session": session_id})).one_or_none()
            if row is None:
                return None
            keys = keys_in(row, session_id)
            return visit_in(row), await _happened(connection, keys, *_by_id(after, limit))

        return await self._database.read(work)

    async def gone(self, session_id: UUID) -> int:
        """The number of a session's interactions that retention has removed."""

        async def work(connection: AsyncConnection) -> int:
            keys = await keys_of(connection, session_id)
            if keys is None:
                return 0
            kept = await connection.execute(_KEPT, keys.asked)
            return max(0, keys.count - int(kept.scalar_one()))

        return await self._database.read(work)

    async def timeline(
        self, session_id: UUID, *, after: UUID | None = None, limit: int = PAGE_MAX
    ) -> list[Happening]:
        """The interactions of a session in the order of their ids, after `after`."""
        return await self._of_session(session_id, *_by_id(after, limit))

    async def happened(
        self, session_id: UUID, *, after: PageEnd | None, limit: int
    ) -> list[Happening]:
        """The interactions of a session in the order in which they happened, after `after`."""
        later = " AND (occurred_at, event_id) > (:at, :after)" if after else ""
        asked: dict[str, object] = {"limit": limit}
        if after:
            asked |= {"at": after[0], "after": after[1]}
        return await self._of_session(session_id, f"{later} ORDER BY occurred_at, event_id", asked)

    async def _of_session(
        self, session_id: UUID, which: str, asked: Mapping[str, object]
    ) -> list[Happening]:
        async def work(connection: AsyncConnection) -> list[Happening]:
            keys = await keys_of(connection, session_id)
            return [] if keys is None else await _happened(connection, keys, which, asked)

        return await self._database.read(work)

    async def retention(self, span: Range) -> list[Cohort]:
        """People by the week of their first session, if that was in the range.

        Covers the latest WEEKS_MAX weeks. Later sessions count until the end of the range; sessions
        without a known person cannot be assigned to anybody and do not count.
        """
        zone = ZoneInfo(span.zone)
        begins = beginnings(span.start, span.end, "week", zone)
        found = await rows(
            self._database,
            _RETENTION.format(cohort=cohort(span.bots), who=_who(span)),
            {**limits(span), "begins": begins, "before": len(begins) - WEEKS_MAX},
        )
        return _cohorts(found, [begin.astimezone(zone).date() for begin in begins])

    async def _page(
        self,
        span: Range,
        order: VisitOrder,
        conditions: Sequence[str],
        values: Mapping[str, object],
        *,
        after: Mark | None,
        limit: int,
    ) -> list[Visit]:
        asked: dict[str, object] = {**limits(span), **values, "limit": limit}
        where = [cohort(span.bots), *conditions]
        by, kind = _BY[order.by]
        direction, beyond = ("DESC", "<") if order.descending else ("ASC", ">")
        if after:
            where.append(f"({by}, sessions.id) {beyond} (CAST(:at AS {kind}), :after)")
            asked |= {"at": after[0], "after": after[1]}
        found = await rows(
            self._database,
            f"{_VISIT} WHERE {' AND '.join(where)}"
            f" ORDER BY {by} {direction}, sessions.id {direction} LIMIT :limit",
            asked,
        )
        return [visit_in(row) for row in found]


_VISIT: Final = """
SELECT sessions.id, sessions.status, started_at, last_seen_at, completed_at, order_value_cents,
    device_type, language, referrer, interaction_count, last_category, lost_events, bot_reason,
    person_id, configuration_id, code, catalogue_id, total_cents, head, external_id
FROM sessions LEFT JOIN configurations ON configurations.id = configuration_id"""

_OPENED: Final = text(
    _VISIT.replace("\nFROM", f",{KEY_COLUMNS}\nFROM") + " WHERE sessions.id = :session"
)

_SPOKEN: Final = "(language = :language OR starts_with(language, :language || '-'))"
"""A filter for a language also matches all its regions."""

_SEARCHED: Final = (
    "(sessions.id::text ILIKE :begins OR code ILIKE :begins OR external_id ILIKE :within"
    " OR referrer ILIKE :within)"
)
_KEPT: Final = text(f"SELECT count(*) FROM interactions WHERE {OF_SESSION}")

_HAPPENING: Final = ", ".join(Happening.__struct_fields__)

_RETENTION: Final = """
WITH visited AS (
    SELECT DISTINCT person_id, width_bucket(started_at, CAST(:begins AS timestamptz[])) AS week
    FROM sessions WHERE {cohort} AND person_id IS NOT NULL
), new AS (
    SELECT person_id, min(week) AS first_week FROM visited
    WHERE NOT EXISTS (SELECT FROM sessions AS earlier WHERE earlier.person_id = visited.person_id
        AND earlier.started_at < :start{who})
    GROUP BY person_id
)
SELECT first_week, week - first_week AS later, count(*) AS people
FROM new JOIN visited USING (person_id) WHERE first_week > :before
GROUP BY 1, 2 ORDER BY 1, 2
"""


def _by_id(after: UUID | None, limit: int) -> tuple[str, dict[str, object]]:
    if after is None:
        return " ORDER BY event_id", {"limit": limit}
    return " AND event_id > :after ORDER BY event_id", {"after": after, "limit": limit}


async def _happened(
    connection: AsyncConnection, keys: SessionKeys, which: str, asked: Mapping[str, object]
) -> list[Happening]:
    statement = text(
        f"SELECT {_HAPPENING} FROM interactions WHERE {OF_SESSION}{which} LIMIT :limit"
    )
    found = await connection.execute(statement, {**keys.asked, **asked})
    return [Happening(**row._mapping) for row in found]


def _who(span: Range) -> str:
    conditions = {"none": " AND earlier.bot_reason IS NULL", "all": ""}
    return conditions.get(span.bots, " AND earlier.bot_reason IS NOT NULL")


def _conditions(sought: Sought) -> tuple[list[str], dict[str, object]]:
    columns = {
        "status": ("sessions.status = :status", sought.status),
        "device": ("device_type = :device", sought.device),
        "language": (_SPOKEN, sought.language),
        "last_category": ("last_category = :last_category", sought.last_category),
        "code": ("code = :code", sought.code and (as_code(sought.code) or sought.code)),
        "value_min": ("total_cents >= :value_min", sought.value_min_cents),
    }
    asked = {name: each for name, each in columns.items() if each[1] is not None}
    conditions = [sql for sql, _ in asked.values()]
    values: dict[str, object] = {name: value for name, (_, value) in asked.items()}
    if sought.text:
        plain = re.sub(r"([\\%_])", r"\\\1", sought.text)
        conditions.append(_SEARCHED)
        values |= {"begins": f"{plain}%", "within": f"%{plain}%"}
    return conditions, values


def _cohorts(found: Sequence[Row[Any]], weeks: Sequence[date]) -> list[Cohort]:
    returned: dict[int, dict[int, int]] = {}
    for row in found:
        returned.setdefault(row.first_week, {})[row.later] = row.people
    return [
        Cohort(
            week=weeks[number - 1],
            people=people[0],
            returned=tuple(people.get(later, 0) for later in range(max(people) + 1)),
        )
        for number, people in returned.items()
    ]
