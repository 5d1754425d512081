"""The overview of activity for admins, and the timeline of one session."""

import pytest

from configurator.activity.event_ids import session_uuid
from configurator.pricing.rounding import hundredths
from tests.realtime.api.activity.posting import body, worker
from tests.support.activity import (
    OVERVIEW,
    TRACK,
    all_stored,
    client_of,
    new_id,
    parts,
)
from tests.support.visits import visit


async def test_a_timeline_opens_by_its_key_and_names_nobody(
    database_url: str, redis_url: str
) -> None:
    """The stored id, which admins see in an address, does not open a session for others."""
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
