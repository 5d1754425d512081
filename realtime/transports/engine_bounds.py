"""What clients of an Engine.IO server may take: how many sessions, and how much each may send."""

from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

import structlog

from configurator.protocol.codes import Refused
from realtime.buckets import Bucket, KilobyteBucket, Rate
from realtime.limits import READ_KILOBYTES
from realtime.signs_of_life import PING_SECONDS, PONG_SECONDS

log = structlog.get_logger()

ENDED_MS: Final = (PING_SECONDS + PONG_SECONDS) * 1_000
"""Within this time every session ends whose client is gone; a retry before that may find no place."""


class FloodingError(Exception):
    """The client sends more than one session may."""


@dataclass(frozen=True, slots=True, kw_only=True)
class EngineBounds:
    """What clients of one Engine.IO server may take. Sessions are counted for each web process."""

    sessions: int = 5_000
    """In all: at 60 kB for each idle session they take 300 MB."""

    network_sessions: int = 500
    """Of one /24 or /48: the 400 pages that may be open there, and some that come back."""

    network_unsent_bytes: int = 32 * 1024 * 1024
    """That the sessions of one network have not read, together: 500 pages that join a house at once
    are told 10 MB. Beyond it the session that has most unread ends."""

    packets: Rate = Rate(300, 2_000)
    """Of one session: 2,000 are what a client may send at once and have refused one by one (LM3)."""

    kilobytes: Rate = READ_KILOBYTES
    """Of one session, in packets of 1 kB and more."""

    polling: bool = True
    """Whether a session may poll. Its requests reach one process only where something pins them."""

    def scaled(self, scale: float) -> "EngineBounds":
        """Every figure multiplied by ``scale``."""
        return EngineBounds(
            sessions=max(1, int(self.sessions * scale)),
            network_sessions=max(1, int(self.network_sessions * scale)),
            network_unsent_bytes=int(self.network_unsent_bytes * scale),
            packets=self.packets.scaled(scale),
            kilobytes=self.kilobytes.scaled(scale),
            polling=self.polling,
        )


class Flow:
    """What one session has sent lately."""

    __slots__ = ("_clock_ns", "_kilobytes", "_packets")

    def __init__(self, bounds: EngineBounds, clock_ns: Callable[[], int]) -> None:
        self._clock_ns = clock_ns
        self._packets = Bucket(bounds.packets)
        self._kilobytes = KilobyteBucket(bounds.kilobytes)

    def take(self, size: int) -> None:
        """Count one packet of ``size`` bytes. Raises FloodingError."""
        now_ns = self._clock_ns()
        if self._packets.wait_ns(now_ns) or not self._kilobytes.takes(now_ns, size):
            raise FloodingError
        self._packets.take(now_ns)


class Sessions:
    """The sessions that are open, in all and of each network."""

    def __init__(self, bounds: EngineBounds) -> None:
        self._bounds = bounds
        self._open = 0
        self.networks: Counter[str] = Counter()
        self._unsent_bytes: Counter[str] = Counter()
        self.refusal: Callable[[], Refused | None] = lambda: None
        """Why no session begins now, whoever asks; None: they do."""

    def __len__(self) -> int:
        return self._open

    def enter(self, network: str) -> None:
        """Count one more. Raises Refused where there are too many, or none are begun."""
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
        """Count one less."""
        self._open -= 1
        self.networks[network] -= 1
        if not self.networks[network]:
            del self.networks[network]

    def hold(self, network: str, n_bytes: int) -> None:
        """Count ``n_bytes`` more that wait for the clients of a network; fewer where it is negative."""
        self._unsent_bytes[network] += n_bytes
        if not self._unsent_bytes[network]:
            del self._unsent_bytes[network]

    def unsent_is_too_much(self, network: str) -> bool:
        """Whether the clients of a network leave too much unread, together."""
        return self._unsent_bytes[network] > self._bounds.network_unsent_bytes
