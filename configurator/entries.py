"""Entries of the stream of interactions: from bytes to an event that PostgreSQL takes.

Whatever has the access can write into the stream, an admin can mend a dead letter, and the clock of
a machine can be years off. So what is read is checked again, for everything that would be refused
later; each refusal names the field.
"""

from datetime import timedelta
from functools import lru_cache
from ipaddress import ip_interface

import msgspec

from configurator.activity import Event, Filtered, check_event_id
from configurator.clocks import ahead_ms, unbelievable
from configurator.untrusted import (
    InteractionInvalid,
    clean_name,
    clean_props,
    explained,
    place_of_unstorable,
    unreadable,
)

_decode_event = msgspec.json.Decoder(Event)
_decode_filtered = msgspec.json.Decoder(Filtered)


def decode_entry(payload: bytes) -> Event | Filtered:
    """What an entry of the stream says. Raises InteractionInvalid when it is none of ours."""
    if payload.startswith(b'{"filtered":'):
        try:
            found = _decode_filtered.decode(payload)
        except msgspec.ValidationError as problem:
            raise explained(problem) from None
        except (msgspec.DecodeError, UnicodeError, RecursionError):
            raise unreadable(payload) from None
        clean_name(found.filtered, "filtered")  # PostgreSQL has no NUL, and the ledger books this
        return found
    return decode_event(payload)


def decode_event(payload: bytes) -> Event:
    """The event in these bytes. Raises InteractionInvalid when it is none of ours."""
    try:
        event = _decode_event.decode(payload)
    except msgspec.ValidationError as problem:
        raise explained(problem) from None
    except (msgspec.DecodeError, UnicodeError, RecursionError):
        raise unreadable(payload) from None
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
    """As `decode_entry`, of an entry with the time `written_ms` in its id, read at `now_ms`.

    Both are in ms since 1970. Raises InteractionInvalid also for an event of a time that has no
    place in the tables.
    """
    found = decode_entry(payload)
    return found if isinstance(found, Filtered) else placed(found, written_ms, now_ms)


def placed(event: Event, written_ms: int, now_ms: int) -> Event:
    """The event at times that have a place in the tables; the very same one as a rule.

    If the clock of the machine that received it was far ahead, it was received now, and happened as
    long before as it waited. Raises InteractionInvalid `time_out_of_range`.
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


@lru_cache(maxsize=1_024)
def _is_network(text: str) -> bool:
    """Whether PostgreSQL takes it as `inet`; it knows no zones (`fe80::1%eth0`)."""
    try:
        ip_interface(text)
    except ValueError:
        return False
    return "%" not in text and text.isascii()
