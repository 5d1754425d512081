"""Dead letters over HTTP: for admins only, bounded, one at a time or by kind."""

import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from typing import TypeAlias
from uuid import UUID

import httpx
import msgspec
import pytest
from starlette.requests import HTTPConnection

from app.parts.analytics import sheets_of
from app.parts.catalogue import current_catalogue
from configurator.activity.interaction import Event, Filtered, encode_event
from configurator.activity.tracking import DeviceInfo, Interaction
from configurator.activity.untrusted import SENTENCES
from realtime.activity.service.dead_letters import DeadLetters
from realtime.api.declared.marks import endpoints_of
from realtime.api.service.dead_letters import PATH, DeadLetterEndpoints
from realtime.people.principal import Staff
from storage.postgres.activity.ledger import Ledger
from storage.postgres.service.audit import Audit
from storage.redis.activity.dead_letters import PAGE_MAX, DeadLetter, DeadLetterStream
from storage.redis.activity.keys import EVENTS
from storage.redis.activity.stream_group import StreamGroup
from storage.redis.client import commands
from tests.realtime.sheets.reading import book, table
from tests.support.activity import Parts, event, now, parts, store_all
from tests.support.audited import KEY
from tests.support.described import admin_called, endpoints_alone
from tests.support.programs.servers import Servers

Place: TypeAlias = tuple[str, ...]


@asynccontextmanager
async def client_of(parts: Parts, admin: str | None) -> AsyncIterator[httpx.AsyncClient]:
    async def staff_of(_connection: HTTPConnection) -> Staff | None:
        return admin_called(admin) if admin else None

    letters = DeadLetters(
        letters=DeadLetterStream(parts.redis),
        audit=Audit(parts.database, KEY),
        ledger=Ledger(parts.database),
        now=now,
    )
    sheets = sheets_of(current_catalogue, lambda: datetime.now(UTC))
    endpoints = endpoints_of(DeadLetterEndpoints(letters=letters, sheets=sheets))
    with endpoints_alone(endpoints, staff_of) as app:
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
        assert await DeadLetterStream(all_parts.redis).count() == 1


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
        error = refused.json()["error"]
        assert (error["field"], error["reason"]) == ("happened_at", "time_out_of_range")
        assert error["detail"] == "time_out_of_range: happened_at"
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
        first = await client.get(PATH, params={"before": "0-0"})
        assert (first.status_code, first.json()["letters"]) == (200, [])
        empty: dict[str, object] = {"letters": [], "before": None, "total": 0, "kinds": {}}
        assert (await client.get(PATH)).json() == empty
        actors = {line.actor for line in await Audit(all_parts.database, KEY).latest()}
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


FULL = msgspec.structs.replace(
    event(
        element_id="e", selection_value="v", previous_value="p", time_spent_ms=1, total_cents=2,
        change_cents=3, version=4, props={"a": [1, "b"]},
        device_info=DeviceInfo(type="phone", width=1, height=2),
    ),
    happened_at=now(), skew_ms=1, tab=1, seq=1, user_agent="u", language="de", referrer="r",
    network="192.0.2.0/24",
)  # fmt: skip

WRONG: list[object] = [
    "a\x00b", "\ud83d", "x" * 5_000, "", "text", 10**30, -(10**30), 2**63, 2**31, 2**15, -1, 1.5,
    True, None, [], {}, ["a\x00b"], {"a\x00b": 1}, {"a": "\x00"}, {"a": 10**30}, {"a": "\ud83d"},
    "0001-01-01T00:00:00Z", "9999-12-31T23:59:59Z", "9999-12-31T23:59:59-14:00", "2026-11-29",
    "fe80::1%eth0", "300.1.1.1", "1.2.3.4/33", "3f0e8a52-7c1d-4b9e-9a44-0d6c1f2e5b77", str(UUID(int=2**128 - 1)),
    "00000000-0000-7000-8000-000000000000",
]  # fmt: skip


INSIDE: dict[str, type[Interaction] | type[DeviceInfo]] = {
    "interaction": Interaction,
    "deviceInfo": DeviceInfo,
}


def places(
    event: object, struct: type[Event | Interaction | DeviceInfo], where: tuple[str, ...] = ()
) -> list[Place]:
    """Every field of an event and of what is in it; fails when one of them is not filled."""
    assert isinstance(event, dict)
    found: list[Place] = []
    for field in msgspec.structs.fields(struct):
        place = (*where, field.encode_name)
        assert field.encode_name in event or field.name == "bot"
        found.append(place)
        inner = INSIDE.get(field.encode_name)
        if inner is not None:
            found += places(event[field.encode_name], inner, place)
    return found


def altered(place: Place, value: object) -> str:
    """The JSON of `FULL` with another value in this place."""
    whole = msgspec.to_builtins(FULL)
    inner = whole
    for name in place[:-1]:
        inner = inner[name]
    inner[place[-1]] = value
    return json.dumps(whole)


@pytest.mark.parametrize("value", WRONG, ids=lambda value: repr(value)[:20])
async def test_a_letter_is_refused_where_it_is_mended_or_can_be_stored(
    database_url: str, redis_url: str, value: object
) -> None:
    """Every field, by what the worker checks: nothing is taken that PostgreSQL refuses later."""
    async with parts(database_url, redis_url) as all_parts, client_of(all_parts, "me") as client:
        everywhere = places(msgspec.to_builtins(FULL), Event)
        await bury(all_parts, *(b"bad" for _ in everywhere))
        (*letters,) = (await client.get(PATH)).json()["letters"]
        refused = 0
        for letter, place in zip(letters, everywhere, strict=True):
            name = ".".join(place)
            payload = altered(place, value)
            answer = await client.put(f"{PATH}/{letter['id']}", json={"payload": payload})
            if answer.status_code == 200:
                fixed = answer.json()["letter"]["id"]
                assert (await client.post(f"{PATH}/{fixed}/redrive")).status_code == 200
                continue
            refused += 1
            assert (answer.status_code, answer.json()["error"]["code"]) == (400, "event_unusable")
            code, _, field = answer.json()["error"]["detail"].partition(": ")
            assert code in SENTENCES
            assert field == name or field.startswith(f"{name}."), (name, field)
        await store_all(all_parts)
        left = (await client.get(PATH)).json()
        assert left["total"] == refused, left["kinds"]


async def test_the_fate_of_an_entry_is_certain(database_url: str, redis_url: str) -> None:
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
        await store_all(all_parts)
        assert await became() == ["stored", "duplicate", "filtered", "filtered", "dead"]
        await commands(all_parts.redis).xtrim(EVENTS, maxlen=0)
        assert (await client.get(f"{PATH}/entries/{entries[0]}")).status_code == 404


async def test_the_parameters_are_bounded(database_url: str, redis_url: str) -> None:
    async with parts(database_url, redis_url) as all_parts, client_of(all_parts, "me") as client:
        for query in ("limit=0", "limit=x", "limit=99999", "before=1", f"kind={'x' * 65}", "kind="):
            answer = await client.get(f"{PATH}?{query}")
            assert answer.status_code == 400
            assert answer.json()["error"]["detail"].startswith(query.partition("=")[0] + " must ")
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
        assert await DeadLetterStream(all_parts.redis).count() == 1
