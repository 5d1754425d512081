"""The delay before a process that ended is started again."""

from dataclasses import dataclass, field
from typing import Final

from storage.backoff import Backoff

STEADY_SECONDS: Final = 30.0
"""After a process has run this many seconds, its earlier ends no longer count."""


@dataclass(slots=True)
class Restarts:
    """Counts the ends of one process."""

    longest_seconds: float = 10.0
    failures: int = field(default=0, init=False)

    def delay_seconds(self, *, alive_seconds: float) -> float:
        """Count one end after `alive_seconds` of life; return the delay until the next start."""
        self.failures = 1 if alive_seconds >= STEADY_SECONDS else self.failures + 1
        backoff = Backoff(first_seconds=0.2, longest_seconds=self.longest_seconds)
        return backoff.delay_seconds(self.failures)
