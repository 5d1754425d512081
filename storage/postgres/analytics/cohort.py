"""The sessions of a range as a piece of SQL, and other SQL parts that several figures share."""

from collections.abc import Mapping, Sequence
from typing import Any, Final

from sqlalchemy import Row, text
from sqlalchemy.ext.asyncio import AsyncConnection

from configurator.activity.ranges import Bots, Range
from storage.postgres.activity.choices import choices
from storage.postgres.engine import Database

_SESSIONS_OF: Final[Mapping[Bots, str]] = {
    "none": " AND sessions.bot_reason IS NULL",
    "only": " AND sessions.bot_reason IS NOT NULL",
    "all": "",
}
_EVENTS_OF: Final[Mapping[Bots, str]] = {"none": " AND NOT bot", "only": " AND bot", "all": ""}

OTHER: Final = "(other)"
"""Stands for all parts of a breakdown that are too small to be listed."""

DIMENSIONS: Final[Mapping[str, str]] = {
    "device": "sessions.device_type",
    "language": "sessions.language",
    "referrer": "sessions.referrer",
    "none": "NULL::text",
}


_ROOMY: Final = text("SET LOCAL work_mem = '32MB'")
"""A quarter of a year does not fit into the 4 MB of a short statement: it would sort on disk."""


def cohort(bots: Bots) -> str:
    """The condition for the sessions of a range; it binds `:start` and `:end`."""
    return f"sessions.started_at >= :start AND sessions.started_at < :end{_SESSIONS_OF[bots]}"


def choices_of(bots: Bots) -> str:
    """The choices of the sessions of a range, as a table; binds the parameters of `cohort`."""
    return choices(cohort(bots), since=":start")


def sessions_of(bots: Bots) -> str:
    """An extra condition for tables joined with sessions; rows without a session count as no bot's."""
    return _SESSIONS_OF[bots]


def events_of(bots: Bots) -> str:
    """An extra condition for events and their roll-ups."""
    return _EVENTS_OF[bots]


def limits(span: Range) -> dict[str, Any]:
    """The parameters of `cohort`."""
    return {"start": span.start, "end": span.end}


async def rows(database: Database, sql: str, values: Mapping[str, Any]) -> Sequence[Row[Any]]:
    """The rows of one statement, which gets more memory than usual to sort and group."""
    statement = text(sql)

    async def work(connection: AsyncConnection) -> Sequence[Row[Any]]:
        await connection.execute(_ROOMY)
        return (await connection.execute(statement, dict(values))).all()

    return await database.read_snapshot(work)
