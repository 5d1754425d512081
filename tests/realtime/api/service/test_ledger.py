"""The ledger and the audit over HTTP: it adds up, and what was done is on record."""

from datetime import datetime, timedelta
from typing import Any

import httpx

from configurator.activity.interaction import Filtered
from storage.postgres.activity.batch_rows import Incoming
from storage.postgres.activity.interactions import Settled
from storage.postgres.service.audit import Actor
from storage.postgres.service.jobs import Jobs
from storage.redis.activity.entries import Entry
from storage.redis.activity.keys import EVENTS
from storage.redis.activity.stream_group import StreamGroup
from storage.redis.client import commands
from tests.realtime.api.service.test_service import ADMIN, bearer, web
from tests.realtime.sheets.reading import table
from tests.support.activity import event, now
from tests.support.audited import SOMEBODY

LEDGER = "/api/admin/ledger"
AUDIT = "/api/admin/audit"


async def read(client: httpx.AsyncClient, path: str, **query: int) -> Any:
    answer = await client.get(path, params=query, headers=bearer(ADMIN))
    assert answer.status_code == 200, answer.text
    return answer.json()


async def test_offered_entries_equal_their_ends(database_url: str, redis_url: str) -> None:
    async with web(database_url, redis_url) as (built, client):
        nothing = {"offered": 0, "waiting": 0, "missing": 0, "earlier": 0, "renewals": 0}
        assert (await read(client, LEDGER))["stream"] == {**nothing, "began": None}
        known = event()
        unwanted = Filtered(filtered="gpc", received_at=now())
        await built.stores.stream.append([known, known, unwanted, event()])
        group = StreamGroup(built.stores.redis, consumer="w")
        first, again, refused, _waiting = await group.read(4, 10)
        await built.stores.interactions.store(
            [Incoming(stream_id=each.id, event=known) for each in (first, again)],
            consumer="w",
            settled=[Settled(stream_id=refused.id, outcome="filtered", reason="gpc")],
        )
        await group.acknowledge([first, again, refused])
        jobs = Jobs(built.stores.database)
        run = await jobs.begin("audit today", "w")
        await jobs.finish(run, "ok", detail={"drift": 2, "days": {"2026-11-25": 2}}, due_at=now())
        answer = await read(client, LEDGER, days=1)
        (day,) = answer["days"]
        assert day["reasons"] == [{"outcome": "filtered", "reason": "gpc", "n": 1}]
        ended = [day[name] for name in ("stored", "duplicate", "filtered", "dead")]
        assert (ended, day["offered"]) == ([1, 1, 1, 0], 3)
        began = datetime.fromisoformat(answer["stream"].pop("began"))
        assert abs(began - now()) < timedelta(minutes=1)
        assert answer["stream"] == {**nothing, "offered": 4, "waiting": 1}
        (audit,) = answer["audits"]
        assert (audit["drift"], audit["days"]) == (2, {"2026-11-25": 2})

        # An entry that leaves without an end is missed, and a new stream knows nothing of before.
        lost = await commands(built.stores.redis).xadd(EVENTS, {"s": "x", "e": b"lost"})
        await group.read(1, 10)
        await group.acknowledge([Entry(id=lost.decode(), payload=b"lost")])
        assert (await read(client, LEDGER))["stream"]["missing"] == 1
        await commands(built.stores.redis).flushdb()
        stream = (await read(client, LEDGER))["stream"]
        assert stream == {**nothing, "missing": 2, "earlier": 3, "began": None, "renewals": 1}


async def test_actions_of_admins_are_read_page_by_page(database_url: str, redis_url: str) -> None:
    async with web(database_url, redis_url) as (built, client):
        audit = built.stores.audit
        for number in range(3):
            await audit.record(actor=SOMEBODY, action="jobs.run", subject=f"job {number}")
        newest = await read(client, AUDIT, limit=2)
        assert [line["subject"] for line in newest["lines"]] == ["job 2", "job 1"]
        assert newest["lines"][0]["actor"] == "somebody"
        rest = await read(client, AUDIT, limit=2, before=newest["before"])
        assert ([line["subject"] for line in rest["lines"]], rest["before"]) == (["job 0"], None)


async def test_the_audit_and_the_ledger_are_files(database_url: str, redis_url: str) -> None:
    async with web(database_url, redis_url) as (built, client):
        audit = built.stores.audit
        for n in range(3):
            await audit.record(
                actor=SOMEBODY,
                action="links.create",
                subject=f"=job {n}",
                detail={"views": ["a", "b"]},
            )
        asked = {"format": "csv", "lang": "de"}
        text = (await client.get(AUDIT, params=asked, headers=bearer(ADMIN))).text
        assert [line[4:] for line in table(text, ";")][:3] == [
            ["Was", "Was, Kennung", "Woran", "Ergebnis", "Einzelheiten"],
            ["Protokoll heruntergeladen", "audit.download", "Protokoll", "erledigt", "format: csv"],
            ["Dashboard geteilt", "links.create", "'=job 2", "erledigt", "views: a, b"],
        ]
        assert len(table(text, ";")) == 5
        await built.stores.stream.append([event()])
        (entry,) = await StreamGroup(built.stores.redis, consumer="w").read(1, 10)
        await built.stores.interactions.store(
            [Incoming(stream_id=entry.id, event=event())], consumer="w"
        )
        lines = table((await client.get(LEDGER, params=asked, headers=bearer(ADMIN))).text, ";")
        assert [line[1:] for line in lines] == [
            ["Ausgang", "Ausgang, Kennung", "Grund", "Grund, Kennung", "Anzahl"],
            ["gespeichert", "stored", "", "", "1"],
        ]


DONE: list[tuple[dict[str, Any], tuple[str, ...], tuple[str, ...]]] = [
    (
        {"actor": "Ben, admin session 4f2a", "action": "jobs.run", "subject": "audit today"},
        ("Ben (Admin-Sitzung 4f2a)", "Aufgabe angefordert", "Heute nachzählen", "erledigt"),
        ("Ben (Admin session 4f2a)", "Asked for a job", "Count today again", "done"),
    ),
    (
        {"actor": "nobody", "action": "sessions.begin", "subject": "", "result": "refused"},
        ("Unbekannt", "Angemeldet", "", "abgelehnt"),
        ("Unknown", "Signed in", "", "refused"),
    ),
    (
        {"actor": "person 9c", "action": "visits.download", "subject": "sessions"},
        ("Person 9c", "Sitzungen heruntergeladen", "Liste der Sitzungen", "erledigt"),
        ("Person 9c", "Downloaded sessions", "list of sessions", "done"),
    ),
    (
        {
            "actor": "nest deadletters, root",
            "action": "dead_letters.redrive",
            "subject": "1-0",
            "detail": {"letters": ["1-0", "2-0"]},
        },
        ("nest deadletters, root", "Nicht Gespeichertes gesendet", "Einträge: 2", "erledigt"),
        ("nest deadletters, root", "Sent what was not stored again", "entries: 2", "done"),
    ),
    (
        {
            "actor": "admin session 4f2a",
            "action": "dead_letters.redrive",
            "subject": "all of wrong_type",
        },
        (
            "Admin-Sitzung 4f2a",
            "Nicht Gespeichertes gesendet",
            "alle: Fehlendes Feld oder falscher Typ",
            "erledigt",
        ),
        (
            "Admin session 4f2a",
            "Sent what was not stored again",
            "all: Missing field or wrong type",
            "done",
        ),
    ),
    (
        {"actor": "person 9c", "action": "figures.download", "subject": "catalogues"},
        ("Person 9c", "Kennzahlen heruntergeladen", "Wirkung des Katalogs", "erledigt"),
        ("Person 9c", "Downloaded figures", "Effect of the catalogue", "done"),
    ),
    (
        {"actor": "person 9c", "action": "dead_letters.download", "subject": "dead-letters"},
        (
            "Person 9c",
            "Liste des nicht Gespeicherten heruntergeladen",
            "Nicht gespeichert",
            "erledigt",
        ),
        ("Person 9c", "Downloaded the list of what was not stored", "Not stored", "done"),
    ),
]


async def test_a_file_of_the_audit_says_everything_in_its_language(
    database_url: str, redis_url: str
) -> None:
    async with web(database_url, redis_url) as (built, client):
        for done, _, _ in DONE:
            await built.stores.audit.record(**{**done, "actor": Actor(done["actor"])})
        for language, mark, said in (
            ("de", ";", [de for _, de, _ in DONE]),
            ("en", ",", [en for _, _, en in DONE]),
        ):
            asked = {"format": "csv", "lang": language}
            text = (await client.get(AUDIT, params=asked, headers=bearer(ADMIN))).text
            lines = [(line[2], line[4], line[6], line[7]) for line in table(text, mark)]
            assert lines[: -len(DONE) - 1 : -1] == said
        raw = (await client.get(AUDIT, params={"format": "csv"}, headers=bearer(ADMIN))).text
        actors = [line[2] for line in table(raw, ",")]
        assert actors[: -len(DONE) - 1 : -1] == [done["actor"] for done, _, _ in DONE]


async def test_the_parameters_are_bounded(database_url: str, redis_url: str) -> None:
    async with web(database_url, redis_url) as (_, client):
        for path in (
            f"{LEDGER}?days=0",
            f"{LEDGER}?days=93",
            f"{LEDGER}?days=-1",
            f"{AUDIT}?limit=501",
            f"{AUDIT}?before=x",
            f"{AUDIT}?before={2**63}",
            f"{AUDIT}?before={'9' * 400}",
        ):
            answer = await client.get(path, headers=bearer(ADMIN))
            assert (answer.status_code, answer.json()["error"]["code"]) == (
                400,
                "malformed_message",
            )
        lines = (await read(client, AUDIT, before=2**63 - 1, limit=500))["lines"]
        assert [line["action"] for line in lines] == ["ledger.look"]


async def test_days_are_those_of_vienna(database_url: str, redis_url: str) -> None:
    async with web(database_url, redis_url) as (built, client):
        long_ago = now() - timedelta(days=40)
        await built.stores.stream.append([event(received_at=long_ago)])
        (entry,) = await StreamGroup(built.stores.redis, consumer="w").read(1, 10)
        old = Incoming(stream_id=entry.id, event=event(received_at=long_ago))
        await built.stores.interactions.store([old], consumer="w")
        assert (await read(client, LEDGER, days=30))["days"] == []
        (day,) = (await read(client, LEDGER, days=60))["days"]
        assert day["stored"] == 1
