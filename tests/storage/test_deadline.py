"""A deadline that passed while the process itself stood still is not called the store's."""

import asyncio

import pytest

from storage.deadline import LATE_SECONDS, StoodStill, within
from storage.errors import StorageUnavailable
from storage.postgres.failures import storage_errors


def stand_still(seconds: float) -> None:
    """Block the loop, like a process that is frozen."""
    loop = asyncio.get_running_loop()
    ends = loop.time() + seconds
    while loop.time() < ends:
        pass


async def test_a_store_that_is_late() -> None:
    with pytest.raises(TimeoutError) as late:
        async with within(0.01):
            await asyncio.Event().wait()
    assert not isinstance(late.value, StoodStill)


async def test_a_process_that_was_late() -> None:
    async def call() -> None:
        with storage_errors(1.0):
            async with within(0.01):
                stand_still(2 * LATE_SECONDS)
                await asyncio.Event().wait()

    with pytest.raises(StorageUnavailable, match="StoodStill"):
        await call()


async def test_an_answer_in_time() -> None:
    async with within(10):
        await asyncio.sleep(0)
