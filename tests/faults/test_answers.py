"""Whatever PostgreSQL and Redis answer under load, nothing ends, nothing is lost, all goes on."""

import asyncio
import time
from collections.abc import Awaitable, Callable
from contextlib import AsyncExitStack
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from uuid import uuid4

import asyncpg
import pytest

from storage.postgres.schema.roles import WEB, WORKER
from tests.faults.load.audit import audit
from tests.faults.load.ledger import Ledger
from tests.faults.load.load import Going, Load, load_on, nothing_waits
from tests.faults.nemesis.faults import ALL_TABLES, COMMANDS, FAULTS
from tests.faults.nemesis.field import POSTGRESQL, VALKEY, Field, running_field
from tests.faults.nemesis.on_answers import AT_LOGIN, AT_RUN_TIME, DEFECTS, REPLIES
from tests.faults.nemesis.schedule import Step
from tests.realtime.clients import Api, select
from tests.support.waiting import eventually, grows

pytestmark = [pytest.mark.faults, pytest.mark.timeout(240)]

LOAD = Load(
    seconds=0,
    configurations=3,
    sockets_each=2,
    rest_editors=3,
    edits=90,
    producers=3,
    interactions=30,
)


@dataclass(frozen=True, slots=True, kw_only=True)
class World:
    """A product under load, and how a fault is felt in it."""

    field: Field
    going: Going

    async def edits_go_on(self) -> None:
        more = grows(lambda: self.going.edits, 10)
        await eventually(more, 30, why="edits are acknowledged")

    async def interactions_go_on(self) -> None:
        more = grows(lambda: self.going.interactions, 10)
        await eventually(more, 30, why="interactions are acknowledged")

    async def houses_are_made(self) -> None:
        await Api(self.field.stand.urls[0]).create()

    async def edits_wait(self) -> None:
        later = grows(lambda: self.going.ledger.op_attempts.failed, 3)
        await eventually(later, 30, why="edits are told to come later")

    async def interactions_wait(self) -> None:
        later = grows(lambda: self.going.ledger.event_attempts.failed, 3)
        await eventually(later, 30, why="interactions are told to come later")

    async def every_state_is_answered(self) -> None:
        answered = self.field.faulty_postgres.answered
        await eventually(lambda: all(answered[each] for each in AT_RUN_TIME), 40)

    async def every_login_is_answered(self) -> None:
        answered = self.field.faulty_postgres.answered
        await eventually(lambda: all(answered[each] for each in AT_LOGIN), 40)

    async def every_reply_is_answered(self) -> None:
        answered = self.field.faulty_valkey.answered
        await eventually(lambda: all(answered[each] for each in REPLIES), 40)

    async def stored(self) -> int:
        connection = await asyncpg.connect(self.field.stand.postgres.url)
        try:
            return int(await connection.fetchval("SELECT count(*) FROM interactions"))
        finally:
            await connection.close()


@dataclass(frozen=True, slots=True, kw_only=True)
class Case:
    """A fault of the nemesis, and what has to be seen before it ends."""

    fault: str
    target: str
    felt: tuple[Callable[[World], Awaitable[None]], ...]


PG_AWAY = (World.edits_wait, World.interactions_go_on)
REDIS_AWAY = (World.interactions_wait, World.edits_go_on)
CASES = (
    Case(
        fault="every SQLSTATE",
        target=POSTGRESQL,
        felt=(World.every_state_is_answered, World.interactions_go_on),
    ),
    Case(
        fault="every refusal of a login",
        target=POSTGRESQL,
        felt=(World.every_login_is_answered, World.interactions_go_on),
    ),
    Case(
        fault="every error of Redis",
        target=VALKEY,
        felt=(World.every_reply_is_answered, World.edits_go_on, World.houses_are_made),
    ),
    Case(fault="login refused", target=WEB, felt=PG_AWAY),
    Case(fault="login refused", target=WORKER, felt=(World.edits_go_on, World.interactions_go_on)),
    Case(fault="database closed", target=POSTGRESQL, felt=PG_AWAY),
    Case(fault="rights missing", target=ALL_TABLES, felt=PG_AWAY),
    Case(fault="tables not found", target=WEB, felt=PG_AWAY),
    Case(
        fault="tables not found", target=WORKER, felt=(World.edits_go_on, World.interactions_go_on)
    ),
    Case(fault="database read only", target=POSTGRESQL, felt=PG_AWAY),
    Case(fault="Valkey forbids", target="resetkeys", felt=REDIS_AWAY),
    Case(fault="Valkey forbids", target=COMMANDS, felt=REDIS_AWAY),
    Case(fault="stream of another type", target=VALKEY, felt=REDIS_AWAY),
    Case(fault="Valkey read only", target=VALKEY, felt=REDIS_AWAY),
)


async def made(world: World, case: Case) -> None:
    step = Step(fault=case.fault, target=case.target, seconds=0, after=0)
    async with FAULTS[case.fault].inject(world.field, step):
        for felt in case.felt:
            await felt(world)


async def recovered(world: World) -> float:
    """Seconds until edits, intake and the worker went on."""
    began, before = time.monotonic(), await world.stored()
    await world.edits_go_on()
    await world.interactions_go_on()

    async def more_stored() -> bool:
        return await world.stored() > before

    await eventually(more_stored, 30, why="the worker stores interactions")
    return time.monotonic() - began


async def only_ours_is_a_defect(world: World) -> None:
    """An error that only our own statement can cause fails the request, and ends no process."""
    proxy, api = world.field.faulty_postgres, Api(world.field.stand.urls[0])
    house = await api.create()
    proxy.fail(DEFECTS)

    async def answered() -> bool:
        answer = await api.submit(house["id"], select("nest", "nest100"), op_id=uuid4())
        assert answer.status_code in {500, 503}, answer.text
        return all(proxy.answered[each] for each in DEFECTS)

    await eventually(answered, 40)
    proxy.mend()

    async def saved() -> bool:
        answer = await api.submit(house["id"], select("nest", "nest100"), op_id=uuid4())
        return answer.status_code == 200

    await eventually(saved, 30, why="edits are stored again")


async def test_no_answer_of_a_store_ends_a_process_or_loses_anything(home: Path) -> None:
    """(OP2, OP16, AC1, PS2)"""
    ledger = Ledger(seed=20261130)
    async with AsyncExitStack() as stack:
        field = await stack.enter_async_context(
            running_field(
                home,
                ledger,
                webs=1,
                workers=1,
                linked=False,
                environ={"NEST_DATABASE_DEADLINE_SECONDS": "2"},
            )
        )
        stand = field.stand
        async with load_on(stand.urls, LOAD, ledger) as going:
            world = World(field=field, going=going)
            await recovered(world)
            seconds: dict[str, float] = {}
            for case in CASES:
                await made(world, case)
                name = f"{case.fault} {case.target}"
                seconds[name] = round(await recovered(world), 1)
                for node in stand.processes:
                    assert stand.processes[node].alive, f"{node} ended by {name}"
        waiting = partial(nothing_waits, stand.valkey.url)
        await eventually(waiting, 30, why="the worker has stored everything")
        ledger.problems += stand.crashes()
        result = await audit(ledger, stand.postgres.url, stand.valkey.url)
        print(f"\n{ledger}\n{result}\nback after {seconds}")
        assert result.problems == ()
        await only_ours_is_a_defect(world)
        for name, process in stand.processes.items():
            assert process.alive, f"{name} ended by an error that only we can cause"
            assert await asyncio.to_thread(process.stop) == 0
