"""Alerts of the live view: limits, and whether a value is above its limit now."""

from dataclasses import dataclass

import msgspec


class Alert(msgspec.Struct, frozen=True, kw_only=True):
    """A threshold, and the value that is compared with it.

    `kind`: lag, online, dead, restarts (of workers, in ten minutes), jobs
    (that failed last) or overdue (jobs that nobody does).
    """

    kind: str
    value: float
    limit: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Measured:
    """The present values. An unknown one (None) crosses no limit."""

    lag_seconds: float | None
    online: int
    dead: int
    restarts: int = 0
    jobs: int | None = 0
    overdue: int | None = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class AlertLimits:
    """The values above which an operator should look; None means never."""

    lag_seconds: float | None = 30.0
    online: int | None = None
    dead: int | None = 0
    restarts: int | None = 2
    jobs: int | None = 0
    overdue: int | None = 0

    def crossed(self, measured: Measured) -> list[Alert]:
        """The alerts of the values above their limits."""
        return [alert for alert in self._known(measured) if alert.value > alert.limit]

    def calm(self, measured: Measured, *, share: float) -> list[Alert]:
        """The alerts of the values that are at most this share of their limits."""
        return [alert for alert in self._known(measured) if alert.value <= alert.limit * share]

    def _known(self, measured: Measured) -> list[Alert]:
        pairs = {
            "lag": (measured.lag_seconds, self.lag_seconds),
            "online": (measured.online, self.online),
            "dead": (measured.dead, self.dead),
            "restarts": (measured.restarts, self.restarts),
            "jobs": (measured.jobs, self.jobs),
            "overdue": (measured.overdue, self.overdue),
        }
        return [
            Alert(kind=kind, value=round(value, 1), limit=limit)
            for kind, (value, limit) in pairs.items()
            if value is not None and limit is not None
        ]
