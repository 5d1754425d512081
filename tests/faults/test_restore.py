"""A backup is restored under real processes with open houses; everybody goes on from it."""

import asyncio
from argparse import Namespace
from collections.abc import Iterable
from pathlib import Path
from time import time_ns
from uuid import uuid4

import aiohttp
import asyncpg
import pytest

from app.backup.making import make_backup
from app.commands.data.restore import run as restore
from app.commands.service.audit import run as verify_audit
from app.settings.settings import parse_settings
from configurator.activity.event_ids import uuid7
from tests.faults.load.houses import house_of
from tests.faults.load.load import nothing_waits
from tests.faults.load.stand import PATIENT, running_stand
from tests.realtime.clients import Json, Socket, joined, select
from tests.support.audited import SECRET
from tests.support.waiting import eventually

pytestmark = pytest.mark.faults

KEPT = ("people", "configurations", "operations", "grants", "share_links", "inquiries", "sessions")
"""Tables that only people change."""

SUMS = """
SELECT (SELECT count(*) FROM interactions) AS rows, (SELECT sum(n) FROM activity_minutes) AS minutes,
    (SELECT sum(n) FROM activity_ledger WHERE outcome = 'stored') AS stored,
    (SELECT sum(interaction_count) FROM sessions) AS of_sessions,
    (SELECT sum(n) FROM activity_ledger WHERE outcome <> 'stored') AS others
"""


async def test_a_backup_is_restored_under_open_houses(home: Path, tmp_path: Path) -> None:
    """(P4) (OP2) (AC1) (CL1) What was in the backup is there, once; what came after it is gone, but
    for interactions that the stream still has; and everything goes on."""
    file = tmp_path / "one.backup"
    async with (
        running_stand(home, NEST_AUDIT_KEY=SECRET, NEST_REDIS_DEADLINE_SECONDS=PATIENT) as stand,
        aiohttp.ClientSession() as http,
    ):
        url = stand.postgres.url
        given = {"DATABASE_URL": url, "REDIS_URL": stand.valkey.url, "NEST_AUDIT_KEY": SECRET}
        settings = parse_settings(given, node="test")
        house, tokens = await house_of(stand.urls[0], http, people=2)
        ends = [
            stand.urls[0].replace("http", "ws") + "/ws",
            stand.urls[1].replace("http", "ws") + "/ws",
        ]
        async with (
            joined(ends[0], tokens[0], house["id"]) as anna,
            joined(ends[1], tokens[1], house["id"]) as ben,
        ):
            await edit(anna, house, range(1, 6))
            await inquire(http, stand.urls[0], house, tokens[0])
            await report(http, stand.urls, 30)
            await eventually(lambda: nothing_waits(stand.valkey.url), 30, why="all is stored")
            before = await rows(url)
            await make_backup(url, file, {})

            await edit(anna, house, range(6, 12))
            await house_of(stand.urls[1], http, people=1)
            await report(http, stand.urls, 25)
            await eventually(lambda: nothing_waits(stand.valkey.url), 30, why="all is stored")
            await ben.until("op", version=11)
            async with asyncio.TaskGroup() as group:
                under_way = group.create_task(edit_until_answered(anna, house, 11))
                command = Namespace(file=file, replace=True, new_audit_key=False)
                assert await asyncio.to_thread(restore, settings, command, {}) == 0
            answered = under_way.result()

            shown = await ben.until("snapshot")
            assert shown["version"] in {5, 6}
            assert shown["epoch"] != house["epoch"]
            version = (await read(http, stand.urls[1], house, tokens[0]))["version"]
            assert version == (6 if answered else 5)
            await edit(anna, house, range(version + 1, version + 4))
            await ben.until("op", version=version + 3)

            after = await rows(url)
            for table in KEPT:
                if table != "sessions":
                    assert before[table] <= after[table], table
            assert len(after["people"]) == len(before["people"])
            assert len(after["operations"]) == len(before["operations"]) + 3 + bool(answered)
            assert after["inquiries"] == before["inquiries"]
            await eventually(lambda: stored(url, 55), 30, why="the stream is read again")
        verify = Namespace(head=None, forget_head=False)
        assert await asyncio.to_thread(verify_audit, settings, verify, {}) == 0
        assert list(stand.crashes()) == []


async def edit(socket: Socket, house: Json, versions: Iterable[int]) -> None:
    """One op for each version, which it leads to."""
    for version in versions:
        size = select("nest", ("nest100", "nest120")[version % 2])
        outcome = await socket.op(house["id"], size, version - 1)
        assert outcome["version"] == version, outcome


async def edit_until_answered(socket: Socket, house: Json, base: int) -> bool:
    """One op, sent again with the same id as a client does; whether it counts in the new history."""
    op = {
        "configuration": house["id"],
        "op_id": str(uuid4()),
        "base_version": base,
        "epoch": house["epoch"],
        "operation": select("nest", "nest160"),
    }
    while True:
        answer = await socket.ask("op", **op)
        if not answer.get("retryable"):
            assert answer["outcome"] == "committed", answer
            return bool(answer["version"] == 6)


async def report(http: aiohttp.ClientSession, urls: tuple[str, ...], count: int) -> None:
    for number in range(count):
        body = {
            "sessionId": f"00000000-0000-4000-8000-00000000000{number % 3}",
            "eventId": str(uuid7(time_ns() // 1_000_000, uuid4().int & ((1 << 74) - 1))),
            "interaction": {"eventType": "click", "category": "nest"},
        }
        place = f"{urls[number % len(urls)]}/api/sessions/track-interaction"
        async with http.post(place, json=body) as answer:
            assert answer.status == 200, await answer.text()


async def inquire(http: aiohttp.ClientSession, url: str, house: Json, token: str) -> None:
    body = {
        "inquiry_id": str(uuid4()), "name": "Anna", "email": "anna@example.org", "message": "?", "consent": True,
    }  # fmt: skip
    headers = {"authorization": f"Bearer {token}"}
    place = f"{url}/api/configurations/{house['id']}/inquiries"
    async with http.post(place, json=body, headers=headers) as answer:
        assert answer.status in {200, 201}, await answer.text()


async def read(http: aiohttp.ClientSession, url: str, house: Json, token: str) -> Json:
    headers = {"authorization": f"Bearer {token}"}
    async with http.get(f"{url}/api/configurations/{house['id']}", headers=headers) as answer:
        found: Json = await answer.json()
        return found


async def stored(url: str, count: int) -> bool:
    """Whether this many interactions are stored, each once, and every sum agrees."""
    connection = await asyncpg.connect(url)
    try:
        found = await connection.fetchrow(SUMS)
    finally:
        await connection.close()
    return found is not None and tuple(found)[:4] == (count,) * 4 and not found["others"]


async def rows(url: str) -> dict[str, set[str]]:
    """The rows of what people change, without when somebody was seen last."""
    connection = await asyncpg.connect(url)
    try:
        return {
            table: {
                row[0]
                for row in await connection.fetch(
                    "SELECT (to_jsonb(t) - '{last_seen_at,seen_at,token_used_at,head,selection,written,"
                    f"total_cents,updated_at}}'::text[])::text FROM {table} AS t"
                )
            }
            for table in KEPT
        }
    finally:
        await connection.close()
