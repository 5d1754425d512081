"""People get everything that we know about them, and are erased everywhere if they ask for it."""

from typing import Any
from uuid import UUID, uuid4

import asyncpg
import pytest

from configurator.activity.event_ids import session_uuid
from storage.redis.activity.traces import Traces
from tests.realtime.activity.service.traces import EMAIL, NAME, Stage, bury, places, staged
from tests.realtime.clients import joined, select
from tests.realtime.conftest import RunningWeb
from tests.support.activity import counts, event
from tests.support.audited import KEY

KNOWN = "/api/admin/privacy/known"
EXPORT = "/api/admin/privacy/export"
ERASE = "/api/admin/privacy/erase"
SAID = "SELECT reasons->0->'text' AS text FROM operations WHERE outcome = 'conflict'"


async def exported(stage: Stage, subject: object) -> dict[str, Any]:
    answer = await stage.admin.call("GET", EXPORT, params={"subject": str(subject)})
    assert answer.status_code == 200, answer.text
    found: dict[str, Any] = answer.json()
    return found


async def erased(stage: Stage, subject: object) -> dict[str, int]:
    asked = {"subject": str(subject), "confirm": str(subject)}
    answer = await stage.admin.call("POST", ERASE, json=asked)
    assert answer.status_code == 200, answer.text
    found: dict[str, int] = answer.json()["counts"]
    return found


async def agree(database_url: str, rows: int) -> None:
    found = await counts(database_url)
    assert found.rows == found.minutes == found.sessions == found.choices == found.ledger == rows


async def rows(database_url: str, query: str) -> list[asyncpg.Record]:
    connection = await asyncpg.connect(database_url)
    try:
        found: list[asyncpg.Record] = await connection.fetch(query)
    finally:
        await connection.close()
    return found


async def ledger(database_url: str) -> dict[tuple[str, str], int]:
    query = "SELECT outcome, reason, sum(n)::int AS n FROM activity_ledger GROUP BY 1, 2"
    found = await rows(database_url, query)
    return {(each["outcome"], each["reason"]): each["n"] for each in found if each["n"]}


async def test_a_person_is_exported_whole_and_erased_everywhere(
    web: RunningWeb, database_url: str, redis_url: str
) -> None:
    stage = await staged(web)
    name_of_visit = stage.visit_key
    await stage.happened(
        event(name_of_visit, event_type="selection", selection_value="nest100"),
        event(name_of_visit, category="fenster"),
        event(stage.ben_visit_key),
    )
    await stage.work()
    await bury(stage, redis_url, name_of_visit)
    pending = [event(name_of_visit, element_id="pending"), event(stage.ben_visit_key)]
    await stage.happened(*pending)
    in_hand = await stage.read()  # a worker has them and has not stored them yet
    await stage.happened(event(name_of_visit, element_id="waiting"))
    async with joined(web.ws_url, stage.anna.token or "", str(stage.ours)) as socket:
        await web.parts.editing.hub.store_presence()
        await web.parts.editing.hub.tell_report()

        found = await exported(stage, stage.anna_id)
        known = (
            await stage.admin.call("GET", KNOWN, params={"subject": str(stage.anna_id)})
        ).json()
        kinds = {kind: len(rows) for kind, rows in found.items() if isinstance(rows, list) and rows}
        kinds = {**kinds, "person": 1}
        kinds.pop("presence")  # where they are at this moment is not kept
        assert known["counts"] == kinds
        assert known["subject"] == found["subject"]
        assert NAME not in str(known)
        given = (await stage.admin.call("GET", KNOWN, params={"subject": EMAIL})).json()
        assert (given["people"], given["counts"]) == ([str(stage.anna_id)], {"inquiries": 1})
        assert found["person"]["name"] == NAME
        assert str(stage.visit) in {each["id"] for each in found["sessions"]}
        assert {each["category"] for each in found["interactions"]} == {"nest", "fenster"}
        assert {each["option"] for each in found["choices"]} == {"nest100", ""}
        houses = {str(stage.alone), str(stage.ours)}
        assert {each["id"] for each in found["configurations"]} == houses
        assert {each["configuration_id"] for each in found["operations"]} == houses
        assert {each["configuration_id"] for each in found["grants"]} == houses
        assert [each["role"] for each in found["share_links"]] == ["editor"]
        assert [each["email"] for each in found["inquiries"]] == [EMAIL]
        elements = [each["event"]["interaction"]["elementId"] for each in found["stream"]]
        assert elements == ["pending", "waiting"]
        assert len(found["dead_letters"]) == 2
        assert any(each["members"] for each in found["presence"])
        assert found["truncated"] == []
        assert "sha256" not in str(found)
        bens = await exported(stage, stage.ben_id)
        (conflict,) = await rows(database_url, SAID)
        assert NAME in conflict["text"]

        receipt = await erased(stage, stage.anna_id)
        assert (await socket.until("left"))["code"] == "access_revoked"
        assert (await socket.join(str(stage.ours)))["code"] == "not_authenticated"
    assert receipt["interactions"] == 2
    assert receipt["dead_letters"] == 2
    assert (receipt["stream_entries"], receipt["seen_ids"]) == (6, 4)
    assert (receipt["inquiries"], receipt["configurations"], receipt["person"]) == (1, 1, 1)

    await stage.store(in_hand)
    await stage.work()
    await stage.happened(event(name_of_visit, element_id="late"))
    await stage.work()
    await agree(database_url, 2)
    assert await ledger(database_url) == {
        ("stored", ""): 2,
        ("filtered", "erased"): 5,
        ("dead", "malformed_json"): 2,
    }
    traces = Traces(web.parts.stores.redis)
    await traces.remove_entries(await traces.kept([stage.visit]))  # as what is stored is trimmed
    await web.parts.editing.hub.store_presence()
    await web.parts.editing.hub.tell_report()
    everywhere = await places(
        database_url, redis_url, str(stage.anna_id), str(stage.visit), name_of_visit, EMAIL, NAME
    )
    assert everywhere == ["erased_sessions"]  # the id alone, so that late events are refused

    (conflict,) = await rows(database_url, SAID)
    assert "Gelöschte Person hat „" in conflict["text"]
    assert "A deleted person has changed “" in conflict["text"]
    after = await exported(stage, stage.ben_id)
    for kind in ("person", "grants", "share_links", "inquiries"):
        assert after[kind] == bens[kind]
    for kind, key in (("sessions", "id"), ("operations", "op_id"), ("configurations", "id")):
        assert [each[key] for each in after[kind]] == [each[key] for each in bens[kind]]
    assert len(after["interactions"]) == 2
    log = await stage.ben.call("GET", f"/api/configurations/{stage.ours}/ops")
    authors = [each["author"]["name"] for each in log.json()["ops"]]
    assert authors == ["Gelöschte Person", "Ben Auer"]
    assert (await stage.ben.submit(str(stage.ours), select("nest", "nest80"))).status_code == 200
    assert (await stage.anna.call("GET", f"/api/configurations/{stage.ours}")).status_code == 401


@pytest.mark.parametrize("name", ["client_1732_anna", "018f3c5e-0000-7000-8000-00000000a11a"])
async def test_a_session_is_erased_and_stays_so(
    web: RunningWeb, database_url: str, redis_url: str, name: str
) -> None:
    stage = await staged(web)
    tracked = [
        event(name, event_type="view"),
        event(name, time_spent_ms=50),
        event("somebody else"),
    ]
    await stage.happened(*tracked)
    await stage.work()
    await stage.happened(tracked[0], event(name))
    in_hand = await stage.read()
    await bury(stage, redis_url, name)
    session_id = session_uuid(name)
    assert len((await exported(stage, name))["interactions"]) == 2
    assert len((await exported(stage, session_id))["stream"]) == 2

    receipt = await erased(stage, name)
    assert receipt["interactions"] == 2
    assert receipt["sessions"] == 1
    assert receipt["stream_entries"] == 6
    await stage.store(in_hand)
    await agree(database_url, 1)
    assert await ledger(database_url) == {
        ("stored", ""): 1,
        ("filtered", "erased"): 4,
        ("dead", "malformed_json"): 2,
    }
    assert await places(database_url, redis_url, name, str(session_id)) == ["erased_sessions"]
    assert await erased(stage, name) == {}
    await stage.happened(tracked[0])
    await stage.work()
    await agree(database_url, 1)
    assert (await ledger(database_url))["filtered", "erased"] == 5


async def test_an_address_stands_for_its_inquiries_and_is_not_written_down(
    web: RunningWeb, database_url: str, redis_url: str
) -> None:
    stage = await staged(web)
    found = await exported(stage, EMAIL.lower())
    assert [each["name"] for each in found["inquiries"]] == [NAME]
    assert found["sessions"] == found["operations"] == []
    assert await erased(stage, EMAIL.upper()) == {"inquiries": 1}
    assert await places(database_url, redis_url, EMAIL) == []
    answer = await stage.admin.call("GET", EXPORT, params={"subject": EMAIL})
    assert (answer.status_code, answer.json()["error"]["code"]) == (404, "subject_unknown")
    lines = await rows(
        database_url, "SELECT * FROM admin_actions WHERE action LIKE 'privacy.%' ORDER BY id"
    )
    assert [each["action"] for each in lines] == ["privacy.export", "privacy.erase"]
    assert {each["subject"] for each in lines} == {KEY.subject(EMAIL.lower())}
    assert all(each["actor"].startswith("admin session ") for each in lines)


async def test_one_mailbox_is_found_and_erased_in_all_its_spellings(
    web: RunningWeb, database_url: str
) -> None:
    stage = await staged(web)
    one = ["info@häuser-müller.example", "Info@xn--huser-mller-l8a23a.example"]
    two = ["İpek@example.at", "ipek@example.at"]
    for email in (*one, *two):
        asked = {
            "inquiry_id": str(uuid4()), "name": "Somebody", "email": email, "consent": True,
        }  # fmt: skip
        path = f"/api/configurations/{stage.ours}/inquiries"
        assert (await stage.anna.call("POST", path, json=asked)).status_code == 201
    async with web.parts.stores.database.driver() as connection:  # written by the release before
        await connection.execute("UPDATE inquiries SET mailbox = NULL WHERE email = $1", one[1])
    spelled = [*one, "INFO@ha\u0308user-mu\u0308ller.example."]
    for email in spelled:
        known = (await stage.admin.call("GET", KNOWN, params={"subject": email})).json()
        assert known["counts"] == {"inquiries": 2}, email
        found = await exported(stage, email)
        assert [each["email"] for each in found["inquiries"]] == one
        assert "mailbox" not in found["inquiries"][0]
    for email in two:
        assert [each["email"] for each in (await exported(stage, email))["inquiries"]] == [email]
    assert await erased(stage, spelled[2]) == {"inquiries": 2}
    assert await erased(stage, two[0]) == {"inquiries": 1}
    left = await rows(database_url, "SELECT email FROM inquiries ORDER BY email")
    assert [each["email"] for each in left] == sorted([EMAIL, two[1]])


async def test_only_an_admin_who_types_it_twice_may_erase(web: RunningWeb) -> None:
    stage = await staged(web)
    subject = str(stage.anna_id)
    asked = {"subject": subject, "confirm": subject}
    for api in (web.api(), stage.anna):
        refused = await api.call("POST", ERASE, json=asked)
        assert (refused.status_code, refused.json()["error"]["code"]) == (401, "admins_only")
        for path in (EXPORT, KNOWN):
            refused = await api.call("GET", path, params={"subject": subject})
            assert refused.json()["error"]["code"] == "admins_only"
    refused = await stage.admin.call("POST", ERASE, json={**asked, "confirm": "yes"})
    assert refused.json()["error"]["code"] == "not_confirmed"
    for strange in ("", "x" * 400, str(uuid4()), "nobody@haus.example"):
        for path in (EXPORT, KNOWN):
            answer = await stage.admin.call("GET", path, params={"subject": strange})
            assert answer.json()["error"]["code"] == "subject_unknown"
    assert UUID((await exported(stage, subject))["person"]["id"]) == stage.anna_id
