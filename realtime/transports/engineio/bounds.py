"""The bounds of clients of an Engine.IO server: the number of sessions, and what each may send."""

from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

import structlog

from configurator.protocol.codes import Refused
from realtime.connections.signs_of_life import PING_SECONDS, PONG_SECONDS
from realtime.limits.buckets import Bucket, KilobyteBucket, Rate
from realtime.limits.connections import READ_KILOBYTES

log = structlog.get_logger()

ENDED_MS: Final = (PING_SECONDS + PONG_SECONDS) * 1_000
"""Milliseconds within which the session of a client that is gone ends. A new session before that
may find no place."""


class FloodingError(Exception):
    """The client sends more than a session may."""


@dataclass(frozen=True, slots=True, kw_only=True)
class EngineBounds:
    """The bounds of one Engine.IO server; sessions are counted for each web process."""

    sessions: int = 5_000
    """Sessions of all networks together: at 60 kB for each idle session they take 300 MB."""

    network_sessions: int = 500
    """Sessions of one network (/24 or /48): the 400 pages that may be open there, and some that are
    just coming back."""

    network_unsent_bytes: int = 32 * 1024 * 1024
    """Bytes that the sessions of one network together may leave unread: 500 pages that join a house
    at once get 10 MB. Beyond the bound, the session with most unread bytes ends."""

    packets: Rate = Rate(300, 2_000)
    """Packets that one session may send: 2,000 are what a client may send at once and have refused
    one by one (LM3)."""

    kilobytes: Rate = READ_KILOBYTES
    """Kilobytes that one session may send, in packets of 1 kB and more."""

    polling: bool = True
    """Whether clients may poll. All requests of a polling session must reach one process, which
    takes a proxy that pins them."""

    ping_seconds: float = PING_SECONDS
    """Seconds between two pings; ``scaled`` does not change it."""

    def scaled(self, scale: float) -> "EngineBounds":
        """The same bounds, each number multiplied by ``scale``."""
        return EngineBounds(
            sessions=max(1, int(self.sessions * scale)),
            network_sessions=max(1, int(self.network_sessions * scale)),
            network_unsent_bytes=int(self.network_unsent_bytes * scale),
            packets=self.packets.scaled(scale),
            kilobytes=self.kilobytes.scaled(scale),
            polling=self.polling,
            ping_seconds=self.ping_seconds,
        )


class Flow:
    """The recent packets of one session, counted against its bounds."""

    __slots__ = ("_clock_ns", "_kilobytes", "_packets")

    def __init__(self, bounds: EngineBounds, clock_ns: Callable[[], int]) -> None:
        self._clock_ns = clock_ns
        self._packets = Bucket(bounds.packets)
        self._kilobytes = KilobyteBucket(bounds.kilobytes)

    def count(self, size: int) -> None:
        """Count one packet of ``size`` bytes. Raises FloodingError."""
        now_ns = self._clock_ns()
        if self._packets.wait_ns(now_ns) or not self._kilobytes.spends(now_ns, size):
            raise FloodingError
        self._packets.spend(now_ns)


class EngineSessions:
    """The open sessions, counted in all and for each network."""

    def __init__(self, bounds: EngineBounds) -> None:
        self._bounds = bounds
        self._open = 0
        self.networks: Counter[str] = Counter()
        self._unsent_bytes: Counter[str] = Counter()
        self.refusal: Callable[[], Refused | None] = lambda: None
        """The reason why no new session begins now, for any client; None if sessions may begin."""

    def __len__(self) -> int:
        return self._open

    def enter(self, network: str) -> None:
        """Count one more session. Raises Refused if there are too many, or if none may begin."""
        if (refused := self.refusal()) is not None:
            raise refused
        if self._open >= self._bounds.sessions:
            log.warning("engine_sessions_full", sessions=self._open)
            raise Refused("unavailable", retry_after_ms=ENDED_MS)
        if self.networks[network] >= self._bounds.network_sessions:
            raise Refused("too_many_requests", retry_after_ms=ENDED_MS)
        self.networks[network] += 1
        self._open += 1

    def leave(self, network: str) -> None:
        """Count one session less."""
        self._open -= 1
        self.networks[network] -= 1
        if not self.networks[network]:
            del self.networks[network]

    def hold(self, network: str, n_bytes: int) -> None:
        """Add ``n_bytes``, which may be negative, to what waits for the clients of a network."""
        self._unsent_bytes[network] += n_bytes
        if not self._unsent_bytes[network]:
            del self._unsent_bytes[network]

    def unsent_is_too_much(self, network: str) -> bool:
        """Whether the clients of a network together leave too many bytes unread."""
        return self._unsent_bytes[network] > self._bounds.network_unsent_bytes
