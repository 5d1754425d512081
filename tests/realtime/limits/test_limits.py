"""Token buckets: never too much in any window, and what a refusal promises is true."""

from collections.abc import Callable
from heapq import heappop, heappush
from uuid import UUID, uuid4

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from realtime.limits.buckets import (
    MILLISECOND_NS,
    PROMISE_NS,
    SECOND_NS,
    Bucket,
    Buckets,
    Rate,
    spend_all,
)
from realtime.limits.connections import FLOOD_REFUSALS, TOLD_MAX, Limits, Patience, Rates

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
    taken = [now for now in moments(gaps) if spend_all([bucket], now) == 0]
    for first, begin in enumerate(taken):
        for count, end in enumerate(taken[first:], start=1):
            assert count <= rate.burst + rate.per_second * (end - begin) / SECOND_NS + 1e-9


@given(rates)
def test_after_quiet_the_whole_burst_is_there(rate: Rate) -> None:
    """(LM2)"""
    bucket = Bucket(rate)
    assert [spend_all([bucket], START_NS) for _ in range(rate.burst)] == [0] * rate.burst
    assert spend_all([bucket], START_NS) > 0
    later = START_NS + int(SECOND_NS * (rate.burst + 1) / rate.per_second) + rate.burst
    assert [spend_all([bucket], later) for _ in range(rate.burst)] == [0] * rate.burst


@given(rates, rates, gaps_ns)
def test_an_asker_who_waits_as_told_gets_through(own: Rate, shared: Rate, gaps: list[int]) -> None:
    """(LM1) The first answer names a delay, in whole milliseconds, that is enough for all buckets."""
    buckets = [Bucket(own), Bucket(shared)]
    now = START_NS
    for gap in gaps:
        now += gap
        wait_ms = spend_all(buckets, now)
        if wait_ms:
            now += wait_ms * MILLISECOND_NS
            assert spend_all(buckets, now) == 0


@given(
    st.builds(Rate, st.floats(1, 1000, allow_nan=False), st.integers(1, 50)), st.integers(1, 100)
)
def test_many_who_are_refused_at_once_are_told_moments_of_their_own(rate: Rate, many: int) -> None:
    """(LM1) If their turns are near, each gets through at the moment that they were told."""
    bucket = Bucket(rate)
    while spend_all([bucket], START_NS) == 0:
        pass
    waits = [spend_all([bucket], START_NS) for _ in range(many)]
    near = [wait for wait in waits if wait * MILLISECOND_NS < PROMISE_NS]
    assert near == sorted(near)
    for wait in near:
        assert spend_all([bucket], START_NS + wait * MILLISECOND_NS) == 0
    longest = max(PROMISE_NS, SECOND_NS / rate.per_second) / MILLISECOND_NS
    assert max(waits) <= longest + 1


@given(rates, rates)
def test_a_refused_message_takes_nothing_anywhere(own: Rate, shared: Rate) -> None:
    """(LM1)"""
    empty, other = Bucket(own), Bucket(shared)
    while spend_all([empty], START_NS) == 0:
        pass
    for _ in range(1000):
        spend_all([empty, other], START_NS)
    assert [spend_all([other], START_NS) for _ in range(shared.burst)] == [0] * shared.burst


def test_a_refusal_by_the_own_bucket_uses_up_no_turn_at_shared_ones() -> None:
    own, shared = Bucket(Rate(1, 1)), Bucket(Rate(10, 1))
    assert spend_all([own, shared], START_NS) == 0
    for _ in range(50):
        assert spend_all([own, shared], START_NS) >= 1000
    assert spend_all([shared], START_NS) == 100


@given(st.lists(st.integers(0, 50), max_size=300))
def test_buckets_of_many_stay_bounded_and_forget_nobody_who_is_limited(keys: list[int]) -> None:
    buckets: Buckets[int] = Buckets(Rate(10, 2), at_most=20)
    now = START_NS
    for key in keys:
        bucket = buckets.of(key, now)
        assert buckets.of(key, now) is bucket
        spend_all([bucket], now)
        now += 30 * MILLISECOND_NS
        assert len(buckets) <= 20


def test_flooding_is_a_hundred_hasty_refusals_within_ten_seconds() -> None:
    """(LM3) Nobody here waits the second that they are told."""
    fast, slow = Patience(), Patience()
    told = [fast.refuse(START_NS + n * 100 * MILLISECOND_NS, 20_000) for n in range(FLOOD_REFUSALS)]
    assert told == [False] * (FLOOD_REFUSALS - 1) + [True]
    assert not any(slow.refuse(START_NS + n * 102 * MILLISECOND_NS, 200_000) for n in range(1000))


def test_told_moments_are_forgotten_and_bounded() -> None:
    """(LM3) A refusal of long ago excuses nobody, and a flood takes no memory."""
    flooded, waited = Patience(), Patience()
    for _ in range(3 * TOLD_MAX):
        flooded.refuse(START_NS, 20)
        waited.refuse(START_NS, 20)
    soon, late = START_NS + SECOND_NS, START_NS + 11 * SECOND_NS
    hasty = [flooded.refuse(soon, 60_000) for _ in range(3 * TOLD_MAX)]
    assert hasty.count(False) == TOLD_MAX, "no more than that is remembered"
    assert not any(waited.refuse(late, 60_000) for _ in range(FLOOD_REFUSALS - 1))
    assert waited.refuse(late, 60_000)


class House:
    """Programs that edit one house, on a clock of their own: what each sends, and when."""

    def __init__(self, rates: Rates) -> None:
        self.clock = Clock()
        self.limits = Limits(rates, clock_ns=self.clock)
        self.id = uuid4()
        self.due: list[tuple[int, int, Program, int]] = []
        self._count = 0

    def send(self, program: "Program", at_ns: int, left: int) -> None:
        self._count += 1
        heappush(self.due, (at_ns, self._count, program, left))

    def run(self, seconds: float) -> None:
        end_ns = START_NS + int(seconds * SECOND_NS)
        while self.due and self.due[0][0] <= end_ns:
            self.clock.now_ns, _, program, left = heappop(self.due)
            if not program.closed:
                program.sent(self, left)


class Program:
    """One connection that sends ops, ``together`` at a time; each is sent again when it is told."""

    def __init__(self, house: House, person: UUID, together: int, waits: float = 1.0) -> None:
        self.limits = house.limits.of_connection()
        self.person, self.waits = person, waits
        self.closed, self.done, self.tries = False, 0, 0
        for n in range(together):
            house.send(self, START_NS + n, 1_000_000)

    def sent(self, house: House, left: int) -> None:
        self.tries += 1
        now_ns, wait_ms = house.clock.now_ns, self.limits.op(self.person, house.id)
        if wait_ms and self.limits.flooding(wait_ms, together=True):
            self.closed = True
        elif wait_ms:
            house.send(self, now_ns + int(wait_ms * MILLISECOND_NS * self.waits) + 1000, left)
        else:
            self.done += 1
            if left:
                house.send(self, now_ns + 1000, left - 1)


@settings(max_examples=25, deadline=None)
@given(st.lists(st.lists(st.integers(1, 120), min_size=1, max_size=3), min_size=1, max_size=6))
def test_a_connection_that_waits_as_told_is_never_flooding(people: list[list[int]]) -> None:
    """(LM1, LM3) One op at a time or many, on several connections, in a house that is full."""
    house = House(Rates(person_ops=Rate(30, 40), room_ops=Rate(50, 60)))
    programs = [
        Program(house, person, together)
        for person, connections in ((uuid4(), each) for each in people)
        for together in connections
    ]
    house.run(25)
    assert not any(program.closed for program in programs)
    assert all(program.done for program in programs)


@pytest.mark.parametrize(("together", "waits"), [(1, 0), (20, 0), (300, 0), (20, 0.1), (300, 0.1)])
def test_a_connection_that_does_not_wait_as_told_is_flooding(together: int, waits: float) -> None:
    """(LM3)"""
    house = House(Rates())
    program = Program(house, uuid4(), together, waits)
    house.run(30)
    assert program.closed


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
