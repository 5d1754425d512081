"""One connection in many configurations: bounded, whatever it calls them."""

from tests.realtime.clients import opened, select
from tests.realtime.conftest import RunningWeb
from tests.realtime.edge.test_bad_input import code_of

ROOMS = 8


async def test_a_connection_cannot_be_in_more_rooms_than_allowed(web: RunningWeb) -> None:
    """(JN9)"""
    api = web.api()
    codes = [(await api.create())["code"] for _ in range(ROOMS + 2)]
    async with opened(web.ws_url) as socket:
        await socket.hello(api.token)
        for code in codes:
            assert (await socket.join(code))["type"] == "snapshot"
            assert (await socket.ask("leave", configuration=code))["type"] == "left"
        for code in codes[:ROOMS]:
            assert (await socket.join(code))["type"] == "snapshot"
        for code in codes[ROOMS:]:
            assert code_of(await socket.join(code)) == "already_joined"
        assert (await socket.join(codes[0].lower()))["type"] == "snapshot"


async def test_a_house_has_one_name_in_a_connection_however_it_is_written(web: RunningWeb) -> None:
    """(JN1, JN8)"""
    api = web.api()
    created = await api.create()
    spellings = [
        created["id"],
        created["id"].upper(),
        f"{{{created['id']}}}",
        f"urn:uuid:{created['id']}",
        created["id"].replace("-", ""),
        created["code"].lower(),
        "-".join(created["code"]).replace("0", "o").replace("1", "I").replace("V", "u"),
        f" {created['code']} ",
    ]
    async with opened(web.ws_url) as socket:
        await socket.hello(api.token)
        for version, spelling in enumerate(spellings):
            joined = await socket.join(spelling)
            assert joined["type"] == "snapshot", spelling
            option = ["nest100", "nest120"][version % 2]
            outcome = await socket.op(spelling, select("nest", option))
            assert outcome["outcome"] == "committed", spelling
        assert (await socket.ask("leave", configuration=spellings[1]))["type"] == "left"
        for spelling in spellings:
            answer = await socket.ask("presence", configuration=spelling)
            assert code_of(answer) == "not_joined", spelling
