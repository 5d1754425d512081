"""Hashes of what has ended go by themselves, with the login of a worker, which can read none."""

import os
from datetime import timedelta
from uuid import uuid4

import asyncpg
import pytest

from storage.postgres.engine import Database
from storage.postgres.people.people import TOKEN_UNUSED_MAX
from storage.postgres.schema.roles import WORKER
from storage.postgres.service.jobs import Jobs
from tests.support.activity import now, parts
from tests.support.programs.servers import for_role
from tests.support.waiting import eventually
from tests.workers.test_leader import candidate
from tests.workers.test_schedule import KEPT, csv_of, stores_of
from workers.schedule import Job, jobs

NAME = "forget ended tokens"
HOUR, DAY = timedelta(hours=1), timedelta(days=1)
KEPT_FOR = timedelta(days=30)


async def person(connection: asyncpg.Connection, name: str, unused_for: timedelta) -> None:
    await connection.execute(
        "INSERT INTO people (id, token_sha256, name, colour) VALUES ($1, $2, $3, 0)",
        uuid4(), uuid4().bytes, name,
    )  # fmt: skip
    assert await connection.fetchval("SELECT min(token_used_at) FROM people WHERE name = $1", name)
    await connection.execute(
        "UPDATE people SET token_used_at = now() - $2::interval, way_back_sha256 = $3,"
        " way_back_until = now() + interval '90 days' - $2::interval WHERE name = $1",
        name, unused_for, uuid4().bytes,
    )  # fmt: skip


async def session(
    connection: asyncpg.Connection,
    name: str,
    *,
    expired: timedelta,
    revoked: timedelta | None = None,
    idle: timedelta | None = None,
) -> None:
    """A session that ended this long ago; below zero: one that will end."""
    await connection.execute(
        "INSERT INTO admin_sessions (token_sha256, name, expires_at, revoked_at, last_used_at,"
        " idle_minutes) VALUES ($1, $2, now() - $3::interval, now() - $4::interval,"
        " now() - $5::interval, $6)",
        uuid4().bytes, name, expired, revoked, idle or -DAY, 1 if idle else None,
    )  # fmt: skip


async def link(
    connection: asyncpg.Connection, name: str, *, expired: timedelta, used: timedelta | None = None
) -> None:
    await connection.execute(
        "INSERT INTO admin_links (token_sha256, name, expires_at, used_at)"
        " VALUES ($1, $2, now() - $3::interval, now() - $4::interval)",
        uuid4().bytes, name, expired, used,
    )  # fmt: skip


@pytest.mark.skipif("TEST_DATABASE_URL" in os.environ, reason="only our own server has the roles")
async def test_the_job_removes_what_ended_long_ago_and_nothing_else(
    database_url: str, redis_url: str
) -> None:
    """(AU14)"""
    owner = await asyncpg.connect(database_url)
    try:
        await person(owner, "unused", TOKEN_UNUSED_MAX + HOUR)
        await person(owner, "used", TOKEN_UNUSED_MAX - HOUR)
        await person(owner, "here", HOUR)
        await session(owner, "expired", expired=KEPT_FOR + HOUR)
        await session(owner, "ended", expired=-DAY, revoked=KEPT_FOR + HOUR)
        await session(owner, "idle", expired=-DAY, idle=KEPT_FOR + HOUR)
        await session(owner, "open", expired=-DAY)
        await session(owner, "lately", expired=KEPT_FOR - HOUR, revoked=KEPT_FOR - HOUR)
        await link(owner, "used link", expired=-DAY, used=KEPT_FOR + HOUR)
        await link(owner, "old link", expired=KEPT_FOR + HOUR)
        await link(owner, "new link", expired=-DAY)
        worker = for_role(database_url, WORKER)
        async with parts(worker, redis_url) as mine:
            stores, csv = stores_of(mine), csv_of(mine)
            every = jobs(stores, csv, keep_days=7, kept=KEPT, now=now)
            await done_by_a_leader(worker, [each for each in every if each.name == NAME])
            assert await stores.upkeep.forget_ended_tokens() == {}
        people = await owner.fetch("SELECT * FROM people ORDER BY name")
        assert [row["name"] for row in people] == ["here", "unused", "used"]  # people stay
        assert [row["token_sha256"] is None for row in people] == [False, True, False]
        assert [row["way_back_sha256"] is None for row in people] == [False, True, True]
        sessions = await owner.fetch("SELECT name FROM admin_sessions ORDER BY name")
        assert [row["name"] for row in sessions] == ["lately", "open"]
        links = await owner.fetch("SELECT name FROM admin_links ORDER BY name")
        assert [row["name"] for row in links] == ["new link"]
    finally:
        await owner.close()


async def done_by_a_leader(url: str, job: list[Job]) -> None:
    async with candidate(url, "w", job), Database(url, pool_size=1) as database:
        runs = Jobs(database)

        async def finished() -> bool:
            run = (await runs.latest()).get(NAME)
            return run is not None and run.outcome is not None

        await eventually(finished)
        run = (await runs.latest())[NAME]
    assert run.outcome == "ok"
    assert run.detail == {"tokens": 1, "ways_back": 2, "admin_sessions": 3, "admin_links": 2}


async def test_many_are_removed_a_part_at_a_time(database_url: str, redis_url: str) -> None:
    async with parts(database_url, redis_url) as mine, mine.database.driver() as connection:
        await connection.execute(
            "INSERT INTO people (id, token_sha256, name, colour, token_used_at)"
            " SELECT gen_random_uuid(), sha256(n::text::bytea), 'x', 0, now() - interval '401 days'"
            " FROM generate_series(1, 2001) AS n"
        )
        assert await stores_of(mine).upkeep.forget_ended_tokens() == {"tokens": 2001}
