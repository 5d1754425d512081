"""The Python client finds its server and its houses, or says why not."""

import asyncio

import pytest
from nest_haus_client import Client, ClientClosed, NotAdmitted, Refused, Unreachable

from tests.realtime.conftest import RunningWeb
from tests.support.programs.ports import free_port
from tests.support.waiting import eventually


async def test_a_house_that_does_not_exist_cannot_be_joined(web: RunningWeb) -> None:
    async with Client.register(web.url) as client:
        with pytest.raises(Refused) as refused:
            await client.join("00000000")
        assert refused.value.code == "not_found"


async def test_an_unknown_token_is_reported_and_not_used_again(web: RunningWeb) -> None:
    """The same Refused as in the JavaScript client; and this client is closed."""
    async with Client(web.url, token="nobody-has-this-token") as client:
        for ask in (lambda: client.join("00000000"), client.online, lambda: client.introduce("A")):
            with pytest.raises(Refused) as refused:
                await ask()
            assert isinstance(refused.value, NotAdmitted)
            assert isinstance(refused.value, ClientClosed)
            assert refused.value.code == "not_authenticated"
        assert client.status == "refused"


async def test_a_client_without_a_server_learns_it_in_time() -> None:
    """Meanwhile its status says why, and when it tries again."""
    wrong = f"http://127.0.0.1:{free_port()}"
    async with Client(wrong, token="sixteen characters", connect_seconds=2.5) as client:
        async with asyncio.TaskGroup() as tasks:

            async def ask_for_a_house() -> None:
                with pytest.raises(Unreachable, match=f"{wrong} within 2.5 s: .*Connect call"):
                    await client.join("00000000")

            tasks.create_task(ask_for_a_house())
            await eventually(lambda: client.status == "offline", why="there is nobody")
            assert "Connect call failed" in (client.trouble or "")
        for ask in (lambda: client.join("00000000"), client.online, lambda: client.introduce("A")):
            with pytest.raises(Unreachable, match="Connect call failed"):
                await ask()
        assert client.status == "closed"


async def test_the_address_of_a_page_is_an_address(web: RunningWeb) -> None:
    """(JN1) So is that of a house; a house is joined once, however its code is spelled."""
    async with Client.register(web.url) as owner:
        created = await owner.create()
        async with Client(f"{created.url}?as=guest", token=owner.token) as client:
            house = await client.join(created.url)
            spelled = created.code.lower().replace("0", "o").replace("1", "i")
            for same in (created.code, f"{spelled[:4]}-{spelled[4:]}", str(created.id).upper()):
                assert await client.join(same) is house
            assert (await client.read(created.url)).code == created.code
            assert await client.log(f"{created.url}#x") == []


async def test_an_address_where_nobody_is_gives_one_sentence() -> None:
    with pytest.raises(Unreachable, match="does not answer"):
        async with Client.register(f"http://127.0.0.1:{free_port()}"):
            pass


async def test_an_error_of_the_caller_is_not_wrapped(web: RunningWeb) -> None:
    with pytest.raises(ZeroDivisionError):
        async with Client.register(web.url):
            raise ZeroDivisionError
