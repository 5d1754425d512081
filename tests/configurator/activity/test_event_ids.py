"""Ids of events and sessions: UUIDs of version 7 that sort by time, and texts."""

from datetime import UTC, datetime, timedelta
from uuid import UUID, uuid4

import pytest
from hypothesis import given
from hypothesis import strategies as st

from configurator.activity.event_ids import session_uuid, uuid7, uuid7_time
from configurator.activity.interaction import (
    report,
)
from tests.configurator.activity.bodies import CLICK
from tests.support.event_ids import uuid7_floor

NOON = datetime(2026, 11, 23, 12, tzinfo=UTC)


@given(st.integers(0, 2**48 - 1), st.integers(0, 2**74 - 1), st.integers(0, 2**74 - 1))
def test_ids_are_version_7_and_sort_by_time(ms: int, a: int, b: int) -> None:
    first, second = uuid7(ms, a), uuid7(min(ms + 1, 2**48 - 1), b)
    assert first.version == 7
    assert first.variant == "specified in RFC 4122"
    assert first.int >> 80 == ms
    if ms < 2**48 - 1:
        assert first < second
    assert (uuid7(ms, a) == uuid7(ms, b)) == (a == b)


@given(st.timedeltas(timedelta(0), timedelta(days=365 * 8000)))
def test_the_floor_of_a_moment_is_at_or_below_its_ids(age: timedelta) -> None:
    moment = datetime(1970, 1, 1, tzinfo=UTC) + age
    floor = uuid7_floor(moment)
    assert timedelta(0) <= moment - uuid7_time(floor) < timedelta(milliseconds=1)
    assert floor <= uuid7(floor.int >> 80, 0)


def test_a_session_id_that_is_a_uuid_is_kept_and_any_other_is_derived() -> None:
    known = uuid4()
    assert session_uuid(str(known)) == known
    derived = session_uuid("client_1_x")
    assert derived == session_uuid("client_1_x") != session_uuid("client_1_y")
    assert derived.version == 8


@pytest.mark.parametrize("years", [-50, -10, 0, 10, 7_970])
def test_event_ids_of_any_time_are_taken(years: int) -> None:
    """(AC7)"""
    made = uuid7_floor(NOON + timedelta(days=365 * years))
    assert report(CLICK, event_id=made, seq=None).event_id == made


@pytest.mark.parametrize(
    "event_id", [uuid4(), UUID(int=0), uuid7(253_402_300_800_000, 1)], ids=["v4", "nil", "later"]
)
def test_an_event_id_that_is_not_a_uuid7_before_the_year_10000_is_dropped(event_id: UUID) -> None:
    assert report(CLICK, event_id=event_id, seq=None).event_id is None
