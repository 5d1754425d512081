"""One leader, its runs recorded; when it is gone another one leads within seconds."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager
from datetime import datetime, timedelta
from functools import partial

from storage.errors import StorageUnavailable
from storage.postgres.engine import Database
from storage.postgres.service.jobs import Jobs, Leadership
from tests.storage.conftest import terminate_backends
from tests.support.activity import now
from tests.support.waiting import eventually
from workers.leader import Leader
from workers.schedule import Detail, Job


def job(name: str, run: Callable[[], Awaitable[Detail | None]], every: float = 3_600) -> Job:
    return Job(name=name, every_seconds=every, run=run)


@asynccontextmanager
async def candidate(
    database_url: str,
    node: str,
    jobs: Sequence[Job],
    *,
    clock: Callable[[], datetime] = now,
) -> AsyncIterator[tuple[Leader, Database, asyncio.Task[None]]]:
    """A running candidate with connections of its own."""
    stopping = asyncio.Event()
    async with Database(database_url, pool_size=2) as database, asyncio.TaskGroup() as tasks:
        leader = Leader(
            Leadership(database, node=node),
            Jobs(database),
            jobs,
            node=node,
            now=clock,
            try_seconds=0.02,
        )
        running = tasks.create_task(leader.run(stopping))
        try:
            yield leader, database, running
        finally:
            stopping.set()


async def test_one_leads_and_the_other_takes_over(database_url: str) -> None:
    runs: list[str] = []

    def noting(node: str) -> list[Job]:
        async def run() -> Detail:
            runs.append(node)
            return {}

        return [job("x", run, every=0.01)]

    async with candidate(database_url, "two", noting("two")) as (second, database, _):
        await eventually(lambda: second.leads)
        async with candidate(database_url, "one", noting("one")) as (first, _, _):
            before = len(runs)
            await eventually(lambda: len(runs) > before + 3)
            assert "one" not in runs
            assert not first.leads
            assert await Jobs(database).leader() == "two"
            await terminate_backends(database_url)  # both lose every connection they have
            before = len(runs)
            await eventually(lambda: len(runs) > before + 3)
            both = {"one": first, "two": second}

            async def one_leads() -> bool:
                """The other one has noticed that its connection is lost."""
                leading = [name for name, candidate in both.items() if candidate.leads]
                return leading == [await Jobs(database).leader()]

            await eventually(one_leads)
    async with Database(database_url, pool_size=1) as database:
        recorded_runs = Jobs(database)

        async def nobody_leads() -> bool:
            return await recorded_runs.leader() is None

        await eventually(nobody_leads)


async def test_a_leader_that_stops_leaves_the_next_one_its_due_times(database_url: str) -> None:
    runs = 0

    async def run() -> Detail:
        nonlocal runs
        runs += 1
        return {"n": runs}

    for node in ("one", "two"):
        async with candidate(database_url, node, [job("x", run)]) as (leader, database, _):
            await eventually(partial(leads_after, leader, database, "x"))
    assert runs == 1
    later = now() + timedelta(seconds=3_601)
    async with candidate(database_url, "three", [job("x", run)], clock=lambda: later):
        await eventually(lambda: runs == 2)


async def test_a_job_that_is_asked_for_runs_at_once_and_once(database_url: str) -> None:
    runs: list[str] = []

    def noting(name: str) -> Job:
        async def run() -> Detail:
            runs.append(name)
            return {}

        return job(name, run)

    async with candidate(database_url, "n", [noting("x"), noting("y")]) as (_, database, _):
        await eventually(lambda: runs == ["x", "y"])
        jobs = Jobs(database)
        await eventually(lambda: is_asked(jobs, "y"))
        await eventually(lambda: len(runs) > 2)
        assert runs == ["x", "y", "y"]
        await eventually(lambda: due_in_an_hour(jobs, "y"))
        assert await jobs.ask("z") is None


async def is_asked(jobs: Jobs, name: str) -> bool:
    """True once the job is not being done."""
    return await jobs.ask(name) is True


async def due_in_an_hour(jobs: Jobs, name: str) -> bool:
    """Whether the latest run has ended, and the next is due as if nobody had asked for one."""
    run = (await jobs.latest())[name]
    due = run.due_at and run.due_at - now() > timedelta(seconds=3_500)
    return bool(due) and run.outcome == "ok" and not run.asked


async def leads_after(leader: Leader, database: Database, name: str) -> bool:
    """Whether this worker leads and a run of the job has ended."""
    run = (await Jobs(database).latest()).get(name)
    return leader.leads and run is not None and run.outcome is not None


async def test_every_run_is_recorded_with_its_outcome(database_url: str) -> None:
    failures = [StorageUnavailable("PostgreSQL is away")]

    async def fine() -> Detail:
        return {"made": 3}

    async def nothing() -> None:
        return None

    async def away() -> Detail:
        if failures:
            raise failures.pop()
        return {}

    async def broken() -> Detail:
        raise ZeroDivisionError

    async def unspeakable() -> Detail:
        return {"n": 2**70}  # no JSON that could be recorded

    jobs = [
        job("fine", fine),
        job("nothing", nothing),
        job("away", away),
        job("broken", broken),
        job("unspeakable", unspeakable),
        job("last", fine),  # whatever became of those before it
    ]
    async with candidate(database_url, "n", jobs) as (_, database, _):
        await eventually(lambda: recorded(database, 5))
    async with Database(database_url, pool_size=1) as database:
        runs = await Jobs(database).latest()
        assert {name: run.outcome for name, run in runs.items()} == {
            "fine": "ok",
            "nothing": "skipped",
            "away": "failed",
            "broken": "failed",
            "unspeakable": None,
            "last": "ok",
        }
        assert await Jobs(database).failing() == ["away", "broken"]
        assert runs["fine"].detail == {"made": 3}
        assert runs["away"].detail == {"reason": "PostgreSQL is away"}
        assert runs["broken"].detail == {"reason": "ZeroDivisionError"}
        due = {name: run.due_at - now() for name, run in runs.items() if run.due_at}
        assert due["away"] < timedelta(seconds=31)
        assert due["fine"] > timedelta(seconds=3_500)
        assert due["broken"] > timedelta(seconds=3_500)
        assert all(run.node == "n" for run in runs.values())


async def recorded(database: Database, n: int) -> bool:
    """Whether this number of runs has ended."""
    async with database.driver() as connection:
        return bool(
            await connection.fetchval(
                "SELECT count(*) >= $1 FROM job_runs WHERE outcome IS NOT NULL", n
            )
        )


async def test_a_run_without_an_end_was_interrupted_and_old_runs_are_forgotten(
    database_url: str,
) -> None:
    async with Database(database_url, pool_size=1) as database:
        jobs = Jobs(database)
        await jobs.begin("x", "killed")
        second = await jobs.begin("x", "n")
        await jobs.finish(second, "ok", detail={}, due_at=now())
        async with database.driver() as connection:
            rows = await connection.fetch("SELECT outcome, detail FROM job_runs ORDER BY id")
            assert [row["outcome"] for row in rows] == ["failed", "ok"]
            assert rows[0]["detail"] in ({"reason": "interrupted"}, '{"reason": "interrupted"}')
            await connection.execute(
                "UPDATE job_runs SET started_at = now() - interval '31 days' WHERE node = 'killed'"
            )
        assert await jobs.forget(["x"]) == 1
        assert len(await jobs.latest()) == 1
        assert await jobs.forget(["y"]) == 1  # a job of an earlier release
        assert await jobs.latest() == {}
