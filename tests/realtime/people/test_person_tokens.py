"""Signing out, a new token, and the way back: what the old token opened ends everywhere."""

from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from functools import partial
from typing import Any, TypeVar
from uuid import UUID

import httpx
import pytest
from starlette.types import Message, Receive, Scope, Send
from typing_extensions import override

from app.chance import Chance
from app.parts.stores import StoresPart
from app.settings.settings import Settings
from realtime.people.cookies import only
from realtime.process.news import TOKENS_ENDED, News
from storage.errors import StorageUnavailable
from storage.postgres.configurations.configurations import Configurations
from storage.postgres.configurations.stored import StoredConfiguration
from storage.redis.bus.bus import Bus
from tests.realtime.clients import Json, Socket, joined, opened, select
from tests.realtime.conftest import RunningWeb, StartWeb
from tests.realtime.own_stores import with_own
from tests.realtime.transports.test_socketio import connected
from tests.support.waiting import eventually

pytestmark = pytest.mark.no_sweeps
Told = TypeVar("Told")


async def hears_nothing(web: RunningWeb, house: Json, socket: Socket, owner: str) -> None:
    """Nothing that happens in the house arrives, and nothing that is asked is done."""
    assert (await socket.until("left"))["code"] == "access_revoked"
    told = len(socket.frames)
    outcome = await web.api(owner).submit(house["code"], select("nest", "nest100"))
    assert outcome.status_code == 200
    refused = await socket.op(house["code"], select("nest", "nest120"))
    assert refused["code"] == "not_authenticated"
    assert [frame["type"] for frame in socket.frames[told:]] == ["error"]


async def test_signing_out_ends_the_token_and_its_connections_on_every_process(
    start_web: StartWeb,
) -> None:
    """(AU12)"""
    one, two = await start_web("one"), await start_web("two")
    api = one.api()
    house = await api.create()
    other, token = one.api(), api.token or ""
    await other.create()
    async with (
        joined(one.ws_url, token, house["code"]) as here,
        joined(two.ws_url, token, house["code"]) as there,
        connected(two, token) as socketio,
    ):
        await socketio.ask("join", configuration=house["code"])
        done = await one.api(token).call("POST", "/api/people/me/sign-out")
        assert done.status_code == 200
        for socket in (here, there):
            assert (await socket.until("left"))["code"] == "access_revoked"
            refused = await socket.op(house["code"], select("nest", "nest120"))
            assert refused["code"] == "not_authenticated"
        await eventually(lambda: socketio.seen("left"))
        for web in (one, two):
            answer = await web.api(token).call("GET", f"/api/configurations/{house['code']}")
            assert answer.status_code == 401
        async with opened(two.ws_url) as again:
            assert (await again.hello(token))["code"] == "not_authenticated"


async def test_a_new_token_ends_the_old_one_and_keeps_the_houses(web: RunningWeb) -> None:
    """(AU12)"""
    api = web.api()
    house = await api.create()
    old = api.token or ""
    async with joined(web.ws_url, old, house["code"]) as socket:
        answer = await api.call("POST", "/api/people/me/token")
        fresh = answer.json()["token"]
        assert fresh != old
        await hears_nothing(web, house, socket, fresh)
    assert (await web.api(old).call("POST", "/api/people/me/token")).status_code == 401
    assert (await web.api(fresh).read(house["code"]))["role"] == "owner"


async def test_with_the_bus_away_the_sweep_ends_the_connections(start_web: StartWeb) -> None:
    """(AU12)"""
    one, two = await start_web("one"), await start_web("two")
    api = one.api()
    house = await api.create()
    async with joined(two.ws_url, api.token or "", house["code"]) as socket:
        two.hear_no_news()
        fresh = (await api.call("POST", "/api/people/me/token")).json()["token"]
        await two.parts.people.grants.sweep()
        await hears_nothing(one, house, socket, fresh)


@pytest.mark.parametrize("learns_by", ["sweep", "way-back", "token", "sign-out"])
async def test_with_the_bus_away_a_process_that_finds_a_token_ended_believes_it_no_more(
    start_web: StartWeb, learns_by: str
) -> None:
    """The process that had ended the person's sockets answered their old token for 30 seconds."""
    one, two = await start_web("one"), await start_web("two")
    api = one.api()
    house = await api.create()
    old, path = two.api(api.token), f"/api/configurations/{house['code']}"
    async with joined(two.ws_url, api.token or "", house["code"]) as socket:
        two.hear_no_news()
        await api.call("POST", "/api/people/me/sign-out")
        assert (await old.call("GET", path)).status_code == 200  # nobody told, nobody looked
        if learns_by == "sweep":
            await two.parts.people.grants.sweep()
            assert (await socket.until("left"))["code"] == "access_revoked"
        else:
            await old.call("POST", f"/api/people/me/{learns_by}")
        assert (await old.call("GET", path)).status_code == 401


class LostNews(News):
    """Nobody hears that a token has ended, not even this process."""

    @override
    def on(
        self, channel: str, shape: type[Told], take: Callable[[Told], None]
    ) -> Callable[[Told], None]:
        tell = super().on(channel, shape, take)
        return (lambda _told: None) if channel == TOKENS_ENDED else tell


def without_news(settings: Settings, chance: Chance) -> StoresPart:
    usual = StoresPart.of(settings, chance)
    return replace(usual, news=LostNews(usual.bus, usual.channels))


@pytest.mark.parametrize("ends_with", ["token", "sign-out"])
async def test_a_process_believes_a_token_no_more_once_it_has_answered_its_end(
    start_web: StartWeb, ends_with: str
) -> None:
    """However long the news take: its sockets hear of it after the answer."""
    web = await start_web(stores_of=without_news)
    api = web.api()
    house = await api.create()
    await api.read(house["code"])
    await api.call("POST", f"/api/people/me/{ends_with}")
    assert (await api.call("GET", f"/api/configurations/{house['code']}")).status_code == 401


async def test_a_way_back_is_used_once_and_ends_the_token_of_then(web: RunningWeb) -> None:
    """(AU13)"""
    api = web.api()
    house = await api.create()
    first = (await api.call("POST", "/api/people/me/way-back")).json()["url"]
    second = (await api.call("POST", "/api/people/me/way-back")).json()["url"]
    secrets = [each.partition("/come-back#")[2] for each in (first, second)]
    assert len({len(each) for each in secrets} | {43}) == 1
    await api.call("POST", "/api/people/me/sign-out", json={"way_back": secrets[1]})
    answers = [
        await web.api().call("POST", "/api/people/come-back", json={"token": secret})
        for secret in (*secrets, secrets[1])
    ]
    assert [each.status_code for each in answers] == [410, 200, 410]
    back = answers[1]
    assert back.json() == {"code": house["code"]}
    token = only(back.headers["set-cookie"], "nest_person")
    assert (await web.api(token).read(house["code"]))["role"] == "owner"


@pytest.mark.parametrize("ends_with", ["token", "sign-out"])
async def test_a_way_back_that_somebody_else_made_ends_with_the_token(
    web: RunningWeb, ends_with: str
) -> None:
    """A thief of the token makes a link for later; then the person replaces the token."""
    anna = web.api()
    await anna.create()
    thief = web.api(anna.token)
    url = (await thief.call("POST", "/api/people/me/way-back")).json()["url"]
    done = await anna.call("POST", f"/api/people/me/{ends_with}")
    assert done.status_code == 200
    body = {"token": url.partition("#")[2]}
    assert (await web.api().call("POST", "/api/people/come-back", json=body)).status_code == 410
    assert (await thief.call("POST", "/api/people/me/way-back")).status_code == 401
    if ends_with == "token":
        fresh = web.api(done.json()["token"])
        assert (await fresh.call("POST", "/api/people/me/way-back")).status_code == 200


async def test_a_token_that_ended_makes_no_way_back_where_the_news_has_not_come(
    start_web: StartWeb,
) -> None:
    """A process without the bus believes a token for 30 seconds; the store does not."""
    one, two = await start_web("one"), await start_web("two")
    anna = one.api()
    house = await anna.create()
    thief = two.api(anna.token)
    await thief.read(house["code"])
    two.hear_no_news()
    await anna.call("POST", "/api/people/me/token")
    assert (await thief.call("POST", "/api/people/me/way-back")).status_code == 401


async def test_a_way_back_runs_out(web: RunningWeb) -> None:
    """(AU13)"""
    api = web.api()
    await api.create()
    url = (await api.call("POST", "/api/people/me/way-back")).json()["url"]
    web.time.go_on(timedelta(days=90))
    body = {"token": url.partition("#")[2]}
    answer = await web.api().call("POST", "/api/people/come-back", json=body)
    assert answer.status_code == 410


async def test_a_link_back_does_not_replace_the_person_of_a_browser(
    web: RunningWeb,
) -> None:
    """A stranger's link back does not make one's browser theirs, and stays good for its owner."""
    mallory, anna = web.api(), web.api()
    await mallory.create()
    house = await anna.create()
    url = (await mallory.call("POST", "/api/people/me/way-back")).json()["url"]
    sent: dict[str, Any] = {"json": {"token": url.partition("#")[2]}}
    cookie = {"cookie": f"nest_person={anna.token}"}
    refused = await web.api().call("POST", "/api/people/come-back", headers=cookie, **sent)
    assert (refused.status_code, refused.json()["error"]["code"]) == (409, "already_somebody")
    here = await web.parts.people.authenticator.by_token(anna.token or "")
    assert here is not None
    assert refused.json()["error"]["detail"] == here.person.name
    assert "set-cookie" not in refused.headers
    assert (await anna.read(house["code"]))["role"] == "owner"
    assert (await web.api().call("POST", "/api/people/come-back", **sent)).status_code == 200


async def test_a_link_that_is_over_is_refused_before_a_browser_is_asked_to_forget_anybody(
    web: RunningWeb,
) -> None:
    anna = web.api()
    await anna.create()
    cookie = {"cookie": f"nest_person={anna.token}"}
    over = {"token": "A" * 43}
    refused = await web.api().call("POST", "/api/people/come-back", headers=cookie, json=over)
    assert (refused.status_code, refused.json()["error"]["code"]) == (410, "way_back_unusable")


async def test_a_link_back_is_used_in_the_browser_of_its_person(web: RunningWeb) -> None:
    """(AU13) Nobody is forgotten for it, and the browser has the new token."""
    anna = web.api()
    house = await anna.create()
    url = (await anna.call("POST", "/api/people/me/way-back")).json()["url"]
    back = await web.api().call(
        "POST",
        "/api/people/come-back",
        headers={"cookie": f"nest_person={anna.token}"},
        json={"token": url.partition("#")[2]},
    )
    assert back.json() == {"code": house["code"]}
    token = only(back.headers["set-cookie"], "nest_person")
    assert (await web.api(token).read(house["code"]))["role"] == "owner"
    assert (await web.api(anna.token).call("POST", "/api/people/me/token")).status_code == 401


async def test_an_admin_session_has_no_way_back(web: RunningWeb) -> None:
    from tests.realtime.activity.live.test_watching import admin_token

    answer = await web.api(await admin_token(web)).call("POST", "/api/people/me/way-back")
    assert answer.status_code == 403


async def test_a_connection_with_the_new_token_stays(web: RunningWeb) -> None:
    """The news of the end may come after the person was here again."""
    api = web.api()
    house = await api.create()
    principal = await web.parts.people.authenticator.by_token(api.token or "")
    assert principal is not None
    async with joined(web.ws_url, api.token or "", house["code"]) as old:
        fresh = (await api.call("POST", "/api/people/me/token")).json()["token"]
        async with joined(web.ws_url, fresh, house["code"]) as new:
            assert (await old.until("left"))["code"] == "access_revoked"
            web.parts.people.person_tokens.ended(principal.person.id)
            await web.parts.people.grants.sweep()
            assert (await new.op(house["code"], select("nest", "nest100")))["type"] != "error"


@pytest.mark.parametrize("path", ["/api/people/me/token", "/api/people/come-back"])
async def test_the_end_is_told_when_a_browser_has_its_answer(
    start_web: StartWeb, path: str
) -> None:
    """Its own tabs hear of the end and load again: before that they need the new cookie."""
    seen: list[str] = []

    class NotingBus(Bus):
        @override
        def publish(self, channel: str, payload: bytes) -> None:
            if channel == TOKENS_ENDED:
                seen.append("told")
            super().publish(channel, payload)

    web = await start_web(stores_of=partial(StoresPart.of, bus_of=NotingBus))

    async def noting(scope: Scope, receive: Receive, send: Send) -> None:
        async def noted(message: Message) -> None:
            await send(message)
            if message["type"] == "http.response.body" and not message.get("more_body"):
                seen.append("answered")

        await web.parts.app(scope, receive, noted)

    api = web.api()
    await api.create()
    sent: Json = {}
    if path == "/api/people/come-back":
        kept = (await api.call("POST", "/api/people/me/way-back")).json()["url"]
        sent = {"json": {"token": kept.partition("#")[2]}}
    cookie = {"cookie": f"nest_person={api.token}"}
    transport = httpx.ASGITransport(app=noting)
    async with httpx.AsyncClient(base_url=web.url, transport=transport) as browser:
        answer = await browser.post(path, headers=cookie, **sent)
    assert answer.status_code == 200
    assert answer.cookies["nest_person"] != api.token
    assert seen == ["answered", "told"]


class AwayForLists(Configurations):
    """Reads no lists of houses."""

    @override
    async def latest_of(self, person_id: UUID, limit: int = 20) -> list[StoredConfiguration]:
        raise StorageUnavailable("away")


async def test_a_link_back_that_is_spent_gives_its_token_whatever_else_fails(
    start_web: StartWeb,
) -> None:
    """The link opens once: an answer without the token would lose the person's houses."""
    stores_of = with_own(configurations=lambda usual: AwayForLists(usual.database))
    web = await start_web(stores_of=stores_of)
    api = web.api()
    house = await api.create()
    kept = (await api.call("POST", "/api/people/me/way-back")).json()["url"]
    there = web.api()
    spent = {"token": kept.partition("#")[2]}
    answer = await there.call("POST", "/api/people/come-back", json=spent)
    assert (answer.status_code, answer.json()) == (200, {"code": None})
    token = answer.cookies["nest_person"]
    assert (await web.api(token).read(house["code"]))["code"] == house["code"]
