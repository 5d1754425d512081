"""A name that was acknowledged is the name, wherever its person comes in next."""

import pytest
from sqlalchemy import text

from tests.realtime.activity.live.test_watching import admin_token
from tests.realtime.clients import joined, opened
from tests.realtime.conftest import RunningWeb, StartWeb


async def test_a_new_name_is_known_to_every_connection_that_opens_after_it(
    start_web: StartWeb,
) -> None:
    """(PR6)"""
    one, two = await start_web("one"), await start_web("two")
    api = one.api()
    created = await api.create()
    for web in (one, two):
        async with opened(web.ws_url) as early:
            await early.hello(api.token)
    async with joined(one.ws_url, api.token or "", created["code"]) as socket:
        introduced = await socket.ask("introduce", name="Ada\u202e Lovelace")
        assert introduced["person"]["name"] == "Ada Lovelace"
    for web in (one, two):
        async with opened(web.ws_url) as later:
            welcome = await later.hello(api.token)
            assert welcome["person"]["name"] == "Ada Lovelace"
        cookie = {"cookie": f"nest_person={api.token}"}
        async with opened(web.ws_url, additional_headers=cookie) as by_cookie:
            welcome = await by_cookie.hello(None)
            assert welcome["person"]["name"] == "Ada Lovelace"


@pytest.mark.parametrize(
    ("typed", "kept"),
    [
        ("A" * 40, "A" * 40),
        ("A" + "\u200b" * 300, "A"),
        (" " * 300 + "Ada" + "\n" * 300 + "Lovelace", "Ada Lovelace"),
        ("A" * 41, None),
        ("A" * 5000, None),
        ("\u200b" * 5000 + "A", None),
        ("", None),
        ("\u200b\u00ad", None),
    ],
)
async def test_only_what_is_kept_of_a_name_counts(
    web: RunningWeb, typed: str, kept: str | None
) -> None:
    """(PR9, TR1) No person is made if the name is refused."""
    registered = await web.api().call("POST", "/api/people", json={"name": typed})
    api = web.api()
    house = await api.create()
    async with joined(web.ws_url, api.token or "", house["code"]) as socket:
        reply = await socket.ask("introduce", name=typed)
    if kept is not None:
        assert registered.json()["person"]["name"] == kept
        assert reply["person"]["name"] == kept
        return
    for error in (registered.json()["error"], reply):
        assert error["code"] == "name_unusable"
        assert "1 to 40" in error["message"]["en"]
    assert registered.status_code == 422
    async with web.parts.stores.database.engine.connect() as connection:
        people = await connection.execute(text("SELECT count(*) FROM people"))
        assert people.scalar_one() == 1


async def test_an_admin_session_has_no_name_to_change(web: RunningWeb) -> None:
    """(PR9)"""
    async with opened(web.ws_url) as socket:
        await socket.hello(await admin_token(web))
        assert (await socket.ask("introduce", name="Ada"))["code"] == "people_only"


@pytest.mark.parametrize("name", ["Admin", "ᴀdmin", "🅰dmin", "Team Nest"])
async def test_nobody_gets_a_name_of_the_company(web: RunningWeb, name: str) -> None:
    """(PR9) Neither when they register nor later."""
    api = web.api()
    refused = await api.call("POST", "/api/people", json={"name": name})
    assert (refused.status_code, refused.json()["error"]["code"]) == (422, "name_reserved")
    await api.create()
    async with opened(web.ws_url) as socket:
        await socket.hello(api.token)
        assert (await socket.ask("introduce", name=name))["code"] == "name_reserved"
