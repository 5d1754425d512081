"""The due times of a cadence, also in nights with an hour too few or too many."""

from datetime import UTC, date, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from configurator.activity.cadence import Cadence

VIENNA = "Europe/Vienna"


def utc(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


@pytest.mark.parametrize(
    ("cadence", "moment", "latest", "following"),
    [
        (Cadence(hour=6, zone=VIENNA), "2026-11-26T05:00", "2026-11-26T05:00", "2026-11-27T05:00"),
        (Cadence(hour=6, zone=VIENNA), "2026-11-26T04:59", "2026-11-25T05:00", "2026-11-26T05:00"),
        # a Thursday; due on Mondays
        (
            Cadence(hour=6, zone=VIENNA, weekday=1),
            "2026-11-26T12:00",
            "2026-11-23T05:00",
            "2026-11-30T05:00",
        ),
        (
            Cadence(hour=6, zone=VIENNA, weekday=4),
            "2026-11-26T04:00",
            "2026-11-19T05:00",
            "2026-11-26T05:00",
        ),
        # the hour from 2 to 3 is missing on the 29th of March and there twice on the 25th of October
        (Cadence(hour=2, zone=VIENNA), "2026-03-29T01:00", "2026-03-29T01:00", "2026-03-30T00:00"),
        (Cadence(hour=2, zone=VIENNA), "2026-10-25T00:30", "2026-10-25T00:00", "2026-10-26T01:00"),
        (Cadence(hour=2, zone=VIENNA), "2026-10-25T01:30", "2026-10-25T00:00", "2026-10-26T01:00"),
        (Cadence(hour=0, zone="Pacific/Auckland"), "2026-11-25T11:00", "2026-11-25T11:00", "2026-11-26T11:00"),
    ],
)  # fmt: skip
def test_due_times(cadence: Cadence, moment: str, latest: str, following: str) -> None:
    assert cadence.latest(utc(moment)) == utc(latest)
    assert cadence.following(utc(moment)) == utc(following)


@given(
    hours=st.floats(0, 130_000),
    hour=st.integers(0, 23),
    weekday=st.none() | st.integers(1, 7),
    zone=st.sampled_from([VIENNA, "America/Sao_Paulo", "Asia/Kolkata", "Australia/Lord_Howe"]),
)
def test_one_due_time_follows_the_other(
    hours: float, hour: int, weekday: int | None, zone: str
) -> None:
    cadence = Cadence(hour=hour, zone=zone, weekday=weekday)
    at = utc("2020-01-01") + timedelta(hours=hours)
    latest, following = cadence.latest(at), cadence.following(at)
    assert latest <= at < following
    assert cadence.following(latest) == following
    assert cadence.latest(following) == following
    days = 1 if weekday is None else 7
    assert abs(following - latest - timedelta(days=days)) <= timedelta(hours=1)


def test_the_days_before_are_whole_and_over() -> None:
    cadence = Cadence(hour=0, zone="Pacific/Auckland")
    due = utc("2026-11-25T11:00")  # midnight there, the 26th begins
    assert cadence.days_before(due, 1) == (date(2026, 11, 25), date(2026, 11, 25))
    assert cadence.days_before(due, 7) == (date(2026, 11, 19), date(2026, 11, 25))
