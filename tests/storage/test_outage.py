"""A step whose store is away: said when it begins and when it is over, counted in between."""

import pytest
from structlog.testing import capture_logs

from storage.errors import StorageDefect, StorageUnavailable
from storage.outage import Outage, Outages


class Part:
    """Something with steps."""

    def __init__(self, *outages: Outage) -> None:
        self.outages = outages


async def test_a_beginning_and_an_end_are_reported_once() -> None:
    outage = Outage("storing edits", clock=lambda: 0.0)
    with capture_logs() as lines:
        outage.over()
        for number in range(3):
            outage.met(StorageUnavailable(f"Redis: try {number}"))
        assert outage.problem == "storing edits: not possible for 0 s (Redis: try 2)"
        outage.over()
        outage.over()
    assert [(line["event"], line["log_level"]) for line in lines] == [
        ("store_away", "warning"),
        ("store_back", "info"),
    ]
    assert lines[0]["reason"] == "Redis: try 0"
    assert lines[1]["failures"] == 3
    assert Outages([Part(outage)]).problems() == []
    assert outage.errors == 3


async def test_a_failure_says_nothing_of_a_step_that_nobody_asked_for_since() -> None:
    at = [0.0]
    outage = Outage("taking interactions", clock=lambda: at[0])
    watched = Outages([Part(outage)])
    said = "taking interactions: not possible for {} s (Redis: OutOfMemoryError)"
    outage.met(StorageUnavailable("Redis: OutOfMemoryError"))
    at[0] = 14.0
    assert watched.problems() == [said.format(14)]
    at[0] = 16.0
    assert watched.problems() == []
    outage.met(StorageUnavailable("Redis: OutOfMemoryError"))
    assert watched.problems() == [said.format(16)]


def fail(error: Exception) -> None:
    raise error


async def test_while_the_store_is_away_it_is_tried_more_often() -> None:
    outage = Outage("checking roles")
    assert outage.pause(10.0) == 10.0
    outage.met(StorageUnavailable("away"))
    assert (outage.pause(10.0), outage.pause(1.0)) == (2.0, 1.0)
    outage.over()
    assert outage.pause(10.0) == 10.0


async def test_every_error_of_storage_is_an_outage_and_nothing_else_is() -> None:
    outage = Outage("storing edits")
    with capture_logs() as lines, outage.tolerated():
        fail(StorageDefect("PostgreSQL: UniqueViolationError 23505"))
    assert outage.failures == 1
    assert [line["log_level"] for line in lines] == ["error"], "it is our own bug"
    with pytest.raises(LookupError), outage.tolerated():
        fail(LookupError())
    with outage.tolerated():
        pass
    assert outage.failures == 0


async def test_those_who_watch_see_all_steps_of_all_parts() -> None:
    part = Part(*(Outage(name, clock=lambda: 0.0) for name in ("one", "two")))
    watched = Outages([part])
    part.outages[1].met(StorageUnavailable("Redis: ConnectionError"))
    assert watched.problems() == ["two: not possible for 0 s (Redis: ConnectionError)"]
    assert watched.errors() == {"one": 0, "two": 1}
