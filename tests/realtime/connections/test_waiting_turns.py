"""Ops of one house wait for each other, but nobody waits for everybody else's deadline."""

import asyncio
import time
from uuid import UUID

import asyncpg

from tests.realtime.clients import select
from tests.realtime.conftest import StartWeb


async def test_everybody_is_told_in_time_that_nothing_is_saved(
    start_web: StartWeb, database_url: str
) -> None:
    """(OP16)"""
    web = await start_web(deadline_seconds=2.0)
    api = web.api()
    created = await api.create()
    holder = await asyncpg.connect(database_url)
    try:
        async with holder.transaction():
            await holder.execute(
                "SELECT FROM configurations WHERE id = $1 FOR UPDATE", UUID(created["id"])
            )
            began = time.monotonic()
            async with asyncio.TaskGroup() as tasks:
                asked = [
                    tasks.create_task(api.submit(created["code"], select("nest", "nest120")))
                    for _ in range(12)
                ]
            seconds = time.monotonic() - began
    finally:
        await holder.close()
    answers = [task.result() for task in asked]
    assert {answer.status_code for answer in answers} == {503}
    assert {answer.json()["error"]["code"] for answer in answers} == {"not_saved"}
    assert seconds < 20, "one after the other would take 24 s"
    assert (await api.read(created["code"]))["version"] <= 1
