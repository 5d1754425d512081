"""Tickets: the owner of a token lets somebody else open one connection, and keeps the token secret."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager

import msgspec
import pytest
import socketio
from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed

from realtime.people.principal import token_sha256
from realtime.people.tickets import TICKET_CHARS, TTL_MS
from tests.realtime.activity.live.test_watching import admin_token
from tests.realtime.clients import Api, Json, Socket, opened
from tests.realtime.conftest import RunningWeb, StartWeb
from tests.realtime.transports.test_socketio import NAMESPACE, Person
from tests.storage.link import link_to
from tests.support.waiting import eventually

Way = Callable[[RunningWeb, str], AbstractAsyncContextManager[Json]]
"""Opens a connection with a token or ticket; gives the answer, a welcome or an error."""


@asynccontextmanager
async def websocket(web: RunningWeb, credential: str) -> AsyncIterator[Json]:
    async with opened(web.ws_url) as socket:
        yield await socket.hello(credential)


@asynccontextmanager
async def socket_io(web: RunningWeb, credential: str) -> AsyncIterator[Json]:
    async with asyncio.timeout(60), connect(address_of(web)) as raw:
        await raw.recv()
        await raw.send(f'40/configurator,{{"token":"{credential}"}}')
        yield await entering(raw)


def address_of(web: RunningWeb) -> str:
    return f"{web.url.replace('http', 'ws')}/socket.io/?EIO=4&transport=websocket"


async def entering(raw: ClientConnection) -> Json:
    """The answer to a CONNECT; who is to come back has it in the close code alone."""
    said: Json
    try:
        first = str(await raw.recv())
        if first.startswith("44"):
            said = msgspec.json.decode(first.partition(",")[2])["data"]
        else:
            said = msgspec.json.decode(str(await raw.recv()).partition(",")[2])[1]
    except ConnectionClosed:
        retryable = raw.close_code == 1013
        said = {"code": raw.close_reason, "retryable": retryable, "retry_after_ms": 1}
    return said


ways = pytest.mark.parametrize("way", [websocket, socket_io])


async def answer(way: Way, web: RunningWeb, credential: str) -> str:
    """``welcome``, or the code of the refusal."""
    async with way(web, credential) as said:
        return str(said.get("code", "welcome"))


async def admitted(way: Way, web: RunningWeb, ticket: str) -> None:
    """Try until the stores are known to be back; a ticket that was used up never gets in."""

    async def is_in() -> bool:
        said = await answer(way, web, ticket)
        return said == "welcome"

    await eventually(is_in, why="the ticket opens a connection")


async def new_person(web: RunningWeb) -> tuple[Api, str]:
    """Somebody with a token; their id."""
    api = web.api()
    person = (await api.call("POST", "/api/people")).json()
    api.token = person["token"]
    return api, person["person"]["id"]


async def ticket_of(api: Api) -> str:
    issued = await api.call("POST", "/api/tickets")
    assert issued.status_code == 201, issued.text
    body = issued.json()
    assert body["expires_in_ms"] == TTL_MS
    assert len(body["ticket"]) == TICKET_CHARS
    ticket: str = body["ticket"]
    return ticket


@ways
async def test_a_ticket_opens_one_connection(web: RunningWeb, way: Way) -> None:
    """(CN10)"""
    api, person_id = await new_person(web)
    ticket = await ticket_of(api)
    async with way(web, ticket) as welcome:
        assert welcome["person"]["id"] == person_id
        for again in (websocket, socket_io):
            assert await answer(again, web, ticket) == "not_authenticated"
    assert await answer(way, web, ticket) == "not_authenticated"
    assert await answer(way, web, api.token or "") == "welcome"


async def test_one_of_many_clients_with_one_ticket_gets_in_on_two_processes(
    start_web: StartWeb,
) -> None:
    """(CN10)"""
    webs = await start_web("one"), await start_web("two")
    api, _ = await new_person(webs[0])
    ticket = await ticket_of(api)
    async with asyncio.TaskGroup() as tasks:
        tries = [tasks.create_task(answer(websocket, webs[n % 2], ticket)) for n in range(12)]
    assert sorted(each.result() for each in tries) == ["not_authenticated"] * 11 + ["welcome"]
    assert await answer(socket_io, webs[1], await ticket_of(api)) == "welcome"


@ways
async def test_an_expired_ticket_admits_nobody(web: RunningWeb, way: Way) -> None:
    """(CN10)"""
    api, _ = await new_person(web)
    ticket = await ticket_of(api)
    redis = web.parts.stores.redis.client
    (key,) = await redis.keys("ticket:*")
    assert 0 < await redis.pttl(key) <= TTL_MS
    await redis.pexpire(key, 1)

    async def gone() -> bool:
        return not await redis.exists(key)

    await eventually(gone, why="its time is over")
    assert await answer(way, web, ticket) == "not_authenticated"


@ways
@pytest.mark.parametrize("ticket", ["ticket_" + "x" * 43, "ticket_" + "x" * 121, "ticket_" * 3])
async def test_a_text_that_only_looks_like_a_ticket_admits_nobody(
    web: RunningWeb, way: Way, ticket: str
) -> None:
    """(CN4)"""
    assert await answer(way, web, ticket) == "not_authenticated"


async def test_a_ticket_works_nowhere_else_and_is_not_used_up_there(web: RunningWeb) -> None:
    """No bearer token, no cookie, and nothing in an address. (CN2, CN10)"""
    owner, _ = await new_person(web)
    ticket = await ticket_of(owner)
    bearer = web.api(ticket)
    for method, path in (
        ("POST", "/api/tickets"),
        ("POST", "/api/configurations"),
        ("GET", "/api/configurations/ABCDEFGH"),
    ):
        refused = await bearer.call(method, path, **({"json": {}} if method == "POST" else {}))
        assert refused.status_code == 401, path
        assert refused.json()["error"]["code"] == "not_authenticated"
    for query in ("ticket", "token"):
        async with connect(f"{web.ws_url}?{query}={ticket}") as connection:
            assert (await Socket(connection).hello(None))["code"] == "not_authenticated"
    for headers in ({"authorization": f"Bearer {ticket}"}, {"cookie": f"nest_person={ticket}"}):
        async with opened(web.ws_url, additional_headers=headers) as socket:
            assert (await socket.hello(None))["code"] == "not_authenticated"
    client = socketio.AsyncClient(reconnection=False)
    person = Person(client)
    with pytest.raises(socketio.exceptions.ConnectionError):
        await client.connect(
            f"{web.url}?token={ticket}", namespaces=[NAMESPACE], transports=["websocket"]
        )
    assert person.refused is not None
    assert person.refused["code"] == "not_authenticated"
    await client.disconnect()
    assert await answer(websocket, web, ticket) == "welcome"


async def test_the_stored_part_of_a_ticket_reveals_nothing(web: RunningWeb) -> None:
    api, _ = await new_person(web)
    ticket = await ticket_of(api)
    redis = web.parts.stores.redis.client
    (key,) = await redis.keys("ticket:*")
    assert key == f"ticket:{{{token_sha256(ticket).hex()}}}".encode()
    assert await redis.get(key) == token_sha256(api.token or "")


@ways
async def test_an_admins_ticket_is_as_good_as_their_session(web: RunningWeb, way: Way) -> None:
    """The connection ends with the session, and so do the tickets. (CN10, AU3)"""
    admin = web.api(await admin_token(web))
    late = await ticket_of(admin)
    async with way(web, await ticket_of(admin)) as welcome:
        assert welcome["person"]["name"] == "Admin"
    async with opened(web.ws_url) as socket:
        await socket.hello(await ticket_of(admin))
        assert (await socket.ask("watch"))["type"] == "watching"
        assert (await admin.call("POST", "/api/admin/logout")).status_code == 200
        assert (await socket.until("unwatched"))["code"] == "admins_only"
    assert await answer(way, web, late) == "not_authenticated"


@ways
async def test_with_redis_away_they_are_told_to_come_back(
    start_web: StartWeb, database_url: str, redis_url: str, way: Way
) -> None:
    """The ticket was not used, so it admits when Redis is back. (CN8, CN11)"""
    async with link_to(redis_url) as link:
        web = await start_web(stores=(database_url, link.url))
        api, _ = await new_person(web)
        ticket = await ticket_of(api)
        link.cut(refuse=True)
        refused = await api.call("POST", "/api/tickets")
        assert refused.status_code == 503
        assert refused.headers["retry-after"]
        assert refused.json()["error"]["code"] == "unavailable"
        assert refused.json()["error"]["retry_after_ms"] > 0
        async with way(web, ticket) as said:
            assert (said["code"], said["retryable"]) == ("unavailable", True)
            assert said["retry_after_ms"] > 0
        assert await answer(way, web, api.token or "") == "welcome"
        link.mend()
        await admitted(way, web, ticket)


@ways
async def test_with_postgresql_away_the_ticket_stays_good(
    start_web: StartWeb, database_url: str, redis_url: str, way: Way
) -> None:
    """(CN8, CN11)"""
    api, _ = await new_person(await start_web("one"))
    ticket = await ticket_of(api)
    async with link_to(database_url) as link:
        two = await start_web("two", stores=(link.url, redis_url), deadline_seconds=1.0)
        link.cut(refuse=True)
        assert await answer(way, two, ticket) == "unavailable"
        link.mend()
        await admitted(way, two, ticket)


async def test_a_hello_that_could_not_be_judged_ends_the_connection_for_now(
    start_web: StartWeb, database_url: str, redis_url: str
) -> None:
    """Kept open it would be closed as that of nobody known, and clients would give up. (CN8, TR11)"""
    async with link_to(redis_url) as link:
        web = await start_web(stores=(database_url, link.url))
        api, _ = await new_person(web)
        tickets = [await ticket_of(api), await ticket_of(api)]
        link.cut(refuse=True)
        async with opened(web.ws_url) as socket:
            assert (await socket.hello(tickets[0]))["code"] == "unavailable"
            with pytest.raises(ConnectionClosed):
                await socket.next()
            assert socket.connection.close_code == 1013
        async with connect(address_of(web)) as raw:
            await raw.recv()
            await raw.send(f'40/configurator,{{"token":"{tickets[1]}"}}')
            with pytest.raises(ConnectionClosed):
                await raw.recv()  # and no CONNECT: what the client has not sent yet, it keeps
            assert (raw.close_code, raw.close_reason) == (1013, "unavailable")


async def test_a_ticket_is_asked_for_with_a_token_or_from_our_own_page(web: RunningWeb) -> None:
    """(CN7, CN10)"""
    api, person_id = await new_person(web)
    cookie = {"cookie": f"nest_person={api.token}"}

    async def asked(**headers: str) -> tuple[int, Json]:
        answered = await web.api().call("POST", "/api/tickets", headers=headers)
        return answered.status_code, answered.json()

    for nobody in ({}, {"authorization": "Bearer no-such-token-anywhere"}):
        status, body = await asked(**nobody)
        assert (status, body["error"]["code"]) == (401, "not_authenticated")
    status, body = await asked(**cookie, origin="https://evil.example")
    assert (status, body["error"]["code"]) == (403, "foreign_origin")
    for own in (cookie, {"cookie": f"nest_admin={await admin_token(web)}"}):
        status, body = await asked(**own, origin=web.url)
        assert status == 201
        async with websocket(web, body["ticket"]) as welcome:
            assert (welcome["person"]["id"] == person_id) is (own is cookie)


async def test_the_number_of_tickets_is_bounded(start_web: StartWeb) -> None:
    """A ticket counts as an op of its person. (CN10, LM1)"""
    web = await start_web(limit_scale=0.1)
    web.time.stop()
    api, _ = await new_person(web)
    async with asyncio.TaskGroup() as tasks:
        asked = [tasks.create_task(api.call("POST", "/api/tickets")) for _ in range(40)]
    answers = [each.result() for each in asked]
    assert {each.status_code for each in answers} == {201, 429}
    assert all(each.json()["error"]["retry_after_ms"] for each in answers if each.is_error)
    other, _ = await new_person(web)
    await ticket_of(other)
