"""One session as it is stored, with its house."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import Row


@dataclass(frozen=True, slots=True, kw_only=True)
class Visit:
    """One session. `code` and `value_cents`: its house and the present price of it.

    `client_session_id`: the id that a client of the original API generated.
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


def visit_in(row: Row[Any]) -> Visit:
    """The session in a row."""
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
