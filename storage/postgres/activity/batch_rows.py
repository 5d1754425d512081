"""A batch of the stream as rows: the columns of `incoming_interactions`, and the values of an entry.

That table has every column of `interactions`, with the types of the migrations, and a few that only
the storing needs. The fields that clients report (`TrackedFields`) are copied under their names: a
new one needs a column, and nothing here.
"""

from dataclasses import dataclass
from operator import attrgetter
from typing import Final

import orjson

from configurator.activity.entries import id_pair
from configurator.activity.interaction import Event
from configurator.activity.stored import processing_ms
from configurator.activity.tracking import TrackedFields

UUID_CHARACTERS = 36

TRACKED: Final = TrackedFields.__struct_fields__
_tracked = attrgetter(*TRACKED)

_ONLY_OF_BATCH: Final = {
    "entry_ms": "bigint",
    "entry_seq": "bigint",
    "event_ms": "bigint",
    "bot_reason": "text",
    "external_id": "text",
    "device_type": "text",
    "width": "integer",
    "height": "integer",
    "language": "text",
    "referrer": "text",
    "network": "text",
}
"""Columns of the batch that `interactions` does not have, with their types."""

_AS_THEY_COME: Final = (
    "received_at", "occurred_at", "processing_ms", "stream_id", "source", "skew_ms", "tab", "seq",
)  # fmt: skip

KEPT_COLUMNS: Final = ", ".join((*_AS_THEY_COME, *TRACKED))
"""The columns that an event keeps as they came; its key, `bot` and `props` are chosen beside them."""

BATCH_COLUMNS: Final = ", ".join(f"{name} {kind}" for name, kind in _ONLY_OF_BATCH.items())

COPIED: Final = (
    "session_id",
    "event_id",
    "bot",
    "props",
    *_AS_THEY_COME,
    *_ONLY_OF_BATCH,
    *TRACKED,
)
"""The columns of `row_of`, in order."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Incoming:
    """An event with the id of its entry in the stream, `<ms>-<sequence>`."""

    stream_id: str
    event: Event


def row_of(incoming: Incoming) -> tuple[object, ...]:
    """The values of `COPIED`."""
    event, interaction = incoming.event, incoming.event.interaction
    session_id = event.session_id
    is_uuid = len(event.session) == UUID_CHARACTERS and event.session == str(session_id)
    device = interaction.device_info
    entry_ms, entry_seq = id_pair(incoming.stream_id)
    return (
        session_id,
        event.event_id,
        event.bot is not None,
        orjson.dumps(interaction.props).decode() if interaction.props else None,
        event.received_at,
        event.occurred_at,
        processing_ms(event, entry_ms),
        incoming.stream_id,
        event.source,
        event.skew_ms,
        event.tab,
        event.seq,
        entry_ms,
        entry_seq,
        event.event_id.int >> 80,
        event.bot,
        None if is_uuid else event.session,
        device.type if device else None,
        device.width if device else None,
        device.height if device else None,
        event.language,
        event.referrer,
        event.network,
        *_tracked(interaction),
    )
