"""Dead letters over HTTP: for admins only, bounded, one at a time or by kind."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime

import httpx
import msgspec
import pytest
from starlette.requests import HTTPConnection

from app.analytics import sheets_of
from app.catalogue import current_catalogue
from configurator.activity import Filtered, encode_event
from realtime.http.dead_letters import PATH, DeadLetterEndpoints
from realtime.letter_desk import LetterDesk
from storage.postgres.audit import Audit
from storage.postgres.ledger import Ledger
from storage.redis.dead_letters import PAGE_MAX, DeadLetter, DeadLetters
from storage.redis.stream import EVENTS, commands
from storage.redis.stream_group import StreamGroup
from tests.activity.parts import Parts, all_stored, event, now, parts
from tests.sheets.reading import book, table
from tests.support.described import endpoints_alone
from tests.support.servers import Servers
from workers.consumer import Consumer


@asynccontextmanager
async def client_of(parts: Parts, admin: str | None) -> AsyncIterator[httpx.AsyncClient]:
    async def admin_name(_connection: HTTPConnection) -> str | None:
        return admin

    desk = LetterDesk(
        letters=DeadLetters(parts.redis),
        audit=Audit(parts.database),
        ledger=Ledger(parts.database),
        now=now,
    )
    endpoints = DeadLetterEndpoints(
        desk=desk, sheets=sheets_of(current_catalogue, lambda: datetime.now(UTC))
    ).endpoints()
    with endpoints_alone(endpoints, admin_name) as app:
        transport = httpx.ASGITransport(app=app)
        async with httpx.AsyncClient(transport=transport, base_url="http://test") as client:
            yield client


async def bury(parts: Parts, *payloads: bytes, reason: str = "wrong_type field") -> None:
    for payload in payloads:
        await commands(parts.redis).xadd(EVENTS, {"s": "x", "e": payload})
    group = StreamGroup(parts.redis, consumer="w")
    taken = await group.read(len(payloads), 10)
    await group.dead_letters.bury([DeadLetter(entry=entry, reason=reason) for entry in taken])


async def test_nobody_but_admins(database_url: str, redis_url: str) -> None:
    async with parts(database_url, redis_url) as all_parts, client_of(all_parts, None) as client:
        await bury(all_parts, b"bad")
        for method, path in (
            ("GET", PATH),
            ("GET", f"{PATH}/1-1"),
            ("GET", f"{PATH}/entries/1-1"),
            ("PUT", f"{PATH}/1-1"),
            ("POST", f"{PATH}/redrive"),
            ("POST", f"{PATH}/1-1/redrive"),
            ("POST", f"{PATH}/1-1/drop"),
        ):
            answer = await client.request(method, path, content=b"x" * 100_000)
            assert (answer.status_code, answer.json()["error"]["code"]) == (401, "admins_only")
        assert await DeadLetters(all_parts.redis).count() == 1


async def test_look_fix_redrive_and_drop(database_url: str, redis_url: str) -> None:
    async with parts(database_url, redis_url) as all_parts, client_of(all_parts, "me") as client:
        await bury(all_parts, b"\xffbad", b'{"a": 1}')
        await bury(all_parts, b"other", reason="malformed_json")
        found = (await client.get(PATH, params={"kind": "wrong_type", "limit": 1})).json()
        assert found["total"] == 3
        assert found["kinds"] == {"wrong_type": 2, "malformed_json": 1}
        second = found["letters"][0]
        assert second["kind"] == "wrong_type"
        assert (second["deliveries"], second["fixed"], second["payload_bytes"]) == (1, False, 8)
        older = await client.get(PATH, params={"kind": "wrong_type", "before": found["before"]})
        (first,) = older.json()["letters"]
        opened = (await client.get(f"{PATH}/{first['id']}")).json()
        assert opened["payload"] == opened["pretty"] == "\\xffbad"
        assert (opened["fields"], opened["problem"]["code"]) == (None, "malformed_json")
        opened = (await client.get(f"{PATH}/{second['id']}")).json()
        assert (opened["fields"], opened["problem"]["code"]) == ({"a": 1}, "wrong_type")
        assert opened["pretty"] == '{\n  "a": 1\n}'
        assert opened["problem"]["message"]["de"]

        refused = await client.put(f"{PATH}/{first['id']}", json={"payload": "{}"})
        assert (refused.status_code, refused.json()["error"]["code"]) == (400, "event_unusable")
        absurd = encode_event(
            msgspec.structs.replace(event(), happened_at=datetime.min.replace(tzinfo=UTC))
        )
        refused = await client.put(f"{PATH}/{first['id']}", json={"payload": absurd.decode()})
        assert (refused.status_code, refused.json()["error"]["code"]) == (400, "event_unusable")
        assert refused.json()["error"]["detail"] == "time_out_of_range: occurred_at"
        payload = msgspec.json.format(encode_event(event())).decode()
        fixed = (await client.put(f"{PATH}/{first['id']}", json={"payload": payload})).json()
        assert (fixed["problem"], fixed["letter"]["fixed"]) == (None, True)
        driven = await client.post(f"{PATH}/{fixed['letter']['id']}/redrive")
        assert driven.json()["redriven"] == 1
        (entry,) = driven.json()["entries"].values()
        assert (await client.get(f"{PATH}/entries/{entry}")).json()["outcome"] == "waiting"
        gone = await client.post(f"{PATH}/{fixed['letter']['id']}/redrive")
        assert gone.status_code == 404
        all_of = await client.post(f"{PATH}/redrive", json={"kind": "malformed_json"})
        assert all_of.json() == {"redriven": 1, "entries": {}}
        dropped = await client.post(f"{PATH}/{second['id']}/drop")
        assert dropped.json() == {"dropped": True}
        empty: dict[str, object] = {"letters": [], "before": None, "total": 0, "kinds": {}}
        assert (await client.get(PATH)).json() == empty
        actors = {line.actor for line in await Audit(all_parts.database).latest()}
        assert actors == {"me"}


async def test_letters_are_a_file_whole_and_of_one_kind(database_url: str, redis_url: str) -> None:
    async with parts(database_url, redis_url) as all_parts, client_of(all_parts, "me") as client:
        await bury(all_parts, *[b"bad"] * (PAGE_MAX + 1))
        await bury(all_parts, b"x", reason="malformed_json")
        asked = {"format": "csv", "lang": "de", "tz": "UTC"}
        lines = table((await client.get(PATH, params=asked)).text, ";")
        assert len(lines) == 1 + PAGE_MAX + 2
        assert len({line[0] for line in lines}) == len(lines)
        assert len(set(lines[0])) == len(lines[0])
        only = await client.get(PATH, params={**asked, "kind": "malformed_json", "format": "xlsx"})
        assert [cell.value for cell in book(only.content)["D"]][1:] == ["malformed_json"]
        refused = await client.get(PATH, params={"format": "csv", "tz": "Mars/X"})
        assert refused.json()["error"]["code"] == "query_unusable"


async def test_what_became_of_an_entry_is_known_for_sure(database_url: str, redis_url: str) -> None:
    async with parts(database_url, redis_url) as all_parts, client_of(all_parts, "me") as client:
        known, erased = event(), event("erased")
        async with all_parts.database.driver() as connection:
            await connection.execute(
                "INSERT INTO erased_sessions (session_id) VALUES ($1)", erased.session_id
            )
        filtered = Filtered(filtered="gpc", received_at=now())
        appended = await all_parts.stream.append([known, known, erased, filtered])
        poison = await commands(all_parts.redis).xadd(EVENTS, {"s": "x", "e": b"bad"})
        entries = [*(each.stream_id for each in appended), poison.decode()]

        async def became() -> list[str]:
            answers = [await client.get(f"{PATH}/entries/{each}") for each in entries]
            return [each.json()["outcome"] for each in answers]

        assert await became() == ["waiting"] * 5
        group = StreamGroup(all_parts.redis, consumer="w")
        await group.read(5, 10)
        assert await became() == ["waiting"] * 5  # a worker has them
        stopping = asyncio.Event()
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(Consumer(group, all_parts.interactions).run(stopping))
            await all_stored(all_parts)
            stopping.set()
        assert await became() == ["stored", "duplicate", "filtered", "filtered", "dead"]
        await commands(all_parts.redis).xtrim(EVENTS, maxlen=0)
        assert (await client.get(f"{PATH}/entries/{entries[0]}")).status_code == 404


async def test_what_is_asked_is_bounded(database_url: str, redis_url: str) -> None:
    async with parts(database_url, redis_url) as all_parts, client_of(all_parts, "me") as client:
        for query in ("limit=0", "limit=x", "limit=99999", "before=1", f"kind={'x' * 65}", "kind="):
            assert (await client.get(f"{PATH}?{query}")).status_code == 400
        for path in ("x", "1", "9" * 19 + "-1", "1-1%0a"):
            assert (await client.get(f"{PATH}/{path}")).status_code == 404
            assert (await client.get(f"{PATH}/entries/{path}")).status_code == 404
        for asked in ({}, {"letters": ["1-1"], "kind": "x"}, {"letters": ["1-1"] * 201}):
            answer = await client.post(f"{PATH}/redrive", json=asked)
            assert answer.status_code == 400


async def test_without_the_audit_nothing_is_changed(
    database_url: str, redis_url: str, servers: Servers
) -> None:
    if servers.postgres is None:
        pytest.skip("the server is not ours to kill")
    async with parts(database_url, redis_url) as all_parts, client_of(all_parts, "me") as client:
        await bury(all_parts, b"bad")
        (letter,) = (await client.get(PATH)).json()["letters"]
        servers.postgres.kill()
        answer = await client.post(f"{PATH}/{letter['id']}/drop")
        servers.revive()
        assert (answer.status_code, answer.json()["error"]["code"]) == (503, "not_saved")
        assert await DeadLetters(all_parts.redis).count() == 1
