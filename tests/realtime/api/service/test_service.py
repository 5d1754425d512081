"""The service for admins: jobs, audit, and the figures for Prometheus, on a whole web process."""

import re
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import httpx
from prometheus_client.parser import text_string_to_metric_families

from app.settings.settings import parse_settings
from app.web import Web
from realtime.people.principal import token_sha256
from storage.postgres.service.jobs import Jobs, Leadership
from storage.redis.activity.keys import EVENTS
from storage.redis.activity.stops import WorkerStops
from storage.redis.client import commands
from tests.support.activity import ago, event, now
from tests.support.audited import SECRET
from tests.support.described import as_described
from tests.support.programs.servers import Servers

TOKEN = "a-token-for-the-scraper"
ADMIN = "an-admin-session-token"
SIGNING = {"/api/admin/login", "/api/admin/logout"}


@asynccontextmanager
async def web(database_url: str, redis_url: str) -> AsyncIterator[tuple[Web, httpx.AsyncClient]]:
    settings = parse_settings(
        {
            "DATABASE_URL": database_url,
            "REDIS_URL": redis_url,
            "NEST_METRICS_TOKEN": TOKEN,
            "NEST_AUDIT_KEY": SECRET,
            "NEST_REDIS_DEADLINE_SECONDS": "5",
            "NEST_LIMIT_SCALE": "100",
        }
    )
    built = Web(settings)
    failure: Exception | None = None
    async with built.app.router.lifespan_context(built.app):
        await built.stores.admins.open_session(token_sha256(ADMIN), now().replace(year=2100))
        try:
            with as_described(built.app, built.routes.described) as app:
                transport = httpx.ASGITransport(app=app)
                async with httpx.AsyncClient(transport=transport, base_url="http://test") as client:
                    yield built, client
        except Exception as error:  # noqa: BLE001 - in the lifespan it would end the process
            failure = error
    if failure is not None:
        raise failure


def bearer(token: str) -> dict[str, str]:
    return {"authorization": f"Bearer {token}"}


async def figures(client: httpx.AsyncClient) -> dict[tuple[str, ...], float]:
    answer = await client.get("/metrics", headers=bearer(TOKEN))
    assert answer.status_code == 200
    return {
        (sample.name, *sample.labels.values()): sample.value
        for family in text_string_to_metric_families(answer.text)
        for sample in family.samples
    }


async def test_every_address_for_admins_refuses_others(database_url: str, redis_url: str) -> None:
    async with web(database_url, redis_url) as (_, client):
        paths = (await client.get("/openapi.json")).json()["paths"]
        asked = {
            (method, path)
            for path, methods in paths.items()
            for method in methods
            if path.startswith("/api/admin/") and path not in SIGNING
        }
        assert len(asked) > 30
        for method, path in asked:
            place = re.sub(r"{.*?}", "1-1", path)
            for headers in ({}, bearer("0" * 40)):
                answer = await client.request(method, place, headers=headers, json={})
                found = answer.json()
                code = found.get("code") or found["error"]["code"]
                assert (answer.status_code, code) == (401, "admins_only"), (method, path)
            stated = paths[path][method]["responses"]["401"]["x-codes"]
            assert "admins_only" in stated, (method, path)


async def test_the_audit_names_the_session_that_was_admitted(
    database_url: str, redis_url: str
) -> None:
    """A closed session, whose cookie the browser still sends, is not named."""
    async with web(database_url, redis_url) as (_, client):
        both = {**bearer(ADMIN), "cookie": f"nest_admin={'0' * 40}"}
        again = {"letters": ["1-1"]}
        answer = await client.post("/api/admin/dead-letters/redrive", json=again, headers=both)
        assert answer.status_code == 200, answer.text
        (line,) = (await client.get("/api/admin/audit", headers=both)).json()["lines"]
        assert line["actor"] == f"admin session {token_sha256(ADMIN).hex()[:12]}"


async def test_the_audit_names_the_person_for_whom_the_link_was_made(
    database_url: str, redis_url: str
) -> None:
    async with web(database_url, redis_url) as (built, client):
        token = "1" * 40
        await built.stores.admins.open_session(
            token_sha256(token), now().replace(year=2100), name="Anna"
        )
        again = {"letters": ["1-1"]}
        path = "/api/admin/dead-letters/redrive"
        assert (await client.post(path, json=again, headers=bearer(token))).status_code == 200
        (line,) = (await client.get("/api/admin/audit", headers=bearer(token))).json()["lines"]
        assert line["actor"] == f"Anna, admin session {token_sha256(token).hex()[:12]}"


async def test_nobody_else_reads_them(database_url: str, redis_url: str) -> None:
    async with web(database_url, redis_url) as (_, client):
        for path in ("/metrics", "/api/admin/jobs", "/api/admin/ledger", "/api/admin/audit"):
            for headers in ({}, bearer("wrong"), bearer("0" * 40)):
                answer = await client.get(path, headers=headers)
                assert (answer.status_code, answer.json()["error"]["code"]) == (401, "admins_only")
            assert (await client.get(path, headers=bearer(ADMIN))).status_code == 200
            cookie = {"cookie": f"nest_admin={ADMIN}"}
            assert (await client.get(path, headers=cookie)).status_code == 200
        assert (await client.get("/api/admin/jobs", headers=bearer(TOKEN))).status_code == 401
        listed = (await client.get("/openapi.json")).json()["paths"]
        ours = {"metrics", "api/admin/jobs", "api/admin/ledger", "api/admin/audit"}
        assert {f"/{each}" for each in ours} <= set(listed)


async def test_jobs_and_figures_say_what_is(database_url: str, redis_url: str) -> None:
    async with web(database_url, redis_url) as (built, client):
        await built.stores.stream.append([event() for _ in range(3)])
        built.editing.hub.count_dropped(4)
        built.editing.hub.count_page_dropped()
        jobs = Jobs(built.stores.database)
        run = await jobs.begin("audit today", "worker-1")
        await jobs.finish(run, "ok", detail={"drift": 2, "days": {}}, due_at=ago(minutes=1))
        failed = await jobs.begin("fold", "worker-1")
        await jobs.finish(failed, "failed", detail={"reason": "away"}, due_at=ago(minutes=1))
        await WorkerStops(built.stores.redis).note("worker-1", unreadable=101, of_last=500)
        running = await jobs.begin("make partitions", "worker-1")
        assert running > run
        async with Leadership(built.stores.database, node="worker-1") as leadership:
            assert await leadership.acquire()
            found = await figures(client)
            answer = (await client.get("/api/admin/jobs", headers=bearer(ADMIN))).json()
    assert found["nest_stream_lag_entries",] == 3
    assert found["nest_stream_offered_total",] == 3
    assert found["nest_stream_lag_seconds",] >= 0
    assert found["nest_dead_letters",] == found["nest_rooms",] == found["nest_connections",] == 0
    assert found["nest_frames_dropped_total", "outbox"] == 4
    assert found["nest_frames_dropped_total", "page"] == 1
    assert found["nest_ledger_entries_total", "stored"] == 0
    assert found["nest_leader", "worker-1"] == 1
    assert found["nest_rollup_drift", "audit today"] == 2
    assert 55 < found["nest_job_late_seconds", "audit today"] < 600
    assert (found["nest_worker_restarts",], answer["restarts"]) == (1, 1)
    assert found["nest_store_up", "redis"] == found["nest_store_up", "postgres"] == 1
    assert found["process_resident_memory_bytes",] > 0
    assert answer["leader"] == "worker-1"
    audit, fold, partitions = answer["jobs"]
    assert [each["detail"] for each in answer["failures"]] == [fold["detail"]]
    assert [(each["node"], each["unreadable"]) for each in answer["stops"]] == [("worker-1", 101)]
    assert (audit["job"], audit["outcome"], audit["detail"]["drift"]) == ("audit today", "ok", 2)
    assert audit["overdue_seconds"] > 55
    assert (partitions["outcome"], partitions["due_at"]) == (None, None)


async def test_a_job_is_asked_for(database_url: str, redis_url: str) -> None:
    path = "/api/admin/jobs/run"
    async with web(database_url, redis_url) as (built, client):
        jobs = Jobs(built.stores.database)
        run = await jobs.begin("audit today", "worker-1")

        async def ask(job: str, token: str = ADMIN) -> httpx.Response:
            return await client.post(path, json={"job": job}, headers=bearer(token))

        assert (await ask("audit today", TOKEN)).status_code == 401
        assert (await ask("DROP TABLE job_runs")).status_code == 404
        assert (await ask("")).status_code == 400
        assert (await ask("audit today")).json() == {"asked": False}  # it is being done
        await jobs.finish(run, "ok", detail={"drift": 0}, due_at=now().replace(year=2100))
        assert (await ask("audit today")).json() == {"asked": True}
        (row,) = (await client.get("/api/admin/jobs", headers=bearer(ADMIN))).json()["jobs"]
        assert (row["asked"], row["detail"]) == (True, {"drift": 0})
        lines = await built.stores.audit.latest()
    assert [(line.action, line.subject) for line in lines] == [("jobs.run", "audit today")] * 2
    assert all(line.actor.startswith("admin session ") for line in lines)


async def test_figures_are_read_also_while_a_store_is_away(
    database_url: str, redis_url: str, servers: Servers
) -> None:
    async with web(database_url, redis_url) as (built, client):
        await commands(built.stores.redis).xadd(EVENTS, {"s": "x", "e": b"x"})
        if servers.valkey is not None:
            servers.valkey.kill()
        found = await figures(client)
        servers.revive()
    if servers.valkey is not None:
        assert found["nest_store_up", "redis"] == 0
        assert ("nest_stream_lag_entries",) not in found
    assert found["nest_store_up", "postgres"] == 1
    assert found["nest_ops_committed_total",] == 0
