"""The audit has all actions and looks of admins: actor, action, subject, network, result."""

import asyncio
import json
from collections.abc import AsyncIterator, Awaitable, Iterator
from contextlib import asynccontextmanager, contextmanager
from datetime import UTC, datetime
from typing import Any
from uuid import uuid4

import pytest

from app.admin_link import Minter, mint_admin_link
from configurator.activity.event_ids import session_uuid
from realtime.activity.service.privacy import SUBJECT_MAX
from realtime.people.looks import REFUSED_MAX, SAME_LOOK_SECONDS, Looks
from realtime.people.principal import Staff, token_sha256
from storage.errors import StorageUnavailable
from storage.postgres.engine import Database, Deadlines
from storage.postgres.service.audit import Actor, Audit
from storage.postgres.service.audit_chain import Break
from tests.realtime.clients import Api, joined, opened
from tests.realtime.conftest import RunningWeb
from tests.support.audited import KEY, SOMEBODY
from tests.support.waiting import eventually

Line = tuple[str, str, str]


async def lines(web: RunningWeb) -> list[Line]:
    """Action, subject and result, the oldest first."""
    found = await web.parts.stores.audit.latest()
    assert all(line.network == "127.0.0.0/24" for line in found if "session" in line.actor)
    return [(line.action, line.subject, line.result) for line in reversed(found)]


async def admin(web: RunningWeb, session: str = "an admin session of the audit") -> Api:
    until = datetime(2100, 1, 1, tzinfo=UTC)
    await web.parts.stores.admins.open_session(token_sha256(session), until, name="Anna")
    return web.api(session)


async def test_a_sign_in_its_refusal_and_the_sign_out(web: RunningWeb, database_url: str) -> None:
    minter = Minter(KEY, Actor("nest admin-link"))
    link = await mint_admin_link(database_url, web.url, "Anna", minter=minter)
    asked = {"token": link.partition("#")[2]}
    signed = await web.api().call("POST", "/api/admin/login", json=asked)
    for _ in range(5):
        again = await web.api().call("POST", "/api/admin/login", json=asked)
        assert again.json()["error"]["code"] == "login_unusable"
    token = signed.cookies["nest_admin"]
    session = token_sha256(token).hex()[:12]
    who = f"Anna, admin session {session}"
    await web.api(token).call("POST", "/api/admin/logout")
    assert await lines(web) == [
        ("admin_links.mint", "Anna", "done"),
        ("sessions.begin", session, "done"),
        ("sessions.begin", "", "refused"),
        ("sessions.end", session, "done"),
    ]
    told = await web.parts.stores.audit.latest()
    assert [line.actor for line in told] == [who, "nobody", who, "nest admin-link"]
    assert [each async for each in web.parts.stores.audit.verify() if isinstance(each, Break)] == []


async def test_views_of_a_house_on_every_way_make_one_line(web: RunningWeb) -> None:
    owner = web.api()
    house = await owner.create()
    watcher = await admin(web)
    for path in ("", "/ops", "/inquiries"):
        answer = await watcher.call("GET", f"/api/configurations/{house['code']}{path}")
        assert answer.status_code in {200, 403}
        await owner.call("GET", f"/api/configurations/{house['code']}{path}")
    async with joined(web.ws_url, watcher.token or "", house["code"]):
        pass
    assert await lines(web) == [("houses.look", house["code"], "done")]


async def test_a_refused_change_of_an_admin_is_a_look_as_well(web: RunningWeb) -> None:
    """Whatever the method, and over a socket: the refusal tells that the house is there."""
    owner = web.api()
    house = await owner.create()
    watcher, some, path = await admin(web), uuid4(), f"/api/configurations/{house['code']}"
    for method, asked in (
        ("DELETE", f"/share-links/{some}"),
        ("DELETE", f"/participants/{some}"),
        ("GET", "/access"),
    ):
        answer = await watcher.call(method, path + asked)
        assert answer.json()["error"]["code"] == "owners_only"
    refused = await watcher.call("POST", f"{path}/share-links", json={"role": "editor"})
    assert refused.json()["error"]["code"] == "owners_only"
    async with opened(web.ws_url) as socket:
        await socket.hello(watcher.token or "")
        for asked_of in ("access_of", "end_link"):
            answered = await socket.ask(asked_of, configuration=house["code"], link=str(some))
            assert answered["code"] == "owners_only"
    assert await lines(web) == [("houses.look", house["code"], "done")]


async def test_links_and_members_of_a_house(web: RunningWeb) -> None:
    owner, guest = web.api(), web.api()
    house = await owner.create()
    path = f"/api/configurations/{house['id']}"
    made = await owner.call("POST", f"{path}/share-links", json={"role": "editor"})
    token = made.json()["url"].partition("#")[2]
    registered = (await guest.call("POST", "/api/people")).json()
    guest.token = registered["token"]
    await guest.call("POST", "/api/share-links/redeem", json={"token": token})
    person = registered["person"]["id"]
    removed = await owner.call("DELETE", f"{path}/participants/{person}")
    assert removed.status_code == 200, removed.text
    assert await lines(web) == [
        ("invitations.make", house["id"], "done"),
        ("members.remove", house["id"], "done"),
    ]
    removal, making = await web.parts.stores.audit.latest()
    assert removal.actor == making.actor
    assert removal.detail["person"] == KEY.subject(person)
    assert removal.detail["links"] == [making.detail["link"]]


async def test_looks_at_single_sessions_hide_which(web: RunningWeb) -> None:
    session = "01a20743-a08d-7b72-a25f-d04cfc4e2365"
    watcher, hidden = await admin(web), KEY.subject(session)
    for path in (
        f"/api/sessions/track-interaction?sessionId={session}",
        f"/api/admin/analytics/sessions/{session}",
        f"/api/admin/analytics/sessions/{session.upper()}/replay",
        "/api/admin/analytics/sessions",
        "/api/admin/analytics/sessions?status=ACTIVE",
        "/api/admin/analytics/kpis",
        "/api/admin/analytics/kpis?format=csv",
        "/api/admin/audit?format=xlsx",
        "/api/admin/dead-letters",
        "/api/admin/ledger",
    ):
        assert (await watcher.call("GET", path)).status_code in {200, 404}, path
    await web.api().call("GET", f"/api/sessions/track-interaction?sessionId={session}")
    assert await lines(web) == [
        ("sessions.look", hidden, "done"),
        ("visits.list", "", "done"),
        ("figures.download", "kpis", "done"),
        ("audit.download", "audit", "done"),
        ("dead_letters.look", "", "done"),
        ("ledger.look", "", "done"),
    ]
    about: dict[str, Any] = (
        await watcher.call("GET", "/api/admin/audit", params={"about": session})
    ).json()
    assert [line["action"] for line in about["lines"]] == ["sessions.look"]
    longer = {"about": "0" * (SUBJECT_MAX + 1)}
    refused = await watcher.call("GET", "/api/admin/audit", params=longer)
    assert (refused.status_code, refused.json()["error"]["code"]) == (400, "malformed_message")


async def test_watching_over_sockets_makes_one_line_however_often_they_come_back(
    web: RunningWeb,
) -> None:
    watcher = await admin(web)
    for _ in range(3):
        async with opened(web.ws_url) as socket:
            await socket.hello(watcher.token or "")
            assert (await socket.ask("watch"))["type"] == "watching"
    stranger = web.api()
    await stranger.create()
    async with opened(web.ws_url) as socket:
        await socket.hello(stranger.token or "")
        assert (await socket.ask("watch"))["code"] == "admins_only"
    assert await lines(web) == [("activity.watch", "", "done")]


async def test_the_live_view_tells_of_a_single_session_after_the_audit_says_so(
    web: RunningWeb,
) -> None:
    watcher, frames = await admin(web), list[dict[str, Any]]()
    principal = await web.parts.people.authenticator.by_token(watcher.token or "")
    assert isinstance(principal, Staff)
    watch = await web.parts.activity.live_view.watch(
        lambda text: frames.append(json.loads(text)), admin=principal, network="127.0.0.0/24"
    )
    history = {"type": "history", "before": datetime.now(UTC).isoformat()}

    async def asked(number: int, session: str) -> object:
        await watch.receive(json.dumps({**history, "re": number, "wish": {"session": session}}))
        found = await eventually(
            lambda: [each for each in frames if each["type"] == "history" and each["re"] == number]
        )
        return found[0]["entries"]

    assert await asked(1, "") == []
    assert await lines(web) == []
    assert await asked(2, "a visit") == []
    await watch.receive(json.dumps({"type": "timeline", "session": "a visit"}))
    await watch.receive(json.dumps({"type": "timeline", "session": ""}))
    seen = [("sessions.look", KEY.subject(str(session_uuid("a visit"))), "done")]
    assert await lines(web) == seen
    async with locked_audit(web.owner_url):
        with impatient(web.parts.stores.database):
            assert await asked(3, "another visit") is None
    await watch.close()
    assert await lines(web) == seen


@asynccontextmanager
async def locked_audit(database_url: str) -> AsyncIterator[None]:
    """No line can be written into the audit inside the block."""
    async with Database(database_url) as other, other.driver() as held, held.transaction():
        await held.execute("LOCK TABLE admin_actions")
        yield


@contextmanager
def impatient(database: Database) -> Iterator[None]:
    """Inside the block no call waits long for a lock; before and after it, a slow one has time."""
    usual, database.deadlines = database.deadlines, Deadlines(call=1.5)
    try:
        yield
    finally:
        database.deadlines = usual


async def refused(look: Awaitable[None]) -> None:
    with pytest.raises(StorageUnavailable):
        await look


async def test_the_same_views_at_the_same_moment_make_one_line(database_url: str) -> None:
    async with Database(database_url) as database:
        audit = Audit(database, KEY)
        looks = Looks(audit, clock=lambda: 0.0)
        async with asyncio.TaskGroup() as tasks:
            for _ in range(20):
                tasks.create_task(looks.write(SOMEBODY, "houses.look", "7K3M9QXA"))
        assert len(await audit.latest()) == 1
        async with locked_audit(database_url):
            with impatient(database):
                async with asyncio.TaskGroup() as tasks:
                    for _ in range(5):
                        tasks.create_task(refused(looks.write(SOMEBODY, "houses.look", "GVESS000")))
        await looks.write(SOMEBODY, "houses.look", "GVESS000")
        assert len(await audit.latest()) == 2


async def test_lines_and_those_that_failed_are_counted(web: RunningWeb) -> None:
    owner, watcher = web.api(), await admin(web)
    house = await owner.create()
    path = f"/api/configurations/{house['code']}"
    link = await owner.call("POST", f"{path}/share-links", json={"role": "editor"})
    assert link.status_code == 201
    assert (await watcher.call("GET", path)).status_code == 200
    async with locked_audit(web.owner_url):
        with impatient(web.parts.stores.database):
            assert (await watcher.call("GET", "/api/admin/ledger")).status_code == 503
            again = await owner.call("POST", f"{path}/share-links", json={"role": "editor"})
            assert again.status_code == 503
    text = (await watcher.call("GET", "/metrics")).text
    assert 'nest_audit_lines_total{result="written"} 2.0' in text
    assert 'nest_audit_lines_total{result="failed"} 2.0' in text
    assert len(await lines(web)) == 2


async def test_a_look_that_cannot_be_written_down_is_refused(database_url: str) -> None:
    async with Database(database_url, deadlines=Deadlines(call=0.5)) as database:
        looks = Looks(Audit(database, KEY), clock=lambda: 0.0)
        async with locked_audit(database_url):
            with pytest.raises(StorageUnavailable):
                await looks.write(SOMEBODY, "houses.look", "7K3M9QXA")


async def test_the_same_look_is_written_again_after_ten_minutes(database_url: str) -> None:
    moments = [0.0, 1.0, SAME_LOOK_SECONDS - 1, SAME_LOOK_SECONDS, SAME_LOOK_SECONDS + 1]
    moment = 0.0
    async with Database(database_url) as database:
        audit = Audit(database, KEY)
        looks = Looks(audit, clock=lambda: moment)
        for each in moments:
            moment = each
            await looks.write(SOMEBODY, "houses.look", "7K3M9QXA")
        assert len(await audit.latest()) == 2


async def test_refused_sign_ins_from_everywhere_do_not_fill_the_audit(database_url: str) -> None:
    moment = 0.0
    async with Database(database_url) as database:
        audit = Audit(database, KEY)
        looks = Looks(audit, clock=lambda: moment)
        for number in range(200):
            await looks.sign_in_refused(f"10.0.{number}.0/24")
        assert len(await audit.latest(limit=500)) == REFUSED_MAX
        moment = 3600.0
        await looks.sign_in_refused("192.0.2.0/24")
        (newest,) = await audit.latest(limit=1)
        assert newest.detail == {"left_out": 200 - REFUSED_MAX}
