"""Anna and Ben, who leave traces everywhere, and a search that looks everywhere."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from secrets import token_urlsafe
from typing import Any
from uuid import UUID, uuid4

import asyncpg
import redis.asyncio

from configurator.activity.entries import decode_entry
from configurator.activity.event_ids import session_uuid
from configurator.activity.interaction import Event, encode_event
from realtime.people.principal import token_sha256
from storage.postgres.activity.batch_rows import Incoming
from storage.postgres.activity.interactions import Settled
from storage.redis.activity.dead_letters import DeadLetter, DeadLetterStream
from storage.redis.activity.entries import Entry
from storage.redis.activity.keys import EVENTS
from storage.redis.activity.stream_group import StreamGroup
from tests.realtime.clients import Api, select
from tests.realtime.conftest import RunningWeb
from tests.support.activity import event

ADMIN = "an admin session of these tests"
EMAIL = "Anna.Seidl@haus.example"
NAME = "Anna Seidl"


@dataclass(kw_only=True)
class Stage:
    """The state before the test asks for Anna. `alone` is her house, `ours` the shared one."""

    web: RunningWeb
    anna: Api
    ben: Api
    anna_id: UUID
    ben_id: UUID
    alone: UUID
    ours: UUID
    visit: UUID
    visit_key: str
    ben_visit_key: str
    group: StreamGroup

    @property
    def admin(self) -> Api:
        return self.web.api(ADMIN)

    async def happened(self, *events: Event) -> None:
        await self.web.parts.stores.stream.append(events, may_repeat=True)

    async def read(self) -> list[Entry]:
        return await self.group.read(100, 10)

    async def store(self, entries: list[Entry]) -> None:
        """Store the entries, as a worker does."""
        batch = [
            Incoming(stream_id=each.id, event=found)
            for each in entries
            if isinstance(found := decode_entry(each.payload), Event)
        ]
        if batch:
            await self.web.store(batch, consumer=self.group.consumer)
            await self.group.acknowledge(entries)

    async def work(self) -> None:
        await self.store(await self.read())


async def person_of(web: RunningWeb, api: Api, name: str) -> UUID:
    found = await web.parts.people.authenticator.by_token(api.token or "")
    assert found is not None
    await web.parts.stores.configuration_stores.people.rename(found.person.id, name)
    web.parts.people.authenticator.forget(found.person.id)
    return found.person.id


async def staged(web: RunningWeb) -> Stage:
    """Two people with a house of Anna's own and one together, visits, an inquiry, dead letters."""
    expires_at = datetime.now(UTC) + timedelta(hours=1)
    await web.parts.stores.admins.open_session(token_sha256(ADMIN), expires_at)
    anna, ben = web.api(), web.api()
    alone, ours = await anna.create(), await anna.create()
    await ben.create()
    anna_id, ben_id = await person_of(web, anna, NAME), await person_of(web, ben, "Ben Auer")
    link = await anna.call("POST", f"/api/configurations/{ours['id']}/share-links", json={})
    token = link.json()["url"].partition("#")[2]
    await ben.call("POST", "/api/share-links/redeem", json={"token": token})
    await anna.submit(alone["id"], select("nest", "nest100"))
    await anna.submit(ours["id"], select("fussboden", "schiefer_massiv"))
    await ben.submit(ours["id"], {"kind": "reset"}, guarded=True)  # refused: Anna was faster
    await ben.submit(ours["id"], select("nest", "nest120"), base_version=1)
    asked = {
        "inquiry_id": str(uuid4()), "name": NAME, "email": EMAIL, "consent": True,
        "message": "Wann kann ich es sehen?",
    }  # fmt: skip
    answer = await anna.call("POST", f"/api/configurations/{ours['id']}/inquiries", json=asked)
    assert answer.status_code == 201, answer.text
    visits = web.parts.stores.configuration_stores.sessions
    since = datetime.now(UTC) - timedelta(minutes=30)
    visit, ben_visit = [
        await visits.current(
            person_id=each,
            configuration_id=UUID(ours["id"]),
            new_key=token_urlsafe(16),
            since=since,
        )
        for each in (anna_id, ben_id)
    ]
    return Stage(
        web=web, anna=anna, ben=ben, anna_id=anna_id, ben_id=ben_id, alone=UUID(alone["id"]),
        ours=UUID(ours["id"]), visit=visit.id, visit_key=visit.key, ben_visit_key=ben_visit.key,
        group=StreamGroup(web.parts.stores.redis, consumer="w"),
    )  # fmt: skip


@asynccontextmanager
async def raw_redis(url: str) -> AsyncIterator[Any]:
    client = redis.asyncio.Redis.from_url(url)
    try:
        yield client
    finally:
        await client.aclose()


async def bury(stage: Stage, redis_url: str, session: str) -> None:
    """One dead letter that can be read and one that cannot."""
    good = encode_event(event(session, element_id="dead"))
    async with raw_redis(redis_url) as client:
        for payload in (good, good[: len(good) // 2]):
            await client.xadd(EVENTS, {"s": str(session_uuid(session)), "e": payload})
    dead = await stage.read()
    settled = [Settled(stream_id=each.id, outcome="dead", reason="malformed_json") for each in dead]
    await stage.web.store([], consumer="w", settled=settled)
    letters = [DeadLetter(entry=each, reason="malformed_json") for each in dead]
    await DeadLetterStream(stage.web.parts.stores.redis).bury(letters)


async def places(database_url: str, redis_url: str, *needles: str) -> list[str]:
    """The places where one of these texts is stored: `table` or `key` for each row and value."""
    found = [*await _tables(database_url, needles), *await _keys(redis_url, needles)]
    return sorted(set(found))


async def _tables(database_url: str, needles: tuple[str, ...]) -> list[str]:
    connection = await asyncpg.connect(database_url)
    try:
        tables = await connection.fetch(
            "SELECT tablename FROM pg_tables WHERE schemaname = 'public'"
        )
        found = []
        for table in (row["tablename"] for row in tables):
            rows = await connection.fetch(f'SELECT lower(t::text) AS line FROM "{table}" AS t')
            if any(needle.lower() in row["line"] for row in rows for needle in needles):
                found.append(table)
        return found
    finally:
        await connection.close()


async def _keys(redis_url: str, needles: tuple[str, ...]) -> list[str]:
    async with raw_redis(redis_url) as client:
        found = []
        async for key in client.scan_iter("*"):
            kind = (await client.type(key)).decode()
            readers: dict[str, Any] = {
                "string": client.get,
                "set": client.smembers,
                "hash": client.hgetall,
                "list": lambda name: client.lrange(name, 0, -1),
                "zset": lambda name: client.zrange(name, 0, -1),
                "stream": client.xrange,
            }
            text = f"{key!r} {await readers[kind](key)!r}".lower()
            if any(needle.lower() in text for needle in needles):
                found.append(key.decode())
        return found
