"""The REST contract of the original, and the promise: an answered POST is in the next GET."""

import asyncio
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import httpx
import pytest

from configurator.entries import decode_event
from configurator.event_ids import session_uuid, uuid7, uuid7_ms
from configurator.rounding import hundredths
from storage.postgres.interactions import Incoming
from storage.redis.client import Redis
from storage.redis.entries import Entry
from storage.redis.stream_group import StreamGroup
from tests.activity.parts import (
    OVERVIEW,
    TRACK,
    Parts,
    all_stored,
    client_of,
    counts,
    new_id,
    now,
    parts,
)
from tests.support.servers import Servers
from tests.support.visits import visit
from workers.consumer import Consumer, Pace

XSS = "<script>alert('x')</script><img src=x onerror=alert(1)>\"'; DROP TABLE interactions; --"


def body(session: str = "client_1", **interaction: object) -> dict[str, object]:
    shape = {"eventType": "click", "category": "nest", **interaction}
    return {"sessionId": session, "interaction": shape}


@asynccontextmanager
async def worker(parts: Parts, name: str = "w") -> AsyncIterator[Consumer]:
    consumer = Consumer(
        StreamGroup(parts.redis, consumer=name),
        parts.interactions,
        now=now,
        pace=Pace(block_ms=20, claim_idle_ms=50, claim_every_seconds=0.05),
    )
    stopping = asyncio.Event()
    async with asyncio.TaskGroup() as group:
        task = group.create_task(consumer.run(stopping))
        try:
            yield consumer
        finally:
            stopping.set()
            task.cancel()


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
        assert shown["data"]["performance"]["trackingEfficiency"] in {"excellent", "good"}


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


async def test_what_was_answered_is_in_the_next_answer_whatever_the_clock(
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
    """What a worker does before it acknowledges."""
    await parts.interactions.store(
        [Incoming(stream_id=e.id, event=decode_event(e.payload)) for e in taken],
        consumer="w",
    )


async def test_a_timeline_opens_by_its_key_and_names_nobody(
    database_url: str, redis_url: str
) -> None:
    """What an admin sees in an address, the stored id, opens nothing for others."""
    key = "k8Jw3vXb1YQ0tR5uLm2NaA"
    told = {"id", "eventType", "category", "elementId", "selectionValue", "timestamp", "timeSpent"}
    async with parts(database_url, redis_url) as built, client_of(built) as client:
        sent = {**body(key), "visit": {"language": "de-AT", "referrer": "https://a.example/b"}}
        answer = await client.post(TRACK, json=sent, headers={"user-agent": "Mozilla/5.0 Anna"})
        assert answer.status_code == 200
        data = (await client.get(TRACK, params={"sessionId": key})).json()["data"]
        stored_id = str(session_uuid(key))
        empty = (await client.get(TRACK, params={"sessionId": stored_id})).json()["data"]
        assert (data["interactionCount"], empty["interactionCount"]) == (1, 0)
        (shown,) = data["interactions"]
        assert set(shown) == told
        assert set(data) == {
            "sessionId", "interactionCount", "interactions", "performance", "lostEvents",
        }  # fmt: skip
        by_admin = f"/api/admin/sessions/{stored_id}/timeline"
        assert (await client.get(by_admin)).status_code in {401, 403}


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
        slowest = 0.0
        for _ in range(200):
            began = time.monotonic()
            assert (await client.post(TRACK, json=body("s"))).status_code == 200
            slowest = max(slowest, time.monotonic() - began)
        assert slowest < 0.5
        asked = await client.get(TRACK, params={"sessionId": "s"})
        assert asked.status_code == 503
        assert int(asked.headers["retry-after"]) >= 1
        servers.revive()
        await all_stored(all_parts, 20)
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


async def test_the_overview_is_for_admins_only(database_url: str, redis_url: str) -> None:
    async with parts(database_url, redis_url) as all_parts:
        async with client_of(all_parts) as client:
            refused = await client.get(OVERVIEW, params={"timeRange": "7d"})
            assert (refused.status_code, refused.json()["code"]) == (401, "admins_only")
        async with client_of(all_parts, admin=True) as client:
            await client.post(TRACK, json=body())
            async with worker(all_parts):
                await all_stored(all_parts)
            for time_range in ("24h", "7d", "30d", "90d", "all"):
                answer = await client.get(OVERVIEW, params={"timeRange": time_range})
                assert answer.json() == {
                    "success": True,
                    "data": {
                        "summary": {
                            "totalSessions": 1,
                            "completedConfigurations": 0,
                            "conversionRate": 0.0,
                            "averageOrderValue": 0.0,
                        }
                    },
                }
            unknown = await client.get(OVERVIEW, params={"timeRange": "1y"})
            assert (unknown.status_code, unknown.json()["code"]) == (400, "unknown_time_range")


async def test_the_overview_without_a_range_is_of_thirty_days_of_people(
    database_url: str, redis_url: str
) -> None:
    async with parts(database_url, redis_url) as all_parts, all_parts.database.driver() as driver:
        await driver.execute(
            "INSERT INTO sessions (id, started_at, status, bot_reason)"
            " SELECT gen_random_uuid(), now() - n * interval '1 day',"
            " CASE WHEN n = 29 THEN 'COMPLETED' ELSE 'EXPIRED' END,"
            " CASE WHEN n = 28 THEN 'headless' END FROM generate_series(1, 33) AS n"
        )
        await driver.execute(
            "INSERT INTO sessions (id, started_at) SELECT gen_random_uuid(), now()"
            " FROM generate_series(1, 3)"
        )
        async with client_of(all_parts, admin=True) as client:
            for asked in ("", "?timeRange=", "?timeRange=30d", "?timeRange=30d&timeRange=24h"):
                summary = (await client.get(OVERVIEW + asked)).json()["data"]["summary"]
                assert (summary["totalSessions"], summary["conversionRate"]) == (32, 3.13)


@pytest.mark.parametrize(
    ("value", "rounded"),
    [(3.125, 3.13), (1.125, 1.13), (1.625, 1.63), (1.005, 1.0), (2.675, 2.68), (0.0, 0.0)],
)
def test_halves_are_rounded_as_javascript_does(value: float, rounded: float) -> None:
    assert hundredths(value) == rounded


async def test_the_average_order_value_is_over_completed_sessions_in_euros(
    database_url: str, redis_url: str
) -> None:
    async with parts(database_url, redis_url) as all_parts:
        for value in (155_500_00, 289_900_00, None):
            await visit(all_parts.database, new_id(), order_value_cents=value)
        async with client_of(all_parts, admin=True) as client:
            summary = (await client.get(OVERVIEW)).json()["data"]["summary"]
        assert summary == {
            "totalSessions": 3,
            "completedConfigurations": 2,
            "conversionRate": 66.67,
            "averageOrderValue": 222_700.0,
        }


async def test_a_group_on_another_connection_is_no_obstacle(
    database_url: str, redis_url: str
) -> None:
    """GET asks the group's position; it must not matter who made the group."""
    async with Redis(redis_url) as redis:
        assert await StreamGroup(redis, consumer="x").read(1, 1) == []
    async with parts(database_url, redis_url) as all_parts, client_of(all_parts) as client:
        await post_and_see(client, "s", 3)
