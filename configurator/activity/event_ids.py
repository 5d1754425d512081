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
"""The number of random bits in a UUIDv7."""

HASHED = 8
"""The UUID version of stored ids that are hashes."""

LATEST_MS = 253_402_300_799_999
"""The end of the year 9999, the last that datetime can express."""

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


def uuid7_time(event_id: UUID) -> datetime:
    """The time in a UUIDv7. Raises OverflowError beyond the year 9999."""
    return moment_of(uuid7_ms(event_id))


def unix_ms(moment: datetime) -> int:
    """Whole milliseconds since 1970, rounded down."""
    return (moment - _EPOCH) // timedelta(milliseconds=1)


def moment_of(milliseconds: int) -> datetime:
    """The moment `ms` milliseconds after 1970. Raises OverflowError beyond the year 9999."""
    return _EPOCH + timedelta(milliseconds=milliseconds)


def session_uuid(text: str) -> UUID:
    """The stored id of a session id: the same UUID, or a UUID of version 8 made of its hash.

    Everybody who knows a session id can read the session, and stored ids appear in addresses of admins.
    An id made of a hash is therefore not accepted as a session id: it counts as any other text, and
    is hashed again. Other spellings of a UUID (capitals, no dashes, in braces) are other texts, and
    so other sessions.

    There is no cache here, because each page view asks with a new key: the entries of a cache would
    hold memory between the pages' own.
    """
    if _WRITTEN_UUID.fullmatch(text) and (written := UUID(text)).version != HASHED:
        return written
    digest = int.from_bytes(hashlib.sha256(b"session:" + text.encode()).digest()[:16])
    return UUID(int=_stamped(digest, version=HASHED))


remembered_session_uuid: Final = lru_cache(maxsize=16_384)(session_uuid)
"""The same with a cache, for a worker, which sees the events of few sessions one after the
other."""


def session_meant(text: str) -> UUID:
    """The stored id of the session that an admin names, by that id or by the client's."""
    return UUID(text) if _WRITTEN_UUID.fullmatch(text) else session_uuid(text)


def _stamped(value: int, *, version: int) -> int:
    value &= ~(0xF << 76) & ~(0x3 << 62)
    return value | version << 76 | 0x2 << 62
