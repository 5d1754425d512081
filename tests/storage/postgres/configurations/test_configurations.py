"""Configurations are found by id, code and person; head and log are read of one moment."""

import asyncio
import json
from dataclasses import replace
from typing import Any
from uuid import UUID, uuid4

import pytest

from configurator.operations.undo import OwnOp
from configurator.people.roles import Role
from storage.errors import CatalogueDiffers, CodeTaken, StorageDefect
from storage.postgres.activity.sessions import Sessions
from storage.postgres.configurations.catalogues import Catalogues
from storage.postgres.configurations.commit.committer import Committer
from storage.postgres.configurations.commit.statement import Stored
from storage.postgres.configurations.configurations import Configurations
from storage.postgres.configurations.stored import LogHead
from storage.postgres.engine import Database
from storage.postgres.people.shares import Shares
from tests.storage.conftest import CATALOGUE, World, request
from tests.storage.postgres.people.roles import role_of
from tests.support.visits import visit


async def test_a_new_configuration_is_at_version_0_and_its_owners(
    database: Database, world: World
) -> None:
    owner, session_id = await world.person(), uuid4()
    await visit(database, session_id)
    created = await Configurations(database).create(
        configuration_id=uuid4(),
        code="AB12CD34",
        catalogue_id=CATALOGUE,
        selection={"nest": {"option": "nest80"}},
        total_cents=15_550_000,
        owner_id=owner.id,
        session_id=session_id,
    )
    assert (created.version, created.written, created.status) == (0, {}, "open")
    assert await Configurations(database).load(created.id) == created
    assert await Configurations(database).find("AB12CD34") == created
    assert await role_of(Shares(database), created.id, owner.id) == Role.OWNER
    linked = await Sessions(database).get(session_id)
    assert linked is not None
    assert linked.configuration_id == created.id


async def test_creating_again_with_the_same_id_finds_it(database: Database, world: World) -> None:
    first = await world.configuration()
    again = await Configurations(database).create(
        configuration_id=first.id,
        code=first.code,
        catalogue_id=CATALOGUE,
        selection={},
        total_cents=0,
        owner_id=first.owner_id,
        session_id=None,
    )
    assert again == first


async def test_a_taken_code_is_reported(database: Database, world: World) -> None:
    first = await world.configuration()
    with pytest.raises(CodeTaken):
        await Configurations(database).create(
            configuration_id=uuid4(),
            code=first.code,
            catalogue_id=CATALOGUE,
            selection={},
            total_cents=0,
            owner_id=first.owner_id,
            session_id=None,
        )


async def test_an_id_of_somebody_else_gives_nothing(database: Database, world: World) -> None:
    first, stranger = await world.configuration(), await world.person()
    with pytest.raises(CodeTaken):
        await Configurations(database).create(
            configuration_id=first.id,
            code="ZZZZZZZZ",
            catalogue_id=CATALOGUE,
            selection={},
            total_cents=0,
            owner_id=stranger.id,
            session_id=None,
        )
    assert await role_of(Shares(database), first.id, stranger.id) is None


async def test_an_unknown_catalogue_is_our_own_mistake(database: Database, world: World) -> None:
    owner = await world.person()
    with pytest.raises(StorageDefect):
        await Configurations(database).create(
            configuration_id=uuid4(),
            code="AAAAAAAA",
            catalogue_id="unknown",
            selection={},
            total_cents=0,
            owner_id=owner.id,
            session_id=None,
        )


async def test_an_unknown_configuration_is_not_found(database: Database) -> None:
    configurations = Configurations(database)
    assert await configurations.load(uuid4()) is None
    assert await configurations.find("NOTHERE1") is None
    assert await configurations.load_with_operations(uuid4(), 0, 10) is None
    assert await configurations.outcome_of(uuid4(), uuid4()) is None
    assert await configurations.operations_since(uuid4(), 0, 10) == []
    assert await configurations.heads([uuid4()]) == {}
    assert await configurations.heads([]) == {}


async def test_the_latest_of_a_person_are_those_with_a_role(
    database: Database, world: World
) -> None:
    owner = await world.person()
    old, new = await world.configuration(owner.id), await world.configuration(owner.id)
    shared = await world.configuration()
    await world.configuration()
    await world.grant(shared, owner.id, Role.VIEWER)
    async with Committer(database) as committer:
        assert isinstance(await committer.commit(request(old)), Stored)
    configurations = Configurations(database)
    latest = await configurations.latest_of(owner.id)
    assert [configuration.id for configuration in latest] == [old.id, shared.id, new.id]
    assert [c.id for c in await configurations.latest_of(owner.id, limit=1)] == [old.id]
    await Shares(database).remove(shared.id, owner.id, by=owner.id)
    assert shared.id not in {c.id for c in await configurations.latest_of(owner.id)}


async def test_operations_come_in_order_and_limited(database: Database, world: World) -> None:
    configuration = await world.configuration()
    configurations = Configurations(database)
    async with Committer(database) as committer:
        for version in range(6):
            await committer.commit(request(configuration, version))
        await committer.commit(request(configuration, 6, takes_version=False, outcome="conflict"))
    log = await configurations.operations_since(configuration.id, 2, 3)
    assert [op.version for op in log] == [3, 4, 5]
    loaded = await configurations.load_with_operations(configuration.id, 4, 100)
    assert loaded is not None
    assert loaded[0].version == 6
    assert [op.version for op in loaded[1]] == [5, 6]
    assert await configurations.heads([configuration.id]) == {
        configuration.id: LogHead(epoch=configuration.epoch, version=6)
    }


def changed(*categories: str) -> str:
    return json.dumps([{"category": category, "before": None} for category in categories])


async def test_own_operations_are_what_undo_needs_to_know(database: Database, world: World) -> None:
    configuration = await world.configuration()
    other = await world.member(configuration)
    undo = json.dumps({"kind": "undo", "reverts": 1})
    ops: list[dict[str, Any]] = [
        {},
        {"person_id": other.id},
        {"changes": "[]"},
        {"operation": undo},
        {"takes_version": False, "outcome": "conflict", "operation": undo},
    ]
    async with Committer(database) as committer:
        for version, values in enumerate(ops):
            assert isinstance(
                await committer.commit(request(configuration, version, **values)), Stored
            )
    select = OwnOp(version=1, kind="select", reverts=None, changed=True)
    taken_back = OwnOp(version=4, kind="undo", reverts=1, changed=True)

    async def own(person_id: UUID, since: int, to: int) -> list[OwnOp]:
        return await Configurations(database).own_operations(
            configuration.id, person_id, since_version=since, to_version=to, limit=10
        )

    assert await own(configuration.owner_id, 0, 4) == [select, taken_back]
    assert await own(configuration.owner_id, 1, 3) == []
    assert [op.version for op in await own(other.id, 0, 4)] == [2]
    assert await own(uuid4(), 0, 4) == []


async def test_own_operations_are_bounded(database: Database, world: World) -> None:
    configuration = await world.configuration()
    async with Committer(database) as committer:
        for version in range(6):
            await committer.commit(request(configuration, version))
    own = await Configurations(database).own_operations(
        configuration.id, configuration.owner_id, since_version=0, to_version=5, limit=3
    )
    assert [op.version for op in own] == [3, 4, 5]


async def test_authors_of_later_changes_by_category(database: Database, world: World) -> None:
    configuration = await world.configuration()
    grace, owner_id = await world.member(configuration), configuration.owner_id
    alan = await world.person("Alan")
    await world.grant(configuration, alan.id, Role.EDITOR)
    async with Committer(database) as committer:
        for version, (person_id, categories) in enumerate(
            [
                (owner_id, ["nest"]),
                (grace.id, ["nest", "pvanlage"]),
                (grace.id, ["fenster"]),
                (owner_id, ["nest"]),
                (alan.id, ["pvanlage"]),
            ]
        ):
            await committer.commit(
                request(configuration, version, person_id=person_id, changes=changed(*categories))
            )
    configurations = Configurations(database)

    async def others(person_id: UUID, since: int) -> dict[str, str]:
        return await configurations.changed_by_others(
            configuration.id,
            person_id,
            since_version=since,
            categories={"nest", "pvanlage", "fussboden"},
        )

    assert await others(owner_id, 1) == {"nest": "Grace", "pvanlage": "Alan"}
    assert await others(owner_id, 2) == {"pvanlage": "Alan"}
    assert await others(alan.id, 1) == {"nest": "Ada", "pvanlage": "Grace"}
    assert await others(owner_id, 5) == {}
    assert await configurations.authors(configuration.id, {1, 3, 9}) == {1: "Ada", 3: "Grace"}
    at = await configurations.operation_at(configuration.id, 3)
    assert at is not None
    assert (at.version, at.author_name) == (3, "Grace")
    assert await configurations.operation_at(configuration.id, 9) is None


async def test_head_and_log_are_of_one_moment(database: Database, world: World) -> None:
    """P11: while ops keep coming, the log always ends exactly at the head. (JN5)"""
    configuration = await world.configuration()
    configurations = Configurations(database)
    done = asyncio.Event()

    async def write(committer: Committer) -> None:
        for version in range(200):
            await committer.commit(request(configuration, version))
        done.set()

    async with Committer(database) as committer, asyncio.TaskGroup() as tasks:
        tasks.create_task(write(committer))
        while not done.is_set():
            loaded = await configurations.load_with_operations(configuration.id, 0, 1000)
            assert loaded is not None
            head, log = loaded
            assert [op.version for op in log] == list(range(1, head.version + 1))
            if log:
                assert head.total_cents == log[-1].total_cents


async def test_a_catalogue_is_published_once_and_never_changed(database: Database) -> None:
    """(SN5)"""
    catalogues = Catalogues(database)
    async with asyncio.TaskGroup() as tasks:
        publications = [
            tasks.create_task(catalogues.publish("house-2026", "r1", "a: 1")) for _ in range(4)
        ]
    published = publications[0].result()
    assert {task.result() for task in publications} == {published}
    assert await catalogues.get("house-2026") == published
    with pytest.raises(CatalogueDiffers):
        await catalogues.publish("house-2026", "r2", "a: 2")
    assert await catalogues.get("house-2026") == replace(published, document="a: 1")
    assert await catalogues.get("unknown") is None
