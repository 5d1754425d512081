"""Interactions as they are read back, from the stream or from PostgreSQL."""

from datetime import datetime
from uuid import UUID

import msgspec

from configurator.activity.event_ids import unix_ms
from configurator.activity.interaction import Event
from configurator.activity.tracking import TrackedFields

PROCESSING_MS_MAX = 60_000


class StoredFields(TrackedFields, frozen=True, kw_only=True):
    """The fields of a stored interaction beside its id and time; each is a column."""

    tab: int | None
    seq: int | None
    skew_ms: int | None
    source: str
    bot: bool
    props: dict[str, object] | None


class Happening(StoredFields, frozen=True):
    """One interaction of a session.

    Its own two fields come first, because they are not `kw_only`.
    """

    event_id: UUID
    occurred_at: datetime


class Recorded(msgspec.Struct, frozen=True, kw_only=True):
    """An interaction in the form of the original API.

    `processing_ms` is the time between receipt and safe storage.

    Fixed by that API: what interactions learn beside it is not told there.
    """

    event_id: UUID
    occurred_at: datetime
    event_type: str
    category: str
    element_id: str | None
    selection_value: str | None
    time_spent_ms: int | None
    processing_ms: int


def recorded(event: Event, *, safe_at_ms: int) -> Recorded:
    """The event as it will be read back; `safe_at_ms` is the Unix time of its safe storage."""
    interaction = event.interaction
    return Recorded(
        event_id=event.event_id,
        occurred_at=event.occurred_at,
        event_type=interaction.event_type,
        category=interaction.category,
        element_id=interaction.element_id,
        selection_value=interaction.selection_value,
        time_spent_ms=interaction.time_spent_ms,
        processing_ms=processing_ms(event, safe_at_ms),
    )


def processing_ms(event: Event, safe_at_ms: int) -> int:
    """The time between receipt and safe storage, in ms.

    The two times come from two clocks. A difference that no `append` lasts is the difference of the
    clocks and tells nothing, so 0 is returned.
    """
    lasted_ms = safe_at_ms - unix_ms(event.received_at)
    return lasted_ms if 0 <= lasted_ms <= PROCESSING_MS_MAX else 0
