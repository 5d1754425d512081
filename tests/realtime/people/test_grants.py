"""The roles of people: read rarely, and correct within the time of a sweep."""

import asyncio
from contextlib import AsyncExitStack
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from uuid import UUID

import pytest

from configurator.protocol.codes import Refused
from realtime.people.auth import Authenticator
from realtime.people.principal import Staff, token_sha256
from storage.postgres.engine import Database
from tests.realtime.clients import Json, joined, opened, select
from tests.realtime.conftest import NO_SWEEPS, RunningWeb, StartWeb
from tests.realtime.people.guests import guest, guest_becomes_editor, owner_of, set_role, statements
from tests.realtime.transports.test_socketio import connected
from tests.support.waiting import eventually

pytestmark = pytest.mark.no_sweeps


async def test_two_hundred_members_who_return_cost_a_handful_of_reads(
    start_web: StartWeb,
) -> None:
    """(AU1) Their missed ops cost no query if the room still has them.

    However slow the machine: nothing that was learned gets old, and who was opened first is not
    let go while the last is opened.
    """
    web = await start_web(timing=replace(NO_SWEEPS, hello_seconds=60.0))
    web.time.stop()
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


async def test_a_person_who_loses_a_role_is_told_and_hears_nothing_more(web: RunningWeb) -> None:
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
        await web.parts.stores.configuration_stores.shares.remove(
            UUID(house["id"]), lost["id"], by=await owner_of(web, api.token)
        )
        await web.parts.people.grants.sweep()
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
        await web.parts.stores.configuration_stores.shares.remove(
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
        await web.parts.people.grants.sweep()
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


async def test_an_admin_who_logs_out_hears_nothing_more(web: RunningWeb) -> None:
    """(AU3)"""
    api = web.api()
    house = await api.create()
    session = "an admin session of this test"
    await web.parts.stores.admins.open_session(
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
    await web.parts.stores.admins.open_session(token_sha256(session), soon)
    async with opened(web.ws_url) as admin:
        await admin.hello(session)
        await admin.ask("watch")
        web.time.go_on(timedelta(seconds=61))
        await web.parts.people.admin_sessions.sweep()
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
    """(AU4) This happens while the bus is away."""
    api = web.api()
    house = await api.create()
    principal = await web.parts.people.authenticator.by_token(api.token or "")
    assert principal is not None
    async with joined(web.ws_url, api.token or "", house["code"]) as socket:
        await web.parts.stores.configuration_stores.people.rename(principal.person.id, "Grace")
        await web.parts.people.grants.sweep()
        while True:
            shown = await socket.until("presence")
            if [each["name"] for each in shown["members"]] == ["Grace"]:
                break


async def test_an_unknown_token_is_asked_for_again_after_a_second(web: RunningWeb) -> None:
    """(AU5)"""
    moment = 0.0
    authenticator = Authenticator(
        people=web.parts.stores.configuration_stores.people,
        admins=web.parts.stores.admins,
        cookies=web.parts.people.cookies,
        now=lambda: datetime.now(UTC),
        clock=lambda: moment,
    )
    token = "a token that is not known yet"
    async with authenticator:
        with statements(web) as asked:
            assert await authenticator.by_token(token) is None
            assert await authenticator.by_token(token) is None
            assert len(asked) == 2  # people, then admin sessions
            await web.parts.stores.admins.open_session(
                token_sha256(token), datetime.now(UTC) + timedelta(hours=1)
            )
            assert await authenticator.by_token(token) is None
            moment = 1.0
            found = await authenticator.by_token(token)
    assert isinstance(found, Staff)


async def test_people_who_are_here_are_noted_every_ten_minutes(web: RunningWeb) -> None:
    api = web.api()
    house = await api.create()
    token = token_sha256(api.token or "")
    people, grants = web.parts.stores.configuration_stores.people, web.parts.people.grants
    web.time.stop()
    async with joined(web.ws_url, api.token or "", house["code"]):
        created = await people.by_token(token)
        assert created is not None
        web.time.go_on(timedelta(minutes=11))
        await grants.sweep()
        noted = await people.by_token(token)
        assert noted is not None
        assert noted.last_seen_at > created.last_seen_at
        web.time.go_on(timedelta(seconds=599))
        with statements(web) as asked:
            await grants.sweep()
        assert not [each for each in asked if each.startswith("UPDATE people")]
        web.time.go_on(timedelta(seconds=2))
        await grants.sweep()
        again = await people.by_token(token)
        assert again is not None
        assert again.last_seen_at > noted.last_seen_at


async def test_with_postgresql_away_those_who_are_here_stay(web: RunningWeb) -> None:
    """(AU1)"""
    api = web.api()
    house = await api.create()
    async with joined(web.ws_url, api.token or "", house["code"]) as socket:
        with pytest.raises(Refused):
            await web.parts.editing.actions.role(
                (await web.parts.editing.actions.people.register())[0], UUID(house["id"])
            )
        assert (await socket.ask("ping"))["type"] == "pong"


async def test_a_connection_that_says_hello_as_somebody_else_is_nowhere(web: RunningWeb) -> None:
    """(CN6, CN12, JN1) A hello of the same person, even with a new name, keeps the rooms."""
    api = web.api()
    house = await api.create()
    _, stranger = await web.parts.editing.actions.people.register()
    async with joined(web.ws_url, api.token or "", house["code"]) as socket:
        await socket.ask("introduce", name="Ada")
        assert (await socket.hello(api.token))["person"]["name"] == "Ada"
        outcome = await socket.op(house["code"], select("nest", "nest100"))
        assert outcome["outcome"] == "committed"
        await socket.hello(stranger)
        assert "left" in [each["type"] for each in socket.frames]
        refused = await socket.op(house["code"], select("nest", "nest120"))
        assert refused["code"] == "not_found"
