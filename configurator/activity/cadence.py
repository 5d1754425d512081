"""Cadences: due every day, or on one day of the week, at an hour of a time zone.

Pure: the clock is an argument. If the night of a change to summer time skips the hour, the cadence
is due when the hour would have begun; if the hour comes twice, it is due once, at the first.
"""

from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

_DAYS_LOOKED_AT = 8
"""A week and a day: the day of the week that is sought is among them."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Cadence:
    """`hour` is 0 to 23 in `zone`; `weekday` is 1 (Monday) to 7, or None for every day."""

    hour: int
    zone: str
    weekday: int | None = None

    def following(self, moment: datetime) -> datetime:
        """The first due time after `moment`, in UTC."""
        today = self._local(moment).date()
        return next(
            due
            for days in range(_DAYS_LOOKED_AT + 1)
            if (due := self._on(today + timedelta(days=days))) is not None and due > moment
        )

    def latest(self, moment: datetime) -> datetime:
        """The last due time at or before `moment`, in UTC."""
        today = self._local(moment).date()
        return next(
            due
            for days in range(_DAYS_LOOKED_AT + 1)
            if (due := self._on(today - timedelta(days=days))) is not None and due <= moment
        )

    def days_before(self, due: datetime, days: int) -> tuple[date, date]:
        """The first and the last of the `days` whole days that were over at the time `due`."""
        day = self._local(due).date()
        return day - timedelta(days=days), day - timedelta(days=1)

    def _on(self, day: date) -> datetime | None:
        if self.weekday is not None and day.isoweekday() != self.weekday:
            return None
        return datetime.combine(day, time(self.hour), ZoneInfo(self.zone)).astimezone(UTC)

    def _local(self, moment: datetime) -> datetime:
        return moment.astimezone(ZoneInfo(self.zone))
