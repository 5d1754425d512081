"""The tasks of a worker, started and stopped together."""

import asyncio
from collections.abc import Sequence

import structlog

from workers.consumer import Consumer
from workers.leader import Leader
from workers.schedule import Chore, keep_doing

log = structlog.get_logger()

STOP_SECONDS = 4.0
"""For the batch at hand after the request to stop; then it is left pending, and nothing is lost."""


async def run_worker(consumer: Consumer, chores: Sequence[Chore], leader: Leader) -> None:
    """Works until cancelled, then finishes the batch at hand within `STOP_SECONDS`.

    A task that fails ends the worker: its error comes out, in an ExceptionGroup.
    """
    stopping = asyncio.Event()
    async with asyncio.TaskGroup() as group:
        tasks = [group.create_task(consumer.run(stopping), name="consumer")]
        tasks.append(group.create_task(leader.run(stopping), name="leader"))
        tasks += [
            group.create_task(keep_doing(chore, stopping), name=chore.name) for chore in chores
        ]
        log.info("worker ready")
        try:
            await stopping.wait()  # never set from outside: ends by cancellation only
        except asyncio.CancelledError:
            stopping.set()
            _, late = await asyncio.wait(tasks, timeout=STOP_SECONDS)
            log.info(
                "worker stopped",
                inserted=consumer.tally.inserted,
                duplicates=consumer.tally.duplicates,
                buried=consumer.tally.buried,
                left_pending=bool(late),
            )
            raise
