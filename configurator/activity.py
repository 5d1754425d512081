"""Interactions: what a visitor did, as untrusted JSON and as an event that can be stored.

The JSON is that of the original API (camelCase). An event is known by `event_id`, a UUIDv7 whose
time is the client's time of the event; the client may make it, so that its retries are recognised.
Everything here is pure: clocks and randomness are arguments.
"""

from dataclasses import dataclass
from datetime import datetime
from typing import Annotated
from uuid import UUID

import msgspec

from configurator.event_ids import (
    LATEST_MS,
    remembered_session_uuid,
    unix_ms,
    uuid7_ms,
    uuid7_time,
)
from configurator.untrusted import (
    NAME_PATTERN,
    WHOLE_MAX,
    InteractionInvalid,
    clean_name,
    clean_props,
    converted,
    is_clean,
    is_storable,
    parse_tracked,
)
from configurator.unusable import is_absent, without_unusable

BODY_BYTES_MAX = 64 * 1024
BATCH_BYTES_MAX = 512 * 1024
BATCH_EVENTS_MAX = 500

_CLEAN = {"pattern": NAME_PATTERN}
_Name = Annotated[str, msgspec.Meta(min_length=1, max_length=64, extra_json_schema=_CLEAN)]
_Id = Annotated[str, msgspec.Meta(max_length=256)]
_Value = Annotated[str, msgspec.Meta(max_length=1024)]
_SessionId = Annotated[str, msgspec.Meta(min_length=1, max_length=128, extra_json_schema=_CLEAN)]
_Milliseconds = Annotated[int, msgspec.Meta(ge=0, le=86_400_000)]
_Pixels = Annotated[int, msgspec.Meta(ge=0, le=100_000)]
_Cents = Annotated[int, msgspec.Meta(ge=-100_000_000_000, le=100_000_000_000)]
_Json = Annotated[object, msgspec.Meta(extra_json_schema={"description": "any JSON value"})]
_Version = Annotated[int, msgspec.Meta(ge=0, le=2_000_000_000)]
Seq = Annotated[int, msgspec.Meta(ge=1, le=2_000_000_000)]
Tab = Annotated[int, msgspec.Meta(ge=0, le=32_767)]
ClientMs = Annotated[int, msgspec.Meta(ge=0, le=LATEST_MS)]
"""A client's clock, in ms since 1970."""


class DeviceInfo(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """What the visitor looks at; width and height are pixels of the window."""

    type: Annotated[str, msgspec.Meta(max_length=32)] | None = None
    width: _Pixels | None = None
    height: _Pixels | None = None


class Interaction(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True, rename="camel"):
    """One thing that a visitor did. Event types and categories are free; `time_spent` is in ms.

    `total_cents` is the price after it and `change_cents` what it changed, both of the version
    `version` of the configuration. `props` are up to 2,048 bytes of JSON for whatever has no field.
    """

    event_type: _Name
    category: _Name
    element_id: _Id | None = None
    selection_value: _Value | None = None
    previous_value: _Value | None = None
    time_spent: _Milliseconds | None = None
    device_info: DeviceInfo | None = None
    total_cents: _Cents | None = None
    change_cents: _Cents | None = None
    version: _Version | None = None
    props: dict[str, _Json] | None = None


class PageVisit(msgspec.Struct, frozen=True, kw_only=True):
    """What a page knows of the visit: the browser's language and where the visitor came from."""

    language: str | None = None
    referrer: str | None = None


class Sending(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """What everything in one request has in common.

    `sent_at` is the client's clock at the moment of sending, in ms since 1970; with it a wrong
    clock does no harm. `tab` tells the tabs of a session apart, each of which counts its `seq`.
    """

    session_id: _SessionId
    sent_at: ClientMs | None = None
    tab: Tab | None = None
    visit: PageVisit | None = None


class TrackRequest(Sending, frozen=True, kw_only=True, rename="camel"):
    """The body of `POST /api/sessions/track-interaction`."""

    interaction: Interaction
    event_id: UUID | None = None
    seq: Seq | None = None


class ReportedInteraction(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """One interaction as its client reports it; `seq` counts those of its tab from 1."""

    interaction: Interaction
    event_id: UUID | None = None
    seq: Seq | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Reported:
    """One interaction as it is taken; `dropped` are the names of its fields that were unusable."""

    interaction: Interaction
    event_id: UUID | None = None
    seq: int | None = None
    dropped: tuple[str, ...] = ()


class TrackBatchRequest(Sending, frozen=True, kw_only=True, rename="camel"):
    """The body of `POST /api/sessions/track-interactions`."""

    interactions: Annotated[
        list[ReportedInteraction], msgspec.Meta(min_length=1, max_length=BATCH_EVENTS_MAX)
    ]


@dataclass(frozen=True, slots=True, kw_only=True)
class Unusable:
    """One of a batch that is no interaction. `event_id` is what its client called it."""

    event_id: str | None
    problem: InteractionInvalid


class Event(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """An accepted interaction as it travels to the database.

    `session` is the client's own id. `happened_at` is when it happened by the server's clock, where
    that is not the time in the event id, and `skew_ms` how far the client's clock is ahead. `seq`
    counts the events of one `tab` of a session from 1, so that what never came can be counted.
    `bot` is why this is no person, `network` the address without its last part.
    """

    event_id: UUID
    session: _SessionId
    received_at: Annotated[datetime, msgspec.Meta(tz=True)]
    source: Annotated[str, msgspec.Meta(max_length=16)]
    interaction: Interaction
    user_agent: Annotated[str, msgspec.Meta(max_length=256)] | None = None
    happened_at: Annotated[datetime, msgspec.Meta(tz=True)] | None = None
    skew_ms: Annotated[int, msgspec.Meta(ge=-WHOLE_MAX, le=WHOLE_MAX)] | None = None
    tab: Tab | None = None
    seq: Seq | None = None
    bot: Annotated[str, msgspec.Meta(max_length=128)] | None = None
    language: Annotated[str, msgspec.Meta(max_length=16)] | None = None
    referrer: Annotated[str, msgspec.Meta(max_length=256)] | None = None
    network: Annotated[str, msgspec.Meta(max_length=64)] | None = None

    @property
    def session_id(self) -> UUID:
        """The id under which the session is stored."""
        return remembered_session_uuid(self.session)

    @property
    def occurred_at(self) -> datetime:
        """When it happened, in whole milliseconds."""
        return self.happened_at or uuid7_time(self.event_id)


class Filtered(msgspec.Struct, frozen=True, kw_only=True):
    """An interaction that its visitor does not want stored: only that it was, and why not.

    Nothing of it, and nothing of its visitor, goes any further.
    """

    filtered: Annotated[str, msgspec.Meta(min_length=1, max_length=32)]
    received_at: Annotated[datetime, msgspec.Meta(tz=True)]


class Recorded(msgspec.Struct, frozen=True, kw_only=True):
    """An interaction as it is read back; `processing_ms` is from receipt to being safe."""

    event_id: UUID
    occurred_at: datetime
    event_type: str
    category: str
    element_id: str | None
    selection_value: str | None
    previous_value: str | None
    time_spent_ms: int | None
    processing_ms: int


_decode_request = msgspec.json.Decoder(TrackRequest)
_decode_batch = msgspec.json.Decoder(TrackBatchRequest)
_encoder = msgspec.json.Encoder()


_OF_INTERACTION = {
    "timeSpent": _Milliseconds,
    "deviceInfo": {
        "type": Annotated[str, msgspec.Meta(max_length=32)],
        "width": _Pixels,
        "height": _Pixels,
    },
    "totalCents": _Cents,
    "changeCents": _Cents,
    "version": _Version,
    "props": dict[str, object],
}
_OF_EVENT = {"eventId": UUID, "seq": Seq}
_OF_SENDING = {
    "sentAt": ClientMs,
    "tab": Tab,
    "visit": {"language": str, "referrer": str},
}
"""What may be left out, and what it must be to be kept."""

PROCESSING_MS_MAX = 60_000

_UNREADABLE = (msgspec.ValidationError, msgspec.DecodeError, UnicodeError, RecursionError)


def parse_request(raw: bytes) -> tuple[TrackRequest, list[str]]:
    """The body of a track request, and the names of the fields that were dropped.

    Raises InteractionInvalid.
    """
    dropped: list[str] = []
    try:
        request = _decode_request.decode(raw)
    except _UNREADABLE:
        request = _request_step_by_step(raw, dropped)
    event_id = _usable_event_id(request.event_id, dropped)
    clean_name(request.session_id, "sessionId")
    interaction = _clean(request.interaction, "interaction.", dropped)
    if interaction is not request.interaction or event_id is not request.event_id:
        request = msgspec.structs.replace(request, interaction=interaction, event_id=event_id)
    return request, dropped


def _request_step_by_step(raw: bytes, dropped: list[str]) -> TrackRequest:
    """The same, slower, to find out what is wrong with it."""
    body = parse_tracked(raw)
    fields = body if isinstance(body, dict) else {}
    if is_absent(fields.get("sessionId")) or is_absent(fields.get("interaction")):
        raise InteractionInvalid("missing_fields")
    _require_names(fields["interaction"])
    fields = {**fields, "interaction": _usable(fields["interaction"], dropped)}
    kept = without_unusable(fields, {**_OF_SENDING, **_OF_EVENT}, "", dropped)
    return converted(kept, TrackRequest)


def _usable(interaction: object, dropped: list[str]) -> object:
    return without_unusable(interaction, _OF_INTERACTION, "interaction.", dropped)


def parse_batch(raw: bytes) -> tuple[Sending, list[Reported | Unusable], list[str]]:
    """The body of a batch: what is common to it, and each of its events, in order.

    The last are the names of the fields of the batch itself that were dropped; those of an event are
    in its `dropped`. Raises InteractionInvalid for the batch as a whole; a bad event is Unusable in
    its place.
    """
    try:
        batch = _decode_batch.decode(raw)
        clean_name(batch.session_id, "sessionId")
        return batch, [_checked(each) for each in batch.interactions], []
    except (InteractionInvalid, *_UNREADABLE):
        return _batch_step_by_step(raw)


def _batch_step_by_step(raw: bytes) -> tuple[Sending, list[Reported | Unusable], list[str]]:
    """The same, slower, to find out which are wrong, and what with them."""
    body = parse_tracked(raw)
    fields = body if isinstance(body, dict) else {}
    events = fields.get("interactions")
    if is_absent(fields.get("sessionId")) or not events:
        raise InteractionInvalid("missing_batch_fields")
    if not isinstance(events, list):
        raise InteractionInvalid("wrong_type", "interactions")
    if len(events) > BATCH_EVENTS_MAX:
        raise InteractionInvalid("too_many_interactions", "interactions")
    dropped: list[str] = []
    sending = converted(without_unusable(fields, _OF_SENDING, "", dropped), Sending)
    clean_name(sending.session_id, "sessionId")
    return sending, [_reported(event) for event in events], dropped


def parse_interaction(raw: bytes) -> Interaction:
    """One interaction on its own. Raises InteractionInvalid."""
    body, dropped = parse_tracked(raw), list[str]()
    _require_names(body)
    usable = without_unusable(body, _OF_INTERACTION, "", dropped)
    return _clean(converted(usable, Interaction), "", dropped)


def parse_session_id(text: str) -> str:
    """The text as a session id: 1 to 128 characters without control characters."""
    if not text:
        raise InteractionInvalid("missing_fields", "sessionId")
    if len(text) > 128:
        raise InteractionInvalid("too_long", "sessionId")
    return clean_name(text, "sessionId")


def report(interaction: Interaction, *, event_id: UUID | None, seq: int | None) -> Reported:
    """An interaction with its id, of whatever time; one that is no UUIDv7 is dropped."""
    usable = _usable_event_id(event_id, [])
    return Reported(interaction=interaction, event_id=usable, seq=seq)


def encode_event(event: Event | Filtered) -> bytes:
    """The event as JSON bytes, for `configurator.entries`."""
    return _encoder.encode(event)


def recorded(event: Event, *, safe_at_ms: int) -> Recorded:
    """The event as it will be read back; `safe_at_ms` is the Unix time at which it was safe."""
    interaction = event.interaction
    return Recorded(
        event_id=event.event_id,
        occurred_at=event.occurred_at,
        event_type=interaction.event_type,
        category=interaction.category,
        element_id=interaction.element_id,
        selection_value=interaction.selection_value,
        previous_value=interaction.previous_value,
        time_spent_ms=interaction.time_spent,
        processing_ms=processing_ms(event, safe_at_ms),
    )


def processing_ms(event: Event, safe_at_ms: int) -> int:
    """From receipt to being safe, in ms.

    Two clocks are compared: what no `append` lasts is their difference, and says nothing: 0.
    """
    lasted_ms = safe_at_ms - unix_ms(event.received_at)
    return lasted_ms if 0 <= lasted_ms <= PROCESSING_MS_MAX else 0


def _reported(event: object) -> Reported | Unusable:
    fields = event if isinstance(event, dict) else {}
    try:
        _require_names(fields.get("interaction"))
        dropped: list[str] = []
        fields = {**fields, "interaction": _usable(fields["interaction"], dropped)}
        kept = without_unusable(fields, _OF_EVENT, "", dropped)
        return _checked(converted(kept, ReportedInteraction), dropped)
    except InteractionInvalid as problem:
        called = fields.get("eventId")
        short = isinstance(called, str) and len(called) <= 64
        return Unusable(event_id=called if short else None, problem=problem)


def _checked(reported: ReportedInteraction, dropped: list[str] | None = None) -> Reported:
    """The event as it may be stored. Raises InteractionInvalid."""
    dropped = [] if dropped is None else dropped
    return Reported(
        event_id=_usable_event_id(reported.event_id, dropped),
        interaction=_clean(reported.interaction, "interaction.", dropped),
        seq=reported.seq,
        dropped=tuple(dropped),
    )


def _usable_event_id(event_id: UUID | None, dropped: list[str]) -> UUID | None:
    """The id, if it is a UUIDv7 of a time that there is; without it we make one."""
    try:
        check_event_id(event_id)
    except InteractionInvalid:
        dropped.append("eventId")
        return None
    return event_id


def check_event_id(event_id: UUID | None, field: str = "eventId") -> None:
    """Accepts an id of any time that a UUIDv7 can say, up to the year 9999."""
    if event_id is None:
        return
    if event_id.version != 7:
        raise InteractionInvalid("event_id_not_v7", field)
    if uuid7_ms(event_id) > LATEST_MS:
        raise InteractionInvalid("event_id_out_of_range", field)


def _require_names(interaction: object) -> None:
    fields = interaction if isinstance(interaction, dict) else {}
    if is_absent(fields.get("eventType")) or is_absent(fields.get("category")):
        raise InteractionInvalid("missing_interaction_fields")


def _clean(interaction: Interaction, place: str, dropped: list[str]) -> Interaction:
    """Names with control characters are refused; a text comes back as it was sent, or is dropped."""
    device, props = interaction.device_info, interaction.props
    clean_name(interaction.event_type, f"{place}eventType")
    clean_name(interaction.category, f"{place}category")
    if props is None and is_clean(
        interaction.element_id,
        interaction.selection_value,
        interaction.previous_value,
        device.type if device else None,
    ):
        return interaction

    def kept(text: str | None, name: str) -> str | None:
        if text is None or is_storable(text):
            return text
        dropped.append(f"{place}{name}")
        return None

    return msgspec.structs.replace(
        interaction,
        element_id=kept(interaction.element_id, "elementId"),
        selection_value=kept(interaction.selection_value, "selectionValue"),
        previous_value=kept(interaction.previous_value, "previousValue"),
        device_info=device
        and msgspec.structs.replace(device, type=kept(device.type, "deviceInfo.type")),
        props=_clean_props(props, f"{place}props", dropped) if props else None,
    )


def _clean_props(
    props: dict[str, object], place: str, dropped: list[str]
) -> dict[str, object] | None:
    try:
        return clean_props(props, place)
    except InteractionInvalid:
        dropped.append(place)
        return None
