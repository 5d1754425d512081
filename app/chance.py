"""The clocks, ids and secrets of a process; all of them are taken from the machine here."""

import secrets
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from time import monotonic_ns, time_ns
from uuid import UUID

from configurator.activity.event_ids import RANDOM_BITS, uuid7


def now() -> datetime:
    """The present time in UTC."""
    return datetime.now(UTC)


def random_bits() -> int:
    """The random bits of a UUIDv7."""
    return secrets.randbits(RANDOM_BITS)


def new_id() -> UUID:
    """A UUIDv7 with the present time."""
    return uuid7(time_ns() // 1_000_000, random_bits())


def new_secret() -> str:
    """An unguessable token."""
    return secrets.token_urlsafe(32)


def new_key() -> bytes:
    """32 unguessable bytes."""
    return secrets.token_bytes(32)


def new_connection_id() -> str:
    """An id that is unique among the connections of all processes."""
    return secrets.token_urlsafe(9)


def new_session_key() -> str:
    """The key of a visitor's session, 128 random bits: anybody who knows it can read the session."""
    return secrets.token_urlsafe(16)


@dataclass(frozen=True, slots=True, kw_only=True)
class Chance:
    """The inputs that a process cannot compute: time, ids, secrets. Every part takes them from here.

    `follows_servers`: `now` is corrected by the time of PostgreSQL (`realtime.process.clock`). A
    test that sets the time says False.
    """

    now: Callable[[], datetime] = now
    monotonic_ns: Callable[[], int] = monotonic_ns
    follows_servers: bool = True
    random_bits: Callable[[], int] = random_bits
    new_id: Callable[[], UUID] = new_id
    new_secret: Callable[[], str] = new_secret
    new_key: Callable[[], bytes] = new_key
    new_connection_id: Callable[[], str] = new_connection_id
    new_session_key: Callable[[], str] = new_session_key

    def monotonic(self) -> float:
        """Seconds of a monotonic clock."""
        return self.monotonic_ns() / 1e9
