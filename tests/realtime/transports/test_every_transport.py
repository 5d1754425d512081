"""The same requests get the same answers, whichever way they come in: REST, WebSocket, Socket.IO,
and the page in its own process."""

import json
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from typing import Any
from uuid import uuid4

import pytest

from tests.realtime import page_tabs
from tests.realtime.clients import Json, Socket, joined, opened, select
from tests.realtime.conftest import RunningWeb
from tests.realtime.people.guests import guest
from tests.realtime.transports.test_socketio import NAMESPACE, Person, connected
from tests.support.waiting import eventually

Ask = Callable[[Json], Awaitable[tuple[str, str]]]
"""Sends the fields of an op; answers with what kind of answer came, and its outcome or code."""


@asynccontextmanager
async def rest(web: RunningWeb, token: str, house: Json) -> AsyncIterator[Ask]:
    async def ask(op: Json) -> tuple[str, str]:
        path = f"/api/configurations/{house['id']}/ops"
        answer = (await web.api(token).call("POST", path, json=op)).json()
        return ("error", answer["error"]["code"]) if "error" in answer else answered(answer)

    yield ask


@asynccontextmanager
async def websocket(web: RunningWeb, token: str, house: Json) -> AsyncIterator[Ask]:
    async with joined(web.ws_url, token, house["code"]) as socket:

        async def ask(op: Json) -> tuple[str, str]:
            return answered(await socket.ask("op", configuration=house["id"], **op))

        yield ask


@asynccontextmanager
async def socket_io(web: RunningWeb, token: str, house: Json) -> AsyncIterator[Ask]:
    async with connected(web, token) as person:
        await person.ask("join", configuration=house["code"])

        async def ask(op: Json) -> tuple[str, str]:
            return answered(await person.ask("op", configuration=house["id"], **op))

        yield ask


@asynccontextmanager
async def page(web: RunningWeb, token: str, house: Json) -> AsyncIterator[Ask]:
    async with page_tabs.page(web, token, house["code"]) as tab:
        assert [frame["type"] for frame in tab.frames] == ["welcome", "snapshot", "welcome"]
        await tab.join()

        async def ask(op: Json) -> tuple[str, str]:
            message = {"type": "op", "id": uuid4().hex, "configuration": house["id"], **op}
            await tab.tab.connection.receive(json.dumps(message))
            found: list[Json] = []

            def came() -> bool:
                found[:] = [frame for frame in tab.frames if frame.get("re") == message["id"]]
                return bool(found)

            await eventually(came, why="the page has its answer")
            return answered(found[0])

        yield ask


def answered(reply: Json) -> tuple[str, str]:
    if reply.get("type") == "error":
        assert reply["message"]["de"]
        assert reply["message"]["en"]
        return "error", reply["code"]
    return reply["outcome"], reply["reasons"][0]["code"] if reply["reasons"] else ""


def op(operation: Any, **fields: Any) -> Json:
    return {"op_id": str(uuid4()), "base_version": 0, "operation": operation, **fields}


@pytest.mark.parametrize("way", [rest, websocket, socket_io, page])
async def test_every_way_in_answers_the_same(web: RunningWeb, way: Any) -> None:
    """(TR1, MS9)"""
    api = web.api()
    house = await api.create()
    first = op(select("nest", "nest120"))
    async with way(web, api.token or "", house) as ask:
        assert await ask(first) == ("committed", "")
        assert await ask(first) == ("committed", "")
        assert await ask({**first, "operation": select("nest", "nest160")}) == (
            "error",
            "op_id_reused",
        )
        assert await ask(op({"kind": "reset"}, guarded=True)) == ("conflict", "changed_meanwhile")
        assert await ask(op({"kind": "reset"}, base_version=99)) == ("error", "version_unknown")
        for operation, code in (
            (select("keller", "ja"), "unknown_category"),
            (select("nest", "nest999"), "unknown_option"),
            (select("pvanlage", "pv_panels", 99), "quantity_above_maximum"),
            (select("pvanlage", "pv_panels", -1), "quantity_below_minimum"),
        ):
            assert await ask(op(operation)) == ("rejected", code)
        assert await ask(op(select("pvanlage", "pv_panels", 99.0))) == (  # type: ignore[arg-type]
            "rejected",
            "quantity_above_maximum",
        )
        unreadable: list[Any] = [
            {**select("pvanlage", "pv_panels"), "quantity": 1.5},
            {"kind": "explode"},
            {"kind": "select", "category": "nest"},
            {"kind": "select", "category": "nest", "option": 7},
            [],
            None,
        ]
        for bad in unreadable:
            assert await ask(op(bad)) == ("error", "malformed_message"), bad
        incomplete = op(select("nest", "nest80"))
        del incomplete["op_id"]
        assert await ask(incomplete) == ("error", "malformed_message")
    read = await api.read(house["id"])
    assert (read["version"], read["selection"]["nest"]["option"]) == (1, "nest120")


@asynccontextmanager
async def websocket_outside(web: RunningWeb, token: str, house: Json) -> AsyncIterator[Socket]:
    async with opened(web.ws_url) as socket:
        await socket.hello(token)
        yield socket


@asynccontextmanager
async def socket_io_outside(web: RunningWeb, token: str, house: Json) -> AsyncIterator[Person]:
    async with connected(web, token) as person:
        yield person


@pytest.mark.parametrize("way", [websocket_outside, socket_io_outside])
async def test_a_person_with_a_role_edits_without_joining(web: RunningWeb, way: Any) -> None:
    """(OP19, JN1, OP4, OP15) The rule is that of REST: they get the outcome, and nothing else of the house."""
    api = web.api()
    house = await api.create()
    viewer, stranger = [await guest(web, house, api.token or "", "viewer"), web.api()]
    await stranger.create()
    async with (
        joined(web.ws_url, api.token or "", house["code"]) as peer,
        way(web, api.token or "", house) as owner,
        way(web, viewer["token"], house) as looking,
        way(web, stranger.token or "", house) as outside,
    ):
        first = op(select("nest", "nest120"))
        for reference, repeated in ((house["code"].lower(), False), (house["id"], True)):
            outcome = await owner.ask("op", configuration=reference, **first)
            assert (outcome["outcome"], outcome["version"]) == ("committed", 1)
            assert outcome["repeated"] is repeated
        assert (await peer.until("op"))["version"] == 1
        asked = op(select("nest", "nest160"))
        refused = await looking.ask("op", configuration=house["id"], **asked)
        assert refused["code"] == "read_only"
        for nowhere in (house["id"], house["code"], "NOSUCHHS", "x"):
            refused = await outside.ask("op", configuration=nowhere, **asked)
            assert refused["code"] == "not_found"
        for far_behind in (house["code"] + " " * 60, house["id"] + " " * 60):
            refused = await owner.ask("op", configuration=far_behind, **asked)
            assert refused["code"] == "not_found"
            refused = await owner.ask("join", configuration=far_behind)
            assert refused["code"] == "not_found"
            over_rest = await api.call("GET", f"/api/configurations/{far_behind}")
            assert over_rest.json()["error"]["code"] == "not_found"
        heard = [name for name, _ in owner.events] if isinstance(owner, Person) else owner.frames
        assert "op" not in [each if isinstance(each, str) else each["type"] for each in heard]
        await owner.ask("join", configuration=house["code"])
        await owner.ask("leave", configuration=house["code"])
        again = await owner.ask("op", configuration=house["code"], **op({"kind": "undo"}))
        assert again["outcome"] == "committed"


async def test_an_id_that_is_too_long_comes_back_whole(web: RunningWeb) -> None:
    """(MS5) An error names the op_id of its op, so that the sender recognises it."""
    api = web.api()
    house = await api.create()
    op_id = str(uuid4())
    fields = {"configuration": house["id"], "op_id": op_id, "base_version": 0}
    op = {"id": "x" * 65, **fields, "operation": {"kind": "reset"}}
    async with joined(web.ws_url, api.token or "", house["code"]) as socket:
        await socket.send_text(json.dumps({"type": "op", **op}))
        refused = await socket.until("error")
    async with connected(web, api.token) as person:
        acknowledged = await person.client.call("op", op, namespace=NAMESPACE, timeout=60)
    for error in (refused, acknowledged):
        assert (error["code"], error["re"], error["op_id"]) == (
            "malformed_message",
            "x" * 65,
            op_id,
        )
        assert "$.id" in error["detail"]
    assert (await api.read(house["id"]))["version"] == 0
