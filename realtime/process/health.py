"""The counts that a web process keeps about itself, for the live view."""

from collections import deque
from dataclasses import dataclass, field

SECONDS_KEPT = 10


@dataclass(slots=True)
class ProcessHealth:
    """Counts since the process began, and their values in each of the last seconds.

    `ops` counts the ops that this process committed, `dropped` the frames that were dropped for
    slow readers, and `page_dropped` what the queues of pages refused: frames for a browser that is
    away, and messages that come faster than they are handled.
    """

    ops: int = 0
    dropped: int = 0
    page_dropped: int = 0
    _seconds: deque[tuple[float, int]] = field(default_factory=lambda: deque(maxlen=SECONDS_KEPT))
    _late: deque[float] = field(default_factory=lambda: deque(maxlen=SECONDS_KEPT))

    def beat(self, at: float, late_seconds: float) -> None:
        """Note, once a second, the clock and by how much the loop was late."""
        self._seconds.append((at, self.ops))
        self._late.append(max(0.0, late_seconds))

    @property
    def ops_per_second(self) -> float:
        """Ops a second, over the last ten seconds."""
        if len(self._seconds) < 2:
            return 0.0
        (began, before), (ended, now) = self._seconds[0], self._seconds[-1]
        return round((now - before) / max(ended - began, 0.001), 1)

    @property
    def late_ms(self) -> int:
        """The longest delay of the event loop in the last ten seconds, in ms."""
        return round(1000 * max(self._late, default=0.0))
