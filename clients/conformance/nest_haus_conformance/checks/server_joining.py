"""The duties of a server when clients connect, join and come back: CN, MS, JN, PS, SN."""

import asyncio
import json
from uuid import uuid4

from nest_haus_conformance.peer import Json, dial, greeted, joined, rest
from nest_haus_conformance.server import COMMITTED, MESSAGE_BYTES_MAX, Server, is_error, versions_of
from nest_haus_conformance.verdicts import Checks, expect

LATE_SECONDS = 5
"""The time that a busy server may take beyond its own; a house that is quiet is told after 10 s."""

check: Checks[Server] = Checks()


# ---- CN, MS


@check("CN1")
async def _hello_first(server: Server) -> None:
    """Anything before hello is refused with hello_first; ping is answered."""
    async with dial(server.url) as peer:
        expect((await peer.ask("ping"))["type"] == "pong", "ping before hello has no pong")
        is_error(await peer.ask("join", configuration="AAAAAAAA"), "hello_first")


@check("CN3")
async def _hello_in_time(server: Server) -> None:
    """A connection that sends nothing for 5 seconds is closed with 4001."""
    async with dial(server.url) as peer:
        expect(await peer.close_code() == 4001, "not closed with 4001")


@check("CN4", "ER2")
async def _unknown_token(server: Server) -> None:
    """An unknown token gets the error first, then the close code."""
    async with dial(server.url) as peer:
        is_error(await peer.hello("x" * 43), "not_authenticated")
        expect(await peer.close_code() == 4001, "not closed with 4001")


@check("CN5")
async def _versions(server: Server) -> None:
    """Other versions of the protocol are told apart and closed."""
    for version, code, close in ((0, "client_too_old", 4010), (999, "client_too_new", 4011)):
        async with dial(server.url) as peer:
            is_error(await peer.ask("hello", protocol=version, token="x" * 43), code)
            expect(await peer.close_code() == close, f"{code} does not close with {close}")


@check("CN6")
async def _welcome(server: Server) -> None:
    """The welcome names the person and the parameters of the connection."""
    house = await server.house()
    async with dial(server.url) as peer:
        welcome = await peer.hello(house.owner)
        for name in ("protocol", "connection", "person", "position_ms"):
            expect(name in welcome, f"welcome has no {name}")


@check("MS1")
async def _too_large(server: Server) -> None:
    """A message of more than 65,536 bytes ends the connection with 1009."""
    house = await server.house()
    async with greeted(server.url, house.owner) as peer:
        await peer.connection.send(json.dumps({"type": "ping", "pad": "x" * MESSAGE_BYTES_MAX}))
        expect(await peer.close_code() == 1009, "not closed with 1009")


@check("MS2")
async def _unknown_fields(server: Server) -> None:
    """Unknown fields are ignored."""
    async with server.member() as (house, peer):
        answer = await peer.op(house.id, {**house.select(1), "mood": "good"}, weather=["sunny"])
        expect(answer.get("outcome") in COMMITTED, f"got {answer}")


@check("MS3")
async def _unknown_type(server: Server) -> None:
    """An unknown type is refused, and the connection goes on."""
    async with server.member() as (_, peer):
        is_error(await peer.ask("dance"), "unknown_message_type")
        expect((await peer.ask("ping"))["type"] == "pong", "the connection did not go on")


@check("MS4", "MS7", "ER5")
async def _malformed(server: Server) -> None:
    """A malformed message is refused and changes nothing, and the connection continues."""
    async with server.member() as (house, peer):
        for text in (
            "",
            "[]",
            "{",
            '{"type": "op"}',
            '{"type": "ping", "id": NaN}',
            '{"type": "join", "configuration": 7}',
            '{"type": "presence", "configuration": "\\ud800"}',
            "[" * 5000,
        ):
            await peer.connection.send(text)
            answer = await peer.until("error")
            expect(answer["code"] in {"malformed_message", "unknown_message_type"}, f"{answer}")
        expect((await peer.ask("ping"))["type"] == "pong", "the connection did not go on")
        expect(await house.log() == [], "something was changed")


@check("MS5", "MS6")
async def _order(server: Server) -> None:
    """Each message is answered once, in the order of arrival."""
    async with server.member() as (house, peer):
        sent = [await peer.send("ping")]
        for number in range(10):
            asked = {"op_id": str(uuid4()), "base_version": 0, "operation": house.select(number)}
            sent.append(await peer.send("op", configuration=house.id, **asked))
            sent.append(await peer.send("ping"))
        answered: list[str] = []
        while len(answered) < len(sent):
            frame = await peer.next()
            if frame.get("re") is not None:
                answered.append(frame["re"])
        expect(answered == sent, f"sent {sent}, answered {answered}")


# ---- JN, PS, SN


@check("JN1", "JN9")
async def _strangers(server: Server) -> None:
    """A person without a role gets not_found, whether or not the house exists."""
    house = await server.house()
    async with greeted(server.url, house.stranger) as peer:
        is_error(await peer.join(house.id), "not_found")
        is_error(await peer.join(str(uuid4())), "not_found")
        lower = await peer.join(house.code.lower())
        is_error(lower, "not_found")
    async with greeted(server.url, house.owner) as peer:
        expect((await peer.join(house.code.lower()))["type"] == "snapshot", "not found by code")


@check("JN2", "SN1", "SN3")
async def _snapshot(server: Server) -> None:
    """A join without since gives the whole state, with a price whose lines add up."""
    house = await server.house()
    async with greeted(server.url, house.owner) as peer:
        snapshot = await peer.join(house.id)
        expect(snapshot["type"] == "snapshot", f"got {snapshot['type']}")
        expect(snapshot["you"]["role"] == "owner", "you are not the owner")
        _check_price(snapshot)


def _check_price(frame: Json) -> None:
    price = frame["derived"]["price"]
    amounts = [line["amount_cents"] for line in price["lines"] if line.get("amount_cents")]
    expect(isinstance(price["total_cents"], int), "money is not integer cents")
    expect(sum(amounts) == price["total_cents"], "the lines do not add up to the total")


@check("JN3", "SN4", "SN2")
async def _recovery(server: Server) -> None:
    """A join with since gives exactly the missed ops; the last carries the state they lead to."""
    async with server.member() as (house, peer):
        before = peer.frames[-1]["selection"] if peer.frames[-1]["type"] == "snapshot" else {}
        before = next(f["selection"] for f in peer.frames if f["type"] == "snapshot")
        for number in range(6):
            await peer.op(house.id, house.select(number + 1))
        for since in range(7):
            async with greeted(server.url, house.owner) as back:
                position = {"epoch": house.epoch, "version": since}
                answer = await back.join(house.id, since=position)
                expect(answer["type"] == "ops" and answer["recovered"], f"since {since}: {answer}")
                versions = [op["version"] for op in answer["ops"]]
                expect(versions == list(range(since + 1, 7)), f"since {since}: {versions}")
                expect(
                    not any("derived" in op for op in answer["ops"][:-1]),
                    "an op before the last carries state",
                )
                if since == 0:
                    _check_changes(before, answer["ops"])


def _check_changes(selection: Json, ops: list[Json]) -> None:
    reached = dict(selection)
    for op in ops:
        for change in op["changes"]:
            expect(
                reached.get(change["category"]) == change["before"],
                f"version {op['version']} does not start from what was there",
            )
            if change["after"] is None:
                reached.pop(change["category"], None)
            else:
                reached[change["category"]] = change["after"]
    expect(reached == ops[-1]["selection"], "the changes do not lead to the state")


@check("JN4")
async def _no_halves(server: Server) -> None:
    """Another epoch, or a version that never was, gives a snapshot that says recovered: false."""
    async with server.member() as (house, peer):
        await peer.op(house.id, house.select(1))
        for position in (
            {"epoch": str(uuid4()), "version": 1},
            {"epoch": house.epoch, "version": 99},
        ):
            async with greeted(server.url, house.owner) as back:
                answer = await back.join(house.id, since=position)
                expect(answer["type"] == "snapshot", f"{position}: got {answer['type']}")
                expect(answer["recovered"] is False, "it claims to be recovered")


@check("JN5", "OP6")
async def _everybody_sees_everything(server: Server) -> None:
    """Members get every version exactly once and in order, whether a member or REST made it."""
    async with (
        server.member() as (house, peer),
        joined(server.url, house.editor, house.id) as other,
    ):
        for number in range(8):
            await (peer if number % 2 else other).op(house.id, house.select(number + 1))
        body = {"op_id": str(uuid4()), "base_version": 0, "operation": house.select_other(1)}
        path = f"/api/configurations/{house.id}/ops"
        answer = await rest(server.url, "POST", path, body, house.owner)
        for each in (peer, other):
            while not any(answer["version"] in versions_of(f) for f in each.frames):
                await each.next()
            seen = [version for frame in each.frames for version in versions_of(frame)]
            expect(seen == list(range(1, 10)), f"saw {seen}")


@check("JN7")
async def _join_again(server: Server) -> None:
    """Joining again replaces the membership."""
    async with server.member() as (house, peer):
        again = await peer.join(house.id)
        expect(again["member_count"] == 1, "the connection is there twice")
        await peer.op(house.id, house.select(1))
        expect(sum(1 in versions_of(f) for f in peer.frames) == 1, "an op came twice")


@check("PS1")
async def _position(server: Server) -> None:
    """Members are told the newest version within position_ms."""
    house = await server.house()
    async with dial(server.url) as peer:
        welcome = await peer.hello(house.owner)
        await peer.join(house.id)
        await peer.op(house.id, house.select(1))
        async with asyncio.timeout(welcome["position_ms"] / 1000 + LATE_SECONDS):
            position = await peer.until("position")
        expect(position["version"] >= 1, f"got {position}")
        expect(position["epoch"] == house.epoch, "another epoch")
