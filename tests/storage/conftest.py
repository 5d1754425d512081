"""An open database with a catalogue, and people and configurations made on demand."""

import hashlib
import json
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass
from typing import Any
from uuid import UUID, uuid4

import asyncpg
import pytest

from configurator.people.roles import Role
from storage.postgres.configurations.catalogues import Catalogues
from storage.postgres.configurations.commit.statement import CommitRequest
from storage.postgres.configurations.configurations import Configurations
from storage.postgres.configurations.stored import StoredConfiguration
from storage.postgres.engine import Database
from storage.postgres.people.granted import Grant
from storage.postgres.people.people import People, Person
from storage.postgres.people.shares import Shares
from storage.redis.client import Redis
from tests.support.patient import PATIENT
from tests.support.waiting import eventually

CATALOGUE = "nest-haus-2025"


def sha256(text: str) -> bytes:
    return hashlib.sha256(text.encode()).digest()


@dataclass(frozen=True, slots=True)
class World:
    """The rows that tests need before they begin."""

    database: Database

    async def person(self, name: str = "Ada") -> Person:
        person_id = uuid4()
        return await People(self.database).create(
            person_id=person_id, token_sha256=sha256(str(person_id)), name=name, colour=3
        )

    async def configuration(self, owner_id: UUID | None = None) -> StoredConfiguration:
        if owner_id is None:
            owner_id = (await self.person()).id
        configuration_id = uuid4()
        return await Configurations(self.database).create(
            configuration_id=configuration_id,
            code=configuration_id.hex[:8].upper(),
            catalogue_id=CATALOGUE,
            selection={"nest": {"option": "nest80"}},
            total_cents=15_550_000,
            owner_id=owner_id,
            session_id=None,
        )

    async def member(self, configuration: StoredConfiguration, role: Role = Role.EDITOR) -> Person:
        """Somebody who came in through a share link of the owner."""
        person = await self.person("Grace")
        await self.grant(configuration, person.id, role)
        return person

    async def grant(self, configuration: StoredConfiguration, person_id: UUID, role: Role) -> Grant:
        shares = Shares(self.database)
        token = sha256(f"link {uuid4()}")
        link = await shares.create(
            link_id=uuid4(),
            configuration_id=configuration.id,
            token_sha256=token,
            role=role,
            created_by=configuration.owner_id,
            expires_at=None,
        )
        assert link is not None
        grant = await shares.redeem(token, person_id)
        assert grant is not None
        return grant


def request(configuration: StoredConfiguration, version: int = 0, **other: Any) -> CommitRequest:
    """A committed select op of the owner at `version`, changed by `other`."""
    operation = {"kind": "select", "category": "nest", "option": "nest120"}
    after = {"nest": {"option": "nest120"}}
    values: dict[str, Any] = {
        "configuration_id": configuration.id,
        "op_id": uuid4(),
        "epoch": configuration.epoch,
        "person_id": configuration.owner_id,
        "expected_version": version,
        "takes_version": True,
        "outcome": "committed",
        "base_version": version,
        "guarded": False,
        "body_sha256": sha256(json.dumps(operation)),
        "operation": json.dumps(operation),
        "changes": json.dumps([{"category": "nest", "after": {"option": "nest120"}}]),
        "reasons": "[]",
        "repairs": "[]",
        "selection": json.dumps(after),
        "written": json.dumps({"nest": version + 1}),
        "total_cents": 18_880_000 + version,
    }
    return CommitRequest(**(values | other))


async def until(condition: Callable[[], bool | Awaitable[bool]]) -> None:
    """Waits for a condition that asks a server."""
    await eventually(condition)


BACKENDS = """
    FROM pg_stat_activity WHERE datname = current_database() AND backend_type = 'client backend'
    AND pid <> pg_backend_pid()
"""


async def terminate_backends(url: str) -> int:
    """Ends every other connection to the database, as a restart of PostgreSQL does."""
    connection = await asyncpg.connect(url)
    try:
        ended = await connection.fetch(f"SELECT pg_terminate_backend(pid) {BACKENDS}")
    finally:
        await connection.close()
    return len(ended)


async def command(redis: Redis, *words: str) -> None:
    """A command to the server that redis-py has no typed method for."""
    await redis.client.execute_command(*words)  # type: ignore[no-untyped-call]


@pytest.fixture
async def database(database_url: str) -> AsyncIterator[Database]:
    async with Database(database_url, pool_size=12, deadlines=PATIENT) as database:
        await Catalogues(database).publish(CATALOGUE, "r1", "categories: []")
        yield database


@pytest.fixture
def world(database: Database) -> World:
    return World(database)


@pytest.fixture
async def redis(redis_url: str) -> AsyncIterator[Redis]:
    async with Redis(redis_url) as redis:
        yield redis
