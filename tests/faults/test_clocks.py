"""Processes on machines whose clock is days off, which libfaketime makes them believe."""

import re
from datetime import UTC, datetime, timedelta

import asyncpg
import httpx
import pytest

from tests.support.faults.faketime import LIBFAKETIME
from tests.support.programs.processes import web, worker
from tests.support.waiting import eventually

BODY = {
    "sessionId": "client_1_clock",
    "interaction": {"eventType": "click", "category": "nest", "elementId": "nest80"},
}


@pytest.mark.skipif(
    not LIBFAKETIME, reason="libfaketime is not installed; the same is tested inside"
)
@pytest.mark.parametrize("days", [3, -3])
async def test_nothing_is_stored_on_a_wrong_day(
    database_url: str, redis_url: str, days: int
) -> None:
    faked = {
        "LD_PRELOAD": str(LIBFAKETIME[0]),
        "FAKETIME": f"{days:+}d",
        "FAKETIME_DONT_FAKE_MONOTONIC": "1",
    }
    token = "t" * 20
    with (
        web(database_url, redis_url, port=None, NEST_METRICS_TOKEN=token, **faked) as running,
        worker(database_url, redis_url, **faked) as consuming,
    ):
        await running.ready()
        async with httpx.AsyncClient(base_url=running.url) as client:
            answer = await client.post("/api/sessions/track-interaction", json=BODY)
            health = (await client.get("/readyz")).json()
            metrics = await client.get("/metrics", headers={"Authorization": f"Bearer {token}"})
        assert answer.status_code == 200
        assert health["ready"]
        side = "ahead of" if days > 0 else "behind"
        assert [f" s {side} that of PostgreSQL" in each for each in health["problems"]] == [True]
        (told,) = re.findall(r"^nest_clock_off_seconds (\S+)$", metrics.text, re.MULTILINE)
        assert abs(float(told) - days * 86_400) < 60
        received = await eventually(lambda: _received(database_url))
        await eventually(lambda: consuming.log.count('"clock_off"') == 1)
        assert running.log.count('"clock_off"') == 1
    assert received is not None
    assert abs(received - datetime.now(UTC)) < timedelta(hours=1)


async def _received(database_url: str) -> datetime | None:
    connection = await asyncpg.connect(database_url)
    try:
        found: datetime | None = await connection.fetchval(
            "SELECT max(received_at) FROM interactions"
        )
    finally:
        await connection.close()
    return found
