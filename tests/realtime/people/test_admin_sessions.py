"""Everything an admin has open ends with their session, on every process, however it ends."""

import asyncio
import json
import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from urllib.parse import urlsplit
from uuid import uuid4

import pytest

from realtime.activity.live.watch import AdminWatch
from realtime.people import auth
from realtime.people.admin_sessions import AdminSessions
from realtime.people.principal import token_sha256
from realtime.transports.direct import OpenedPage
from storage.errors import StorageUnavailable
from tests.realtime.activity.live.test_admin_board import came
from tests.realtime.activity.live.test_watching import admin_token
from tests.realtime.clients import Json, Socket, opened, select
from tests.realtime.conftest import RunningWeb, StartWeb
from tests.realtime.page_tabs import asking, pages_of
from tests.support.waiting import eventually

pytestmark = pytest.mark.no_sweeps


@dataclass
class Tab:
    """A page of an admin as the screens open it: live view, or a house looked at."""

    frames: list[Json] = field(default_factory=list)

    def send(self, text: str) -> None:
        self.frames.append(json.loads(text))

    def of(self, kind: str) -> list[Json]:
        return [frame for frame in self.frames if frame["type"] == kind]


@dataclass
class OpenAdmin:
    """Everything that one admin has open on one process."""

    web: RunningWeb
    token: str
    house: Json
    live: Tab
    watch: AdminWatch
    looking: Tab
    page: OpenedPage
    socket: Socket
    left: list[str] = field(default_factory=list)

    async def is_fed(self) -> None:
        """Wait until all three hear what happens."""
        await came(self.web, f"before-{uuid4()}")
        await self.web.api(await owner_of(self.house)).submit(
            self.house["code"], select("nest", "nest100")
        )
        await eventually(lambda: self.live.of("activity"))
        await eventually(lambda: self.looking.of("op"))
        await self.socket.until("op")

    async def ended(self) -> None:
        """Wait until everything is over, then check that nothing of what happens is told."""
        await eventually(lambda: self.left, why="the page was told")
        assert (await self.socket.until("left"))["code"] == "access_revoked"
        assert (await self.socket.until("unwatched"))["code"] == "admins_only"
        told = len(self.live.frames), len(self.looking.of("op")), len(self.socket.frames)
        await came(self.web, f"after-{uuid4()}")
        await self.web.api(await owner_of(self.house)).submit(
            self.house["code"], select("nest", "nest120")
        )
        for message in (
            {"type": "pause"},
            {"type": "follow"},
            {"type": "timeline", "session": "after"},
            {"type": "history", "re": 1, "before": datetime.now(UTC).isoformat()},
        ):
            await self.watch.receive(json.dumps(message))
        refused = await self.socket.ask("watch")
        assert refused["code"] == "not_authenticated"
        await self.page.receive('{"type": "join", "configuration": "' + self.house["code"] + '"}')
        await eventually(lambda: "not_authenticated" in str(self.looking.frames[-1]))
        assert (len(self.live.frames), len(self.looking.of("op"))) == told[:2]
        assert [each["type"] for each in self.socket.frames[told[2] :]] == ["error"]
        answer = await self.web.api(self.token).call("GET", "/api/admin/jobs")
        assert answer.status_code == 401


_owners: dict[str, str] = {}


async def owner_of(house: Json) -> str:
    return _owners[house["code"]]


@asynccontextmanager
async def open_admin(web: RunningWeb, token: str) -> AsyncIterator[OpenAdmin]:
    api = web.api()
    house = await api.create()
    _owners[house["code"]] = api.token or ""
    admin, live, looking = auth.admin_of(token_sha256(token)), Tab(), Tab()
    watch = await web.parts.activity.live_view.watch(live.send, admin=admin)
    page = await pages_of(web).open(
        configuration_code=house["code"],
        person_token=None,
        send=looking.send,
        hang_up=lambda _code: None,
        asking=asking(),
        admin=admin,
    )
    assert page is not None
    page.start()
    await page.receive('{"type": "join", "configuration": "' + house["code"] + '"}')
    async with opened(web.ws_url) as socket:
        await socket.hello(token)
        await socket.join(house["code"])
        await socket.ask("watch")
        everything = OpenAdmin(web, token, house, live, watch, looking, page, socket)
        web.parts.people.admin_sessions.hold(
            token_sha256(token), lambda: everything.left.append("page")
        )
        await everything.is_fed()
        yield everything
    await watch.close()
    await page.close()


async def test_logging_out_ends_everything_on_every_process(start_web: StartWeb) -> None:
    """(AU3) Pages of the live view and of a house, sockets, and what they may ask."""
    one, two = await start_web("one"), await start_web("two")
    token = await admin_token(one)
    async with open_admin(one, token) as here, open_admin(two, token) as there:
        done = await one.api(token).call("POST", "/api/admin/logout")
        assert done.status_code == 200
        await here.ended()
        await there.ended()


async def test_a_browser_that_signs_out_is_answered_before_its_pages_hear_of_it(
    web: RunningWeb,
) -> None:
    """A page that loads again sooner still has the cookie, and reads that somebody ended its session."""
    token = await admin_token(web)
    heard: list[bytes] = []
    to = urlsplit(web.url)
    with socket.create_connection((to.hostname, to.port)) as browser:
        browser.setblocking(False)

        def ended() -> None:
            try:
                heard.append(browser.recv(65_536))
            except BlockingIOError:
                heard.append(b"nothing yet")

        web.parts.people.admin_sessions.hold(token_sha256(token), ended)
        browser.sendall(
            f"POST /api/admin/logout HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {token}\r\n"
            "Content-Length: 0\r\n\r\n".encode()
        )
        await eventually(lambda: heard, why="its page hears of it")
    assert heard[0].startswith(b"HTTP/1.1 200 ")
    assert b"Max-Age=0" in heard[0]


async def test_with_the_bus_away_the_sweep_ends_everything(start_web: StartWeb) -> None:
    """(AU3)"""
    one, two = await start_web("one"), await start_web("two")
    token = await admin_token(one)
    async with open_admin(two, token) as there:
        two.hear_no_news()
        await one.api(token).call("POST", "/api/admin/logout")
        assert there.left == []
        await two.parts.people.admin_sessions.sweep()
        await there.ended()


async def test_with_the_bus_away_what_is_asked_finds_out(start_web: StartWeb) -> None:
    """(AU3) Before the sweep: a message of the page is not answered, and ends it."""
    one, two = await start_web("one"), await start_web("two")
    token = await admin_token(one)
    async with open_admin(two, token) as there:
        two.hear_no_news()
        await one.api(token).call("POST", "/api/admin/logout")
        asked = {"type": "history", "re": 7, "before": datetime.now(UTC).isoformat()}
        await there.watch.receive(json.dumps(asked))
        await there.ended()
        assert there.live.of("history") == []


def nothing() -> None:
    """A holder of a session that does nothing when it ends."""


async def test_a_session_that_runs_out_ends_everything_at_once(web: RunningWeb) -> None:
    """(AU3) Nobody says so, and no sweep is waited for: its time is known."""
    token = await admin_token(web)
    sessions = web.parts.people.admin_sessions
    async with open_admin(web, token) as everything:
        await sessions.sweep()
        web.time.go_on(timedelta(hours=1, seconds=-0.3))
        sessions.hold(b"another session", nothing)  # so that the sweep looks at the clock again
        await everything.ended()


async def test_with_postgresql_away_a_session_ends_at_the_time_that_was_known(
    web: RunningWeb,
) -> None:
    """(AU3)"""
    token = await admin_token(web)
    session, ended = token_sha256(token), asyncio.Event()
    moment = datetime.now(UTC)
    away, admins = False, web.parts.stores.admins

    class Admins:
        async def open_until(self, asked: list[bytes], now: datetime) -> dict[bytes, datetime]:
            if away:
                raise StorageUnavailable("away")
            return await admins.open_until(asked, now)

    sessions = AdminSessions(admins=Admins(), now=lambda: moment)  # type: ignore[arg-type]
    sessions.hold(session, ended.set)
    await sessions.sweep()
    away = True
    assert await sessions.still_open(session)
    moment += timedelta(hours=2)
    assert not await sessions.still_open(session)
    assert ended.is_set()


async def test_a_holder_of_a_session_that_just_ended_is_told(web: RunningWeb) -> None:
    """(AU3) Such a page was admitted and built while the admin logged out."""
    sessions, ended, told = web.parts.people.admin_sessions, asyncio.Event(), list[str]()
    sessions.end([b"x" * 32])
    sessions.hold(b"x" * 32, ended.set)
    sessions.hold(b"x" * 32, lambda: told.append("ended"))
    assert not ended.is_set()  # not within the caller's own step
    await eventually(ended.is_set)
    sessions.end([b"x" * 32])
    assert told == ["ended"]  # it is held no more


@pytest.mark.parametrize("payload", [b"", b"[", b"[1]", b'["%%"]', b'{"a": 1}', b"\xff"])
async def test_unreadable_news_of_ended_sessions(web: RunningWeb, payload: bytes) -> None:
    web.parts.stores.channels.hear("admin-sessions", payload)
    assert (await web.api().call("GET", "/healthz")).status_code == 200


async def signed_in(web: RunningWeb, name: str = "Anna", **headers: str) -> str:
    """The token of a session that a browser begins with a one-time link."""
    link = f"link-{uuid4()}"
    await web.mint_link(token_sha256(link), datetime.now(UTC) + timedelta(hours=1), name=name)
    answer = await web.api().call("POST", "/api/admin/login", json={"token": link}, headers=headers)
    assert answer.status_code == 200
    (cookie,) = answer.headers.get_list("set-cookie")
    assert "HttpOnly" in cookie
    assert "SameSite=strict" in cookie
    return cookie.partition("=")[2].partition(";")[0]


async def listed(web: RunningWeb, token: str, **headers: str) -> list[Json]:
    answer = await web.api(token).call("GET", "/api/admin/sessions", headers=headers)
    assert answer.status_code == 200, answer.text
    rows: list[Json] = answer.json()["sessions"]
    return rows


async def test_sessions_are_listed_and_ended_one_by_one_or_all_others(
    start_web: StartWeb,
) -> None:
    """(AU3) On another process than the one that is asked, too."""
    one, two = await start_web("one"), await start_web("two")
    mine = await signed_in(one, "Anna", **{"user-agent": "Firefox on the desk"})
    other, third = await signed_in(one, "Bert"), await admin_token(one)
    rows = {row["name"]: row for row in await listed(two, mine)}
    assert set(rows) == {"Anna", "Bert", None}
    assert (
        rows["Anna"].items()
        >= {
            "current": True,
            "user_agent": "Firefox on the desk",
            "network": "127.0.0.0/24",
            "idle_minutes": 30,
        }.items()
    )
    assert rows[None].items() >= {"current": False, "idle_minutes": None, "network": None}.items()
    assert token_sha256(mine).hex().startswith(rows["Anna"]["id"])
    async with open_admin(two, other) as bert, open_admin(two, third) as program:
        body = {"id": rows["Bert"]["id"]}
        ended = await one.api(mine).call("POST", "/api/admin/sessions/end", json=body)
        assert ended.json() == {"ended": 1}
        await bert.ended()
        again = await one.api(mine).call("POST", "/api/admin/sessions/end", json=body)
        assert again.status_code == 404
        ended = await one.api(mine).call("POST", "/api/admin/sessions/end-others")
        assert ended.json() == {"ended": 1}
        await program.ended()
    assert [row["current"] for row in await listed(one, mine)] == [True]
    said = [
        (line.actor.split(",")[0], line.action) for line in await one.parts.stores.audit.latest()
    ]
    assert [each for each in said if each[1].startswith("sessions.")] == [
        ("Anna", "sessions.end"),
        ("Anna", "sessions.end"),
        ("Bert", "sessions.begin"),
        ("Anna", "sessions.begin"),
    ]


async def test_signing_in_begins_a_new_session_and_ends_the_one_that_was_shown(
    web: RunningWeb,
) -> None:
    """A planted cookie, with a session of the attacker or an invented one, gives no access."""
    planted = await signed_in(web, "Mallory")
    token = await signed_in(web, "Anna", cookie=f"nest_admin={planted}")
    made_up = await signed_in(web, "Anna", cookie="nest_admin=made-up-by-somebody-else")
    assert len({planted, token, made_up, "made-up-by-somebody-else"}) == 4
    for gone in (planted, "made-up-by-somebody-else"):
        answer = await web.api(gone).call("GET", "/api/admin/sessions")
        assert answer.status_code == 401
    assert {row["name"] for row in await listed(web, token)} == {"Anna"}


async def test_a_session_that_nobody_uses_ends(web: RunningWeb) -> None:
    """(AU3) Requests that a page makes by itself do not count as use; those of a person do."""
    token = await signed_in(web)
    ended = asyncio.Event()
    web.parts.people.admin_sessions.hold(token_sha256(token), ended.set)
    for _ in range(3):
        web.time.go_on(timedelta(minutes=20))
        await listed(web, token)
        await web.parts.people.admin_sessions.sweep()
    assert not ended.is_set()
    web.time.go_on(timedelta(minutes=20))
    await listed(web, token, **{"x-nest-unattended": "1"})
    web.time.go_on(timedelta(minutes=11))
    await web.parts.people.admin_sessions.sweep()
    assert ended.is_set()
    answer = await web.api(token).call("GET", "/api/admin/sessions")
    assert answer.status_code == 401


async def test_guesses_of_a_login_link_are_refused_alike(web: RunningWeb) -> None:
    """Unknown, used up, run out: the same words, and none of them opens a session."""
    now = datetime.now(UTC)
    await web.mint_link(token_sha256("x" * 43), now + timedelta(hours=1))
    await web.mint_link(token_sha256("y" * 43), now - timedelta(seconds=1))
    first = await web.api().call("POST", "/api/admin/login", json={"token": "x" * 43})
    assert first.status_code == 200
    answers = [
        await web.api().call("POST", "/api/admin/login", json={"token": letter * 43})
        for letter in "xyz"
    ]
    assert {(each.status_code, each.text) for each in answers} == {(401, answers[0].text)}
    assert not any("set-cookie" in each.headers for each in answers)
