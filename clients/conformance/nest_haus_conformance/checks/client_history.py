"""The duties of a client about the server's messages: each version once, in order, completely."""

import asyncio
from uuid import uuid4

from nest_haus_conformance.client import (
    Client,
    Scene,
    dropping,
    forgotten,
    of_epoch,
    unasked,
    versions_of,
)
from nest_haus_conformance.middle import unchanged
from nest_haus_conformance.peer import Json
from nest_haus_conformance.verdicts import Checks, Skipped, expect

check: Checks[Client] = Checks()


@check("CN1", "CN2")
async def _hello(client: Client) -> None:
    """It says hello first, with its token in it and not in the address."""
    async with client.scene() as scene:
        passage = scene.middle.passages[0]
        first = passage.sent[0][1]
        expect(first["type"] == "hello", f"its first message is {first['type']}")
        expect(first.get("token") == scene.house.editor, "hello has no token")
        expect(scene.house.editor not in passage.path, "the token is in the address")


@check("CL1")
async def _doubles(client: Client) -> None:
    """Versions that come twice are applied once."""
    async with client.scene() as scene:
        scene.middle.down = lambda frame: [frame] * (2 if frame["type"] == "op" else 1)
        version = 0
        for number in (1, 2, 3):
            version = await scene.others_edit(number)
        await scene.check_same(version)


@check("CL1", "SN2")
async def _changes(client: Client) -> None:
    """All that an op changes is applied: several categories, one left out, what a rule cuts."""
    async with client.scene() as scene:
        for operation in (*_before(scene), *_after(scene)):
            await scene.check_same(await scene.others(operation))


@check("CL1", "JN3", "SN4")
async def _missed(client: Client) -> None:
    """The ops that it missed, several in one message, are all applied."""
    async with client.scene() as scene:
        await _away_during(scene)
        await scene.check_same(await scene.others_edit(1))
        expect(not _snapshots_after_the_first(scene), "it joined without its position")


@check("CL1", "JN4")
async def _snapshot(client: Client) -> None:
    """A snapshot replaces everything: categories that it lacks are not chosen any more."""
    async with client.scene() as scene:
        scene.middle.up = forgotten
        version = await _away_during(scene)
        await scene.check_same(version)


@check("CL1")
async def _foreign_op(client: Client) -> None:
    """An op of another epoch is not applied, even when its version is the next."""
    async with client.scene() as scene:
        await scene.check_same(await scene.others_edit(1))
        real = next(frame for way, frame in scene.middle.timeline if frame["type"] == "op")
        foreign = {"epoch": str(uuid4()), "version": 2, "op_id": str(uuid4()), "total_cents": 1}
        await scene.middle.say({**real, **foreign})
        await scene.check_same(await scene.others_edit(2))


@check("CL1")
async def _other_house(client: Client) -> None:
    """A message about another house is not applied to this one."""
    async with client.scene() as scene:
        await scene.check_same(await scene.others_edit(1))
        real = next(frame for way, frame in scene.middle.timeline if frame["type"] == "op")
        other = {"configuration": str(uuid4()), "version": 2, "total_cents": 1}
        await scene.middle.say({**real, **other, "op_id": str(uuid4())})
        await scene.check_same(await scene.others_edit(2))


@check("CL1", "BP2")
async def _unasked_snapshot(client: Client) -> None:
    """A snapshot that nobody asked for replaces the ops that it stands for."""
    async with client.scene() as scene:
        first = next(frame for _, frame in scene.middle.timeline if frame["type"] == "snapshot")

        def gave_way(frame: Json) -> list[Json]:
            if frame["type"] == "position":
                return []
            whole = {name: frame.get(name) for name in ("version", "selection", "derived")}
            return [{**first, "re": None, **whole} if frame["type"] == "op" else frame]

        scene.middle.down = gave_way
        await scene.check_same(await scene.others_edit(1))


@check("CL1", "JN5", "SN4")
async def _several_at_once(client: Client) -> None:
    """Several ops in one message, of which only the last has the whole state, are all applied."""
    async with client.scene() as scene:
        held: list[Json] = []

        def together(frame: Json) -> list[Json]:
            if frame["type"] != "op":
                return [] if frame["type"] == "position" else [frame]
            held.append(frame)
            if len(held) < 2:
                return []
            early = {n: held[0][n] for n in held[0] if n not in {"selection", "derived"}}
            of = {name: frame[name] for name in ("configuration", "epoch")}
            return [{"type": "ops", **of, "from": 0, "to": frame["version"], "ops": [early, frame]}]

        scene.middle.down = together
        await scene.others(scene.house.select_other(1))
        await scene.check_same(await scene.others_edit(1))


@check("CL2")
async def _position_of_another_history(client: Client) -> None:
    """A position of another epoch makes it join again, even if the version is not newer."""
    async with client.scene() as scene:
        await scene.check_same(await scene.others_edit(1))
        position = {"type": "position", "configuration": scene.house.id, "version": 1}
        await scene.middle.say({**position, "epoch": str(uuid4())})
        await _check_asked_again(scene, "position named another epoch, and it did not join again")
        await scene.check_same(1)


@check("CL2")
async def _gap(client: Client) -> None:
    """If a version is missing, it joins again with its position, and misses nothing."""
    async with client.scene() as scene:
        await scene.check_same(await scene.others_edit(1))
        scene.middle.down = _without_second
        await scene.others(scene.house.select_other(1))
        version = await scene.others_edit(3)
        await scene.said(lambda frame: version in versions_of(frame))
        await _check_asked_again(scene, "version 3 came without 2, and it did not join again")
        await scene.check_same(version)


@check("CL2", "PS1")
async def _silent_loss(client: Client) -> None:
    """If a position names a version that it does not have, it joins again."""
    async with client.scene() as scene:
        await scene.check_same(await scene.others_edit(1))
        scene.middle.down = dropping(unasked)
        version = await scene.others_edit(2)
        await scene.said(
            lambda frame: (frame["type"], frame.get("version")) == ("position", version)
        )
        await _check_asked_again(scene, "position named version 2, and it did not join again")
        await scene.check_same(version)


@check("CL1", "CL2")
async def _another_history(client: Client) -> None:
    """If the epoch is another one, it takes the snapshot, even one with a smaller version."""
    async with client.scene() as scene:
        await scene.check_same(await scene.others_edit(1))
        epoch = str(uuid4())

        def restored(frame: Json) -> list[Json]:
            (named,) = of_epoch(epoch)(frame)
            return [{**named, "version": 0} if frame["type"] == "snapshot" else named]

        scene.middle.down, scene.middle.up = restored, forgotten
        position = {"type": "position", "configuration": scene.house.id, "version": 0}
        await scene.middle.say({**position, "epoch": epoch})
        await scene.until(
            lambda state: (state["epoch"], state["version"]) == (epoch, 0),
            "it did not take the snapshot of the other epoch",
        )


@check("CL6", "MS2")
async def _newer_server(client: Client) -> None:
    """Fields and types that it does not know do not disturb it."""
    async with client.scene() as scene:
        scene.middle.down = lambda frame: [
            {"type": "weather", "sun": True},
            {**frame, "mood": {"good": 1}},
        ]
        version = await scene.others_edit(1)
        await scene.check_same(version)
        await scene.driver.op(scene.house.select(2))
        await scene.outcome(0)
        await scene.check_same(2)


@check("CL11", "JN10")
async def _access_ended(client: Client) -> None:
    """When its access has ended, it says so about all pending ops, and does not come back."""
    async with client.scene() as scene:
        scene.middle.up = dropping(lambda message: message["type"] == "op")
        await scene.driver.op(scene.house.select(1))
        await scene.sent_ops(1)
        left = {"type": "left", "configuration": scene.house.id, "code": "access_revoked"}
        await scene.middle.say(left)
        await scene.refusal()
        scene.middle.up = unchanged
        joins = len(scene.middle.sent("join"))
        await asyncio.sleep(1)
        expect(len(scene.middle.sent("join")) == joins, "it joined again")


def _without_second(frame: Json) -> list[Json]:
    """Lose version 2, alone or among others, and every position."""
    if frame["type"] == "position":
        return []
    if not unasked(frame) or 2 not in versions_of(frame):
        return [frame]
    if frame["type"] == "op":
        return []
    return [{**frame, "ops": [op for op in frame["ops"] if op["version"] != 2]}]


async def _check_asked_again(scene: Scene, why: str) -> None:
    """Check that it joins again with version 1, which it has."""
    await scene.until(lambda _: len(scene.middle.sent("join")) > 1, why)
    asked = scene.middle.sent("join")[1].get("since")
    had = {"epoch": scene.house.epoch, "version": 1}
    expect(asked == had, f"it joined with the position {asked}, and had {had}")


def _before(scene: Scene) -> list[Json]:
    """Edits that fill a house."""
    house = scene.house
    if house.optional is None or not house.cut_by_size:
        raise Skipped("this catalogue has nothing to leave out, or no quantity that a size cuts")
    both = {"kind": "apply", "operations": [house.select(1), house.select_other(1)]}
    return [both, house.choose_optional(), *house.cut_by_size[:2]]


def _after(scene: Scene) -> list[Json]:
    """Edits that remove choices: a category is cleared, a rule cuts a quantity, an undo."""
    house = scene.house
    both = {"kind": "apply", "operations": [house.clear_optional(), house.select_other(2)]}
    return [both, house.cut_by_size[2], house.select_other(0), {"kind": "undo"}]


async def _away_during(scene: Scene) -> int:
    """Another person edits a lot while the client is away; returns the version after that."""
    version = 0
    for operation in _before(scene):
        version = await scene.others(operation)
    await scene.check_same(version)
    await scene.cut()
    for operation in _after(scene):
        version = await scene.others(operation)
    scene.mend()
    return version


def _snapshots_after_the_first(scene: Scene) -> list[Json]:
    return [frame for _, frame in scene.middle.timeline if frame["type"] == "snapshot"][1:]
