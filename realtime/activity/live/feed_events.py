"""Entries of the stream in the form of the live view. Pure."""

from operator import attrgetter
from typing import Final

import msgspec

from configurator.activity.entries import decode_storable, id_pair
from configurator.activity.event_ids import session_uuid
from configurator.activity.interaction import Event, Filtered
from configurator.activity.tracking import TrackedFields
from configurator.activity.untrusted import InteractionInvalid
from storage.redis.activity.entries import Entry

FeedEvent = dict[str, str | int | None]
"""stream_id, event_id, session (client's id), session_id (UUID), at (ISO 8601, UTC), source and
device_type, the fields of `TrackedFields`, and tab, seq, skew_ms, bot (why), props (JSON)."""

ALWAYS: Final = frozenset(
    {"element_id", "selection_value", "previous_value", "time_spent_ms", "device_type"}
)
"""Fields that are null where they are not known; other unknown fields are left out."""

TRACKED: Final = TrackedFields.__struct_fields__
_tracked = attrgetter(*TRACKED)


def shown_events(entries: list[Entry], now_ms: int) -> list[FeedEvent]:
    """The events that the live view shows; an unreadable entry will be a dead letter."""
    shown: list[FeedEvent] = []
    for entry in entries:
        try:
            event = decode_storable(entry.payload, written_ms=id_pair(entry.id)[0], now_ms=now_ms)
        except InteractionInvalid:
            continue
        if isinstance(event, Filtered):
            continue
        shown.append(_told(entry.id, event))
    return shown


def _told(entry_id: str, event: Event) -> FeedEvent:
    """An interaction in the form for watchers: the fields of `ALWAYS`, and other known ones."""
    interaction = event.interaction
    props, device = interaction.props, interaction.device_info
    fields: FeedEvent = {
        "stream_id": entry_id,
        "event_id": str(event.event_id),
        "session": event.session,
        "session_id": str(session_uuid(event.session)),
        "at": event.occurred_at.isoformat(timespec="milliseconds"),
        **dict(zip(TRACKED, _tracked(interaction), strict=True)),
        "source": event.source,
        "device_type": device.type if device else None,
        "tab": event.tab,
        "seq": event.seq,
        "skew_ms": event.skew_ms,
        "bot": event.bot,
        "props": msgspec.json.encode(props).decode() if props else None,
    }
    return {name: value for name, value in fields.items() if value is not None or name in ALWAYS}
