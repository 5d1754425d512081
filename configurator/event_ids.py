"""Ids of events and sessions. An event id is a UUIDv7: its first 48 bits are ms since 1970.

Pure: time and randomness are arguments.
"""

import hashlib
import re
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from typing import Final
from uuid import UUID

RANDOM_BITS = 74
"""How many random bits a UUIDv7 has."""

HASHED = 8
"""The version of stored ids that come of a hash."""

LATEST_MS = 253_402_300_799_999
"""The end of the year 9999, the last that datetime knows."""

_WRITTEN_UUID = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}", re.ASCII)
_EPOCH = datetime.fromtimestamp(0, UTC)


def uuid7(unix_ms: int, random_bits: int) -> UUID:
    """The UUIDv7 of this time (ms since 1970) with these 74 random bits."""
    high, low = divmod(random_bits & ((1 << RANDOM_BITS) - 1), 1 << 62)
    return UUID(int=_stamped((unix_ms & 0xFFFF_FFFF_FFFF) << 80 | high << 64 | low, version=7))


def uuid7_ms(event_id: UUID) -> int:
    """The time in a UUIDv7, in ms since 1970."""
    return event_id.int >> 80


def uuid7_random(event_id: UUID) -> int:
    """The 74 random bits of a UUIDv7."""
    value = event_id.int
    return ((value >> 64) & 0xFFF) << 62 | (value & ((1 << 62) - 1))


def uuid7_floor(moment: datetime) -> UUID:
    """The smallest UUIDv7 of this moment: ids of earlier milliseconds are smaller."""
    return uuid7(unix_ms(moment), 0)


def uuid7_time(event_id: UUID) -> datetime:
    """The time in a UUIDv7. Raises OverflowError beyond the year 9999."""
    return moment_of(uuid7_ms(event_id))


def unix_ms(moment: datetime) -> int:
    """Whole milliseconds since 1970, rounded down."""
    return (moment - _EPOCH) // timedelta(milliseconds=1)


def moment_of(milliseconds: int) -> datetime:
    """The moment so many ms after 1970. Raises OverflowError beyond the year 9999."""
    return _EPOCH + timedelta(milliseconds=milliseconds)


def session_uuid(text: str) -> UUID:
    """The stored id of a session id: itself when it is written as a UUID is, else of its hash (v8).

    Who knows a session id can read the session. A stored id stands in addresses of admins, so one
    that comes of a hash (v8) is no session id itself: written as one it is a text like any other.
    Other spellings of a UUID (capitals, no dashes, in braces) are other texts, so other sessions.

    Nothing is remembered here, because each view asks with a new key: what a cache keeps of each view
    holds memory that its page had taken.
    """
    if _WRITTEN_UUID.fullmatch(text) and (written := UUID(text)).version != HASHED:
        return written
    digest = int.from_bytes(hashlib.sha256(b"session:" + text.encode()).digest()[:16])
    return UUID(int=_stamped(digest, version=HASHED))


remembered_session_uuid: Final = lru_cache(maxsize=16_384)(session_uuid)
"""The same where the events of few sessions are told one after the other, as in a worker."""


def session_meant(text: str) -> UUID:
    """The stored id that an admin means, who may write it or the id that the client has."""
    return UUID(text) if _WRITTEN_UUID.fullmatch(text) else session_uuid(text)


def _stamped(value: int, *, version: int) -> int:
    value &= ~(0xF << 76) & ~(0x3 << 62)
    return value | version << 76 | 0x2 << 62
