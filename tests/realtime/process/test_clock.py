"""Days and times of what is stored follow PostgreSQL's clock where the machine's is off."""

from datetime import UTC, datetime, timedelta

import pytest

from configurator.activity.interaction import parse_interaction, report
from configurator.activity.visitor import VisitorTraits
from realtime.activity.intake.intake import Intake, Sender
from realtime.process.clock import APART_SECONDS, LOOK_SECONDS, START_SECONDS, Clock, read_clock
from storage.errors import StorageUnavailable
from storage.postgres.clock import database_time
from storage.postgres.engine import Database
from storage.redis.activity.stream import InteractionStream
from storage.redis.client import Redis
from storage.redis.clock import redis_time

TRUE = datetime(2026, 11, 30, 12, tzinfo=UTC)
DAYS = timedelta(days=3)


class World:
    """A server with the true time, a machine whose clock is `wrong`, and a steady clock."""

    def __init__(self) -> None:
        self.passed = 0.0
        self.wrong = timedelta()
        self.trip_seconds = 0.0
        self.away = False
        self.asked = 0

    def wall(self) -> datetime:
        return self.true + self.wrong

    @property
    def true(self) -> datetime:
        return TRUE + timedelta(seconds=self.passed)

    def steady(self) -> float:
        return 1_000.0 + self.passed

    async def ask(self) -> datetime:
        self.asked += 1
        if self.away:
            raise StorageUnavailable("PostgreSQL is away")
        self.passed += self.trip_seconds / 2
        said = self.true
        self.passed += self.trip_seconds / 2
        return said

    def clock(self) -> Clock:
        return Clock((self.ask,), wall=self.wall, steady=self.steady)


@pytest.fixture
def world() -> World:
    return World()


async def test_the_machines_time_is_taken_where_both_agree(world: World) -> None:
    world.wrong = timedelta(seconds=APART_SECONDS)
    async with world.clock() as clock:
        assert clock.now() == world.wall()
        assert clock.off_seconds == APART_SECONDS
        assert clock.problems() == ()


@pytest.mark.parametrize(("wrong", "side"), [(DAYS, "ahead of"), (-DAYS, "behind")])
async def test_the_servers_time_is_taken_where_they_do_not(
    world: World, wrong: timedelta, side: str
) -> None:
    world.wrong, world.trip_seconds = wrong, 0.4
    async with world.clock() as clock:
        assert clock.now() == world.true
        world.passed += 5
        assert clock.now() == world.true
        assert clock.off_seconds == wrong.total_seconds()
        (problem,) = clock.problems()
        assert f"the clock of this machine is 259200 s {side} that of PostgreSQL" in problem


async def test_the_server_is_asked_once_a_minute_and_at_a_jump(world: World) -> None:
    clock = world.clock()
    for _ in range(30):
        await clock.tick()
        world.passed += 1
    assert world.asked == 1
    world.wrong = DAYS
    assert clock.now() == world.true  # before anybody was asked again
    await clock.tick()
    assert world.asked == 2
    for _ in range(int(LOOK_SECONDS)):
        await clock.tick()
        world.passed += 1
    assert world.asked == 2
    world.wrong = timedelta()
    await clock.tick()
    assert world.asked == 3
    assert clock.problems() == ()
    assert clock.now() == world.wall()


async def test_nothing_is_known_before_a_server_answers(world: World) -> None:
    world.wrong, world.away = DAYS, True
    async with world.clock() as clock:
        assert clock.now() == world.wall()
        assert clock.problems() == ()
        world.away = False
        await clock.tick()
        assert clock.now() == world.true


async def test_the_second_server_is_asked_where_the_first_is_away(world: World) -> None:
    async def away() -> datetime:
        raise StorageUnavailable("PostgreSQL is away")

    world.wrong = DAYS
    clock = Clock((away, world.ask), wall=world.wall, steady=world.steady)
    await clock.tick()
    assert clock.now() == world.true


async def test_an_answer_that_took_long_says_nothing(world: World) -> None:
    world.trip_seconds = 2.5
    clock = world.clock()
    await clock.tick()
    assert clock.off_seconds == 0.0
    assert START_SECONDS < 2


async def test_both_stores_tell_the_time(database_url: str, redis_url: str) -> None:
    async with Database(database_url) as database, Redis(redis_url) as redis:
        for ask in (lambda: database_time(database), lambda: redis_time(redis)):
            assert not (await read_clock(ask)).is_off


async def test_interactions_get_the_day_of_the_server(world: World, redis_url: str) -> None:
    world.wrong = DAYS
    interaction = parse_interaction(b'{"eventType": "click", "category": "nest"}')
    async with (
        Redis(redis_url) as redis,
        InteractionStream(redis) as stream,
        world.clock() as clock,
    ):
        intake = Intake(stream, now=clock.now, random_bits=lambda: 1)
        sender = Sender(session_id="client_1_x", visitor=VisitorTraits(), source="rest")
        (tracked,) = await intake.track(sender, [report(interaction, event_id=None, seq=None)])
    assert tracked.occurred_at == world.true
