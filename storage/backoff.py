"""Delays between tries: doubling up to a limit, spread at random. Pure: the caller passes the chance."""

from dataclasses import dataclass

_DOUBLINGS_MAX = 30


@dataclass(frozen=True, slots=True, kw_only=True)
class Backoff:
    """Delays whose bound doubles with each failure in a row.

    first_seconds    the bound after the first failure
    longest_seconds  no bound is longer
    least_seconds    no delay is shorter, except one that is 0 by `at_once`
    at_once          the first retry follows without a delay
    """

    first_seconds: float
    longest_seconds: float
    least_seconds: float = 0.0
    at_once: bool = False

    def delay_seconds(self, failures: int, chance: float = 1.0) -> float:
        """Seconds until the next try, after `failures` failures in a row (at least 1).

        `chance` is from 0 to 1: 0 is the shortest delay, 1 the bound. If it is drawn again each time,
        many processes that met the same outage do not come back at the same moment.
        """
        if self.at_once and failures <= 1:
            return 0.0
        bound = min(self.longest_seconds, self.first_seconds * 2.0 ** _doublings(failures))
        return self.least_seconds + (bound - self.least_seconds) * chance


def _doublings(failures: int) -> int:
    return min(max(failures - 1, 0), _DOUBLINGS_MAX)
