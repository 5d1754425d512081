"""Delivery of frames: the same bytes for all clients, in order, over every transport."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager, suppress

import httpx
import pytest
import socketio
from uvicorn.protocols.websockets.websockets_sansio_impl import WebSocketsSansIOProtocol
from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed

from configurator.protocol.codes import CODES
from configurator.protocol.messages import MESSAGE_BYTES_MAX, Pong
from realtime.connections.timing import Timing
from realtime.delivery.frame import Frame
from realtime.delivery.outbox import MESSAGES_MAX
from tests.realtime.clients import joined, opened, select
from tests.realtime.conftest import RunningWeb, StartWeb
from tests.realtime.transports.test_socketio import NAMESPACE, Person
from tests.support.waiting import eventually

NESTS = ("nest80", "nest100", "nest120", "nest140", "nest160")
EDITS = 40


@asynccontextmanager
async def on_socketio(web: RunningWeb, token: str, *transports: str) -> AsyncIterator[Person]:
    client = socketio.AsyncClient(reconnection=False)
    person = Person(client)
    await client.connect(
        web.url, namespaces=[NAMESPACE], transports=list(transports), auth={"token": token}
    )
    try:
        yield person
    finally:
        await client.disconnect()


async def test_every_member_gets_the_same_bytes(web: RunningWeb) -> None:
    """(TR7)"""
    api = web.api()
    created = await api.create()
    token, code = api.token or "", created["code"]
    url = f"{web.url.replace('http', 'ws')}/socket.io/?EIO=4&transport=websocket"
    async with AsyncExitStack() as stack:
        raw = [
            (await stack.enter_async_context(joined(web.ws_url, token, code))).connection
            for _ in range(3)
        ]
        events = [await stack.enter_async_context(connect(url)) for _ in range(3)]
        for connection in events:
            await connection.send(f'40/configurator,{{"token": "{token}"}}')
            await connection.send(f'42/configurator,["join", {{"configuration": "{code}"}}]')
        (room,) = web.parts.editing.hub.rooms()
        await eventually(lambda: len(room.members) == 6, why="all are in the room")
        await api.submit(created["id"], select("nest", "nest120"))
        for connections in (raw, events):
            texts = [await the_op(connection) for connection in connections]
            assert len(set(texts)) == 1


async def the_op(connection: ClientConnection) -> str:
    """The op as it arrives."""
    async with asyncio.timeout(60):
        while '"type":"op"' not in (text := str(await connection.recv())):
            pass
    return text


@pytest.mark.parametrize("transports", [("websocket",), ("polling",), ("polling", "websocket")])
async def test_versions_stay_in_order_while_a_client_comes_in(
    web: RunningWeb, transports: tuple[str, ...]
) -> None:
    """(JN5, TR8): by WebSocket, by polling, and upgraded in the middle of it."""
    api = web.api()
    created = await api.create()
    async with joined(web.ws_url, api.token or "", created["code"]) as author:

        async def edit() -> None:
            for number in range(EDITS):
                await author.op(created["id"], select("nest", NESTS[number % 5]))

        async with (
            asyncio.TaskGroup() as tasks,
            on_socketio(web, api.token or "", *transports) as person,
        ):
            tasks.create_task(edit())
            snapshot = await person.ask("join", configuration=created["code"])
            versions: list[int] = []

            def seen() -> list[int]:
                versions[:] = [
                    op["version"]
                    for name, content in person.events
                    if name in {"op", "ops"}
                    for op in content.get("ops", [content])
                ]
                return versions

            last = created["version"] + EDITS
            await eventually(lambda: seen()[-1:] == [last], 60, why="the last version is here")
            assert versions == list(range(snapshot["version"] + 1, last + 1))
            assert person.client.transport() == transports[-1]
            assert person.events[0][0] == "welcome"


async def test_a_reply_and_its_acknowledgement_come_after_the_op_over_polling_too(
    web: RunningWeb,
) -> None:
    """(OP8, TR2)"""
    api = web.api()
    created = await api.create()
    async with on_socketio(web, api.token or "", "polling") as person:
        await person.ask("join", configuration=created["code"])
        outcome = await person.ask(
            "op",
            configuration=created["id"],
            op_id="0190a5b0-0000-7000-8000-000000000001",
            base_version=0,
            operation=select("nest", "nest120"),
        )
        assert outcome["outcome"] == "committed"
        names = [name for name, _ in person.events]
        assert names.index("op") < names.index("outcome")


async def test_a_client_that_never_enters_the_namespace_is_let_go(start_web: StartWeb) -> None:
    """(CN3, TR10)"""
    web = await start_web(timing=Timing(hello_seconds=0.2))
    url = f"{web.url.replace('http', 'ws')}/socket.io/?EIO=4&transport=websocket"
    async with asyncio.timeout(60), connect(url) as idle:
        assert str(await idle.recv()).startswith("0{")
        with suppress(ConnectionClosed):
            await idle.recv()
        assert idle.close_code == CODES["not_authenticated"].close
    async with httpx.AsyncClient(timeout=60) as polling:
        address = f"{web.url}/socket.io/?EIO=4&transport=polling"
        opening = await polling.get(address)
        sid = opening.text.split('"sid":"')[1].split('"')[0]

        async def gone() -> bool:
            return (await polling.get(f"{address}&sid={sid}")).status_code == 400

        await eventually(gone, why="the session is gone")


async def test_a_poll_that_waits_is_answered_when_its_client_says_goodbye(web: RunningWeb) -> None:
    address = f"{web.url}/socket.io/?EIO=4&transport=polling"
    async with httpx.AsyncClient(timeout=15) as polling, asyncio.TaskGroup() as tasks:
        opening = await polling.get(address)
        sid = opening.text.split('"sid":"')[1].split('"')[0]
        session = f"{address}&sid={sid}"
        waiting = tasks.create_task(polling.get(session))
        queue = web.parts.sockets.socketio.engine.sockets[sid].queue
        await eventually(lambda: queue._getters, why="it waits")
        assert (await polling.post(session, content="1")).status_code == 200
        assert (await waiting).text == "1"


async def test_a_client_without_a_hello_is_told_and_let_go(start_web: StartWeb) -> None:
    """(CN3, ER2, TR8, TR11)"""
    web = await start_web(timing=Timing(hello_seconds=0.2))
    async with opened(web.ws_url) as silent:
        assert (await silent.next())["code"] == "not_authenticated"
        with suppress(ConnectionClosed):
            await silent.next()
        assert silent.connection.close_code == CODES["not_authenticated"].close
    patient = await start_web("patient", timing=Timing(hello_seconds=3.0))
    url = f"{patient.url.replace('http', 'ws')}/socket.io/?EIO=4&transport=websocket"
    async with asyncio.timeout(60), connect(url) as stranger:
        await stranger.recv()
        await stranger.send("40/configurator,")
        packets = []
        with suppress(ConnectionClosed):
            while True:
                packets.append(str(await stranger.recv()))
        (refused,) = packets  # said at once; who then does nothing is let go
        assert refused.startswith("44/configurator,")
        assert '"not_authenticated"' in refused
        assert stranger.close_code == CODES["not_authenticated"].close


@pytest.mark.parametrize("size", [MESSAGE_BYTES_MAX + 1, 900_000])
async def test_a_message_that_is_too_large_is_refused_before_it_is_read(
    web: RunningWeb, size: int
) -> None:
    """(MS1, ER2, TR9)"""
    api = web.api()
    await api.create()
    async with asyncio.timeout(60):
        async with connect(web.ws_url) as raw:
            await raw.send("x" * size)
            assert '"message_too_large"' in str(await raw.recv())
            with suppress(ConnectionClosed):
                await raw.recv()
            assert raw.close_code == CODES["message_too_large"].close
        url = f"{web.url.replace('http', 'ws')}/socket.io/?EIO=4&transport=websocket"
        async with connect(url) as raw:
            await raw.recv()
            await raw.send(f'40/configurator,{{"token":"{api.token}"}}')
            await raw.recv()
            await raw.recv()  # welcome
            await raw.send('42/configurator,["' + "x" * size + '"]')
            assert '["error",' in str(await raw.recv())
            with suppress(ConnectionClosed):
                await raw.recv()
            assert raw.close_code == CODES["message_too_large"].close


async def test_delivery_works_on_a_server_without_nest_socket(start_web: StartWeb) -> None:
    """(TR1): plain ASGI, as other servers have it."""
    web = await start_web(sockets=WebSocketsSansIOProtocol)
    api = web.api()
    created = await api.create()
    async with (
        joined(web.ws_url, api.token or "", created["code"]) as author,
        on_socketio(web, api.token or "", "websocket") as watcher,
    ):
        await watcher.ask("join", configuration=created["code"])
        for nest in NESTS:
            assert (await author.op(created["id"], select("nest", nest)))["type"] == "outcome"
        await eventually(lambda: len(watcher.seen("op")) == len(NESTS), why="every op is seen")
        (room,) = web.parts.editing.hub.rooms()
        stay = room.members.attachments()[0]
        for _ in range(2 * MESSAGES_MAX):  # in one turn of the loop, so that nothing is read
            stay.deliver(Frame.of(Pong(re="x" * 1000)))
        assert (await author.until("error"))["code"] == "slow_reader"
        with suppress(ConnectionClosed):
            await author.next()
        assert author.connection.close_code == CODES["slow_reader"].close
        await eventually(lambda: len(room.members) == 1, why="it has left")
