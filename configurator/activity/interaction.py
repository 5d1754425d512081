"""Interactions of visitors, as untrusted JSON and as events that can be stored.

The JSON is that of the original API (camelCase). An event is identified by `event_id`, a UUIDv7
with the client's time of the event; the client may make it, and then its retries are recognised.
Everything here is pure: clocks and randomness are arguments.
"""

from dataclasses import dataclass
from datetime import datetime
from operator import attrgetter
from typing import Annotated
from uuid import UUID

import msgspec

from configurator.activity.event_ids import (
    LATEST_MS,
    remembered_session_uuid,
    uuid7_ms,
    uuid7_time,
)
from configurator.activity.tracking import Interaction
from configurator.activity.untrusted import (
    NAME_PATTERN,
    WHOLE_MAX,
    FieldsMissing,
    InteractionInvalid,
    clean_name,
    clean_props,
    converted,
    is_clean,
    is_storable,
    parse_tracked,
)
from configurator.activity.unusable import is_absent, optional_of, texts_of, without_unusable

BODY_BYTES_MAX = 64 * 1024
BATCH_BYTES_MAX = 512 * 1024
BATCH_EVENTS_MAX = 500

_SessionId = Annotated[
    str,
    msgspec.Meta(min_length=1, max_length=128, extra_json_schema={"pattern": NAME_PATTERN}),
]
Seq = Annotated[int, msgspec.Meta(ge=1, le=2_000_000_000)]
TabNumber = Annotated[int, msgspec.Meta(ge=0, le=32_767)]
ClientMs = Annotated[int, msgspec.Meta(ge=0, le=LATEST_MS)]
"""A time of the client's clock, in ms since 1970."""


class PageVisit(msgspec.Struct, frozen=True, kw_only=True):
    """A page's facts about the visit: the browser's language, and where the visitor came from."""

    language: str | None = None
    referrer: str | None = None


class Sending(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """The fields that all interactions of one request have in common.

    `sent_at` is the time of the client's clock when it sends, in ms since 1970; it makes up for a
    wrong clock. `tab` identifies a tab of the session; each tab counts its own `seq`.
    """

    session_id: _SessionId
    sent_at: ClientMs | None = None
    tab: TabNumber | None = None
    visit: PageVisit | None = None


class TrackRequest(Sending, frozen=True, kw_only=True, rename="camel"):
    """The body of `POST /api/sessions/track-interaction`."""

    interaction: Interaction
    event_id: UUID | None = None
    seq: Seq | None = None


class ReportedInteraction(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """One interaction as its client reports it; `seq` is its number in its tab, from 1."""

    interaction: Interaction
    event_id: UUID | None = None
    seq: Seq | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Reported:
    """One interaction after the checks; `dropped` are the names of its unusable fields."""

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
    """An item of a batch that is not a valid interaction.

    `event_id` is the client's id for it, if any.
    """

    event_id: str | None
    problem: InteractionInvalid


class Event(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """An accepted interaction as it travels to the database.

    `session` is the client's own id. `happened_at` is the time of the event by the server's clock,
    if that is not the time in the event id; `skew_ms` is by how many ms the client's clock is
    ahead. `seq` is the number of the event in its `tab`, from 1, which reveals missing events.
    `bot` is the reason why this is no person; `network` is the address without its last part.
    """

    event_id: UUID
    session: _SessionId
    received_at: Annotated[datetime, msgspec.Meta(tz=True)]
    source: Annotated[str, msgspec.Meta(max_length=16)]
    interaction: Interaction
    user_agent: Annotated[str, msgspec.Meta(max_length=256)] | None = None
    happened_at: Annotated[datetime, msgspec.Meta(tz=True)] | None = None
    skew_ms: Annotated[int, msgspec.Meta(ge=-WHOLE_MAX, le=WHOLE_MAX)] | None = None
    tab: TabNumber | None = None
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
        """The time of the event, in whole milliseconds."""
        return self.happened_at or uuid7_time(self.event_id)


class Filtered(msgspec.Struct, frozen=True, kw_only=True):
    """An interaction that its visitor does not want stored; only the reason is kept.

    Neither its content nor anything about its visitor goes any further.
    """

    filtered: Annotated[str, msgspec.Meta(min_length=1, max_length=32)]
    received_at: Annotated[datetime, msgspec.Meta(tz=True)]


_decode_request = msgspec.json.Decoder(TrackRequest)
_decode_batch = msgspec.json.Decoder(TrackBatchRequest)
_encoder = msgspec.json.Encoder()


_TEXTS = texts_of(Interaction)
_texts = attrgetter(*_TEXTS)
_NAMES = {field.name: field.encode_name for field in msgspec.structs.fields(Interaction)}
_OF_INTERACTION = optional_of(Interaction, but=_TEXTS)
_OF_EVENT = optional_of(ReportedInteraction)
_OF_SENDING = optional_of(Sending)
"""The optional fields, each with the type that a value must have to be kept. The texts of an
interaction are not among them: they say what it is about, so a wrong type is refused."""

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
    """The same, but slower and step by step, to find out what is wrong."""
    body = parse_tracked(raw)
    fields = body if isinstance(body, dict) else {}
    if is_absent(fields.get("sessionId")) or is_absent(fields.get("interaction")):
        raise FieldsMissing("missing_fields")
    _require_names(fields["interaction"])
    fields = {**fields, "interaction": _usable(fields["interaction"], dropped)}
    kept = without_unusable(fields, {**_OF_SENDING, **_OF_EVENT}, "", dropped)
    return converted(kept, TrackRequest)


def _usable(interaction: object, dropped: list[str]) -> object:
    return without_unusable(interaction, _OF_INTERACTION, "interaction.", dropped)


def parse_batch(raw: bytes) -> tuple[Sending, list[Reported | Unusable], list[str]]:
    """The body of a batch: its common fields, and each of its events, in order.

    The last value has the names of the batch's own fields that were dropped; those of an event are
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
    """The same, but slower and step by step, to find out which events are wrong, and why."""
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
    """A single interaction. Raises InteractionInvalid."""
    body, dropped = parse_tracked(raw), list[str]()
    _require_names(body)
    usable = without_unusable(body, _OF_INTERACTION, "", dropped)
    return _clean(converted(usable, Interaction), "", dropped)


def parse_session_id(text: str) -> str:
    """The text as a session id: 1 to 128 characters without control characters."""
    if not text:
        raise FieldsMissing("missing_fields", "sessionId")
    if len(text) > 128:
        raise InteractionInvalid("too_long", "sessionId")
    return clean_name(text, "sessionId")


def report(interaction: Interaction, *, event_id: UUID | None, seq: int | None) -> Reported:
    """An interaction with its id; an id that is no UUIDv7 is dropped."""
    usable = _usable_event_id(event_id, [])
    return Reported(interaction=interaction, event_id=usable, seq=seq)


def encode_event(event: Event | Filtered) -> bytes:
    """The event as JSON bytes, for `configurator.activity.entries`."""
    return _encoder.encode(event)


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
    """The event in the form that can be stored. Raises InteractionInvalid."""
    dropped = [] if dropped is None else dropped
    return Reported(
        event_id=_usable_event_id(reported.event_id, dropped),
        interaction=_clean(reported.interaction, "interaction.", dropped),
        seq=reported.seq,
        dropped=tuple(dropped),
    )


def _usable_event_id(event_id: UUID | None, dropped: list[str]) -> UUID | None:
    """The id, if it is a UUIDv7 with a valid time; without one the server makes the id."""
    try:
        check_event_id(event_id)
    except InteractionInvalid:
        dropped.append("eventId")
        return None
    return event_id


def check_event_id(event_id: UUID | None, field: str = "eventId") -> None:
    """Refuse an id with a time after the year 9999. Raises InteractionInvalid."""
    if event_id is None:
        return
    if event_id.version != 7:
        raise InteractionInvalid("event_id_not_v7", field)
    if uuid7_ms(event_id) > LATEST_MS:
        raise InteractionInvalid("event_id_out_of_range", field)


def _require_names(interaction: object) -> None:
    fields = interaction if isinstance(interaction, dict) else {}
    if is_absent(fields.get("eventType")) or is_absent(fields.get("category")):
        raise FieldsMissing("missing_interaction_fields")


def _clean(interaction: Interaction, place: str, dropped: list[str]) -> Interaction:
    """The interaction with clean texts.

    A name with control characters is refused. Another text is kept unchanged, or dropped.
    """
    device, props = interaction.device_info, interaction.props
    clean_name(interaction.event_type, f"{place}eventType")
    clean_name(interaction.category, f"{place}category")
    texts: tuple[str | None, ...] = _texts(interaction)
    if props is None and is_clean(*texts, device.type if device else None):
        return interaction

    def kept(text: str | None, name: str) -> str | None:
        if text is None or is_storable(text):
            return text
        dropped.append(f"{place}{name}")
        return None

    return msgspec.structs.replace(
        interaction,
        **{name: kept(text, _NAMES[name]) for name, text in zip(_TEXTS, texts, strict=True)},
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
