"""Interactions: what a visitor did, as untrusted JSON and as an event that can be stored.

The JSON is that of the original API (camelCase). An event is known by `event_id`, a UUIDv7 whose
time is the time of the event; the client may make it, so that its retries are recognised.
Everything here is pure: clocks and randomness are arguments.
"""

import hashlib
import re
from datetime import UTC, datetime, timedelta
from typing import Annotated, TypeVar
from uuid import UUID

import msgspec

from configurator.errors import ConfiguratorError

BODY_BYTES_MAX = 64 * 1024
EVENT_AGE_MAX = timedelta(hours=24)
EVENT_AHEAD_MAX = timedelta(hours=1)
RANDOM_BITS = 74
"""How many random bits a UUIDv7 has."""

_Name = Annotated[str, msgspec.Meta(min_length=1, max_length=64)]
_Id = Annotated[str, msgspec.Meta(max_length=256)]
_Value = Annotated[str, msgspec.Meta(max_length=1024)]
_SessionId = Annotated[str, msgspec.Meta(min_length=1, max_length=128)]
_Milliseconds = Annotated[int, msgspec.Meta(ge=0, le=86_400_000)]
_Pixels = Annotated[int, msgspec.Meta(ge=0, le=100_000)]
_Cents = Annotated[int, msgspec.Meta(ge=-100_000_000_000, le=100_000_000_000)]
_Version = Annotated[int, msgspec.Meta(ge=0, le=2_000_000_000)]
_Seq = Annotated[int, msgspec.Meta(ge=1, le=2_000_000_000)]
_Tab = Annotated[int, msgspec.Meta(ge=0, le=32_767)]


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
    props: dict[str, object] | None = None


class TrackRequest(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """The body of `POST /api/sessions/track-interaction`."""

    session_id: _SessionId
    interaction: Interaction
    event_id: UUID | None = None


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
    skew_ms: int | None = None
    tab: _Tab | None = None
    seq: _Seq | None = None
    bot: Annotated[str, msgspec.Meta(max_length=128)] | None = None
    language: Annotated[str, msgspec.Meta(max_length=16)] | None = None
    referrer: Annotated[str, msgspec.Meta(max_length=256)] | None = None
    network: Annotated[str, msgspec.Meta(max_length=64)] | None = None

    @property
    def session_id(self) -> UUID:
        """The id under which the session is stored."""
        return session_uuid(self.session)

    @property
    def occurred_at(self) -> datetime:
        """When it happened, in whole milliseconds."""
        return self.happened_at or uuid7_time(self.event_id)


class Filtered(msgspec.Struct, frozen=True, kw_only=True):
    """An interaction that its visitor does not want stored: only that it was, and why not."""

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


class InteractionInvalid(ConfiguratorError):  # noqa: N818 - as its siblings in errors.py
    """The JSON is not an interaction. `code` is a key of `SENTENCES`, `field` names the place.

    `de` and `en` are sentences for people; `en` of the two `missing_*` codes is that of the
    original API, to the letter.
    """

    def __init__(self, code: str, field: str | None = None) -> None:
        self.code = code
        self.field = field
        self.de, self.en = SENTENCES[code]
        super().__init__(f"{self.en} ({field})" if field else self.en)


SENTENCES = {
    "missing_fields": (
        "Es fehlen Pflichtfelder: sessionId, interaction",
        "Missing required fields: sessionId, interaction",
    ),
    "missing_interaction_fields": (
        "In interaction fehlen Pflichtfelder: eventType, category",
        "Missing required interaction fields: eventType, category",
    ),
    "malformed_json": ("Das ist kein gültiges JSON.", "This is not valid JSON."),
    "wrong_type": (
        "Dieses Feld hat den falschen Typ.",
        "This field has the wrong type.",
    ),
    "too_long": ("Dieser Text ist zu lang.", "This text is too long."),
    "out_of_range": (
        "Diese Zahl liegt außerhalb des erlaubten Bereichs.",
        "This number is out of range.",
    ),
    "control_characters": (
        "Dieser Text enthält Steuerzeichen.",
        "This text contains control characters.",
    ),
    "event_id_not_v7": (
        "eventId muss eine UUID der Version 7 sein.",
        "eventId must be a UUID of version 7.",
    ),
    "event_id_out_of_range": (
        "Die Zeit in eventId liegt mehr als 24 Stunden zurück oder mehr als 1 Stunde voraus.",
        "The time in eventId is more than 24 hours ago or more than 1 hour ahead.",
    ),
}

T = TypeVar("T")

_LATEST_MS = 253_402_300_799_999  # the end of the year 9999, the last that datetime knows
# Controls, turns of the direction of writing (one line in the feed would look like another), and
# halves of characters.
_UNSTORABLE = re.compile("[\x00-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069\ud800-\udfff]")
_PLACE = re.compile(r"at `\$\.?(?P<place>[^`]*)`")
_decode_event = msgspec.json.Decoder(Event)
_decode_filtered = msgspec.json.Decoder(Filtered)
_encoder = msgspec.json.Encoder()


def parse_json(raw: bytes) -> object:
    """Any JSON value. Raises InteractionInvalid `malformed_json`."""
    try:
        return msgspec.json.decode(raw)
    except (msgspec.DecodeError, UnicodeError, RecursionError):
        raise InteractionInvalid("malformed_json") from None


def parse_request(raw: bytes) -> TrackRequest:
    """The body of a track request. Raises InteractionInvalid."""
    body = parse_json(raw)
    fields = body if isinstance(body, dict) else {}
    if not fields.get("sessionId") or not fields.get("interaction"):
        raise InteractionInvalid("missing_fields")
    _require_names(fields["interaction"])
    request = _convert(fields, TrackRequest)
    return msgspec.structs.replace(
        request,
        session_id=_clean_name(request.session_id, "sessionId"),
        interaction=_clean(request.interaction, "interaction."),
    )


def parse_interaction(raw: bytes) -> Interaction:
    """One interaction on its own. Raises InteractionInvalid."""
    body = parse_json(raw)
    _require_names(body)
    return _clean(_convert(body, Interaction), "")


def parse_session_id(text: str) -> str:
    """The text as a session id: 1 to 128 characters without control characters."""
    if not text:
        raise InteractionInvalid("missing_fields", "sessionId")
    if len(text) > 128:
        raise InteractionInvalid("too_long", "sessionId")
    return _clean_name(text, "sessionId")


def check_event_id(event_id: UUID, received_at: datetime) -> None:
    """Accepts a client's event id made around `received_at`. Raises InteractionInvalid."""
    if event_id.version != 7:
        raise InteractionInvalid("event_id_not_v7", "eventId")
    milliseconds = event_id.int >> 80
    earliest = _unix_ms(received_at - EVENT_AGE_MAX)
    if not earliest <= milliseconds <= _unix_ms(received_at + EVENT_AHEAD_MAX):
        raise InteractionInvalid("event_id_out_of_range", "eventId")


def encode_event(event: Event | Filtered) -> bytes:
    """The event as JSON bytes, for `decode_entry`."""
    return _encoder.encode(event)


def decode_entry(payload: bytes) -> Event | Filtered:
    """What an entry of the stream says. Raises InteractionInvalid when it is none of ours."""
    if payload.startswith(b'{"filtered":'):
        try:
            return _decode_filtered.decode(payload)
        except (msgspec.ValidationError, msgspec.DecodeError, UnicodeError) as problem:
            raise InteractionInvalid("malformed_json") from problem
    return decode_event(payload)


def decode_event(payload: bytes) -> Event:
    """The event in these bytes. Raises InteractionInvalid when it is none of ours."""
    try:
        event = _decode_event.decode(payload)
    except msgspec.ValidationError as problem:
        raise _explained(problem) from None
    except (msgspec.DecodeError, UnicodeError, RecursionError):
        raise InteractionInvalid("malformed_json") from None
    if event.event_id.version != 7:
        raise InteractionInvalid("event_id_not_v7", "event_id")
    if event.event_id.int >> 80 > _LATEST_MS:
        raise InteractionInvalid("event_id_out_of_range", "event_id")
    return event


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
    """From receipt to being safe, in ms. Two clocks may be compared: never below 0, at most 60 s."""
    return min(60_000, max(0, safe_at_ms - _unix_ms(event.received_at)))


def session_uuid(text: str) -> UUID:
    """The stored id of a session id: itself when it is a UUID, else derived from its hash (v8)."""
    try:
        return UUID(text)
    except ValueError:
        digest = int.from_bytes(hashlib.sha256(b"session:" + text.encode()).digest()[:16])
        return UUID(int=_stamped(digest, version=8))


def uuid7(unix_ms: int, random_bits: int) -> UUID:
    """The UUIDv7 of this time (ms since 1970) with these 74 random bits."""
    high, low = divmod(random_bits & ((1 << RANDOM_BITS) - 1), 1 << 62)
    return UUID(int=_stamped((unix_ms & 0xFFFF_FFFF_FFFF) << 80 | high << 64 | low, version=7))


def uuid7_floor(moment: datetime) -> UUID:
    """The smallest UUIDv7 of this moment: ids of earlier milliseconds are smaller."""
    return uuid7(_unix_ms(moment), 0)


def uuid7_time(event_id: UUID) -> datetime:
    """The time in a UUIDv7. Raises OverflowError beyond the year 9999."""
    return datetime.fromtimestamp(0, UTC) + timedelta(milliseconds=event_id.int >> 80)


def _unix_ms(moment: datetime) -> int:
    return (moment - datetime.fromtimestamp(0, UTC)) // timedelta(milliseconds=1)


def _stamped(value: int, *, version: int) -> int:
    value &= ~(0xF << 76) & ~(0x3 << 62)
    return value | version << 76 | 0x2 << 62


def _require_names(interaction: object) -> None:
    fields = interaction if isinstance(interaction, dict) else {}
    if not fields.get("eventType") or not fields.get("category"):
        raise InteractionInvalid("missing_interaction_fields")


def _clean(interaction: Interaction, place: str) -> Interaction:
    """Names with control characters are refused; free text loses them, as PostgreSQL has no NUL."""
    device = interaction.device_info
    return msgspec.structs.replace(
        interaction,
        event_type=_clean_name(interaction.event_type, f"{place}eventType"),
        category=_clean_name(interaction.category, f"{place}category"),
        element_id=_stripped(interaction.element_id),
        selection_value=_stripped(interaction.selection_value),
        previous_value=_stripped(interaction.previous_value),
        device_info=device and msgspec.structs.replace(device, type=_stripped(device.type)),
    )


def _clean_name(text: str, field: str) -> str:
    if _UNSTORABLE.search(text):
        raise InteractionInvalid("control_characters", field)
    return text


def _stripped(text: str | None) -> str | None:
    return text and _UNSTORABLE.sub("", text)


def _convert(value: object, kind: type[T]) -> T:
    try:
        return msgspec.convert(value, kind)
    except msgspec.ValidationError as problem:
        raise _explained(problem) from None


def _explained(problem: msgspec.ValidationError) -> InteractionInvalid:
    sentence = str(problem)
    found = _PLACE.search(sentence)
    field = found["place"] if found else None
    if "of length <=" in sentence:
        return InteractionInvalid("too_long", field)
    if "`int` >=" in sentence or "`int` <=" in sentence:
        return InteractionInvalid("out_of_range", field)
    return InteractionInvalid("wrong_type", field)
