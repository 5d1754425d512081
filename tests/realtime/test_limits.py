"""Token buckets: never too much in any window, and what a refusal promises is true."""

from collections.abc import Callable
from uuid import UUID, uuid4

import pytest
from hypothesis import given
from hypothesis import strategies as st

from realtime.limits import (
    FLOOD_REFUSALS,
    MILLISECOND_NS,
    PROMISE_NS,
    SECOND_NS,
    Bucket,
    Buckets,
    Limits,
    Rate,
    Rates,
    Refusals,
    take_all,
)

rates = st.builds(
    Rate,
    st.floats(0.5, 1000, allow_nan=False),
    st.integers(1, 300),
)
gaps_ns = st.lists(
    st.one_of(st.just(0), st.integers(1, 50 * MILLISECOND_NS), st.integers(0, 10 * SECOND_NS)),
    max_size=200,
)
START_NS = 7 * SECOND_NS


class Clock:
    def __init__(self) -> None:
        self.now_ns = START_NS

    def __call__(self) -> int:
        return self.now_ns

    def wait_ms(self, milliseconds: int) -> None:
        self.now_ns += milliseconds * MILLISECOND_NS


def moments(gaps: list[int]) -> list[int]:
    found, now = [], START_NS
    for gap in gaps:
        now += gap
        found.append(now)
    return found


@given(rates, gaps_ns)
def test_never_more_than_the_burst_and_the_rate_in_any_window(rate: Rate, gaps: list[int]) -> None:
    """(LM2)"""
    bucket = Bucket(rate)
    taken = [now for now in moments(gaps) if take_all([bucket], now) == 0]
    for first, begin in enumerate(taken):
        for count, end in enumerate(taken[first:], start=1):
            assert count <= rate.burst + rate.per_second * (end - begin) / SECOND_NS + 1e-9


@given(rates)
def test_after_quiet_the_whole_burst_is_there(rate: Rate) -> None:
    """(LM2)"""
    bucket = Bucket(rate)
    assert [take_all([bucket], START_NS) for _ in range(rate.burst)] == [0] * rate.burst
    assert take_all([bucket], START_NS) > 0
    later = START_NS + int(SECOND_NS * (rate.burst + 1) / rate.per_second) + rate.burst
    assert [take_all([bucket], later) for _ in range(rate.burst)] == [0] * rate.burst


@given(rates, rates, gaps_ns)
def test_who_waits_as_told_gets_through(own: Rate, shared: Rate, gaps: list[int]) -> None:
    """(LM1) From several buckets at once, in whole milliseconds, at the very first try."""
    buckets = [Bucket(own), Bucket(shared)]
    now = START_NS
    for gap in gaps:
        now += gap
        wait_ms = take_all(buckets, now)
        if wait_ms:
            now += wait_ms * MILLISECOND_NS
            assert take_all(buckets, now) == 0


@given(
    st.builds(Rate, st.floats(1, 1000, allow_nan=False), st.integers(1, 50)), st.integers(1, 100)
)
def test_many_who_are_refused_at_once_are_told_moments_of_their_own(rate: Rate, many: int) -> None:
    """(LM1) As long as their turns are near; each gets through at the moment they were told."""
    bucket = Bucket(rate)
    while take_all([bucket], START_NS) == 0:
        pass
    waits = [take_all([bucket], START_NS) for _ in range(many)]
    near = [wait for wait in waits if wait * MILLISECOND_NS < PROMISE_NS]
    assert near == sorted(near)
    for wait in near:
        assert take_all([bucket], START_NS + wait * MILLISECOND_NS) == 0
    longest = max(PROMISE_NS, SECOND_NS / rate.per_second) / MILLISECOND_NS
    assert max(waits) <= longest + 1


@given(rates, rates)
def test_what_is_refused_takes_nothing_anywhere(own: Rate, shared: Rate) -> None:
    """(LM1)"""
    empty, other = Bucket(own), Bucket(shared)
    while take_all([empty], START_NS) == 0:
        pass
    for _ in range(1000):
        take_all([empty, other], START_NS)
    assert [take_all([other], START_NS) for _ in range(shared.burst)] == [0] * shared.burst


def test_a_refusal_of_ones_own_uses_up_no_turn_at_shared_buckets() -> None:
    own, shared = Bucket(Rate(1, 1)), Bucket(Rate(10, 1))
    assert take_all([own, shared], START_NS) == 0
    for _ in range(50):
        assert take_all([own, shared], START_NS) >= 1000
    assert take_all([shared], START_NS) == 100


@given(st.lists(st.integers(0, 50), max_size=300))
def test_buckets_of_many_stay_bounded_and_forget_nobody_who_is_limited(keys: list[int]) -> None:
    buckets: Buckets[int] = Buckets(Rate(10, 2), at_most=20)
    now = START_NS
    for key in keys:
        bucket = buckets.of(key, now)
        assert buckets.of(key, now) is bucket
        take_all([bucket], now)
        now += 30 * MILLISECOND_NS
        assert len(buckets) <= 20


def test_flooding_is_a_hundred_refusals_within_ten_seconds() -> None:
    """(LM3)"""
    fast, slow = Refusals(), Refusals()
    told = [fast.add(START_NS + n * 100 * MILLISECOND_NS) for n in range(FLOOD_REFUSALS)]
    assert told == [False] * (FLOOD_REFUSALS - 1) + [True]
    assert not any(slow.add(START_NS + n * 102 * MILLISECOND_NS) for n in range(1000))


CALLS: list[Callable[[Limits, UUID, UUID], int]] = [
    lambda limits, person, room: limits.of_connection().op(person, room),
    lambda limits, person, room: limits.op(person, room),
]


@pytest.mark.parametrize("call", CALLS)
def test_the_ops_of_a_person_count_together(call: Callable[[Limits, UUID, UUID], int]) -> None:
    """(LM2) However many connections and requests they come by."""
    clock = Clock()
    limits, person = Limits(Rates(), clock_ns=clock), uuid4()
    answers = [call(limits, person, uuid4()) for _ in range(121)]
    assert answers == [0] * 120 + [25]
    assert limits.too_fast(person) > 0
    assert call(limits, uuid4(), uuid4()) == 0


def test_the_ops_of_a_house_count_together() -> None:
    """(LM2)"""
    clock = Clock()
    limits, house = Limits(Rates(), clock_ns=clock), uuid4()
    assert [limits.op(uuid4(), house) for _ in range(401)] == [0] * 400 + [5]
    assert limits.op(uuid4(), uuid4()) == 0


def test_each_kind_of_message_has_its_own_limit() -> None:
    """(LM2)"""
    clock = Clock()
    limits = Limits(Rates(), clock_ns=clock).of_connection()
    person = uuid4()
    bursts = {
        60: lambda: limits.op(person, None),
        30: limits.presence,
        200: limits.interaction,
    }
    for burst, ask in bursts.items():
        assert [ask() for _ in range(burst)] == [0] * burst
        assert ask() > 0
    assert [limits.other() for _ in range(60)] == [0] * 60
    assert limits.other() == 50
    clock.wait_ms(50)
    assert limits.other() == 0


@given(st.floats(0.1, 100_000))
def test_a_scale_multiplies_rates_and_bursts(scale: float) -> None:
    scaled = Rates().scaled(scale).connection_ops
    assert scaled.per_second == pytest.approx(20 * scale)
    assert scaled.burst == max(1, int(60 * scale))
