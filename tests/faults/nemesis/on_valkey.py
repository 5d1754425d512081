"""Valkey refuses, hangs, forgets or is something else, by what an operator may do to it."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from typing import Any, Final
from uuid import UUID

import msgspec
from redis.asyncio import Redis
from redis.exceptions import RedisError

from storage.redis.activity.keys import EVENTS
from tests.faults.nemesis.field import Field
from tests.faults.nemesis.schedule import Step

OPERATOR: Final = "operator"
PAYLOAD: Final = b"e"
LOOP: Final = "while true do end"


class _Event(msgspec.Struct):
    event_id: UUID


@asynccontextmanager
async def _operator(field: Field) -> AsyncIterator[Any]:
    """A connection, which redis-py has no types for, with a login of its own: what is taken from the product's is not taken from it."""
    client: Any = Redis.from_url(field.stand.valkey.url, single_connection_client=True)
    try:
        await client.execute_command(
            "ACL", "SETUSER", OPERATOR, "on", "nopass", "~*", "&*", "+@all"
        )
        await client.execute_command("AUTH", OPERATOR, "any")
        yield client
    finally:
        await client.aclose()


async def _say(client: Any, command: str) -> Any:
    return await client.execute_command(*command.split())


@asynccontextmanager
async def _changed(field: Field, there: str, back: str) -> AsyncIterator[None]:
    async with _operator(field) as client:
        await _say(client, there)
        try:
            yield
        finally:
            await _say(client, back)


@asynccontextmanager
async def flushed(field: Field, _step: Step) -> AsyncIterator[None]:
    """FLUSHALL. What the stream had in that very moment is noted: nothing else may be lost."""
    async with _operator(field) as client:
        async with client.pipeline(transaction=True) as pipe:
            pipe.xrange(EVENTS)
            pipe.flushall()
            entries, _ = await pipe.execute()
        field.ledger.flushed |= set(_events(entries))
    yield


def _events(entries: list[tuple[bytes, dict[bytes, bytes]]]) -> list[UUID]:
    return [
        msgspec.json.decode(fields[PAYLOAD], type=_Event).event_id
        for _, fields in entries
        if PAYLOAD in fields
    ]


@asynccontextmanager
async def paused(field: Field, step: Step) -> AsyncIterator[None]:
    """CLIENT PAUSE: every command waits."""
    async with _operator(field) as client:
        await _say(client, f"CLIENT PAUSE {int(step.seconds * 1000)} {step.target}")
        yield


@asynccontextmanager
async def kicked(field: Field, step: Step) -> AsyncIterator[None]:
    """CLIENT KILL of a kind of connection."""
    async with _operator(field) as client:
        await _say(client, f"CLIENT KILL TYPE {step.target} SKIPME yes")
    yield


@asynccontextmanager
async def forbidden(field: Field, step: Step) -> AsyncIterator[None]:
    """The product's login loses keys, channels or commands (NOPERM)."""
    back = "ACL SETUSER default on nopass ~* &* +@all"
    async with _changed(field, f"ACL SETUSER default {step.target}", back):
        yield


@asynccontextmanager
async def a_replica(field: Field, _step: Step) -> AsyncIterator[None]:
    """Make it follow a primary that does not exist (READONLY)."""
    async with _changed(field, "REPLICAOF 127.0.0.1 1", "REPLICAOF NO ONE"):
        yield


@asynccontextmanager
async def without_replicas(field: Field, _step: Step) -> AsyncIterator[None]:
    """Make it demand replicas before each write (NOREPLICAS)."""
    name = "CONFIG SET min-replicas-to-write"
    async with _changed(field, f"{name} 1", f"{name} 0"):
        yield


@asynccontextmanager
async def full(field: Field, _step: Step) -> AsyncIterator[None]:
    """No memory is left (OOM)."""
    async with _operator(field) as client:
        before = (await client.config_get("maxmemory"))["maxmemory"]
    async with _changed(field, "CONFIG SET maxmemory 1", f"CONFIG SET maxmemory {before}"):
        yield


@asynccontextmanager
async def busy(field: Field, step: Step) -> AsyncIterator[None]:
    """A script never ends (BUSY), until it is killed."""
    async with _operator(field) as client:
        await _say(client, "CONFIG SET busy-reply-threshold 100")
        async with asyncio.TaskGroup() as group:
            group.create_task(_run_for_ever(field))
            yield
            await _say(client, "SCRIPT KILL")
        await _say(client, "CONFIG SET busy-reply-threshold 5000")


async def _run_for_ever(field: Field) -> None:
    async with _operator(field) as client:
        with suppress(RedisError):
            await client.eval(LOOP, 0)


@asynccontextmanager
async def mistyped(field: Field, _step: Step) -> AsyncIterator[None]:
    """The stream is put aside, and something else has its name (WRONGTYPE)."""
    aside = f"{EVENTS}:aside"
    async with _operator(field) as client:
        if not await client.exists(EVENTS):
            yield
            return
        async with client.pipeline(transaction=True) as pipe:
            await pipe.rename(EVENTS, aside).set(EVENTS, "of the nemesis").execute()
        try:
            yield
        finally:
            async with client.pipeline(transaction=True) as pipe:
                await pipe.delete(EVENTS).rename(aside, EVENTS).execute()
