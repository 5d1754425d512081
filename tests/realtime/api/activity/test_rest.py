"""The REST contract of the original, and the promise: an answered POST is in the next GET."""

import asyncio
from collections.abc import AsyncIterator

import httpx
import pytest

from configurator.activity.entries import decode_event
from configurator.activity.event_ids import uuid7, uuid7_ms
from storage.postgres.activity.batch_rows import Incoming
from storage.redis.activity.entries import Entry
from storage.redis.activity.stream_group import StreamGroup
from storage.redis.client import Redis
from tests.realtime.api.activity.posting import body, worker
from tests.support.activity import (
    TRACK,
    Parts,
    all_stored,
    client_of,
    counts,
    new_id,
    parts,
)
from tests.support.programs.servers import Servers

XSS = "<script>alert('x')</script><img src=x onerror=alert(1)>\"'; DROP TABLE interactions; --"


async def test_post_answers_in_the_words_of_the_original(database_url: str, redis_url: str) -> None:
    async with parts(database_url, redis_url) as all_parts, client_of(all_parts) as client:
        answer = await client.post(
            TRACK,
            json=body(
                elementId="nest-card",
                selectionValue="nest120",
                previousValue="nest80",
                timeSpent=1200,
                deviceInfo={"type": "desktop", "width": 1440, "height": 900},
            ),
        )
        assert answer.status_code == 200
        found = answer.json()
        assert list(found) == ["success", "message", "data"]
        assert found["success"] is True
        data = found["data"]
        assert list(data) == [
            "interactionId",
            "sessionId",
            "eventType",
            "category",
            "processingTime",
            "timestamp",
        ]
        assert (data["sessionId"], data["eventType"], data["category"]) == (
            "client_1",
            "click",
            "nest",
        )
        assert data["processingTime"] >= 0
        shown = (await client.get(TRACK, params={"sessionId": "client_1"})).json()
        assert shown == {
            "success": True,
            "data": {
                "sessionId": "client_1",
                "interactionCount": 1,
                "interactions": [
                    {
                        "id": data["interactionId"],
                        "eventType": "click",
                        "category": "nest",
                        "elementId": "nest-card",
                        "selectionValue": "nest120",
                        "timestamp": data["timestamp"],
                        "timeSpent": 1200,
                    }
                ],
                "performance": shown["data"]["performance"],
                "lostEvents": 0,
            },
        }
        assert list(shown["data"]["performance"]) == [
            "averageProcessingTime",
            "trackingEfficiency",
        ]
        mean_ms, efficiency = shown["data"]["performance"].values()
        said = "excellent" if mean_ms < 50 else "good" if mean_ms < 100 else "needs_optimization"
        assert efficiency == said


@pytest.mark.parametrize(
    ("sent", "sentence"),
    [
        ({}, "Missing required fields: sessionId, interaction"),
        ({"sessionId": "a"}, "Missing required fields: sessionId, interaction"),
        ({"interaction": {"eventType": "x"}}, "Missing required fields: sessionId, interaction"),
        (
            {"sessionId": "a", "interaction": {"eventType": "x"}},
            "Missing required interaction fields: eventType, category",
        ),
        (
            {"sessionId": "a", "interaction": {"category": "x"}},
            "Missing required interaction fields: eventType, category",
        ),
    ],
)
async def test_missing_fields_are_refused_to_the_letter(
    database_url: str, redis_url: str, sent: dict[str, object], sentence: str
) -> None:
    async with parts(database_url, redis_url) as all_parts, client_of(all_parts) as client:
        answer = await client.post(TRACK, json=sent)
        assert (answer.status_code, answer.json()) == (400, {"error": sentence})
        asked = await client.get(TRACK)
        assert (asked.status_code, asked.json()) == (400, {"error": "Missing sessionId parameter"})


async def test_bad_input_has_a_code_and_changes_nothing(
    database_url: str, redis_url: str, caplog: pytest.LogCaptureFixture
) -> None:
    async with parts(database_url, redis_url) as all_parts, client_of(all_parts) as client:
        json_type = {"content-type": "application/json"}
        for sent, status, code in (
            ({"content": b"{", "headers": json_type}, 400, "malformed_json"),
            ({"content": b"\xff\xfb", "headers": json_type}, 400, "malformed_json"),
            ({"content": b"[" * 60_000, "headers": json_type}, 400, "malformed_json"),
            ({"content": b"x" * 65_537, "headers": json_type}, 413, "message_too_large"),
            ({"content": chunks(), "headers": json_type}, 413, "message_too_large"),
            ({"data": {"sessionId": "a"}}, 415, "unsupported_media_type"),
            ({"json": body(selectionValue="x" * 2000)}, 400, "too_long"),
            ({"json": body("s" * 129)}, 400, "too_long"),
        ):
            answer = await client.post(TRACK, **sent)
            found = answer.json()
            assert (answer.status_code, found["code"]) == (status, code), sent
            assert found["success"] is False
            assert found["error"] == found["message"]["en"]
            assert found["message"]["de"]
        for asked in ("s" * 129, "a%00b", "%C2%85"):
            answer = await client.get(f"{TRACK}?sessionId={asked}")
            assert (answer.status_code, "code" in answer.json()) == (400, True)
        assert await all_parts.stream.newest(10) == []
    assert "Traceback" not in caplog.text


async def test_an_acknowledged_event_is_in_the_next_answer_whatever_the_clock(
    database_url: str, redis_url: str
) -> None:
    """More than 100 events of a clock that is hours ahead, and then some of none."""
    async with parts(database_url, redis_url) as all_parts, client_of(all_parts) as client:
        ahead = uuid7_ms(new_id()) + 5 * 3_600_000
        for n in range(110):
            sent = {**body("s"), "eventId": str(uuid7(ahead + n, n)), "sentAt": ahead + n}
            assert (await client.post(TRACK, json=sent)).status_code == 200
        answered = {
            (await client.post(TRACK, json=body("s"))).json()["data"]["interactionId"]
            for _ in range(30)
        }
        asked = f"{TRACK}?sessionId=s&sessionId=other"
        waiting = (await client.get(asked)).json()["data"]
        entries = await all_parts.stream.newest(1000)
        group = StreamGroup(all_parts.redis, consumer="w")
        taken = await group.read(len(entries), 10)
        batch = [Incoming(stream_id=e.id, event=decode_event(e.payload)) for e in taken]
        await all_parts.interactions.store(batch, consumer="w")
        await group.acknowledge(taken)
        stored = (await client.get(asked)).json()["data"]
        for found in (waiting, stored):
            assert answered <= {each["id"] for each in found["interactions"]}
            assert (found["sessionId"], found["interactionCount"]) == ("s", 140)
            times = [each["timestamp"] for each in found["interactions"]]
            assert (times, len(times)) == (sorted(times), 100)


async def chunks() -> AsyncIterator[bytes]:
    for _ in range(70):
        yield b"x" * 1000


async def test_beacons_and_unknown_event_types_are_taken(database_url: str, redis_url: str) -> None:
    async with parts(database_url, redis_url) as all_parts, client_of(all_parts) as client:
        answer = await client.post(
            TRACK,
            content=b'{"sessionId":"s","interaction":{"eventType":"never_seen","category":"new"}}',
            headers={"content-type": "text/plain;charset=UTF-8"},
        )
        assert answer.status_code == 200


async def test_markup_is_stored_verbatim_and_returned_as_json(
    database_url: str, redis_url: str
) -> None:
    async with parts(database_url, redis_url) as all_parts, client_of(all_parts) as client:
        await client.post(TRACK, json=body(XSS[:64], selectionValue=XSS, eventType=XSS[:60]))
        for stored in (False, True):
            if stored:
                async with worker(all_parts):
                    await all_stored(all_parts)
            answer = await client.get(TRACK, params={"sessionId": XSS[:64]})
            assert answer.headers["content-type"] == "application/json"
            data = answer.json()["data"]
            assert data["sessionId"] == XSS[:64]
            assert data["interactions"][0]["selectionValue"] == XSS


async def post_and_see(client: httpx.AsyncClient, session: str, count: int) -> None:
    """Each POST is in the GET right after it, and nothing is there twice."""
    seen: list[str] = []
    for _ in range(count):
        posted = (await client.post(TRACK, json=body(session))).json()["data"]["interactionId"]
        seen.append(posted)
        data = (await client.get(TRACK, params={"sessionId": session})).json()["data"]
        assert [each["id"] for each in data["interactions"]] == seen[-100:]
        assert data["interactionCount"] == len(seen)


async def test_an_answered_post_is_in_the_next_get_while_a_worker_stores(
    database_url: str, redis_url: str
) -> None:
    async with (
        parts(database_url, redis_url) as all_parts,
        client_of(all_parts) as client,
        worker(all_parts),
        worker(all_parts, "w2"),
        asyncio.TaskGroup() as group,
    ):
        for n in range(4):
            group.create_task(post_and_see(client, f"session-{n}", 60))


async def test_an_answered_post_is_in_the_next_get_without_a_worker(
    database_url: str, redis_url: str
) -> None:
    async with parts(database_url, redis_url) as all_parts, client_of(all_parts) as client:
        await post_and_see(client, "session", 110)


async def test_an_answered_post_is_in_the_next_get_when_workers_die(
    database_url: str, redis_url: str
) -> None:
    """Workers that are cancelled again and again leave batches stored but not acknowledged."""
    async with parts(database_url, redis_url) as all_parts, client_of(all_parts) as client:
        done = asyncio.Event()

        async def die_again_and_again() -> None:
            lives = 0
            while not done.is_set():
                lives += 1
                group = StreamGroup(all_parts.redis, consumer=f"w{lives}")
                taken = await group.read(10, 5) + await group.claim(5, 20)
                if lives % 2 and taken:
                    await store(all_parts, taken)
                if lives % 4 == 1:
                    await group.acknowledge(taken)

        async with asyncio.TaskGroup() as tasks:
            killer = tasks.create_task(die_again_and_again())
            await post_and_see(client, "session", 110)
            done.set()
            await killer
        async with worker(all_parts):
            await all_stored(all_parts)
        found = await counts(database_url)
        assert (found.rows, found.minutes, found.sessions) == (110, 110, 110)


async def store(parts: Parts, taken: list[Entry]) -> None:
    """Store entries, as a worker does before it acknowledges them."""
    await parts.interactions.store(
        [Incoming(stream_id=e.id, event=decode_event(e.payload)) for e in taken],
        consumer="w",
    )


async def test_the_same_event_id_counts_once(database_url: str, redis_url: str) -> None:
    """(AC1)"""
    async with parts(database_url, redis_url) as all_parts, client_of(all_parts) as client:
        event_id = str(new_id())
        answers = []
        for n in range(4):
            if n == 2:
                async with worker(all_parts):
                    await all_stored(all_parts)
            answer = await client.post(TRACK, json={**body("s"), "eventId": event_id})
            answers.append(answer.json()["data"])
            data = (await client.get(TRACK, params={"sessionId": "s"})).json()["data"]
            assert (data["interactionCount"], len(data["interactions"])) == (1, 1)
        assert {answer["interactionId"] for answer in answers} == {event_id}
        assert len({answer["timestamp"] for answer in answers}) == 1
        async with worker(all_parts):
            await all_stored(all_parts)
        found = await counts(database_url)
        assert (found.rows, found.minutes, found.sessions) == (1, 1, 1)


async def test_postgres_away_does_not_touch_the_intake(
    database_url: str, redis_url: str, servers: Servers
) -> None:
    """(AC14)"""
    if servers.postgres is None:
        pytest.skip("the server is not ours to kill")
    async with (
        parts(database_url, redis_url) as all_parts,
        client_of(all_parts) as client,
        worker(all_parts),
    ):
        await client.post(TRACK, json=body("s"))
        await all_stored(all_parts)
        servers.postgres.kill()
        async with asyncio.timeout(100):  # if each waited for PostgreSQL, 200 would take longer
            for _ in range(200):
                assert (await client.post(TRACK, json=body("s"))).status_code == 200
        asked = await client.get(TRACK, params={"sessionId": "s"})
        assert asked.status_code == 503
        assert int(asked.headers["retry-after"]) >= 1
        servers.revive()
        await all_stored(all_parts)
        data = (await client.get(TRACK, params={"sessionId": "s"})).json()["data"]
        assert (data["interactionCount"], len(data["interactions"])) == (201, 100)
    found = await counts(database_url)
    assert (found.rows, found.minutes) == (201, 201)


async def test_redis_away_is_503_at_once(
    database_url: str, redis_url: str, servers: Servers, caplog: pytest.LogCaptureFixture
) -> None:
    if servers.valkey is None:
        pytest.skip("the server is not ours to kill")
    async with (
        parts(database_url, redis_url, redis_seconds=60) as all_parts,
        client_of(all_parts) as client,
    ):
        servers.valkey.kill()
        for method in ("POST", "GET"):
            async with asyncio.timeout(30):  # no deadline had to pass
                answer = await client.request(method, TRACK, json=body(), params={"sessionId": "s"})
            assert answer.status_code == 503
            assert int(answer.headers["retry-after"]) >= 1
            assert answer.json()["code"] == "unavailable"
        servers.revive()
        assert (await client.post(TRACK, json=body())).status_code == 200
    assert "Traceback" not in caplog.text


async def test_a_group_on_another_connection_does_not_matter(
    database_url: str, redis_url: str
) -> None:
    """GET asks the group's position; it must not matter who made the group."""
    async with Redis(redis_url) as redis:
        assert await StreamGroup(redis, consumer="x").read(1, 1) == []
    async with parts(database_url, redis_url) as all_parts, client_of(all_parts) as client:
        await post_and_see(client, "s", 3)
