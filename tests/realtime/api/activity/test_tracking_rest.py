"""Many interactions at once, those that may not be stored, lost ones, and servers that are away."""

import asyncio
import json
import os
import signal
import time
from datetime import datetime, timedelta
from uuid import UUID

import httpx
import msgspec
import pytest

from configurator.activity.entries import decode_entry
from configurator.activity.event_ids import unix_ms, uuid7
from configurator.activity.interaction import Event, Filtered
from configurator.activity.tracking import TRACKED
from storage.errors import StorageUnavailable
from storage.postgres.activity.batch_rows import Incoming
from storage.postgres.activity.interactions import Settled
from storage.redis.activity.capacity import StreamLimits
from storage.redis.activity.stream import InteractionStream
from storage.redis.client import Redis
from tests.support.activity import (
    TRACK,
    TRACK_MANY,
    Parts,
    client_of,
    counts,
    event,
    new_id,
    now,
    parts,
)
from tests.support.programs.servers import Servers
from tests.support.waiting import eventually

YEAR_MS = 31_536_000_000
PERSON = {"user-agent": "Mozilla/5.0 (Windows NT 10.0) Chrome/141.0.0.0 Safari/537.36"}


def one(
    seq: int | None = None, event_id: object = None, **interaction: object
) -> dict[str, object]:
    shape = {"eventType": "click", "category": "nest", **interaction}
    known = {"seq": seq, "eventId": event_id and str(event_id)}
    return {"interaction": shape, **{k: v for k, v in known.items() if v is not None}}


def many(*events: object, session: str = "client_1", **more: object) -> dict[str, object]:
    return {"sessionId": session, "interactions": list(events), **more}


async def entries(parts: Parts) -> list[Event | Filtered]:
    return [decode_entry(each.payload) for each in await parts.stream.newest(1000)]


async def store_all(parts: Parts) -> None:
    """Store the whole stream, as a worker does, but without acknowledging it."""
    batch, settled = [], []
    for entry in await parts.stream.newest(1000):
        found = decode_entry(entry.payload)
        if isinstance(found, Event):
            batch.append(Incoming(stream_id=entry.id, event=found))
        else:
            settled.append(Settled(stream_id=entry.id, outcome="filtered", reason=found.filtered))
    await parts.interactions.store(batch, consumer="w", settled=settled)


async def outcomes(client: httpx.AsyncClient, body: object, **headers: str) -> list[str]:
    answer = await client.post(TRACK_MANY, json=body, headers={**PERSON, **headers})
    assert answer.status_code == 200, answer.text
    return [each["outcome"] for each in answer.json()["results"]]


async def test_a_batch_is_answered_one_by_one_in_order(database_url: str, redis_url: str) -> None:
    """(AC8)"""
    async with parts(database_url, redis_url) as all_parts, client_of(all_parts) as client:
        known = new_id()
        body = many(
            one(1, known, selectionValue="nest120"),
            one(2, UUID(int=5)),
            one(3, known),
            {"interaction": {"eventType": "click"}},
            one(4, category="x" * 65),
            one(5, eventType="never_seen", props={"a": [1, "b"]}),
            tab=2,
            visit={"language": "de-at", "referrer": "https://a.example/b?c=d"},
        )
        answer = await client.post(
            TRACK_MANY,
            content=json.dumps(body).encode(),
            headers={**PERSON, "content-type": "text/plain;charset=UTF-8"},
        )
        assert answer.status_code == 200
        found = answer.json()
        assert list(found) == ["success", "message", "results"]
        assert (found["success"], found["message"]) == (True, "3 accepted, 1 duplicate, 2 refused")
        results = found["results"]
        assert results[0] == {"eventId": str(known), "outcome": "accepted"}
        assert results[2] == {"eventId": str(known), "outcome": "duplicate"}
        assert [(each["outcome"], each.get("code"), each.get("field")) for each in results] == [
            ("accepted", None, None),
            ("accepted", None, None),
            ("duplicate", None, None),
            ("refused", "missing_interaction_fields", None),
            ("refused", "too_long", "interaction.category"),
            ("accepted", None, None),
        ]
        assert all(set(each["message"]) == {"de", "en"} for each in results if "message" in each)
        stored = [each for each in await entries(all_parts) if isinstance(each, Event)]
        assert results[1]["dropped"] == ["eventId"]
        assert [each.seq for each in stored] == [1, 2, 3, 5]
        assert {
            (each.tab, each.language, each.referrer, each.network, each.bot) for each in stored
        } == {(2, "de-AT", "https://a.example/b", "127.0.0.0/24", None)}
        await store_all(all_parts)
        async with all_parts.database.driver() as connection:
            row = await connection.fetchrow(
                "SELECT tab, seq, props FROM interactions WHERE seq = 5"
            )
            visit = await connection.fetchrow("SELECT language, referrer, network FROM sessions")
        assert dict(row) == {"tab": 2, "seq": 5, "props": {"a": [1, "b"]}}
        assert (visit["language"], visit["referrer"]) == ("de-AT", "https://a.example/b")
        assert str(visit["network"]) == "127.0.0.0/24"
        assert (await counts(database_url)).rows == 3


async def test_five_hundred_at_once_and_no_more(database_url: str, redis_url: str) -> None:
    """(AC8)"""
    async with parts(database_url, redis_url) as all_parts, client_of(all_parts) as client:
        body = many(*(one(n + 1, new_id()) for n in range(500)))
        assert await outcomes(client, body) == ["accepted"] * 500
        assert await outcomes(client, body) == ["duplicate"] * 500
        for sent, status, code in (
            (json.dumps(many(*[one()] * 501)), 400, "too_many_interactions"),
            (json.dumps(many()), 400, "missing_batch_fields"),
            ("x" * (512 * 1024 + 1), 413, "message_too_large"),
        ):
            answer = await client.post(
                TRACK_MANY, content=sent, headers={"content-type": "application/json"}
            )
            assert (answer.status_code, answer.json()["code"]) == (status, code)
        wrong = await client.post(TRACK_MANY, data={"a": "b"})
        assert wrong.status_code == 415
        assert len(await all_parts.stream.newest(2000)) == 1000


@pytest.mark.parametrize("years", [-10, 10])
async def test_a_clock_that_is_years_off_is_put_right(
    database_url: str, redis_url: str, years: int
) -> None:
    """(AC7)"""
    async with parts(database_url, redis_url) as all_parts, client_of(all_parts) as client:
        began = now()
        there_ms = unix_ms(began) + years * YEAR_MS
        event_id = uuid7(there_ms - 60_000, 7)
        answer = await client.post(
            TRACK,
            json={"sessionId": "s", "sentAt": there_ms, "seq": 1, "tab": 0, **one(1, event_id)},
        )
        said = datetime.fromisoformat(answer.json()["data"]["timestamp"])
        assert timedelta(seconds=-1) < said - (began - timedelta(minutes=1)) < timedelta(seconds=30)
        assert answer.json()["data"]["interactionId"] == str(event_id)
        assert await outcomes(client, many(one(1, event_id), session="s")) == ["duplicate"]
        (stored, _) = await entries(all_parts)
        assert isinstance(stored, Event)
        assert stored.skew_ms is not None
        assert abs(stored.skew_ms - years * YEAR_MS) < 30_000
        for _ in range(2):  # waiting, then stored
            data = (await client.get(TRACK, params={"sessionId": "s"})).json()["data"]
            assert data["interactionCount"] == 1
            assert data["interactions"][0]["timestamp"] == answer.json()["data"]["timestamp"]
            await store_all(all_parts)
        assert (await counts(database_url)).rows == 1


@pytest.mark.parametrize(
    ("headers", "consent", "reason"),
    [
        ({"sec-gpc": "1"}, "assumed", "gpc"),
        ({"dnt": "1"}, "assumed", "dnt"),
        ({"cookie": "nest_consent=none"}, "assumed", "no_consent"),
        ({}, "required", "no_consent"),
    ],
)
async def test_an_interaction_that_may_not_be_stored_is_only_counted(
    database_url: str, redis_url: str, headers: dict[str, str], consent: str, reason: str
) -> None:
    """(AC10)"""
    async with (
        parts(database_url, redis_url) as all_parts,
        client_of(all_parts, consent=consent) as client,  # type: ignore[arg-type]
    ):
        event_id = str(new_id())
        body = {"sessionId": "s", **one(1, event_id, selectionValue="secret")}
        answer = await client.post(TRACK, json=body, headers=headers)
        assert answer.status_code == 200
        assert list(answer.json()) == ["success", "message", "data"]
        assert answer.json()["message"] == f"Interaction not stored: {reason}"
        assert answer.json()["data"]["interactionId"] == event_id
        batch = await client.post(
            TRACK_MANY, json=many(one(1, event_id), {"bad": 1}), headers=headers
        )
        results = batch.json()["results"]
        assert results[0] == {"eventId": event_id, "outcome": "filtered", "code": reason}
        assert results[1]["outcome"] == "refused"
        raw = await all_parts.stream.newest(10)
        assert len(raw) == 2
        for entry in raw:
            assert set(msgspec.json.decode(entry.payload)) == {"filtered", "received_at"}
        data = (await client.get(TRACK, params={"sessionId": "s"})).json()["data"]
        assert data["interactionCount"] == 0
        await store_all(all_parts)
        async with all_parts.database.driver() as connection:
            ledger = await connection.fetch("SELECT outcome, reason, n FROM activity_ledger")
            sessions = await connection.fetchval("SELECT count(*) FROM sessions")
        assert [tuple(row) for row in ledger] == [("filtered", reason, 2)]
        assert sessions == 0


async def test_with_consent_it_is_stored_where_consent_is_required(
    database_url: str, redis_url: str
) -> None:
    """(AC10)"""
    async with (
        parts(database_url, redis_url) as all_parts,
        client_of(all_parts, consent="required") as client,
    ):
        assert await outcomes(client, many(one()), cookie="nest_consent=all") == ["accepted"]


async def test_bots_are_kept_apart_with_their_reason(database_url: str, redis_url: str) -> None:
    """(AC12)"""
    async with parts(database_url, redis_url) as all_parts, client_of(all_parts) as client:
        crawler = {"user-agent": "Mozilla/5.0 (compatible; Googlebot/2.1)"}
        await outcomes(client, many(one(), session="bot"), **crawler)
        await outcomes(client, many(one(), session="ahead"), **{"sec-purpose": "prefetch"})
        await outcomes(client, many(one(), session="person"))
        await store_all(all_parts)
        async with all_parts.database.driver() as connection:
            rows = await connection.fetch(
                "SELECT external_id, bot_reason, bot FROM sessions"
                " JOIN interactions ON session_id = id ORDER BY 1"
            )
        assert [tuple(row) for row in rows] == [
            ("ahead", "prefetch", True),
            ("bot", "crawler Googlebot", True),
            ("person", None, False),
        ]


async def test_events_that_never_came_are_counted_for_each_tab(
    database_url: str, redis_url: str
) -> None:
    """(AC9)"""
    async with parts(database_url, redis_url) as all_parts, client_of(all_parts) as client:

        async def lost() -> int:
            answer = await client.get(TRACK, params={"sessionId": "client_1"})
            return int(answer.json()["data"]["lostEvents"])

        assert await lost() == 0
        await outcomes(client, many(one(2), one(5), one(), tab=0))
        assert await lost() == 3
        await store_all(all_parts)
        assert await lost() == 3  # stored and still in the stream: counted once
        await outcomes(client, many(one(1), one(2), one(3), tab=1))
        await outcomes(client, many(one(4), one(4), tab=0))
        assert await lost() == 2
        await store_all(all_parts)
        assert await lost() == 2
        await outcomes(client, many(one(1), one(3), tab=0))
        assert await lost() == 0


async def test_the_list_of_what_is_tracked_can_be_read(database_url: str, redis_url: str) -> None:
    """(AC13)"""
    async with parts(database_url, redis_url) as all_parts, client_of(all_parts) as client:
        types = (await client.get("/api/events/types")).json()["types"]
    assert [each["eventType"] for each in types] == [each.event_type for each in TRACKED]
    assert set(types[0]) == {"eventType", "meaning", "fields", "since"}
    assert set(types[0]["meaning"]) == {"de", "en"}


async def test_a_full_stream_refuses_a_batch_and_keeps_everything(
    database_url: str, redis_url: str
) -> None:
    """(AC14)"""
    async with (
        parts(database_url, redis_url, limits=StreamLimits(entries=3)) as all_parts,
        client_of(all_parts) as client,
    ):
        assert await outcomes(client, many(*[one()] * 4)) == ["accepted"] * 4
        answer = await client.post(TRACK_MANY, json=many(one()))
        assert (answer.status_code, answer.json()["code"]) == (503, "unavailable")
        assert int(answer.headers["retry-after"]) >= 1
        assert len(await all_parts.stream.newest(10)) == 4


async def test_while_redis_is_known_to_be_away_nobody_waits(
    redis_url: str, servers: Servers
) -> None:
    """Frozen, not gone: connections are accepted and nothing is answered. (AC14)"""
    if servers.valkey is None or servers.valkey.pid is None:
        pytest.skip("the server is not ours to freeze")
    async with Redis(redis_url, call_seconds=2) as redis, InteractionStream(redis) as stream:
        await stream.append([event()])
        os.kill(servers.valkey.pid, signal.SIGSTOP)
        try:
            waits = []
            for _ in range(4):
                began = time.monotonic()
                with pytest.raises(StorageUnavailable):
                    await stream.append([event()])
                waits.append(time.monotonic() - began)
        finally:
            os.kill(servers.valkey.pid, signal.SIGCONT)
        assert waits[0] >= 1.9  # it was not known
        assert min(waits[1:]) < 1

        async def taken() -> bool:
            try:
                await stream.append([event()])
            except StorageUnavailable:
                return False
            return True

        await eventually(taken, 20, why="Redis is back")
        async with asyncio.timeout(10):
            await stream.append([event()])


async def test_once_redis_is_back_nobody_is_refused(redis_url: str, servers: Servers) -> None:
    """Each append is tried, whatever was known before. (AC14)"""
    if servers.valkey is None:
        pytest.skip("the server is not ours to kill")
    async with Redis(redis_url) as redis, InteractionStream(redis) as stream:
        await stream.append([event()])
        for _ in range(2):
            servers.valkey.kill()
            for _ in range(3):
                with pytest.raises(StorageUnavailable):
                    await stream.append([event()])
            servers.revive()
            assert await stream.append([event()])
