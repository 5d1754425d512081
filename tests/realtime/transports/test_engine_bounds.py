"""The bounds of Engine.IO sessions, with a clock of the test."""

import pytest

from configurator.protocol.codes import Refused
from realtime.limits.buckets import SECOND_NS, Rate
from realtime.transports.engineio.bounds import EngineBounds, EngineSessions, FloodingError, Flow

FEW = EngineBounds(sessions=3, network_sessions=2, packets=Rate(2, 3), kilobytes=Rate(1, 8))


def refusal(sessions: EngineSessions, network: str) -> str | None:
    try:
        sessions.enter(network)
    except Refused as refused:
        return refused.code.name
    return None


def test_the_sessions_of_a_network_and_of_a_process_are_limited() -> None:
    sessions = EngineSessions(FEW)
    assert [refusal(sessions, "a") for _ in range(3)] == [None, None, "too_many_requests"]
    assert [refusal(sessions, "b") for _ in range(2)] == [None, "unavailable"]
    sessions.leave("a")
    assert len(sessions) == 2
    assert [refusal(sessions, "a"), refusal(sessions, "b")] == [None, "unavailable"]
    for network in ("a", "a", "b"):
        sessions.leave(network)
    assert len(sessions) == 0
    assert not sessions.networks


def test_a_refusal_for_lack_of_places_says_when_to_try_again() -> None:
    sessions = EngineSessions(FEW)
    for network in ("a", "a", "b"):
        sessions.enter(network)
    with pytest.raises(Refused) as refused:
        sessions.enter("a")
    assert refused.value.retry_after_ms == 25_000  # a ping, and the wait for its answer


def test_the_packets_and_kilobytes_of_a_session_are_limited() -> None:
    now = 0
    flow = Flow(FEW, lambda: now)
    for _ in range(3):
        flow.count(10)
    with pytest.raises(FloodingError):
        flow.count(1)
    now = SECOND_NS
    flow.count(64 * 1024)
    with pytest.raises(FloodingError):
        flow.count(1024)
    flow.count(1)  # a small one costs little to read
    now = 60 * SECOND_NS
    flow.count(1)


def test_load_tests_have_more_of_everything() -> None:
    scaled = FEW.scaled(100)
    assert (scaled.sessions, scaled.network_sessions) == (300, 200)
    assert (scaled.packets.burst, scaled.kilobytes.per_second) == (300, 100)
