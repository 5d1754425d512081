"""The tasks of a worker, started and stopped together."""

import asyncio
from collections.abc import Coroutine, Sequence

import structlog

from storage.errors import StorageError
from storage.postgres.service.jobs import Jobs
from storage.redis.activity.stops import WorkerStops
from workers.consumer import Consumer, TooMuchPoison
from workers.leader import Leader
from workers.schedule import Chore, keep_doing

log = structlog.get_logger()

STOP_SECONDS = 4.0
"""Seconds for the current batch after a request to stop; later it stays pending, without loss."""


async def run_worker(
    consumer: Consumer,
    chores: Sequence[Chore],
    leader: Leader,
    *,
    runs: Jobs,
    stops: WorkerStops,
    node: str,
) -> None:
    """Works until cancelled, then finishes the current batch within `STOP_SECONDS`.

    A task that fails ends the worker: its error is raised in an ExceptionGroup, and recorded in the
    list of `stops`, so that operators see a worker that restarts again and again.
    """
    try:
        await _work(consumer, chores, leader, runs, node)
    except asyncio.CancelledError:
        await _told(stops.ended(node))
        raise
    except ExceptionGroup as broken:
        _, unsaid = broken.split(TooMuchPoison)  # the consumer has recorded that one
        if unsaid is not None:
            await _told(stops.note(node, reason=_name(unsaid)))
        await _told(stops.ended(node))
        raise


async def _told(telling: Coroutine[None, None, None]) -> None:
    """Record a stop; the worker ends even if that fails."""
    try:
        await telling
    except StorageError as away:
        log.warning("stop_not_told", reason=str(away))


def _name(broken: ExceptionGroup[Exception]) -> str:
    """The class of the first error, which the list of stops shows."""
    first: Exception = broken
    while isinstance(first, ExceptionGroup):
        first = first.exceptions[0]
    return type(first).__name__


async def _work(
    consumer: Consumer, chores: Sequence[Chore], leader: Leader, runs: Jobs, node: str
) -> None:
    stopping = asyncio.Event()
    async with asyncio.TaskGroup() as group:
        tasks = [group.create_task(consumer.run(stopping), name="consumer")]
        tasks.append(group.create_task(leader.run(stopping), name="leader"))
        tasks += [
            group.create_task(keep_doing(chore, stopping, runs=runs, node=node), name=chore.name)
            for chore in chores
        ]
        log.info("worker ready")
        try:
            await stopping.wait()  # never set from outside: it ends only by cancellation
        except asyncio.CancelledError:
            stopping.set()
            _, late = await asyncio.wait(tasks, timeout=STOP_SECONDS)
            log.info(
                "worker stopped",
                inserted=consumer.tally.inserted,
                duplicates=consumer.tally.duplicates,
                buried=consumer.tally.buried,
                moved=consumer.tally.moved,
                left_pending=bool(late),
            )
            raise
