"""Look-ups of one turn are one query, and no answer is older than its question."""

import asyncio
from contextlib import suppress

import pytest

from realtime.people.lookups import KEYS_MAX, Lookups
from storage.errors import StorageUnavailable
from tests.support.waiting import eventually


class Store:
    """Doubles numbers; odd ones are unknown. Answers when it is let go."""

    def __init__(self, *, waits: bool = False) -> None:
        self.asked: list[list[int]] = []
        self.let_go = asyncio.Event()
        if not waits:
            self.let_go.set()

    async def load(self, keys: list[int]) -> dict[int, int]:
        self.asked.append(keys)
        await self.let_go.wait()
        if 13 in keys:
            raise StorageUnavailable("away")
        return {key: key * 2 for key in keys if key % 2 == 0}


async def ask_all(lookups: Lookups[int, int], keys: list[int]) -> list[int | None]:
    async with asyncio.TaskGroup() as tasks:
        asking = [tasks.create_task(lookups.get(key)) for key in keys]
    return [each.result() for each in asking]


async def test_one_turn_is_one_query() -> None:
    """(AU1)"""
    store = Store()
    async with Lookups(store.load, name="numbers") as lookups:
        assert await ask_all(lookups, [2, 3, 2, 4]) == [4, None, 4, 8]
        assert store.asked == [[2, 3, 4]]
        assert await lookups.get(2) == 4
        assert store.asked[1:] == [[2]]


async def test_a_query_under_way_does_not_answer_a_later_question() -> None:
    """(AU1)"""
    store = Store(waits=True)
    async with Lookups(store.load, name="numbers") as lookups, asyncio.TaskGroup() as tasks:
        first = tasks.create_task(lookups.get(2))
        await eventually(lambda: store.asked)
        second = tasks.create_task(lookups.get(2))
        await eventually(lambda: len(store.asked) == 2)
        store.let_go.set()
        assert (await first, await second) == (4, 4)


async def test_many_are_asked_for_in_parts() -> None:
    store = Store()
    async with Lookups(store.load, name="numbers") as lookups:
        found = await ask_all(lookups, list(range(0, 2 * KEYS_MAX + 1, 2)))
    assert found[-1] == KEYS_MAX * 4
    assert [len(keys) for keys in store.asked] == [KEYS_MAX, 1]


async def test_a_failure_is_everybodys_and_the_next_question_is_a_new_one() -> None:
    store = Store()
    async with Lookups(store.load, name="numbers") as lookups:
        async with asyncio.TaskGroup() as tasks:
            asking = [tasks.create_task(fails(lookups, key)) for key in (2, 13)]
        assert [each.result() for each in asking] == [True, True]
        assert await lookups.get(2) == 4


async def fails(lookups: Lookups[int, int], key: int) -> bool:
    with suppress(StorageUnavailable):
        await lookups.get(key)
        return False
    return True


async def test_a_caller_that_gives_up_disturbs_nobody() -> None:
    store = Store(waits=True)
    async with Lookups(store.load, name="numbers") as lookups, asyncio.TaskGroup() as tasks:
        leaving, staying = (tasks.create_task(lookups.get(2)) for _ in range(2))
        await eventually(lambda: store.asked)
        leaving.cancel()
        store.let_go.set()
        assert await staying == 4


async def test_waiting_callers_are_let_go_at_the_end() -> None:
    store = Store(waits=True)
    lookups: Lookups[int, int] = Lookups(store.load, name="numbers")
    async with asyncio.TaskGroup() as tasks:
        async with lookups:
            asking = tasks.create_task(lookups.get(2))
            await eventually(lambda: store.asked)
        with pytest.raises(asyncio.CancelledError):
            await asking
