"""The range of ids of one session's events: without it a query reads every day's partition.

The stored id of an event lies between a day before and a month after its session's anchor
(`interaction_key` in the migrations), whatever the client's clock says. Except on the anchor's own
day, it is also not later than the latest time in any id of the session (`latest_ms`).
"""

from dataclasses import dataclass
from typing import Any
from uuid import UUID

from sqlalchemy import Row, text
from sqlalchemy.ext.asyncio import AsyncConnection

OF_SESSION = "session_id = :session AND event_id >= :low AND event_id < :high"
"""The condition for the events of a session; its parameters come from `SessionKeys.asked`."""

KEY_COLUMNS = """
    interaction_count AS events, floor(extract(epoch FROM anchored_at) * 1000)::bigint AS anchor_ms,
    uuid7_floor(anchored_at - interval '2 days') AS low,
    uuid7_floor(least(anchored_at + interval '32 days', greatest(anchored_at,
        timestamptz 'epoch' + interval '1 millisecond' * latest_ms) + interval '1 day')) AS high"""
"""The columns that `keys_in` needs from a SELECT of `sessions`."""

_KEYS = text(f"SELECT {KEY_COLUMNS} FROM sessions WHERE id = :session")


@dataclass(frozen=True, slots=True, kw_only=True)
class SessionKeys:
    """A session's anchor in ms since 1970, how many events it has, and between which ids."""

    session_id: UUID
    count: int
    anchor_ms: int
    low: UUID
    high: UUID

    @property
    def asked(self) -> dict[str, object]:
        """The parameters of `OF_SESSION`."""
        return {"session": self.session_id, "low": self.low, "high": self.high}


async def keys_of(connection: AsyncConnection, session_id: UUID) -> SessionKeys | None:
    """The keys of a session; None if there is no such session, so it has no events."""
    row = (await connection.execute(_KEYS, {"session": session_id})).one_or_none()
    return None if row is None else keys_in(row, session_id)


def keys_in(row: Row[Any], session_id: UUID) -> SessionKeys:
    """The keys of the session in this row, which contains `KEY_COLUMNS`."""
    return SessionKeys(
        session_id=session_id,
        count=row.events,
        anchor_ms=row.anchor_ms,
        low=row.low,
        high=row.high,
    )
