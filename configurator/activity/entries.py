"""Entries of the stream of interactions: from bytes to an event that PostgreSQL takes.

Any program with access can write into the stream, an admin can repair a dead letter, and the clock
of a machine can be years off. Every entry is therefore checked again, for everything that
PostgreSQL would refuse; each refusal names the field.
"""

from datetime import timedelta
from functools import lru_cache
from ipaddress import ip_interface
from typing import TypeVar

import msgspec

from configurator.activity.clocks import ahead_ms, unbelievable
from configurator.activity.interaction import Event, Filtered, check_event_id
from configurator.activity.untrusted import (
    InteractionInvalid,
    clean_name,
    clean_props,
    explained,
    place_of_unstorable,
    unreadable,
)

Decoded = TypeVar("Decoded")

_decode_event = msgspec.json.Decoder(Event)
_decode_filtered = msgspec.json.Decoder(Filtered)


def id_pair(entry_id: str) -> tuple[int, int]:
    """The id of an entry as a pair of comparable numbers: (ms since 1970, sequence)."""
    milliseconds, _, sequence = entry_id.partition("-")
    return int(milliseconds), int(sequence or 0)


def decode_entry(payload: bytes) -> Event | Filtered:
    """The content of an entry of the stream.

    Raises InteractionInvalid if it is no event of ours.
    """
    if payload.startswith(b'{"filtered":'):
        found = _decoded(_decode_filtered, payload)
        # PostgreSQL stores no NUL, and the ledger stores this name.
        clean_name(found.filtered, "filtered")
        return found
    return decode_event(payload)


def decode_event(payload: bytes) -> Event:
    """The event in these bytes. Raises InteractionInvalid if they are no event of ours."""
    event = _decoded(_decode_event, payload)
    check_event_id(event.event_id, "event_id")
    if event.interaction.props:
        clean_props(event.interaction.props, "interaction.props")
    if event.network is not None and not _is_network(event.network):
        raise InteractionInvalid("wrong_type", "network")
    if b"\\u0000" in payload:
        place = place_of_unstorable(msgspec.to_builtins(event))
        if place is not None:
            raise InteractionInvalid("control_characters", place)
    return event


def decode_storable(payload: bytes, *, written_ms: int, now_ms: int) -> Event | Filtered:
    """Like `decode_entry`, for an entry with the time `written_ms` in its id, read at `now_ms`.

    Both are in ms since 1970. Raises InteractionInvalid also if the tables have no room for the
    event's time.
    """
    found = decode_entry(payload)
    return found if isinstance(found, Filtered) else placed(found, written_ms, now_ms)


def placed(event: Event, written_ms: int, now_ms: int) -> Event:
    """The event, with its times moved into the range of the tables if that is necessary.

    If the clock of the receiving machine was far ahead, the event counts as received now, and as
    happened as long before as it waited. Raises InteractionInvalid `time_out_of_range`.
    """
    received_at, occurred_at = event.received_at, event.occurred_at
    if too_far := ahead_ms(received_at, occurred_at, now_ms=now_ms):
        back = timedelta(milliseconds=too_far)
        received_at, occurred_at = received_at - back, occurred_at - back
        event = msgspec.structs.replace(event, received_at=received_at, happened_at=occurred_at)
    wrong = unbelievable(received_at, occurred_at, written_ms=written_ms, now_ms=now_ms)
    if wrong is None:
        return event
    said_by = "event_id" if event.happened_at is None else "happened_at"
    place = said_by if wrong == "occurred_at" else wrong
    raise InteractionInvalid("time_out_of_range", place)


def _decoded(decoder: msgspec.json.Decoder[Decoded], payload: bytes) -> Decoded:
    try:
        return decoder.decode(payload)
    except msgspec.ValidationError as problem:
        raise explained(problem) from None
    except (msgspec.DecodeError, UnicodeError, RecursionError):
        raise unreadable(payload) from None


@lru_cache(maxsize=1_024)
def _is_network(text: str) -> bool:
    """Whether PostgreSQL accepts the text as `inet`, which has no zones (`fe80::1%eth0`)."""
    try:
        ip_interface(text)
    except ValueError:
        return False
    return "%" not in text and text.isascii()
