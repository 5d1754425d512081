"""The queue of the committer, on the event loop that the web process runs on."""

import asyncio
from uuid import UUID, uuid4

import uvloop

from storage.postgres.configurations.commit.queue import CommitQueue
from storage.postgres.configurations.commit.statement import CommitRequest
from storage.postgres.configurations.commit.waiting import Waiting


def op(configuration_id: UUID, *, takes_version: bool = True) -> CommitRequest:
    return CommitRequest(
        configuration_id=configuration_id,
        epoch=UUID(int=1),
        op_id=uuid4(),
        person_id=uuid4(),
        expected_version=0,
        takes_version=takes_version,
        outcome="committed",
        base_version=0,
        guarded=False,
        body_sha256=b"",
        operation="{}",
        changes="[]",
        reasons="[]",
        repairs="[]",
        selection="{}",
        written="{}",
        total_cents=0,
    )


def test_an_op_that_was_given_back_is_taken_when_its_delay_is_over() -> None:
    """Perhaps nothing else wakes the queue: on uvloop a timer can be early by part of a ms."""

    async def give_back_and_take(delay_seconds: float) -> None:
        queue = CommitQueue(max_batch=8)
        item = Waiting(op(uuid4()), asyncio.get_running_loop().create_future())
        queue.add(item)
        batch = await queue.next_batch()
        async with asyncio.timeout(15), asyncio.TaskGroup() as tasks:
            again = tasks.create_task(queue.next_batch())
            queue.put_off(batch[0], delay_seconds)
        assert again.result() == [item]

    async def many() -> None:
        async with asyncio.TaskGroup() as tasks:
            for number in range(100):
                tasks.create_task(give_back_and_take(0.002 + number / 10_000))

    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        runner.run(many())
