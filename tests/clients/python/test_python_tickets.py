"""The Python client with a function for a token: a ticket for every connection."""

import asyncio
from collections import deque
from random import Random

import pytest
from nest_haus_client import Client, ClientClosed, Refused
from nest_haus_client import blocking as without_async
from nest_haus_client.core.session import Session
from websockets.asyncio.client import connect

from tests.clients.python.core.test_python_session import WELCOME, refusal
from tests.realtime.clients import Socket
from tests.realtime.conftest import RunningWeb
from tests.support.waiting import eventually


class Tickets:
    """A server program that hands out tickets to another program's client, and records them."""

    def __init__(self, owner: Client) -> None:
        self._owner = owner
        self.given: list[str] = []

    async def __call__(self) -> str:
        issued = await self._owner.ticket()
        assert issued.expires_in_ms == 60_000
        self.given.append(issued.ticket)
        return issued.ticket


async def used(web: RunningWeb, owner: Client) -> str:
    """A ticket that does not work any more."""
    ticket = (await owner.ticket()).ticket
    async with connect(web.ws_url) as connection:
        assert (await Socket(connection).hello(ticket))["type"] == "welcome"
    return ticket


async def test_every_connection_has_a_ticket_of_its_own(web: RunningWeb) -> None:
    """(CN10)"""
    async with Client.register(web.url, name="Anna") as owner:
        code = (await owner.create()).code
        tickets = Tickets(owner)
        async with Client(web.url, token=tickets) as client:
            house = await client.join(code)
            assert client.person == owner.person
            for round_, option in enumerate(("nest100", "nest120", "nest140"), start=2):
                client.drop()
                assert (await house.select("nest", option)).ok
                assert len(tickets.given) == round_
            assert client.token == tickets.given[-1]
        assert len(set(tickets.given)) == 4


async def test_over_http_a_ticket_does_not_count_as_a_token(web: RunningWeb) -> None:
    """(CN10)"""
    async with (
        Client.register(web.url) as owner,
        Client(web.url, token=Tickets(owner)) as client,
    ):
        with pytest.raises(Refused) as refused:
            await client.create()
    assert refused.value.code == "not_authenticated"


async def test_a_function_may_give_the_token_itself(web: RunningWeb) -> None:
    async with (
        Client.register(web.url) as owner,
        Client(web.url, token=lambda: owner.token) as client,
    ):
        house = await client.join((await client.create()).code)
        assert (await house.select("nest", "nest120")).ok


async def test_one_ticket_that_ran_out_is_not_the_end_and_two_are(web: RunningWeb) -> None:
    async with Client.register(web.url) as owner:
        code = (await owner.create()).code
        stale = [await used(web, owner) for _ in range(3)]
        fresh = (await owner.ticket()).ticket
        queue = deque([stale[0], fresh, *stale[1:]])
        async with Client(web.url, token=queue.popleft, random=Random(1)) as client:
            house = await client.join(code)
            client.drop()
            with pytest.raises(ClientClosed) as closed:
                await house.select("nest", "nest120")
    assert closed.value.refused is not None
    assert closed.value.refused.code == "not_authenticated"
    assert not queue


async def test_a_function_that_fails_is_asked_again(web: RunningWeb) -> None:
    async with Client.register(web.url) as owner:
        code = (await owner.create()).code
        refusals = deque([Refused("unavailable", retryable=True)])
        tickets, said = Tickets(owner), asyncio.Event()

        async def ticket() -> str:
            if not said.is_set():
                raise OSError("no way to the server")
            if refusals:
                raise refusals.popleft()
            return await tickets()

        async with Client(web.url, token=ticket) as client:
            await eventually(lambda: client.trouble, why="it is said what is the matter")
            assert client.trouble == "no token: no way to the server"
            said.set()
            assert (await (await client.join(code)).select("nest", "nest120")).ok
    assert not refusals


async def test_a_client_that_gets_no_ticket_is_refused(web: RunningWeb) -> None:
    async with (
        Client(web.url, token="nobody's, sixteen or more") as nobody,
        Client(web.url, token=Tickets(nobody)) as client,
    ):
        with pytest.raises(ClientClosed) as closed:
            await client.join("ABCDEFGH")
    assert closed.value.refused is not None
    assert closed.value.refused.code == "not_authenticated"


async def test_without_async_the_function_may_block(web: RunningWeb) -> None:
    def script() -> None:
        with without_async.Client.register(web.url) as owner:
            code = owner.create().code
            given: list[str] = []

            def ticket() -> str:
                given.append(owner.ticket().ticket)
                return given[-1]

            with without_async.Client(web.url, token=ticket) as client:
                house = client.join(code, timeout=60)
                client.drop()
                assert house.select("nest", "nest120", timeout=60).ok
            assert len(given) == 2

    await asyncio.to_thread(script)


def test_a_token_that_was_given_once_is_refused_once() -> None:
    """A token that is requested again for each connection is given up after two refusals in a row. (CN4)"""
    session = Session(client="test", random=Random(1))
    session.identify("a token of sixteen or more")
    session.opened(0.0)
    session.receive(refusal("not_authenticated", "hello"), 0.0)
    assert session.fatal is not None

    session = Session(client="test", random=Random(1))
    for _ in range(3):
        session.identify("a ticket of sixteen or more", asked_for=True)
        session.opened(0.0)
        session.receive(refusal("not_authenticated", "hello"), 0.0)
        assert session.broken is not None
        assert session.fatal is None
        session.closed()
        session.opened(0.0)
        session.receive(WELCOME, 0.0)
        session.closed()
    session.opened(0.0)
    session.receive(refusal("not_authenticated", "hello"), 0.0)
    session.closed()
    session.opened(0.0)
    session.receive(refusal("not_authenticated", "hello"), 0.0)
    assert session.fatal is not None
