"""The same messages over Socket.IO, with the official client."""

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from typing import Any
from uuid import uuid4

import pytest
import socketio
from websockets.asyncio.client import connect
from websockets.exceptions import ConnectionClosed

from tests.protocol.frames import check_from_server, check_reply
from tests.realtime.clients import Json, joined, select
from tests.realtime.conftest import RunningWeb
from tests.realtime.edge.test_bad_input import OPERATIONS, code_of
from tests.support.waiting import eventually

NAMESPACE = "/configurator"


class Person:
    """Somebody on the official Socket.IO client; keeps every event, and holds it to the schema."""

    def __init__(self, client: socketio.AsyncClient) -> None:
        self.client = client
        self.events: list[tuple[str, Json]] = []
        self.refused: Json | None = None
        client.on("*", self._keep, namespace=NAMESPACE)
        client.on("connect_error", self._note, namespace=NAMESPACE)

    async def _keep(self, event: str, content: Json) -> None:
        check_from_server({**content, "type": event})
        self.events.append((event, content))

    async def _note(self, content: Json) -> None:
        assert content["data"]["code"] in content["message"]
        check_from_server({**content["data"], "type": "error"})
        self.refused = content["data"]

    def seen(self, event: str) -> list[Json]:
        return [content for name, content in self.events if name == event]

    async def ask(self, event: str, **content: Any) -> Json:
        reply: Json = await self.client.call(event, content, namespace=NAMESPACE, timeout=60)
        check_from_server(reply)
        check_reply({**content, "type": event}, reply)
        return reply


@asynccontextmanager
async def connected(
    web: RunningWeb, token: str | None, *, headers: dict[str, str] | None = None, **auth: object
) -> AsyncIterator[Person]:
    """A client that is not let in is there all the same, with the reason in ``refused``."""
    client = socketio.AsyncClient(reconnection=False)
    person = Person(client)
    try:
        await client.connect(
            web.url,
            namespaces=[NAMESPACE],
            transports=["websocket"],
            headers=dict(headers or {}),  # the client takes the cookie out
            auth={"token": token, **auth} if token else None,
            wait_timeout=60,
        )
    except socketio.exceptions.ConnectionError:
        if person.refused is None:
            raise
    try:
        yield person
    finally:
        await client.disconnect()


async def test_an_edit_is_acknowledged_and_seen_by_raw_sockets(web: RunningWeb) -> None:
    """(TR2, TR3)"""
    api = web.api()
    created = await api.create()
    async with (
        connected(web, api.token) as author,
        joined(web.ws_url, api.token or "", created["code"]) as watcher,
    ):
        snapshot = await author.ask("join", configuration=created["code"])
        assert snapshot["type"] == "snapshot"
        outcome = await author.ask(
            "op",
            configuration=created["id"],
            op_id=str(uuid4()),
            base_version=0,
            operation=select("nest", "nest160"),
        )
        assert outcome["outcome"] == "committed"
        seen = await watcher.until("op")
        await eventually(lambda: author.seen("op"), why="the author sees the op too")
        assert author.seen("op")[0] == seen


async def test_events_of_one_client_are_handled_in_order(web: RunningWeb) -> None:
    """(MS6, OP7)"""
    api = web.api()
    created = await api.create()
    options = ["nest100", "nest120", "nest140", "nest160", "nest80"] * 4
    async with connected(web, api.token) as author:
        await author.ask("join", configuration=created["code"])
        for option in options:
            await author.client.emit(
                "op",
                {
                    "configuration": created["id"],
                    "op_id": str(uuid4()),
                    "base_version": 0,
                    "operation": select("nest", option),
                },
                namespace=NAMESPACE,
            )
        await eventually(lambda: len(author.seen("op")) == len(options), why="every op is seen")
        assert [op["selection"]["nest"]["option"] for op in author.seen("op")] == options


async def test_bad_operations_over_socketio(web: RunningWeb) -> None:
    api = web.api()
    created = await api.create()
    async with connected(web, api.token) as author:
        await author.ask("join", configuration=created["code"])
        for operation, kind, code in OPERATIONS:
            if any(odd in operation for odd in ("NaN", "1e99", "9999999999")):
                continue  # the client's own JSON cannot say these
            answer = await author.ask(
                "op",
                configuration=created["id"],
                op_id=str(uuid4()),
                base_version=0,
                operation=json.loads(operation),
            )
            assert (answer["type"], code_of(answer)) == (kind, code), operation
        assert code_of(await author.ask("launch")) == "unknown_message_type"
        assert code_of(await author.ask("join")) == "malformed_message"
    assert (await api.read(created["id"]))["version"] == 0


async def test_malformed_packets_end_the_connection_without_a_traceback(
    web: RunningWeb, caplog: Any, capsys: Any
) -> None:
    """(TR4, TR6)"""
    api = web.api()
    await api.create()
    url = f"{web.url.replace('http', 'ws')}/socket.io/?EIO=4&transport=websocket"
    for bad in (
        '42/configurator,["op",1e]',
        "49",
        '451000000-/configurator,["op"]',
        "4x",
        "x",
        "",
    ):
        async with asyncio.timeout(60), connect(url) as raw:
            await raw.recv()
            await raw.send(f'40/configurator,{{"token":"{api.token}"}}')
            await raw.recv()
            await raw.send(bad)
            with suppress(ConnectionClosed):
                async for _ in raw:
                    pass
    printed = capsys.readouterr()
    assert "Traceback" not in caplog.text + printed.out + printed.err


ODD = [r'"\ud83d"', "NaN", "-Infinity", "[" * 1_100 + "]" * 1_100, "[" * 5_000 + "]" * 5_000]


@pytest.mark.parametrize("odd", ODD, ids=lambda odd: str(odd)[:9] + str(len(odd)))
async def test_an_event_of_loose_json_is_refused_and_the_connection_goes_on(
    web: RunningWeb, odd: str
) -> None:
    """(MS4, MS5, MS7, TR1) A JavaScript client writes half a character, a Python client NaN."""
    api = web.api()
    await api.create()
    url = f"{web.url.replace('http', 'ws')}/socket.io/?EIO=4&transport=websocket"
    async with asyncio.timeout(60), connect(url) as raw:
        await raw.recv()
        await raw.send("40/configurator," + json.dumps({"token": api.token}))
        await raw.recv()
        await raw.recv()  # welcome
        await raw.send('42/configurator,5["ping",{"id":"a","note":' + odd + "}]")
        event, acknowledgement = await raw.recv(), await raw.recv()
        assert isinstance(event, str)
        name, error = json.loads(event.removeprefix("42/configurator,"))
        assert (name, error["code"], error["re"]) == ("error", "malformed_message", "a")
        assert isinstance(acknowledgement, str)
        assert json.loads(acknowledgement.removeprefix("43/configurator,5")) == [error]
        await raw.send('42/configurator,6["ping",{"id":"b"}]')
        assert '"re":"b"' in str(await raw.recv())


@pytest.mark.parametrize(
    "auth", [["x"], "x", {"token": 5}, {"token": ["x"]}, {"session_id": 5, "token": "x" * 20}]
)
async def test_an_unreadable_auth_is_refused(web: RunningWeb, auth: object) -> None:
    """(MS4, TR15) It is not taken for none."""
    url = f"{web.url.replace('http', 'ws')}/socket.io/?EIO=4&transport=websocket"
    async with asyncio.timeout(60), connect(url) as raw:
        await raw.recv()
        await raw.send("40/configurator," + json.dumps(auth))
        refused = str(await raw.recv())
        assert refused.startswith("44/configurator,")
        assert json.loads(refused.removeprefix("44/configurator,"))["data"]["code"] == (
            "malformed_message"
        )


@pytest.mark.parametrize("transport", ["websocket", "polling"])
@pytest.mark.parametrize("auth", [None, {}, {"token": None}, {"session_id": "visit-1"}])
async def test_a_client_without_token_and_cookie_is_told_at_once(
    web: RunningWeb, transport: str, auth: Json | None
) -> None:
    """(CN2, TR3, TR15) It does not wait for a hello, because messages emitted offline would then be refused."""
    client = socketio.AsyncClient(reconnection=False)
    stranger = Person(client)
    with pytest.raises(socketio.exceptions.ConnectionError):
        await client.connect(
            web.url, namespaces=[NAMESPACE], transports=[transport], auth=auth, wait_timeout=60
        )
    assert stranger.refused is not None
    assert stranger.refused["code"] == "not_authenticated"
    assert "Send your token" in stranger.refused["message"]["en"]
    assert stranger.events == []
    await client.disconnect()


async def test_a_cookie_is_enough(web: RunningWeb) -> None:
    """(CN2, TR3)"""
    api = web.api()
    house = await api.create()
    async with connected(web, None, headers={"cookie": f"nest_person={api.token}"}) as person:
        assert (await person.ask("join", configuration=house["code"]))["type"] == "snapshot"


async def test_an_unknown_token_in_a_later_hello_ends_the_connection(
    web: RunningWeb,
) -> None:
    """(CN4, CN12, TR11)"""
    api = web.api()
    await api.create()
    async with connected(web, api.token) as person:
        answer = await person.ask("hello", protocol=1, token="no-such-token-anywhere")
        assert code_of(answer) == "not_authenticated"
        await eventually(lambda: not person.client.connected, why="the server hangs up")


@pytest.mark.parametrize("namespace", ["/", "/random", "/configurator/", "/c/ABCDEFGH?x=1", "/ü"])
async def test_a_wrong_namespace_says_which_one_is_right(web: RunningWeb, namespace: str) -> None:
    """(TR15) The refusal has the form that official clients show as ``connect_error.message``."""
    api = web.api()
    await api.create()
    address = f"{web.url.replace('http', 'ws')}/socket.io/?EIO=4&transport=websocket"
    async with asyncio.timeout(60), connect(address) as raw:
        await raw.recv()
        await raw.send("40" if namespace == "/" else f"40{namespace},")
        prefix = "44" if namespace == "/" else f"44{namespace.partition('?')[0]},"
        packet = str(await raw.recv())
        assert packet.startswith(prefix + "{")
        said = json.loads(packet.removeprefix(prefix))
        assert "/configurator" in said["message"]
        check_from_server(said["data"])
        assert said["data"]["code"] == "namespace_unknown"
        await raw.send(f'40/configurator,{{"token":"{api.token}"}}')
        assert str(await raw.recv()).startswith('40/configurator,{"sid":')


@pytest.mark.parametrize(
    ("auth", "code"),
    [
        ({"token": "no-such-token-anywhere"}, "not_authenticated"),
        ({"token": "short"}, "malformed_message"),
        ({"token": "no-such-token-anywhere", "protocol": 0}, "client_too_old"),
        ({"token": "no-such-token-anywhere", "protocol": "x"}, "malformed_message"),
    ],
)
async def test_a_refused_client_is_told_in_connect_error(
    web: RunningWeb, auth: Json, code: str
) -> None:
    """(CN4, TR8, TR15)"""
    client = socketio.AsyncClient(reconnection=False)
    person = Person(client)
    with pytest.raises(socketio.exceptions.ConnectionError):
        await client.connect(
            web.url, namespaces=[NAMESPACE], transports=["websocket"], auth=auth, wait_timeout=60
        )
    assert person.refused is not None
    assert person.refused["code"] == code
    assert person.events == []
    await client.disconnect()


async def test_a_client_that_enters_the_namespace_twice_is_there_once(web: RunningWeb) -> None:
    """(JN7) The second time is a new beginning."""
    api = web.api()
    house = await api.create()
    address = f"{web.url.replace('http', 'ws')}/socket.io/?EIO=4&transport=websocket"
    enter = f'40/configurator,{{"token":"{api.token}"}}'
    async with asyncio.timeout(60), connect(address) as raw:
        await raw.recv()
        for _ in range(2):
            await raw.send(enter)
            assert str(await raw.recv()).startswith('40/configurator,{"sid":')
            assert '"welcome"' in str(await raw.recv())
            await raw.send(f'42/configurator,1["join",{{"configuration":"{house["code"]}"}}]')
            while not str(await raw.recv()).startswith("43/configurator,1["):
                pass
        room = web.parts.editing.hub.opened(code=house["code"])
        assert room is not None
        assert len(room.members) == 1
