"""New ids, secrets and the time: the one place where a process asks the machine for them."""

import secrets
from datetime import UTC, datetime
from time import time_ns
from uuid import UUID

from configurator.event_ids import RANDOM_BITS, uuid7


def now() -> datetime:
    """The time, in UTC."""
    return datetime.now(UTC)


def random_bits() -> int:
    """As many as a UUIDv7 takes."""
    return secrets.randbits(RANDOM_BITS)


def new_id() -> UUID:
    """A UUIDv7 of now."""
    return uuid7(time_ns() // 1_000_000, random_bits())


def new_secret() -> str:
    """A token that nobody guesses."""
    return secrets.token_urlsafe(32)


def new_key() -> bytes:
    """32 bytes that nobody guesses."""
    return secrets.token_bytes(32)


def new_connection_id() -> str:
    """Unique among the connections of all processes."""
    return secrets.token_urlsafe(9)


def new_session_key() -> str:
    """The id of a visitor's session, 128 random bits: whoever knows it can read the session."""
    return secrets.token_urlsafe(16)
