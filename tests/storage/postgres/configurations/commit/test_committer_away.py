"""Ops whose answer is lost, late or held up: each has one fate all the same, and is told in time."""

import asyncio

import asyncpg
import pytest
from structlog.testing import capture_logs

from app.embedded.servers import login_url
from storage.errors import OutcomeUnknown, StorageUnavailable
from storage.postgres.configurations.commit.committer import Committer
from storage.postgres.configurations.commit.statement import CommitRequest, Repeated, Stored
from storage.postgres.configurations.configurations import Configurations
from storage.postgres.engine import Database, Deadlines
from tests.storage.conftest import World, request
from tests.storage.link import link_to
from tests.support.waiting import eventually


async def is_stored(committer: Committer, op: CommitRequest) -> bool:
    """Whether this op is stored, now or by an earlier try whose answer came too late."""
    try:
        return isinstance(await committer.commit(op), Stored | Repeated)
    except StorageUnavailable:
        return False


async def connected(committer: Committer, world: World) -> None:
    """Wait until it stores ops: a connection that takes long does not count as what follows."""
    op = request(await world.configuration())
    await eventually(lambda: is_stored(committer, op))


@pytest.mark.parametrize("takes_version", [True, False], ids=["committed", "rejected"])
async def test_a_commit_whose_reply_was_lost_is_found_again(
    database: Database, database_url: str, world: World, takes_version: bool
) -> None:
    """P2, PT-commit-unknown: committed, the answer never came, sent again with the same op_id. (OP4)"""
    configuration = await world.configuration()
    op = request(configuration, takes_version=takes_version)
    async with (
        link_to(database_url) as link,
        Database(link.url) as linked,
        Committer(linked, connections=1) as committer,
        asyncio.TaskGroup() as tasks,
    ):
        assert isinstance(await committer.commit(request(await world.configuration())), Stored)
        link.lose_replies()
        answer = tasks.create_task(committer.commit(op))
        await eventually(lambda: link.lost_replies)
        link.mend()
        link.cut()
    result = answer.result()
    assert isinstance(result, Stored)
    assert result.version == (1 if takes_version else None)
    stored = await Configurations(database).outcome_of(configuration.id, op.op_id)
    assert stored is not None
    assert stored.committed_at == result.committed_at


async def test_a_server_that_does_not_answer_leaves_the_outcome_unknown(
    database_url: str, world: World
) -> None:  # (OP16)
    configuration = await world.configuration()
    other = await asyncpg.connect(database_url)
    try:
        await other.execute("BEGIN")
        await other.execute("SELECT FROM configurations WHERE id = $1 FOR UPDATE", configuration.id)
        async with (
            Database(database_url, deadlines=Deadlines(statement=0.1)) as database,
            Committer(database, deadline_seconds=1.5, lock_seconds=9) as committer,
        ):
            await connected(committer, world)
            with pytest.raises(OutcomeUnknown):
                await committer.commit(request(configuration))
    finally:
        await other.close()


async def test_a_table_that_somebody_locks_is_told_as_what_stops_editing(
    database: Database, database_url: str, world: World
) -> None:
    """An operator's `CREATE INDEX` does that: PostgreSQL answers everything else."""
    op = request(await world.configuration())
    other = await asyncpg.connect(database_url)
    try:
        async with Committer(database, deadline_seconds=1.0) as committer:
            await connected(committer, world)
            async with other.transaction():
                await other.execute("LOCK TABLE operations IN SHARE MODE")
                with pytest.raises(StorageUnavailable, match="somebody else keeps a lock"):
                    await committer.commit(op)
                assert "somebody else keeps a lock" in (committer.outage.problem or "")
            await eventually(lambda: is_stored(committer, op))
            await eventually(lambda: committer.outage.problem is None)
    finally:
        await other.close()


async def test_writes_that_are_refused_are_away_once_until_one_is_taken(
    database_url: str, world: World
) -> None:
    """A full disk, a right that is missing: each new connection works, and no edit is stored."""
    op = request(await world.configuration())
    owner = await asyncpg.connect(database_url)
    try:
        async with (
            Database(login_url(database_url, "nest_web")) as database,
            Committer(database, deadline_seconds=0.5) as committer,
        ):
            await connected(committer, world)
            await owner.execute("REVOKE ALL ON operations FROM nest_web")
            with capture_logs() as lines:
                for _ in range(3):
                    with pytest.raises(StorageUnavailable, match="lacks a right"):
                        await committer.commit(op)
                assert committer.outage.problem is not None
                await owner.execute("GRANT ALL ON operations TO nest_web")
                await eventually(lambda: is_stored(committer, op))
                await eventually(lambda: committer.outage.problem is None)
    finally:
        await owner.close()
    said = [line["event"] for line in lines if line.get("step") == "storing edits"]
    assert said == ["store_away", "store_back"]


async def test_without_a_server_callers_are_told_in_time(world: World) -> None:
    configuration = await world.configuration()
    async with (
        Database("postgresql://postgres@127.0.0.1:1/nowhere") as nowhere,
        Committer(nowhere, deadline_seconds=0.1) as committer,
    ):
        with pytest.raises(StorageUnavailable):
            await committer.commit(request(configuration))
        assert committer.waiting == 0
