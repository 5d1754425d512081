"""What a web process counts about itself, for the page of the admins."""

from collections import deque
from dataclasses import dataclass, field

SECONDS_KEPT = 10


@dataclass(slots=True)
class Pulse:
    """Counts since the process began, and what they were in each of the last seconds.

    `ops` are the ops that this process committed, `dropped` the frames that gave way because
    somebody read too slowly, `page_dropped` what the queues of pages did not take: frames for a
    browser that is away, messages of one that sends faster than they are handled.
    """

    ops: int = 0
    dropped: int = 0
    page_dropped: int = 0
    _seconds: deque[tuple[float, int]] = field(default_factory=lambda: deque(maxlen=SECONDS_KEPT))
    _late: deque[float] = field(default_factory=lambda: deque(maxlen=SECONDS_KEPT))

    def beat(self, at: float, late_seconds: float) -> None:
        """Once a second: the clock, and how much later than planned the loop came to it."""
        self._seconds.append((at, self.ops))
        self._late.append(max(0.0, late_seconds))

    @property
    def ops_per_second(self) -> float:
        """Over the last ten seconds."""
        if len(self._seconds) < 2:
            return 0.0
        (began, before), (ended, now) = self._seconds[0], self._seconds[-1]
        return round((now - before) / max(ended - began, 0.001), 1)

    @property
    def late_ms(self) -> int:
        """The most that the event loop was late in the last ten seconds."""
        return round(1000 * max(self._late, default=0.0))
