"""Who may be where: read rarely, and true within the sweep."""

import asyncio
from collections.abc import Callable, Iterator
from contextlib import AsyncExitStack, contextmanager
from datetime import UTC, datetime, timedelta
from time import monotonic
from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import event, text

from configurator.access import Role
from configurator.protocol.codes import Refused
from configurator.sharing import Invitation, SharedRole
from realtime import grants as grants_module
from realtime.grants import FRESH_SECONDS, Grants
from realtime.principal import token_sha256
from realtime.transports import websocket as websocket_transport
from storage.postgres.engine import Database
from tests.realtime.clients import Json, joined, opened, select
from tests.realtime.conftest import RunningWeb, StartWeb
from tests.realtime.test_socketio import connected
from tests.support.waiting import eventually

BY_THE_CLOCK = frozenset(
    {"head beacon", "repair", "grants", "admin board", "clock", "offered"}
    | {"look at PostgreSQL", "unless away"}
)
"""Tasks that read now and then, whoever comes: how often depends on how long a test takes."""


@contextmanager
def statements(web: RunningWeb) -> Iterator[list[str]]:
    """What this process asks PostgreSQL meanwhile, its rounds by the clock left out."""
    asked: list[str] = []

    def note(*arguments: Any) -> None:
        task = asyncio.current_task()
        if task is None or task.get_name() not in BY_THE_CLOCK:
            asked.append(str(arguments[2]))

    engine = web.parts.database.engine.sync_engine
    event.listen(engine, "before_cursor_execute", note)
    try:
        yield asked
    finally:
        event.remove(engine, "before_cursor_execute", note)


async def owner_of(web: RunningWeb, token: str | None) -> UUID:
    principal = await web.parts.authenticator.by_token(token or "")
    assert principal is not None
    return principal.person.id


async def guest(web: RunningWeb, house: Json, owner: str, role: SharedRole = "editor") -> Json:
    """Somebody who accepted an invitation: their id and token."""
    principal = await web.parts.authenticator.by_token(owner)
    assert principal is not None
    sharing = web.parts.sharing
    invited = await sharing.invite(principal, house["id"], Invitation(role=role))
    person, token = await web.parts.actions.register()
    await sharing.redeem(person, invited.url.partition("#")[2])
    return {"id": person.person.id, "token": token}


async def test_two_hundred_members_who_return_cost_a_handful_of_reads(
    web: RunningWeb, monkeypatch: pytest.MonkeyPatch
) -> None:
    """(AU1) And a room that all of them know costs none for what they missed.

    However slow the machine: nothing that was learned gets old, and who was opened first is not
    let go while the last is opened.
    """
    monkeypatch.setattr(websocket_transport, "HELLO_SECONDS", 60.0)
    moment = monotonic()
    web.parts.authenticator._clock = web.parts.grants._clock = lambda: moment
    api = web.api()
    house = await api.create()
    guests = [await guest(web, house, api.token or "") for _ in range(20)]
    async with AsyncExitStack() as stack:
        first = await stack.enter_async_context(joined(web.ws_url, api.token or "", house["code"]))
        sockets = [await stack.enter_async_context(opened(web.ws_url)) for _ in range(200)]
        outcome = await first.op(house["code"], select("nest", "nest100"))
        since = {"epoch": house["epoch"], "version": outcome["version"] - 1}

        async def come_back(number: int) -> Json:
            socket, token = sockets[number], guests[number % 20]["token"]
            await socket.hello(token)
            return await socket.join(house["code"], since=since)

        with statements(web) as asked:
            async with asyncio.TaskGroup() as tasks:
                answers = [tasks.create_task(come_back(number)) for number in range(200)]
        assert {each.result()["type"] for each in answers} == {"ops"}
        assert all(each.result()["recovered"] for each in answers)
        assert len(asked) <= 12, asked
        with statements(web) as asked:
            async with asyncio.TaskGroup() as tasks:
                again = [tasks.create_task(come_back(number)) for number in range(200)]
        assert {each.result()["type"] for each in again} == {"ops"}
        assert asked == []


async def test_whoever_loses_their_role_is_told_and_hears_nothing_more(web: RunningWeb) -> None:
    """(JN10, OP15)"""
    api = web.api()
    house = await api.create()
    lost, stays = [await guest(web, house, api.token or "") for _ in range(2)]
    async with (
        joined(web.ws_url, api.token or "", house["code"]) as owner,
        joined(web.ws_url, lost["token"], house["code"]) as raw,
        connected(web, lost["token"]) as socketio,
        joined(web.ws_url, stays["token"], house["code"]) as other,
    ):
        await socketio.ask("join", configuration=house["code"])
        await web.parts.stores.shares.remove(
            UUID(house["id"]), lost["id"], by=await owner_of(web, api.token)
        )
        await web.parts.grants.sweep()
        left = {"configuration": house["id"], "code": "access_revoked"}
        assert left.items() <= (await raw.until("left")).items()
        await eventually(lambda: socketio.seen("left"))
        assert left.items() <= socketio.seen("left")[0].items()
        await owner.op(house["code"], select("nest", "nest100"))
        await other.until("op")
        refused = await raw.op(house["code"], select("nest", "nest120"))
        assert refused["code"] == "not_found"
        assert [frame for frame in raw.frames if frame["type"] == "op"] == []
        assert socketio.seen("op") == []
        assert (await raw.join(house["code"]))["code"] == "not_found"
        since = {"epoch": house["epoch"], "version": 0}
        assert (await raw.join(house["code"], since=since))["code"] == "not_found"


async def test_the_transaction_of_an_op_ends_access_before_the_sweep(web: RunningWeb) -> None:
    """(JN10, OP15)"""
    api = web.api()
    house = await api.create()
    lost = await guest(web, house, api.token or "")
    async with (
        joined(web.ws_url, lost["token"], house["code"]) as one,
        joined(web.ws_url, lost["token"], house["code"]) as two,
    ):
        await web.parts.stores.shares.remove(
            UUID(house["id"]), lost["id"], by=await owner_of(web, api.token)
        )
        refused = await one.op(house["code"], select("nest", "nest100"))
        assert refused["code"] == "access_revoked"
        for socket in (one, two):
            seen = [each for each in socket.frames if each["type"] == "left"]
            left = seen[0] if seen else await socket.until("left")
            assert left["code"] == "access_revoked"
        since = {"epoch": house["epoch"], "version": 0}
        assert (await one.join(house["code"], since=since))["code"] == "not_found"


async def test_another_role_counts_and_is_shown(web: RunningWeb, database_url: str) -> None:
    """(AU2)"""
    api = web.api()
    house = await api.create()
    person = await guest(web, house, api.token or "")
    async with (
        joined(web.ws_url, person["token"], house["code"]) as socket,
        joined(web.ws_url, api.token or "", house["code"]) as owner,
    ):
        async with Database(database_url, pool_size=1) as database:
            await set_role(database, person["id"], "viewer")
        await web.parts.grants.sweep()
        while True:
            shown = await owner.until("presence")
            roles = {each["person"]: each["role"] for each in shown["members"]}
            if roles.get(str(person["id"])) == "viewer":
                break
        refused = await socket.op(house["code"], select("nest", "nest100"))
        assert refused["code"] == "read_only"
        await guest_becomes_editor(web, house, api.token or "", person)
        outcome = await socket.op(house["code"], select("nest", "nest100"))
        assert outcome["outcome"] == "committed"


async def guest_becomes_editor(web: RunningWeb, house: Json, owner: str, person: Json) -> None:
    principal = await web.parts.authenticator.by_token(owner)
    redeeming = await web.parts.authenticator.by_token(person["token"])
    assert principal is not None
    assert redeeming is not None
    invited = await web.parts.sharing.invite(principal, house["id"], Invitation(role="editor"))
    await web.parts.sharing.redeem(redeeming, invited.url.partition("#")[2])


async def set_role(database: Database, person_id: UUID, role: str) -> None:
    statement = text("UPDATE grants SET role = :role WHERE person_id = :person")
    await database.write(
        lambda connection: connection.execute(statement, {"role": role, "person": person_id})
    )


async def test_an_admin_who_logs_out_hears_nothing_more(web: RunningWeb) -> None:
    """(AU3)"""
    api = web.api()
    house = await api.create()
    session = "an admin session of this test"
    await web.parts.admins.open_session(
        token_sha256(session), datetime.now(UTC) + timedelta(hours=1)
    )
    async with (
        opened(web.ws_url) as admin,
        joined(web.ws_url, api.token or "", house["code"]) as owner,
    ):
        assert (await admin.hello(session))["person"]["name"] == "Admin"
        assert (await admin.join(house["code"]))["you"]["role"] == "admin"
        assert (await admin.ask("watch"))["type"] == "watching"
        done = await web.api(session).call("POST", "/api/admin/logout")
        assert done.status_code == 200
        assert (await admin.until("left"))["code"] == "access_revoked"
        assert (await admin.until("unwatched"))["code"] == "admins_only"
        await owner.op(house["code"], select("nest", "nest100"))
        assert (await admin.join(house["code"]))["code"] == "not_authenticated"
        assert [each for each in admin.frames if each["type"] == "op"] == []


async def test_an_admin_session_that_runs_out_ends_its_sockets(web: RunningWeb) -> None:
    """(AU3)"""
    session = "another admin session of this test"
    soon = datetime.now(UTC) + timedelta(seconds=60)
    await web.parts.admins.open_session(token_sha256(session), soon)
    async with opened(web.ws_url) as admin:
        await admin.hello(session)
        await admin.ask("watch")
        web.parts.admin_sessions._now = lambda: soon + timedelta(seconds=1)
        await web.parts.admin_sessions.sweep()
        assert (await admin.until("unwatched"))["code"] == "admins_only"


async def test_a_new_name_is_shown_in_every_connection_everywhere(start_web: StartWeb) -> None:
    """(AU4)"""
    one, two = await start_web("one"), await start_web("two")
    api = one.api()
    house = await api.create()
    async with (
        joined(one.ws_url, api.token or "", house["code"]) as here,
        joined(two.ws_url, api.token or "", house["code"]) as there,
    ):
        await here.ask("introduce", name="Ada")
        while True:
            shown = await there.until("presence")
            if {each["name"] for each in shown["members"]} == {"Ada"}:
                break
        outcome = await there.op(house["code"], select("nest", "nest100"))
        assert outcome["outcome"] == "committed"
        op = next(each for each in there.frames if each["type"] == "op")
        assert op["author"]["name"] == "Ada"


async def test_the_sweep_finds_a_name_that_nobody_told(web: RunningWeb) -> None:
    """(AU4) As when the bus was away."""
    api = web.api()
    house = await api.create()
    principal = await web.parts.authenticator.by_token(api.token or "")
    assert principal is not None
    async with joined(web.ws_url, api.token or "", house["code"]) as socket:
        await web.parts.stores.people.rename(principal.person.id, "Grace")
        await web.parts.grants.sweep()
        while True:
            shown = await socket.until("presence")
            if [each["name"] for each in shown["members"]] == ["Grace"]:
                break


async def test_an_unknown_token_is_asked_for_again_after_a_second(web: RunningWeb) -> None:
    """(AU5)"""
    moment = 0.0
    authenticator = web.parts.authenticator
    authenticator._clock = lambda: moment
    token = "a token that is not known yet"
    with statements(web) as asked:
        assert await authenticator.by_token(token) is None
        assert await authenticator.by_token(token) is None
        assert len(asked) == 2  # people, then admin sessions
        await web.parts.admins.open_session(
            token_sha256(token), datetime.now(UTC) + timedelta(hours=1)
        )
        assert await authenticator.by_token(token) is None
        moment = 1.0
        found = await authenticator.by_token(token)
    assert found is not None
    assert found.admin


async def test_people_who_are_here_are_noted_every_ten_minutes(web: RunningWeb) -> None:
    api = web.api()
    house = await api.create()
    token = token_sha256(api.token or "")
    people, grants = web.parts.stores.people, web.parts.grants
    moment, today = 0.0, datetime.now(UTC)
    grants._clock, grants._now = lambda: moment, lambda: today
    async with joined(web.ws_url, api.token or "", house["code"]):
        created = await people.by_token(token)
        assert created is not None
        today += timedelta(minutes=11)
        await grants.sweep()
        noted = await people.by_token(token)
        assert noted is not None
        assert noted.last_seen_at > created.last_seen_at
        today += timedelta(minutes=11)
        moment += 599
        with statements(web) as asked:
            await grants.sweep()
        assert not [each for each in asked if each.startswith("UPDATE people")]
        moment += 1
        await grants.sweep()
        again = await people.by_token(token)
        assert again is not None
        assert again.last_seen_at > noted.last_seen_at


class Quiet:
    """Somebody who hangs on a grant and writes down what happens to it."""

    def __init__(self) -> None:
        self.heard: list[object] = []

    def access_ended(self, configuration_id: UUID) -> None:
        self.heard.append("ended")

    def role_changed(self, configuration_id: UUID, role: Role) -> None:
        self.heard.append(role)

    def renamed(self, name: str) -> None:
        self.heard.append(name)

    def admin_ended(self) -> None:
        self.heard.append("logged out")


def aged(grants: Grants, clock: Callable[[], float]) -> None:
    grants._clock = clock


async def test_roles_are_read_again_when_they_are_old_and_forgotten_when_unused(
    web: RunningWeb,
) -> None:
    """(AU1)"""
    api = web.api()
    house = await api.create()
    principal = await web.parts.authenticator.by_token(api.token or "")
    assert principal is not None
    pair = (UUID(house["id"]), principal.person.id)
    moment, grants = 1000.0, web.parts.grants
    aged(grants, lambda: moment)
    with statements(web) as asked:
        assert await grants.role(*pair) is Role.OWNER
        assert await grants.role(*pair) is Role.OWNER
        assert len(asked) == 1
        moment += FRESH_SECONDS + 1
        assert await grants.role(*pair) is Role.OWNER
        assert len(asked) == 2
    for _ in range(20):
        moment += 10
        await grants.sweep()
    assert pair not in grants._known


async def test_a_full_house_turns_nobody_away(
    web: RunningWeb, monkeypatch: pytest.MonkeyPatch
) -> None:
    """(AU1) Of too many roles one that nobody hangs on is forgotten, never the one just read."""
    monkeypatch.setattr(grants_module, "ROLES_MAX", 2)
    api, grants = web.api(), web.parts.grants
    houses = [UUID((await api.create())["id"]) for _ in range(4)]
    principal = await web.parts.authenticator.by_token(api.token or "")
    assert principal is not None
    for house in houses:
        assert await grants.role(house, principal.person.id) is Role.OWNER
        assert grants.hold(house, principal.person.id, Quiet()) is Role.OWNER


async def test_what_was_read_earlier_never_replaces_what_was_read_later(web: RunningWeb) -> None:
    """(AU1)"""
    api = web.api()
    house = await api.create()
    principal = await web.parts.authenticator.by_token(api.token or "")
    assert principal is not None
    pair, holder = (UUID(house["id"]), principal.person.id), Quiet()
    grants = web.parts.grants
    assert await grants.role(*pair) is Role.OWNER
    assert grants.hold(*pair, holder) is Role.OWNER
    grants._take(pair, None, began_at=grants._known[pair].read_at - 1)
    assert holder.heard == []
    grants._take(pair, None, began_at=grants._known[pair].read_at + 1)
    assert holder.heard == ["ended"]


async def test_with_postgresql_away_those_who_are_here_stay(web: RunningWeb) -> None:
    """(AU1)"""
    api = web.api()
    house = await api.create()
    async with joined(web.ws_url, api.token or "", house["code"]) as socket:
        known = dict(web.parts.grants._known)
        assert known
        with pytest.raises(Refused):
            await web.parts.actions.role((await web.parts.actions.register())[0], UUID(house["id"]))
        assert (await socket.ask("ping"))["type"] == "pong"


async def test_a_connection_that_says_hello_as_somebody_else_is_nowhere(web: RunningWeb) -> None:
    """(CN6, CN12, JN1) And as the same person, under a new name too, it stays where it is."""
    api = web.api()
    house = await api.create()
    _, stranger = await web.parts.actions.register()
    async with joined(web.ws_url, api.token or "", house["code"]) as socket:
        await socket.ask("introduce", name="Ada")
        assert (await socket.hello(api.token))["person"]["name"] == "Ada"
        outcome = await socket.op(house["code"], select("nest", "nest100"))
        assert outcome["outcome"] == "committed"
        await socket.hello(stranger)
        assert "left" in [each["type"] for each in socket.frames]
        refused = await socket.op(house["code"], select("nest", "nest120"))
        assert refused["code"] == "not_found"
