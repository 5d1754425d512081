"""Single sessions: found, listed page by page, read event by event; and who came back."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields, replace
from datetime import date, datetime
from typing import Any, Final
from uuid import UUID
from zoneinfo import ZoneInfo

from sqlalchemy import Row, text
from sqlalchemy.ext.asyncio import AsyncConnection

from configurator.house_code import as_code
from configurator.periods import beginnings
from configurator.ranges import Range
from storage.postgres.analytics.cohort import cohort, limits, rows
from storage.postgres.engine import Database
from storage.postgres.session_keys import (
    KEY_COLUMNS,
    OF_SESSION,
    SessionKeys,
    keys_in,
    keys_of,
)

PAGE_MAX: Final = 200
WEEKS_MAX: Final = 53


@dataclass(frozen=True, slots=True, kw_only=True)
class Visit:
    """One session. `code` and `value_cents`: its house, and what that costs now.

    `client_session_id`: the id that a client of the original API made up itself.
    """

    id: UUID
    status: str
    started_at: datetime
    last_seen_at: datetime
    completed_at: datetime | None
    order_value_cents: int | None
    device: str | None
    language: str | None
    referrer: str | None
    interactions: int
    last_category: str | None
    lost_events: int | None
    bot_reason: str | None
    person_id: UUID | None
    configuration_id: UUID | None
    code: str | None
    catalogue_id: str | None
    value_cents: int | None
    version: int | None
    client_session_id: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Happening:
    """One interaction of a session; its fields are columns of `interactions`."""

    event_id: UUID
    occurred_at: datetime
    event_type: str
    category: str
    element_id: str | None
    selection_value: str | None
    previous_value: str | None
    time_spent_ms: int | None
    total_cents: int | None
    change_cents: int | None
    version: int | None
    tab: int | None
    seq: int | None
    skew_ms: int | None
    source: str
    bot: bool
    props: dict[str, object] | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Sought:
    """Which sessions to list; None is any.

    `text`: within the client's own session id or the referrer, or at the beginning of the session's
    id or of its house's code.
    """

    status: str | None = None
    device: str | None = None
    language: str | None = None
    last_category: str | None = None
    code: str | None = None
    value_min_cents: int | None = None
    text: str | None = None


SORTS: Final = (
    "started_at", "last_seen_at", "value_cents", "interactions", "language", "referrer", "device",
    "status", "last_category",
)  # fmt: skip
"""By which fields of a `Visit` a list is sorted; what is unknown counts as the least."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Order:
    """How a list is sorted: `by` one of `SORTS`, and by id among equals."""

    by: str = "started_at"
    descending: bool = True

    def place(self, visit: Visit) -> "Mark":
        """Where a visit is in this order."""
        value = getattr(visit, self.by)
        return (_UNKNOWN.get(self.by, "") if value is None else value), visit.id


@dataclass(frozen=True, slots=True, kw_only=True)
class Cohort:
    """The people whose first session ever was in this week, and how many had one `n` weeks later.

    `returned[0]` is the week itself, so it equals `people`.
    """

    week: date
    people: int
    returned: tuple[int, ...]


Place = tuple[datetime, UUID]
"""Where a page ended: a time, and an id among those of the same time."""

Mark = tuple[datetime | int | str, UUID]
"""Where a page of a list of sessions ended: a value of its order, and an id among equals."""

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


NEWEST: Final = Order()
LATEST: Final = Order(by="last_seen_at")


class Visits:
    """Reads sessions."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def sessions(
        self,
        span: Range,
        sought: Sought,
        order: Order = NEWEST,
        *,
        after: Mark | None = None,
        limit: int = 50,
    ) -> list[Visit]:
        """Sessions that began in the range, in this order, from `after` on; at most `limit`."""
        conditions, asked = _conditions(sought)
        return await self._page(span, order, conditions, asked, after=after, limit=limit)

    async def abandoned(
        self,
        span: Range,
        sought: Sought,
        order: Order = LATEST,
        *,
        after: Mark | None = None,
        limit: int = 50,
    ) -> list[Visit]:
        """Sessions of the range that ended with something chosen and no inquiry."""
        return await self.sessions(
            span, replace(sought, status="ABANDONED"), order, after=after, limit=limit
        )

    async def get(self, session_id: UUID) -> Visit | None:
        """The session with this id."""
        found = await self._database.read(
            lambda connection: connection.execute(_OPENED, {"session": session_id})
        )
        row = found.one_or_none()
        return None if row is None else _visit(row)

    async def opened(
        self, session_id: UUID, *, after: UUID | None, limit: int
    ) -> tuple[Visit, list[Happening]] | None:
        """The session and a page of what `timeline` tells; None: there is no such session."""

        async def work(connection: AsyncConnection) -> tuple[Visit, list[Happening]] | None:
            row = (await connection.execute(_OPENED, {"session": session_id})).one_or_none()
            if row is None:
                return None
            keys = keys_in(row, session_id)
            return _visit(row), await _happened(connection, keys, *_by_id(after, limit))

        return await self._database.read(work)

    async def gone(self, session_id: UUID) -> int:
        """How many interactions of a session retention has removed."""

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
        """The interactions of a session in the order of their ids, from `after` on."""
        return await self._of_session(session_id, *_by_id(after, limit))

    async def happened(
        self, session_id: UUID, *, after: Place | None, limit: int
    ) -> list[Happening]:
        """The interactions of a session in the order in which they happened, from `after` on."""
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
        """People by the week of their first session, for first sessions in the range.

        The latest WEEKS_MAX weeks. Later sessions count until the end of the range; sessions
        without a known person cannot be told apart and do not count.
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
        order: Order,
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
        return [_visit(row) for row in found]


_VISIT: Final = """
SELECT sessions.id, sessions.status, started_at, last_seen_at, completed_at, order_value_cents,
    device_type, language, referrer, interaction_count, last_category, lost_events, bot_reason,
    person_id, configuration_id, code, catalogue_id, total_cents, head, external_id
FROM sessions LEFT JOIN configurations ON configurations.id = configuration_id"""

_OPENED: Final = text(
    _VISIT.replace("\nFROM", f",{KEY_COLUMNS}\nFROM") + " WHERE sessions.id = :session"
)

_SPOKEN: Final = "(language = :language OR starts_with(language, :language || '-'))"
"""A language is also asked for with all its regions."""

_SEARCHED: Final = (
    "(sessions.id::text ILIKE :begins OR code ILIKE :begins OR external_id ILIKE :within"
    " OR referrer ILIKE :within)"
)
_KEPT: Final = text(f"SELECT count(*) FROM interactions WHERE {OF_SESSION}")  # noqa: S608

_FIELDS: Final = tuple(each.name for each in fields(Happening))
_HAPPENING: Final = ", ".join(_FIELDS)

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
        f"SELECT {_HAPPENING} FROM interactions WHERE {OF_SESSION}{which} LIMIT :limit"  # noqa: S608 - constants
    )
    found = await connection.execute(statement, {**keys.asked, **asked})
    return [Happening(**dict(zip(_FIELDS, row, strict=True))) for row in found]


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


def _visit(row: Row[Any]) -> Visit:
    return Visit(
        id=row.id,
        status=row.status,
        started_at=row.started_at,
        last_seen_at=row.last_seen_at,
        completed_at=row.completed_at,
        order_value_cents=row.order_value_cents,
        device=row.device_type,
        language=row.language,
        referrer=row.referrer,
        interactions=row.interaction_count,
        last_category=row.last_category,
        lost_events=row.lost_events,
        bot_reason=row.bot_reason,
        person_id=row.person_id,
        configuration_id=row.configuration_id,
        code=row.code,
        catalogue_id=row.catalogue_id,
        value_cents=row.total_cents,
        version=row.head,
        client_session_id=row.external_id,
    )
