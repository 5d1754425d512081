"""How long to wait before a crashed process is started again."""

from dataclasses import dataclass


@dataclass(slots=True)
class Backoff:
    """Doubling delays between `first_seconds` and `limit_seconds`.

    A process that lived for `steady_seconds` has earned a fresh count.
    """

    first_seconds: float = 0.2
    limit_seconds: float = 10.0
    steady_seconds: float = 30.0
    failures: int = 0

    def next_delay(self, *, alive_seconds: float) -> float:
        """Count one crash after `alive_seconds` of life; return the delay in seconds."""
        if alive_seconds >= self.steady_seconds:
            self.failures = 0
        delay_seconds = min(self.limit_seconds, self.first_seconds * 2.0**self.failures)
        self.failures += 1
        return delay_seconds
