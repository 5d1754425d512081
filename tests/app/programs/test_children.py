"""A child that the system does not let us start is tried again, and ends nothing else."""

import asyncio
import sys

from app.programs.children import Child, Program
from tests.support.waiting import eventually


async def test_a_start_that_the_system_refuses_is_reported_and_tried_again() -> None:
    told: list[str] = []
    child = Child(
        Program(kind="web", name="web", command=(sys.executable, "-c", "")),
        environ={"TOO": "l" + 4_000_000 * "o" + "ng"},
        stop_deadline_seconds=1.0,
        show=lambda _name, line: told.append(line),
    )
    async with asyncio.TaskGroup() as group:
        running = group.create_task(child.run())
        await eventually(lambda: len(told) >= 2)
        running.cancel()
    assert told[:2] == [
        f"web could not be started: Argument list too long, again in {delay} s"
        for delay in (0.2, 0.4)
    ]
