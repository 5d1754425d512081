"""A name that was acknowledged is the name, wherever its person comes in next."""

from tests.realtime.clients import joined, opened
from tests.realtime.conftest import StartWeb


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
