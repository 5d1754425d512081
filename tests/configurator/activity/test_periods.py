"""Periods follow each other without a gap, in every zone, over every change of its clocks."""

from datetime import UTC, date, datetime, timedelta
from functools import cache
from itertools import pairwise
from zoneinfo import ZoneInfo, available_timezones

import pytest
from hypothesis import given
from hypothesis import strategies as st

from configurator.activity.periods import Unit, beginnings, day_begins, shown_in

ZONES = sorted(available_timezones() - {"localtime", "Factory"})
UNITS: tuple[Unit, ...] = ("hour", "day", "week", "month")


def utc(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


@pytest.mark.parametrize(
    ("zone", "start", "hours"),
    [
        ("Europe/Vienna", "2026-10-24T23:00", "01+02:00 02+02:00 02+01:00 03+01:00"),
        ("Europe/Vienna", "2026-03-28T23:00", "00+01:00 01+01:00 03+02:00 04+02:00"),
        ("America/New_York", "2026-11-01T04:00", "00-04:00 01-04:00 01-05:00 02-05:00"),
        ("Asia/Kolkata", "2026-10-25T18:30", "00+05:30 01+05:30 02+05:30 03+05:30"),
        ("Pacific/Chatham", "2026-09-26T12:15", "01+12:45 02+12:45 04+13:45 05+13:45"),
        ("Australia/Lord_Howe", "2026-04-04T14:00", "01+11:00 01:30+10:30 02+10:30 03+10:30"),
        ("Australia/Lord_Howe", "2026-10-03T14:30", "01+10:30 02:30+11:00 03+11:00 04+11:00"),
    ],
)
def test_hours_of_a_night_with_a_change(zone: str, start: str, hours: str) -> None:
    where = ZoneInfo(zone)
    found = beginnings(utc(start), utc(start) + timedelta(hours=8), "hour", where)
    shown = [f"{at.astimezone(where):%H:%M%z}" for at in found[:4]]
    expected = [each if ":" in each[:3] else f"{each[:2]}:00{each[2:]}" for each in hours.split()]
    assert shown == [f"{each[:-3]}{each[-2:]}" for each in expected]


@pytest.mark.parametrize(
    ("zone", "day", "begins"),
    [
        ("America/Santiago", "2026-09-06", "2026-09-06T04:00"),  # midnight is skipped
        ("America/Havana", "2026-11-01", "2026-11-01T04:00"),  # midnight comes twice
        ("Atlantic/Azores", "2026-10-25", "2026-10-25T00:00"),
        ("Pacific/Kiritimati", "2026-01-01", "2025-12-31T10:00"),
        ("Pacific/Apia", "2011-12-30", "2011-12-30T10:00"),  # this date was skipped
        ("Pacific/Apia", "2011-12-31", "2011-12-30T10:00"),
        ("America/Toronto", "1919-03-31", "1919-03-31T04:30"),  # from 23:30 to 00:30
    ],
)
def test_a_day_begins_at_the_first_instant_of_its_date(zone: str, day: str, begins: str) -> None:
    assert day_begins(date.fromisoformat(day), ZoneInfo(zone)) == utc(begins)


def test_a_date_that_a_zone_skipped_is_not_a_day() -> None:
    apia = ZoneInfo("Pacific/Apia")
    days = beginnings(utc("2011-12-29T12:00"), utc("2012-01-01T12:00"), "day", apia)
    assert [each.astimezone(apia).day for each in days] == [29, 31, 1, 2]


@cache
def changes(zone: str) -> list[datetime]:
    """Noon of the days in which this zone's offset changes, from 1900 to 2040."""
    where, noon = ZoneInfo(zone), datetime(1900, 1, 1, 12, tzinfo=UTC)
    noons = [noon + timedelta(days=n) for n in range(0, 51_000, 15)]
    return [
        _halved(where, low, high)
        for low, high in pairwise(noons)
        if low.astimezone(where).utcoffset() != high.astimezone(where).utcoffset()
    ] or noons


def _halved(where: ZoneInfo, low: datetime, high: datetime) -> datetime:
    while high - low > timedelta(days=1):
        middle = low + (high - low) // 2
        same = low.astimezone(where).utcoffset() == middle.astimezone(where).utcoffset()
        low, high = (middle, high) if same else (low, middle)
    return low


@given(st.data())
def test_periods_follow_each_other_and_begin_where_the_clock_says(data: st.DataObject) -> None:
    where = ZoneInfo(data.draw(st.sampled_from(ZONES)))
    around = data.draw(st.sampled_from(changes(where.key)))
    start = around + timedelta(minutes=data.draw(st.integers(-4000, 4000)))
    end = start + timedelta(minutes=data.draw(st.integers(1, 6000)))
    unit = data.draw(st.sampled_from(UNITS))
    found = beginnings(start, end, unit, where)
    assert found[0] <= start
    assert (found[1:] or [end])[0] > start
    assert all(earlier < later for earlier, later in pairwise(found))
    assert found[-1] < end
    for at in found if unit != "hour" else []:
        local = at.astimezone(where)
        just_before = (at - timedelta(seconds=1)).astimezone(where)
        assert just_before.date() < local.date()
        assert {"day": 0, "week": local.weekday(), "month": local.day - 1}[unit] == 0 or (
            (local.date() - just_before.date()).days > 1  # its first day was skipped
        )
    if unit == "hour":
        assert all(later - earlier <= timedelta(hours=1) for earlier, later in pairwise(found))


def test_an_empty_time_has_no_periods() -> None:
    moment = utc("2026-10-25T00:30")
    assert beginnings(moment, moment, "hour", ZoneInfo("UTC")) == []


@given(st.sampled_from(ZONES), st.datetimes(datetime(1900, 1, 2), datetime(2199, 1, 1)))  # noqa: DTZ001
def test_a_shown_moment_is_the_same_as_text(zone: str, naive: datetime) -> None:
    moment = naive.replace(tzinfo=UTC, microsecond=0)
    text = shown_in(moment, ZoneInfo(zone)).isoformat()
    assert len(text) == len("2026-10-25T02:00:00+02:00")
    assert datetime.fromisoformat(text) == moment
