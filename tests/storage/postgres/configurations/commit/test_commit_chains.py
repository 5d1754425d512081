"""Ops of one configuration that are judged on each other: stored together, or judged again."""

import asyncio
from collections.abc import AsyncIterator
from typing import Any
from uuid import uuid4

import pytest

from storage.errors import StorageUnavailable
from storage.postgres.configurations.commit.committer import Committer
from storage.postgres.configurations.commit.statement import (
    CommitResult,
    HeadMoved,
    NotAllowed,
    Repeated,
    Stored,
)
from storage.postgres.configurations.commit.waiting import Waiting
from storage.postgres.configurations.configurations import Configurations
from storage.postgres.configurations.stored import StoredConfiguration
from storage.postgres.engine import Database
from tests.storage.conftest import World, request
from tests.storage.link import link_to
from tests.support.waiting import eventually

NOTHING = {"takes_version": False, "outcome": "rejected", "selection": "", "written": ""}
UNFOUNDED = HeadMoved(head=None)


@pytest.fixture
async def committer(database: Database) -> AsyncIterator[Committer]:
    async with Committer(database, connections=1) as committer:
        yield committer


def begin(
    committer: Committer, configuration: StoredConfiguration, *ops: dict[str, Any]
) -> list[Waiting]:
    """Put ops on their way, each judged on the newest before it that takes a version."""
    items: list[Waiting] = []
    newest: Waiting | None = None
    version = configuration.version
    for op in ops:
        asked = request(configuration, version, **op)
        items.append(committer.begin(asked, after=newest))
        if asked.takes_version:
            newest, version = items[-1], version + 1
    return items


async def answers(committer: Committer, items: list[Waiting]) -> list[CommitResult]:
    async with asyncio.TaskGroup() as tasks:
        asked = [tasks.create_task(committer.answer(item)) for item in items]
    return [task.result() for task in asked]


def versions(results: list[CommitResult]) -> list[int | None]:
    assert all(isinstance(result, Stored) for result in results), results
    return [result.version for result in results if isinstance(result, Stored)]


async def test_a_chain_is_stored_together(
    database: Database, world: World, committer: Committer
) -> None:
    """(OP2) (OP6) Refused ops in it take no version; the state is that of the last."""
    configuration = await world.configuration()
    last = {"selection": '{"nest": {"option": "nest160"}}', "total_cents": 7}
    items = begin(committer, configuration, {}, NOTHING, {}, last)
    assert versions(await answers(committer, items)) == [1, None, 2, 3]
    loaded = await Configurations(database).load_with_operations(configuration.id, 0, 10)
    assert loaded is not None
    head, log = loaded
    assert (head.version, head.total_cents) == (3, 7)
    assert head.selection == {"nest": {"option": "nest160"}}
    assert [op.version for op in log] == [1, 2, 3]
    assert [op.op_id for op in log] == [items[n].request.op_id for n in (0, 2, 3)]
    refused = await Configurations(database).outcome_of(configuration.id, items[1].request.op_id)
    assert refused is not None
    assert (refused.version, refused.judged_at_version) == (None, 1)


async def test_an_op_after_one_that_was_not_stored_is_not_stored(
    world: World, committer: Committer
) -> None:
    """(OP6) (OP15) That holds even if the version fits by chance, because the op was judged on another state."""
    configuration = await world.configuration()
    first = committer.begin(request(configuration, 0, person_id=uuid4()))
    second = committer.begin(request(configuration, 1), after=first)
    other = committer.begin(request(configuration, 0))
    results = await answers(committer, [first, second, other])
    assert results == [NotAllowed(), UNFOUNDED, results[2]]
    assert versions(results[2:]) == [1]
    assert await committer.answer(committer.begin(request(configuration, 1), after=first)) == (
        UNFOUNDED
    )


async def test_a_chain_on_an_old_head_is_judged_again(world: World, committer: Committer) -> None:
    """(OP6)"""
    configuration = await world.configuration()
    await committer.commit(request(configuration, 0))
    items = begin(committer, configuration, {}, {}, {})
    assert await answers(committer, items) == [HeadMoved(head=1), UNFOUNDED, UNFOUNDED]


async def test_one_stranger_in_a_chain_does_not_stop_those_before(
    world: World, committer: Committer
) -> None:
    """(OP15)"""
    configuration = await world.configuration()
    items = begin(committer, configuration, {}, {}, {"person_id": uuid4()}, {})
    results = await answers(committer, items)
    assert versions(results[:2]) == [1, 2]
    assert results[2:] == [NotAllowed(), UNFOUNDED]


async def test_a_repeated_op_in_a_chain_is_recognised(world: World, committer: Committer) -> None:
    """(OP4)"""
    configuration = await world.configuration()
    op_id = uuid4()
    items = begin(committer, configuration, {"op_id": op_id}, {"op_id": op_id}, {})
    results = await answers(committer, items)
    assert versions(results[:1]) == [1]
    assert isinstance(results[1], Repeated)
    assert results[2] == UNFOUNDED


async def test_a_chain_whose_reply_was_lost_is_found_again(database_url: str, world: World) -> None:
    """(OP4) (OP16)"""
    configuration = await world.configuration()
    async with (
        link_to(database_url) as link,
        Database(link.url) as behind,
        Committer(behind, connections=1) as committer,
        asyncio.TaskGroup() as tasks,
    ):
        await committer.commit(request(await world.configuration()))
        link.lose_replies()
        items = begin(committer, configuration, {}, NOTHING, {})
        waiting = [tasks.create_task(committer.answer(item)) for item in items]
        await eventually(lambda: link.lost_replies)
        link.mend()
        link.cut()
    assert versions([task.result() for task in waiting]) == [1, None, 2]


async def test_an_op_after_one_that_nobody_waits_for_is_judged_again(
    database_url: str, world: World
) -> None:
    """(OP4) (OP16) It may have been stored all the same: its op_id says so."""
    configuration = await world.configuration()
    async with (
        link_to(database_url) as link,
        Database(link.url) as behind,
        Committer(behind, connections=1) as committer,
    ):
        await committer.commit(request(await world.configuration()))
        link.lose_replies()
        items = begin(committer, configuration, {}, {})
        async with asyncio.TaskGroup() as tasks:
            waiting = [tasks.create_task(committer.answer(item)) for item in items]
            await eventually(lambda: link.lost_replies)
            waiting[0].cancel()
            link.mend()
            link.cut()
        assert waiting[0].cancelled()
        assert waiting[1].result() == UNFOUNDED
        again = await committer.commit(request(configuration, 2, op_id=items[1].request.op_id))
        assert isinstance(again, Repeated)
        assert again.operation.version == 2


async def test_a_house_is_not_held_up_by_an_op_that_was_not_sent(
    database_url: str, world: World
) -> None:
    """(OP16) Its batch was lost with the connection; the op itself was to be judged again."""
    here, there = await world.configuration(), await world.configuration()
    async with (
        link_to(database_url) as link,
        Database(link.url) as behind,
        Committer(behind, connections=1) as committer,
        asyncio.TaskGroup() as tasks,
    ):
        first = committer.begin(request(here, 0, person_id=uuid4()))
        assert await committer.answer(first) == NotAllowed()
        link.lose_replies()
        batch = [committer.begin(request(here, 1), after=first), committer.begin(request(there))]
        unfounded, lost = [tasks.create_task(committer.answer(item)) for item in batch]
        await eventually(lambda: link.lost_replies)
        link.mend()
        link.cut()
        assert await unfounded == UNFOUNDED
        assert isinstance(await lost, Stored)
        assert isinstance(await committer.commit(request(here)), Stored)


async def test_without_a_server_a_chain_is_told_in_time(world: World) -> None:
    """(OP16)"""
    configuration = await world.configuration()
    database = Database("postgresql://nest@127.0.0.1:9/nest")
    async with database, Committer(database, deadline_seconds=0.2) as committer:
        items = begin(committer, configuration, {}, {})
        for item in items:
            with pytest.raises(StorageUnavailable):
                await committer.answer(item)
