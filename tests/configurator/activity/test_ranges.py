"""Ranges of time in query parameters: their meaning, and texts that are not a range."""

from datetime import UTC, datetime, timedelta

import pytest

from configurator.activity.ranges import Range, RangeInvalid, parse_range

NOW = datetime(2026, 11, 25, 22, 17, 41, tzinfo=UTC)


def moment(text: str) -> datetime:
    return datetime.fromisoformat(text).astimezone(UTC)


@pytest.mark.parametrize(
    ("asked", "start", "end"),
    [
        ({}, "2026-11-18T22:00Z", "2026-11-25T22:18Z"),
        ({"timeRange": "24h"}, "2026-11-24T22:17Z", "2026-11-25T22:18Z"),
        ({"timeRange": "90d"}, "2026-08-27T22:00Z", "2026-11-25T22:18Z"),
        ({"from": "2026-11-01", "to": "2026-11-01"}, "2026-10-31T23:00Z", "2026-11-01T23:00Z"),
        ({"from": "2026-03-29", "to": "2026-03-29"}, "2026-03-28T23:00Z", "2026-03-29T22:00Z"),
        ({"from": "2026-11-01"}, "2026-10-31T23:00Z", "2026-11-25T22:18Z"),
        (
            {"from": "2026-11-01T10:30:59", "to": "2026-11-01T10:30:00-05:00", "tz": "Asia/Tokyo"},
            "2026-11-01T01:30Z",
            "2026-11-01T15:30Z",
        ),
    ],
)
def test_ranges_of_query_parameters(asked: dict[str, str], start: str, end: str) -> None:
    span = parse_range(asked, NOW)
    assert (span.start, span.end) == (moment(start), moment(end))
    assert not span.endless


def test_all_has_no_beginning() -> None:
    assert parse_range({"timeRange": "all"}, NOW).endless


@pytest.mark.parametrize(
    ("asked", "code", "field"),
    [
        ({"tz": "Vienna"}, "unknown_zone", "tz"),
        ({"tz": "../../etc/passwd"}, "unknown_zone", "tz"),
        ({"tz": "E" * 65}, "unknown_value", "tz"),
        ({"from": "gestern"}, "not_a_time", "from"),
        ({"from": "2026-02-30"}, "not_a_time", "from"),
        ({"from": "9999-12-31", "to": "9999-12-31"}, "too_far", "from"),
        ({"from": "0001-01-01T00:00Z", "tz": "America/New_York"}, "too_far", "from"),
        ({"tz": "localtime"}, "unknown_zone", "tz"),
        ({"tz": "Factory"}, "unknown_zone", "tz"),
        ({"from": "2026-11-02", "to": "2026-10-31"}, "reversed", "to"),
        ({"from": "2027-01-01"}, "reversed", "to"),
        ({"from": "2025-01-01", "to": "2026-11-25"}, "too_long", "from"),
        ({"to": "2026-11-25"}, "contradiction", "to"),
        ({"from": "2026-11-01", "timeRange": "7d"}, "contradiction", "timeRange"),
        ({"timeRange": "8d"}, "unknown_value", "timeRange"),
        ({"timeRange": "all", "compare": "year"}, "contradiction", "compare"),
        ({"compare": "yesterday"}, "unknown_value", "compare"),
        ({"bots": "maybe"}, "unknown_value", "bots"),
    ],
)
def test_a_text_that_is_not_a_range_is_refused_with_a_reason(
    asked: dict[str, str], code: str, field: str
) -> None:
    with pytest.raises(RangeInvalid) as caught:
        parse_range(asked, NOW)
    assert (caught.value.code, caught.value.field) == (code, field)
    assert caught.value.de
    assert caught.value.en


def test_four_hundred_days_are_a_range_whatever_the_clocks_do() -> None:
    span = parse_range({"from": "2025-09-01", "to": "2026-10-05"}, NOW)
    assert span.end - span.start >= timedelta(days=400)
    with pytest.raises(RangeInvalid, match="longer"):
        parse_range({"from": "2025-09-01", "to": "2026-10-06"}, NOW)


@pytest.mark.parametrize(
    ("asked", "start", "end"),
    [
        # Seven days before the week in which the clocks go forward, midnight to midnight.
        (
            {"from": "2026-03-27", "to": "2026-04-02", "compare": "previous"},
            "2026-03-19T23:00Z",
            "2026-03-26T23:00Z",
        ),
        (
            {"from": "2024-02-29", "to": "2024-02-29", "compare": "year"},
            "2023-02-27T23:00Z",
            "2023-02-28T23:00Z",
        ),
        ({"timeRange": "24h", "compare": "previous"}, "2026-11-23T22:16Z", "2026-11-24T22:17Z"),
        (  # this Sunday's midnight is skipped
            {"from": "2026-09-06", "to": "2026-09-06", "tz": "America/Santiago"}
            | {"compare": "previous"},
            "2026-09-05T04:00Z",
            "2026-09-06T04:00Z",
        ),
    ],
)
def test_the_range_to_compare_with(asked: dict[str, str], start: str, end: str) -> None:
    compared = parse_range(asked, NOW).compared()
    assert compared is not None
    assert (compared.start, compared.end) == (moment(start), moment(end))
    assert compared.compared() is None


def test_without_a_wish_nothing_is_compared() -> None:
    assert Range(start=NOW - timedelta(days=1), end=NOW).compared() is None
