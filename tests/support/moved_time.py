"""The clocks of a process under test: the machine's, which a test may stop and put forward."""

from datetime import UTC, datetime, timedelta
from time import monotonic_ns

from app.chance import Chance


class MovedTime:
    """Both clocks at once, the time of day and the one that only goes on."""

    def __init__(self) -> None:
        self._ahead = timedelta()
        self._stopped: tuple[datetime, int] | None = None

    def stop(self) -> None:
        """Stop the clock: from now on time passes only by `go_on`."""
        self._stopped = self.now() - self._ahead, monotonic_ns()

    def go_on(self, time: timedelta) -> None:
        """Put both clocks forward."""
        self._ahead += time

    def now(self) -> datetime:
        """The time of day, in UTC."""
        return (self._stopped[0] if self._stopped else datetime.now(UTC)) + self._ahead

    def monotonic_ns(self) -> int:
        """Nanoseconds of the clock that only goes on."""
        counted = self._stopped[1] if self._stopped else monotonic_ns()
        return counted + self._ahead // timedelta(microseconds=1) * 1000

    def chance(self) -> Chance:
        """The inputs of a process that goes by these clocks and not by those of its servers."""
        return Chance(now=self.now, monotonic_ns=self.monotonic_ns, follows_servers=False)
