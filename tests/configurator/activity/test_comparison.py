"""Periods of two ranges stand side by side by their clock and calendar, and none is left out."""

from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from configurator.activity.comparison import paired
from configurator.activity.periods import Unit, beginnings
from configurator.activity.ranges import parse_range
from tests.configurator.activity.test_periods import ZONES, changes, utc

NOW = utc("2026-11-28T13:07")


def pairs(unit: Unit, **asked: str) -> list[tuple[str | None, str | None]]:
    """The local times at the beginnings of each pair."""
    span = parse_range({"compare": "previous", "tz": "Europe/Vienna", **asked}, NOW)
    zone = ZoneInfo(span.zone)
    before = span.compared()
    assert before is not None
    own = beginnings(span.start, span.end, unit, zone)
    others = beginnings(before.start, before.end, unit, zone)
    found = paired(span, unit, own, others)
    assert [one for one, _ in found if one is not None] == list(range(len(own)))
    assert sorted(other for _, other in found if other is not None) == list(range(len(others)))

    def shown(at: datetime) -> str:
        local = at.astimezone(zone)
        return f"{local:%H:%M}" if unit == "hour" else f"{local:%Y-%m-%d}"

    return [
        (
            None if one is None else shown(own[one]),
            None if other is None else shown(others[other]),
        )
        for one, other in found
    ]


def day(date: str, zone: str) -> list[tuple[str | None, str | None]]:
    return pairs("hour", **{"from": date, "to": date, "tz": zone})


@pytest.mark.parametrize(
    ("date", "zone", "alone"),
    [
        ("2026-03-29", "Europe/Vienna", [(None, "02:00")]),
        ("2026-10-25", "Europe/Vienna", [("02:00", None)]),
        ("2026-10-26", "Europe/Vienna", [(None, "02:00")]),
        ("2026-03-08", "America/New_York", [(None, "02:00")]),
        ("2026-11-01", "America/New_York", [("01:00", None)]),
        ("2026-09-06", "America/Santiago", [(None, "00:00")]),
        ("2026-03-29", "Antarctica/Troll", [(None, "01:00"), (None, "02:00")]),
        ("2026-10-25", "Antarctica/Troll", [("01:00", None), ("02:00", None)]),
        ("2026-10-04", "Australia/Lord_Howe", []),
        ("2026-04-05", "Australia/Lord_Howe", [("01:30", None)]),
        ("2026-11-28", "Asia/Kolkata", []),
    ],
)
def test_hours_stand_beside_the_hours_that_clocks_show(
    date: str, zone: str, alone: list[tuple[str | None, str | None]]
) -> None:
    found = day(date, zone)
    assert [pair for pair in found if None in pair] == alone
    for one, other in found:
        assert one is None or other is None or one[:2] == other[:2]


def test_a_period_without_counterpart_is_where_its_hour_would_be() -> None:
    assert day("2026-03-29", "Europe/Vienna")[:5] == [
        ("00:00", "00:00"),
        ("01:00", "01:00"),
        (None, "02:00"),
        ("03:00", "03:00"),
        ("04:00", "04:00"),
    ]
    assert day("2026-09-06", "America/Santiago")[:2] == [(None, "00:00"), ("01:00", "01:00")]


@pytest.mark.parametrize("zone", ZONES[::17])
def test_every_hour_is_in_one_pair_over_every_change(zone: str) -> None:
    for change in changes(zone)[-4:]:
        local = change.astimezone(ZoneInfo(zone)).date()
        for days in (1, 2, 3):
            for comparison in ("previous", "year"):
                asked = {"from": f"{local}", "to": f"{local + timedelta(days=days - 1)}"}
                found = pairs("hour", **asked, tz=zone, compare=comparison)
                for one, other in found:
                    assert one is None or other is None or one[:2] == other[:2]


def test_a_range_that_ends_now_is_paired_by_the_hour_of_the_day() -> None:
    for name in ("24h", "7d"):
        found = pairs("hour", timeRange=name)
        assert all(one == other for one, other in found if one and other)
        assert len([pair for pair in found if None in pair]) <= 2, name


def test_a_part_of_a_day_is_paired_with_the_part_before_it() -> None:
    asked = {"from": "2026-11-20T10:30", "to": "2026-11-20T12:15"}
    assert pairs("hour", **asked) == [("10:00", "08:00"), ("11:00", "09:00"), ("12:00", "10:00")]


def test_days_stand_beside_days_of_the_same_distance_or_date() -> None:
    asked = {"from": "2026-03-28", "to": "2026-03-29"}
    assert pairs("day", **asked) == [("2026-03-28", "2026-03-26"), ("2026-03-29", "2026-03-27")]
    leap = {"from": "2028-02-28", "to": "2028-03-01", "compare": "year"}
    assert pairs("day", **leap) == [
        ("2028-02-28", "2027-02-28"),
        ("2028-02-29", None),
        ("2028-03-01", "2027-03-01"),
    ]
    after = {"from": "2029-02-28", "to": "2029-03-01", "compare": "year"}
    assert pairs("day", **after) == [
        ("2029-02-28", "2028-02-28"),
        (None, "2028-02-29"),
        ("2029-03-01", "2028-03-01"),
    ]


def test_weeks_and_months_follow_one_another() -> None:
    asked = {"from": "2026-03-01", "to": "2026-03-31"}
    assert pairs("month", **asked) == [("2026-03-01", "2026-01-01"), (None, "2026-02-01")]
    found = pairs("week", **{"from": "2026-03-02", "to": "2026-03-15"})
    assert found == [("2026-03-02", "2026-02-16"), ("2026-03-09", "2026-02-23")]
