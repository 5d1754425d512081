"""Peers of another release: what is unknown is ignored, what is missing has its default. (PT21)"""

import json
from functools import partial
from typing import Any
from uuid import UUID, uuid4

import msgspec
import pytest
from typing_extensions import override
from websockets.exceptions import ConnectionClosed

from app.parts.stores import StoresPart
from configurator.protocol import codec
from configurator.protocol.codes import Refused
from configurator.protocol.messages import PROTOCOL
from configurator.protocol.schema import CLIENT_MESSAGES, SERVER_MESSAGES, protocol_schema, tag_of
from realtime.api.declared.asyncapi import Example, examples
from storage.redis.bus.bus import Bus
from tests.protocol.frames import fits_client, fits_server
from tests.realtime.clients import Json, joined, opened, select, versions_of
from tests.realtime.conftest import RunningWeb, StartWeb
from tests.realtime.transports.test_socketio import connected
from tests.support.waiting import eventually

NEWS: dict[str, Any] = {"since_release": 7, "hints": {"a": [1, None]}, "": "", "constructor": {}}
CLIENT_NAMES = {each.__name__ for each in CLIENT_MESSAGES}


def of_client() -> list[Example]:
    return [each for each in examples() if each.message in CLIENT_NAMES]


def of_server() -> list[Example]:
    return [each for each in examples() if each.message not in CLIENT_NAMES]


def enriched(part: Any) -> Any:
    """Every object in it says more than we know."""
    if isinstance(part, dict):
        return {**{key: enriched(value) for key, value in part.items()}, **NEWS}
    return [enriched(each) for each in part] if isinstance(part, list) else part


def name_of(example: Example) -> str:
    return f"{example.message}: {example.summary}"


@pytest.mark.parametrize("example", of_client(), ids=name_of)
def test_a_newer_client_says_more(example: Example) -> None:
    """(MS2)"""
    more = enriched(example.payload)
    assert fits_client(more)
    read, plain = codec.decode(json.dumps(more)), codec.decode(json.dumps(example.payload))
    if example.message == "Track":  # what is inside is passed on as it came
        plain = msgspec.structs.replace(plain, interaction=read.interaction)  # type: ignore[union-attr]
    assert read == plain


@pytest.mark.parametrize("example", of_server(), ids=name_of)
def test_a_newer_server_says_more(example: Example) -> None:
    """A client made from our types reads it, as the schema promises. (MS2)"""
    kind = next(each for each in SERVER_MESSAGES if each.__name__ == example.message)
    more = json.loads(json.dumps(example.payload)) | NEWS
    for inner in ("author", "person", "you", "message"):
        if isinstance(more.get(inner), dict):
            more[inner] |= NEWS
    assert fits_server(more)
    plain = msgspec.json.decode(json.dumps(example.payload), type=kind)
    read = msgspec.json.decode(json.dumps(more), type=kind)
    assert type(read) is type(plain)
    assert {f: getattr(read, f) for f in ("re",)} == {f: getattr(plain, f) for f in ("re",)}


def least(message: str) -> Json:
    """The message with nothing but what is required, as the first clients send it."""
    required = set(protocol_schema()["$defs"][message]["required"])
    (first, *_) = [each.payload for each in of_client() if each.message == message]
    return {key: value for key, value in first.items() if key in required}


@pytest.mark.parametrize("message", [each.__name__ for each in CLIENT_MESSAGES])
def test_an_older_client_says_less(message: str) -> None:
    """(MS8)"""
    assert fits_client(least(message))
    understood = codec.decode(json.dumps(least(message)))
    assert type(understood).__name__ == message


@pytest.mark.parametrize("message", CLIENT_MESSAGES, ids=lambda each: str(each.__name__))
def test_schema_and_decoder_agree_about_what_is_required(message: type[msgspec.Struct]) -> None:
    """(MS8)"""
    for missing in least(message.__name__):
        incomplete = {k: v for k, v in least(message.__name__).items() if k != missing}
        assert not fits_client(incomplete)
        with pytest.raises(Refused):
            codec.decode(json.dumps(incomplete))
    assert least(message.__name__)["type"] == tag_of(message)


async def test_a_client_that_says_more_is_served(web: RunningWeb) -> None:
    """(MS2, MS3)"""
    api = web.api()
    created = await api.create()
    async with opened(web.ws_url) as socket:
        welcome = await socket.ask("hello", protocol=PROTOCOL, token=api.token, **NEWS)
        assert welcome["type"] == "welcome"
        assert (await socket.ask("join", configuration=created["code"], **NEWS))[
            "type"
        ] == "snapshot"
        assert (await socket.ask("comment", text="schön"))["code"] == "unknown_message_type"
        outcome = await socket.ask(
            "op",
            configuration=created["id"],
            op_id=str(uuid4()),
            base_version=0,
            operation={**select("nest", "nest120"), **NEWS},
            **NEWS,
        )
        assert outcome["outcome"] == "committed"


@pytest.mark.parametrize(
    ("protocol", "code", "close"),
    [
        (PROTOCOL - 1, "client_too_old", 4010),
        (-(10**9), "client_too_old", 4010),
        (PROTOCOL + 1, "client_too_new", 4011),
        (2**40, "client_too_new", 4011),
    ],
)
async def test_another_protocol_is_told_which_one_is_spoken(
    web: RunningWeb, protocol: int, code: str, close: int
) -> None:
    """(CN5, ER2)"""
    api = web.api()
    await api.create()
    async with opened(web.ws_url) as socket:
        refused = await socket.ask("hello", protocol=protocol, token=api.token)
        assert refused["code"] == code
        with pytest.raises(ConnectionClosed) as closed:
            await socket.next()
        assert closed.value.rcvd is not None
        assert closed.value.rcvd.code == close
    async with connected(web, api.token) as person:
        refused = await person.ask("hello", protocol=protocol, token=api.token)
        assert refused["code"] == code
        await eventually(lambda: not person.client.connected, why="the server hangs up")


class NewerBus(Bus):
    """Says more than this release does."""

    @override
    def publish(self, channel: str, payload: bytes) -> None:
        if payload[:1] in {b"o", b"p"}:
            told = enriched(json.loads(payload[1:])) if payload[:1] == b"p" else _news(payload[1:])
            super().publish(channel, payload[:1] + json.dumps(told).encode())
            super().publish(channel, b"q" + payload[1:])
        else:
            super().publish(channel, payload)


async def test_a_process_of_a_newer_release_says_more_on_the_bus(start_web: StartWeb) -> None:
    """During a rolling restart old and new processes hear each other. (CN9, MS2)"""
    newer = await start_web("newer", stores_of=partial(StoresPart.of, bus_of=NewerBus))
    older = await start_web("older")
    api = newer.api()
    created = await api.create()
    room = await older.parts.editing.hub.room(UUID(created["id"]))
    async with (
        joined(newer.ws_url, api.token or "", created["code"]) as author,
        joined(older.ws_url, api.token or "", created["code"]) as watcher,
    ):
        await eventually(lambda: len(room.members.everybody()[0]) == 2, why="both are seen")
        for version, option in enumerate(("nest100", "nest120", "nest140")):
            await author.op(created["id"], select("nest", option), version)
        versions: list[int] = []
        while len(versions) < 3:  # as a client reads them that ignores what it does not know
            frame = json.loads(await watcher.connection.recv())
            assert fits_server(frame)
            versions += versions_of(frame)
        assert versions == [1, 2, 3]


def _news(op: bytes) -> Json:
    frame: Json = json.loads(op)
    return frame | NEWS | {"author": frame["author"] | NEWS}
