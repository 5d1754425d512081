"""Sessions that are kept, and people who are present, whichever transport they use."""

from typing import Any
from uuid import uuid4

import pytest

from configurator.activity.event_ids import session_uuid
from tests.realtime.clients import Api, Json, joined, opened
from tests.realtime.conftest import RunningWeb, StartWeb
from tests.realtime.page_tabs import page
from tests.realtime.transports.test_socketio import connected
from tests.support.waiting import eventually

GOOGLE = "Mozilla/5.0 (compatible; Googlebot/2.1; +http://www.google.com/bot.html)"
OBJECTING = [
    ("assumed", {"sec-gpc": "1"}),
    ("assumed", {"dnt": "1"}),
    ("assumed", {"cookie": "nest_consent=none"}),
    ("assumed", {"sec-gpc": "1", "cookie": "nest_consent=all"}),
    ("assumed", {"sec-gpc": "1", "sec-purpose": "prefetch"}),
    ("required", {}),
    ("required", {"cookie": "nest_consent=maybe"}),
]


async def sessions(web: RunningWeb) -> list[dict[str, Any]]:
    async with web.parts.stores.database.driver() as connection:
        rows = await connection.fetch(
            "SELECT id, external_id, person_id, configuration_id, status, bot_reason FROM sessions"
        )
    return [dict(row) for row in rows]


def inquiry(**more: object) -> Json:
    who = {"name": "Anna Lechner", "email": "anna@haus.example", "consent": True}
    return {"inquiry_id": str(uuid4()), **who, **more}


@pytest.mark.parametrize(("consent", "headers"), OBJECTING)
async def test_no_session_is_kept_of_who_objects(
    start_web: StartWeb, consent: str, headers: dict[str, str]
) -> None:
    """(AC10)"""
    web = await start_web(consent=consent)
    api = web.api()
    asked = {"session_id": "client_1_a"}
    house = (await api.call("POST", "/api/configurations", json=asked, headers=headers)).json()
    api.token = house["token"]
    assert api.token
    async with page(web, api.token, house["code"], **headers) as tab:
        await tab.join()
        assert all(frame.get("session_id") is None for frame in tab.frames)
    async with opened(web.ws_url, additional_headers=headers) as socket:
        hello = await socket.ask("hello", protocol=1, token=api.token, session_id="client_1_b")
        assert hello["session_id"] is None
        await socket.join(house["code"])
    async with connected(web, api.token, headers=headers, session_id="client_1_c") as person:
        await person.ask("join", configuration=house["code"])
    sent = await api.call(
        "POST",
        f"/api/configurations/{house['id']}/inquiries",
        json=inquiry(**asked),
        headers=headers,
    )
    assert sent.status_code == 201
    assert await sessions(web) == []


async def test_a_page_that_is_only_requested_does_not_count_as_a_visit(start_web: StartWeb) -> None:
    """HEAD, as programs check links."""
    web = await start_web()
    api = web.api()
    house = await api.create()
    assert api.token
    async with page(web, api.token, house["code"], method="HEAD") as tab:
        assert tab.frames[0]["session_id"] is None
    assert await sessions(web) == []


async def test_a_visitor_who_agrees_on_the_page_has_a_session_from_then_on(
    start_web: StartWeb,
) -> None:
    web = await start_web(consent="required")
    api = web.api()
    house = await api.create()
    named = str(uuid4())
    assert api.token
    async with page(web, api.token, house["code"]) as tab:
        await tab.join()
        await tab.say("hello", protocol=1, session_id=named)
        await eventually(lambda: any(each.get("session_id") == named for each in tab.frames))
    (kept,) = await sessions(web)
    assert (str(kept["id"]), str(kept["configuration_id"])) == (named, house["id"])
    async with page(web, api.token, house["code"], sec_gpc="1") as tab:
        await tab.join()
        await tab.say("hello", protocol=1, session_id=str(uuid4()))
    assert len(await sessions(web)) == 1


async def test_visits_that_no_person_opened_are_counted_apart(web: RunningWeb) -> None:
    api = web.api()
    house = await api.create()
    assert api.token
    for headers in (
        {"user_agent": GOOGLE},
        {"sec_purpose": "prefetch;prerender"},
        {"purpose": "prefetch"},
        {"x_moz": "prefetch"},
    ):
        async with page(web, api.token, house["code"], **headers):
            pass
    reasons = [each["bot_reason"] for each in await sessions(web)]
    assert sorted(reasons) == ["crawler Googlebot", "prefetch"]
    # A visitor who opens what was fetched ahead is a person, and so is one who comes without it.
    async with page(web, api.token, house["code"], sec_purpose="prefetch") as tab:
        await tab.join()
    reasons = [each["bot_reason"] for each in await sessions(web)]
    assert sorted(reasons, key=str) == [None, "crawler Googlebot"]
    async with page(web, api.token, house["code"]):
        assert len(await sessions(web)) == 2


async def test_somebody_is_present_from_the_first_sign_of_life(web: RunningWeb) -> None:
    """Fetching a page does not make anybody present. (PR8)"""
    api = web.api()
    house = await api.create()
    assert api.token

    async def present(other: Any) -> int:
        return len((await other.ask("join", configuration=house["id"]))["members"])

    async with joined(web.ws_url, api.token, house["code"]) as other:
        assert await present(other) == 1
        async with page(web, api.token, house["code"], sec_purpose="prefetch") as tab:
            assert await present(other) == 1
            assert len(web.parts.editing.hub.report().people) == 1
            await tab.join()
            assert await present(other) == 2
            op = {"kind": "select", "category": "nest", "option": "nest100"}
            await other.op(house["id"], op)
            await eventually(lambda: any(each["type"] == "op" for each in tab.frames))
        assert await present(other) == 1


async def test_a_visitor_of_an_integrator_is_one_session(web: RunningWeb) -> None:
    """Tracked, housed and inquired under one id: the inquiry completes what has the events. (AC15)"""
    for name in ("client_1_a", "by socket", "by hello"):
        api = web.api()
        asked = {"session_id": name} if name == "client_1_a" else {}
        house = (await api.call("POST", "/api/configurations", json=asked)).json()
        api.token = house["token"]
        assert api.token
        if name == "by socket":
            async with connected(web, api.token, session_id=name) as person:
                await person.ask("join", configuration=house["code"])
        elif name == "by hello":
            async with opened(web.ws_url) as socket:
                hello = await socket.ask("hello", protocol=1, token=api.token, session_id=name)
                assert hello["session_id"] == name
                await socket.join(house["code"])
        path = f"/api/configurations/{house['id']}/inquiries"
        assert (await api.call("POST", path, json=inquiry())).status_code == 201
        (kept,) = [each for each in await sessions(web) if each["external_id"] == name]
        assert kept["id"] == session_uuid(name)
        assert (str(kept["configuration_id"]), kept["status"]) == (house["id"], "COMPLETED")
    assert len(await sessions(web)) == 3


async def test_an_inquiry_completes_the_session_that_it_names(web: RunningWeb) -> None:
    async def ask(api: Api, house: Json, name: str) -> int:
        path = f"/api/configurations/{house['id']}/inquiries"
        return (await api.call("POST", path, json=inquiry(session_id=name))).status_code

    api, other = web.api(), web.api()
    house, elsewhere = await api.create(), await other.create()
    assert await ask(api, house, "client_1_a") == 201
    (kept,) = await sessions(web)
    assert (kept["external_id"], kept["status"]) == ("client_1_a", "COMPLETED")
    # Somebody who knows the name of a session does not take it.
    assert await ask(other, elsewhere, "client_1_a") == 201
    (kept,) = await sessions(web)
    assert str(kept["configuration_id"]) == house["id"]
    # One that was erased stays so.
    async with web.parts.stores.database.driver() as connection:
        await connection.execute(
            "INSERT INTO erased_sessions (session_id) VALUES ($1)", session_uuid("erased")
        )
    assert await ask(api, house, "erased") == 201
    assert session_uuid("erased") not in {each["id"] for each in await sessions(web)}
    assert await ask(api, house, "a\u0000b") == 400


async def test_an_inquiry_alone_makes_no_session(web: RunningWeb) -> None:
    """A program without visits sells nothing to a hundred of a hundred visitors. (AC15)"""
    api = web.api()
    house = await api.create()
    path = f"/api/configurations/{house['id']}/inquiries"
    assert (await api.call("POST", path, json=inquiry())).status_code == 201
    assert await sessions(web) == []
    assert len((await api.call("GET", path)).json()["inquiries"]) == 1
    # While a visit of this person runs it is of that one, which a page that is long open names.
    assert api.token
    async with page(web, api.token, house["code"]) as tab:
        assert (await api.call("POST", path, json=inquiry())).status_code == 201
        (kept,) = await sessions(web)
        assert (kept["external_id"], kept["status"]) == (tab.frames[0]["session_id"], "COMPLETED")
        async with web.parts.stores.database.driver() as connection:
            await connection.execute(
                "UPDATE sessions SET status = 'EXPIRED', last_seen_at = now() - interval '1 hour'"
            )
        assert (await api.call("POST", path, json=inquiry())).status_code == 201
        (kept,) = await sessions(web)
        assert kept["status"] == "EXPIRED"
        named = inquiry(session_id=tab.frames[0]["session_id"])
        assert (await api.call("POST", path, json=named)).status_code == 201
        (kept,) = await sessions(web)
        assert kept["status"] == "COMPLETED"
