"""When something that recurs is due: every day, or one day of the week, at an hour where people live.

Pure: the clock is an argument. An hour that a night of daylight saving leaves out is due when that
hour would have begun; one that such a night has twice is due once, at the first.
"""

from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

_DAYS_LOOKED_AT = 8
"""A week and a day: one of them is the day of the week that is meant."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Cadence:
    """`hour` 0 to 23 in `zone`; `weekday` 1 (Monday) to 7, None is every day."""

    hour: int
    zone: str
    weekday: int | None = None

    def following(self, moment: datetime) -> datetime:
        """The first time that is due after `moment`, in UTC."""
        today = self._local(moment).date()
        return next(
            due
            for days in range(_DAYS_LOOKED_AT + 1)
            if (due := self._on(today + timedelta(days=days))) is not None and due > moment
        )

    def latest(self, moment: datetime) -> datetime:
        """The last time that was due at `moment` or before it, in UTC."""
        today = self._local(moment).date()
        return next(
            due
            for days in range(_DAYS_LOOKED_AT + 1)
            if (due := self._on(today - timedelta(days=days))) is not None and due <= moment
        )

    def days_before(self, due: datetime, days: int) -> tuple[date, date]:
        """The first and the last of the whole `days` that were over when it was due."""
        day = self._local(due).date()
        return day - timedelta(days=days), day - timedelta(days=1)

    def _on(self, day: date) -> datetime | None:
        if self.weekday is not None and day.isoweekday() != self.weekday:
            return None
        return datetime.combine(day, time(self.hour), ZoneInfo(self.zone)).astimezone(UTC)

    def _local(self, moment: datetime) -> datetime:
        return moment.astimezone(ZoneInfo(self.zone))
