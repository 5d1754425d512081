"""The duties of a server about ops, undo, presence, limits, interactions: OP UN PR LM AC ER TR."""

import asyncio
import time
from secrets import token_urlsafe
from uuid import UUID, uuid4

from nest_haus_conformance.peer import Json, Peer, dial, greeted, joined, rest
from nest_haus_conformance.server import COMMITTED, Server, is_error, versions_of
from nest_haus_conformance.verdicts import Checks, Skipped, expect

PINGS_AT_ONCE = 140
"""More than a connection may send at once, but not so many that it counts as flooding (LM3)."""

GONE_SECONDS = 10
"""Enough for a busy server to tell that a member has left; one that was killed is shown for longer."""

check: Checks[Server] = Checks()


# ---- OP, UN


@check("OP2", "OP8")
async def _acked_is_stored(server: Server) -> None:
    """An outcome comes after its op, and agrees with the log."""
    async with server.member() as (house, peer):
        outcome = await peer.op(house.id, house.select(1))
        ops = [frame for frame in peer.frames if frame["type"] in {"op", "ops"}]
        expect(outcome["version"] in versions_of(ops[-1]), "the outcome came before its op")
        expect(ops[-1]["derived"]["price"]["total_cents"] == outcome["total_cents"], "two prices")
        log = await house.log()
        expect([op["op_id"] for op in log] == [outcome["op_id"]], "it is not in the log")


@check("OP4", "OP18")
async def _retry(server: Server) -> None:
    """The same op_id again gives the same outcome again, and changes nothing."""
    async with server.member() as (house, peer):
        op_id = str(uuid4())
        first = await peer.op(house.id, house.select(1), op_id=op_id)
        async with joined(server.url, house.owner, house.id) as elsewhere:
            again = await elsewhere.op(house.id, house.select(1), op_id=op_id, base_version=1)
        expect(again["repeated"] is True, "it does not say repeated")
        for name in ("outcome", "version", "total_cents"):
            expect(first[name] == again[name], f"another {name}")
        expect(len(await house.log()) == 1, "it was done twice")


@check("OP5")
async def _reused_op_id(server: Server) -> None:
    """The same op_id for another change is refused."""
    async with server.member() as (house, peer):
        op_id = str(uuid4())
        await peer.op(house.id, house.select(1), op_id=op_id)
        is_error(await peer.op(house.id, house.select(2), op_id=op_id), "op_id_reused")


@check("OP9")
async def _unknown_version(server: Server) -> None:
    """An op that claims to have seen a version that never was is refused."""
    async with server.member() as (house, peer):
        answer = await peer.op(house.id, house.select(1), base_version=99)
        is_error(answer, "version_unknown")


@check("OP11")
async def _guard(server: Server) -> None:
    """A guarded op does not overwrite what its author has not seen, and names who changed it."""
    async with server.member() as (house, peer):
        await peer.op(house.id, house.select(1))
        answer = await peer.op(house.id, house.select(2), guarded=True, base_version=0)
        expect(answer["outcome"] == "conflict", f"got {answer['outcome']}")
        expect(answer["reasons"], "no reason is given")
        free = await peer.op(house.id, house.select_other(1), guarded=True, base_version=0)
        expect(free["outcome"] in COMMITTED, "another part of the house conflicts")


@check("OP10")
async def _merging(server: Server) -> None:
    """Changes of different parts both survive."""
    async with (
        server.member() as (house, peer),
        joined(server.url, house.editor, house.id) as other,
    ):
        await peer.op(house.id, house.select(2), base_version=0)
        await other.op(house.id, house.select_other(1), base_version=0)
        selection = (await house.read())["selection"]
        expect(selection[house.size_category]["option"] == house.select(2)["option"], "lost one")
        expect(
            selection[house.other_category]["option"] == house.select_other(1)["option"],
            "lost the other",
        )


@check("OP13")
async def _repairs(server: Server) -> None:
    """A rejected op has a reason, and repairs that are accepted at the price that they state."""
    async with server.member() as (house, peer):
        if house.counted is None:
            raise Skipped("this catalogue has no quantities")
        category = house.counted["id"]
        option = house.options(category)[0]
        asked = {"kind": "select", "category": category, "option": option, "quantity": 999_999}
        refused = await peer.op(house.id, asked)
        expect(refused["outcome"] == "rejected", f"got {refused['outcome']}")
        expect(refused["reasons"] and refused["repairs"], "no reason or no repair")
        repair = refused["repairs"][0]
        done = await peer.op(house.id, repair["operation"])
        expect(done["outcome"] in COMMITTED, "the repair was not accepted")
        difference = done["total_cents"] - refused["total_cents"]
        expect(difference == repair["difference_cents"], "it cost something else than it said")


@check("OP14")
async def _apply(server: Server) -> None:
    """An apply is one version, or nothing."""
    async with server.member() as (house, peer):
        both = {"kind": "apply", "operations": [house.select(1), house.select_other(1)]}
        expect((await peer.op(house.id, both))["version"] == 1, "not one version")
        bad = {**house.select(1), "option": "no_such_option"}
        half = {"kind": "apply", "operations": [house.select(2), bad]}
        expect((await peer.op(house.id, half))["outcome"] == "rejected", "half was done")
        expect((await house.read())["version"] == 1, "half was done")


@check("OP15")
async def _viewers(server: Server) -> None:
    """An op of a viewer is refused."""
    house = await server.house()
    async with joined(server.url, house.viewer, house.id) as peer:
        is_error(await peer.op(house.id, house.select(1)), "read_only")
        expect(await house.log() == [], "it was done")


@check("OP17")
async def _outcome_of(server: Server) -> None:
    """The outcome of an op can be asked for again; for one that is not stored it is op_unknown."""
    async with server.member() as (house, peer):
        outcome = await peer.op(house.id, house.select(1))
        again = await peer.ask("outcome_of", configuration=house.id, op_id=outcome["op_id"])
        expect(again.get("version") == outcome["version"], f"got {again}")
        unknown = await peer.ask("outcome_of", configuration=house.id, op_id=str(uuid4()))
        is_error(unknown, "op_unknown")


@check("UN1", "UN2", "UN3", "UN8")
async def _undo_and_redo(server: Server) -> None:
    """Some undos and as many redos lead back, each an op of its own, and then nothing is left."""
    async with server.member() as (house, peer):
        start = await house.read()
        for number in (1, 2, 3):
            await peer.op(house.id, house.select(number))
        reached = await house.read()
        for kind, expected in (("undo", start), ("redo", reached)):
            for _ in range(3):
                answer = await peer.op(house.id, {"kind": kind})
                expect(answer["outcome"] in COMMITTED, f"{kind}: {answer['outcome']}")
            found = await house.read()
            expect(found["selection"] == expected["selection"], f"{kind} leads elsewhere")
            price = found["derived"]["price"]["total_cents"]
            expect(price == expected["derived"]["price"]["total_cents"], "another price")
            left = await peer.op(house.id, {"kind": kind})
            expect(left["outcome"] == "rejected", f"there is still something to {kind}")


@check("UN4", "UN5")
async def _undo_and_others(server: Server) -> None:
    """Undo does not overwrite somebody else's change unasked; redo brings back what it found."""
    async with (
        server.member() as (house, peer),
        joined(server.url, house.editor, house.id) as other,
    ):
        await peer.op(house.id, house.select(1))
        await other.op(house.id, house.select(2))
        asked = await peer.op(house.id, {"kind": "undo"})
        expect(asked["outcome"] == "conflict", f"got {asked['outcome']}")
        expect(asked["repairs"], "nothing is offered")
        await peer.op(house.id, {"kind": "undo", "anyway": True})
        await peer.op(house.id, {"kind": "redo", "anyway": True})
        option = (await house.read())["selection"][house.size_category]["option"]
        expect(option == house.select(2)["option"], f"redo brought back {option}")


@check("UN7")
async def _new_change_after_undo(server: Server) -> None:
    """A new change empties what could be redone."""
    async with server.member() as (house, peer):
        await peer.op(house.id, house.select(1))
        await peer.op(house.id, {"kind": "undo"})
        await peer.op(house.id, house.select(2))
        answer = await peer.op(house.id, {"kind": "redo"})
        expect(answer["outcome"] == "rejected", f"got {answer['outcome']}")


# ---- PR, LM, AC, ER, TR


@check("PR1", "PR2", "PR4")
async def _presence(server: Server) -> None:
    """Everybody sees the members as the server knows them; a member who leaves disappears at once."""
    async with server.member() as (house, peer):
        async with joined(server.url, house.editor, house.id) as other:
            while (await peer.until("presence"))["member_count"] != 2:
                pass
            await other.send(
                "presence",
                configuration=house.id,
                category=house.other_category,
                name="Somebody else",
                role="owner",
            )
            while True:
                members = (await peer.until("presence"))["members"]
                found = [m for m in members if m["category"] == house.other_category]
                if found:
                    break
            expect(found[0]["role"] == "editor", "the role came from the message")
            expect(found[0]["name"] != "Somebody else", "the name came from the message")
        async with asyncio.timeout(GONE_SECONDS):
            while (await peer.until("presence"))["member_count"] != 1:
                pass


@check("PR5")
async def _presence_is_no_change(server: Server) -> None:
    """Presence does not change the version."""
    async with server.member() as (house, peer):
        for number in range(20):
            view = f"view{number}"
            await peer.send("presence", configuration=house.id, view=view)
        await peer.ask("ping")
        expect((await house.read())["version"] == 0, "the version moved")


@check("LM1", "LM2")
async def _limits(server: Server) -> None:
    """Too many messages at once are refused; after the named delay they are accepted."""
    async with server.member() as (house, peer):
        sent = []
        for number in range(150):
            asked = {"op_id": str(uuid4()), "base_version": 0, "operation": house.select(number)}
            sent.append(await peer.send("op", configuration=house.id, **asked))
        refused = await _last_refusal(peer, len(sent))
        if refused is None:
            # Ops take the server long: there may be too few at any moment to be too many. Pings do
            # not.
            sent = [await peer.send("ping") for _ in range(PINGS_AT_ONCE)]
            refused = await _last_refusal(peer, len(sent))
        if refused is None:
            raise Skipped("150 ops and then 140 pings were let through; the limits are raised")
        is_error(refused, "too_many_requests")
        await asyncio.sleep(refused["retry_after_ms"] / 1000)
        done = await peer.op(house.id, house.select(1))
        expect(done["type"] == "outcome", "it was refused after the wait")


async def _last_refusal(peer: Peer, number: int) -> Json | None:
    """The last error among this number of answers, or None."""
    answers: list[Json] = []
    while len(answers) < number:
        frame = await peer.next()
        if frame.get("re") is not None:
            answers.append(frame)
    return next((answer for answer in reversed(answers) if answer["type"] == "error"), None)


@check("AC2")
async def _admins_only(server: Server) -> None:
    """Only admins may watch the interactions."""
    house = await server.house()
    async with greeted(server.url, house.owner) as peer:
        is_error(await peer.ask("watch"), "admins_only")


def _uuid7() -> UUID:
    """A UUID that begins with the time in milliseconds (RFC 9562)."""
    at = time.time_ns() // 1_000_000
    return UUID(int=at << 80 | 7 << 76 | (uuid4().int & ((1 << 76) - 1)) & ~(3 << 62) | 2 << 62)


@check("AC1")
async def _tracked(server: Server) -> None:
    """The same interaction again counts once."""
    house = await server.house()
    event = {
        "session_id": f"conformance-{token_urlsafe(16)}",
        "event_id": str(_uuid7()),
        "interaction": {"eventType": "click", "category": house.size_category},
    }
    async with greeted(server.url, house.owner) as peer:
        first, again = await peer.ask("track", **event), await peer.ask("track", **event)
        expect(first["type"] == "tracked" and not first["duplicate"], f"got {first}")
        expect(again["type"] == "tracked" and again["duplicate"], f"got {again}")


@check("ER1")
async def _errors(server: Server) -> None:
    """An error has a code, sentences in two languages, and says whether a retry helps."""
    async with dial(server.url) as peer:
        answer = await peer.ask("join", configuration="AAAAAAAA")
        for name in ("code", "message"):
            expect(name in answer, f"an error without {name}")
        expect(set(answer["message"]) >= {"de", "en"}, "not in both languages")


@check("TR1", "ER3")
async def _rest_agrees(server: Server) -> None:
    """REST gives the same outcomes, with the status of the table."""
    house = await server.house()
    path = f"/api/configurations/{house.id}/ops"
    body = {"op_id": str(uuid4()), "base_version": 0, "operation": house.select(1)}
    done = await rest(server.url, "POST", path, body, house.owner)
    expect((done["status"], done["outcome"]) == (200, "committed"), f"got {done}")
    refused = await rest(server.url, "POST", path, body, house.viewer)
    expect(refused["status"] == 403, f"a viewer got {refused['status']}")


@check("TR5")
async def _subprotocol(server: Server) -> None:
    """The subprotocol is chosen where it is offered."""
    async with dial(server.url) as peer:
        expect(peer.connection.subprotocol == "nest.v1", "it was not chosen")
