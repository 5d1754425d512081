"""What a client must do, tried by standing between it and a server."""

import asyncio
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from uuid import UUID, uuid4

from nest_haus_conformance.driver import Driver, driving
from nest_haus_conformance.house import House, new_house
from nest_haus_conformance.middle import Middle, unchanged
from nest_haus_conformance.peer import Json, Peer, joined
from nest_haus_conformance.verdicts import Checks, expect

RETRY_AFTER_MS = 1500
ATTEMPTS_MAX = 20
QUIET_SECONDS = 4


@dataclass(frozen=True, slots=True, kw_only=True)
class Scene:
    """The client in a new house, somebody else there too, and the man in the middle."""

    house: House
    middle: Middle
    driver: Driver
    other: Peer

    async def others_edit(self, number: int) -> int:
        """The version that somebody else makes."""
        return int((await self.other.op(self.house.id, self.house.select(number)))["version"])

    async def check_same(self, version: int) -> None:
        """The client has the house that the server has, at this version or later."""
        state = await self.driver.state_at(version)
        truth = await self.house.read()
        expect(state["version"] == truth["version"], f"{state['version']}, not {truth['version']}")
        expect(state["selection"] == truth["selection"], "another selection than the server's")
        total = truth["derived"]["price"]["total_cents"]
        expect(state["total_cents"] == total, f"the price {state['total_cents']}, not {total}")


@dataclass(frozen=True, slots=True, kw_only=True)
class Client:
    """The client under test: how to start it, and a server to try it with."""

    url: str
    command: str

    @asynccontextmanager
    async def scene(self) -> AsyncIterator[Scene]:
        """A new one."""
        house = await new_house(self.url)
        async with (
            Middle(self.url).listening() as middle,
            joined(self.url, house.owner, house.id) as other,
            driving(self.command, url=middle.url, token=house.editor, code=house.code) as driver,
        ):
            yield Scene(house=house, middle=middle, driver=driver, other=other)


check: Checks[Client] = Checks()


def versions_of(frame: Json) -> list[int]:
    """The versions that a frame brings, snapshots aside."""
    if frame["type"] == "op":
        return [frame["version"]]
    return [op["version"] for op in frame["ops"]] if frame["type"] == "ops" else []


def dropping(which: Callable[[Json], bool]) -> Callable[[Json], list[Json]]:
    """Lose the frames of which this is true."""
    return lambda frame: [] if which(frame) else [frame]


@check("CN1", "CN2")
async def _hello(client: Client) -> None:
    """It says hello first, with its token in it and not in the address."""
    async with client.scene() as scene:
        passage = scene.middle.passages[0]
        first = passage.sent[0][1]
        expect(first["type"] == "hello", f"its first message is {first['type']}")
        expect(first.get("token") == scene.house.editor, "hello has no token")
        expect(scene.house.editor not in passage.path, "the token is in the address")


@check("OP4", "CL4")
async def _ops(client: Client) -> None:
    """Each op has an op_id of its own, and an outcome; then it has the server's house and price."""
    async with client.scene() as scene:
        for number in (1, 2, 3):
            await scene.driver.op(scene.house.select(number))
            outcome = await scene.driver.outcome(number - 1)
            expect(outcome["outcome"] in {"committed", "adjusted"}, f"got {outcome}")
        ids = [message["op_id"] for message in scene.middle.sent("op")]
        expect(len({UUID(each) for each in ids}) == 3, f"op ids: {ids}")
        await scene.check_same(3)


@check("CL1")
async def _doubles(client: Client) -> None:
    """Versions that come twice are applied once."""
    async with client.scene() as scene:
        scene.middle.down = lambda frame: [frame] * (2 if frame["type"] == "op" else 1)
        version = 0
        for number in (1, 2, 3):
            version = await scene.others_edit(number)
        await scene.check_same(version)


@check("CL1", "CL2")
async def _gap(client: Client) -> None:
    """When a version is missing it joins again with its position, and misses nothing."""
    async with client.scene() as scene:
        await scene.driver.state_at(await scene.others_edit(1))
        scene.middle.down = dropping(lambda frame: 2 in versions_of(frame))
        await scene.others_edit(2)
        await asyncio.sleep(0.2)
        scene.middle.down = unchanged
        version = await scene.others_edit(3)
        await scene.check_same(version)
        joins = scene.middle.sent("join")
        expect(joins[-1].get("since", {}).get("version") == 1, f"it joined with {joins[-1]}")


@check("CL2")
async def _silent_loss(client: Client) -> None:
    """When position names a version that it does not have it joins again."""
    async with client.scene() as scene:
        scene.middle.down = dropping(
            lambda frame: bool(versions_of(frame)) and not frame.get("recovered")
        )
        version = await scene.others_edit(1)
        await scene.check_same(version)


@check("CL1", "CL2")
async def _another_history(client: Client) -> None:
    """When the epoch is another it takes the snapshot, also when that has a smaller version."""
    async with client.scene() as scene:
        await scene.driver.state_at(await scene.others_edit(1))
        epoch = str(uuid4())

        def renamed(frame: Json) -> list[Json]:
            return [{**frame, "epoch": epoch} if "epoch" in frame else frame]

        def stranger(message: Json) -> list[Json]:
            if message.get("since", {}).get("epoch") == epoch:
                message["since"]["epoch"] = scene.house.epoch
            elif "since" in message:
                message["since"]["epoch"] = str(uuid4())
            return [message]

        scene.middle.down, scene.middle.up = renamed, stranger
        await scene.middle.say(
            {
                "type": "position",
                "configuration": scene.house.id,
                "epoch": epoch,
                "version": 0,
            }
        )
        await scene.driver.state_that(lambda state: state["epoch"] == epoch)


@check("CL3")
async def _lost_answer(client: Client) -> None:
    """An op whose answer was lost with the line is sent again with the same op_id."""
    async with client.scene() as scene:
        scene.middle.down = dropping(lambda frame: frame["type"] in {"op", "ops", "outcome"})
        await scene.driver.op(scene.house.select(1))
        await scene.other.until("op")
        scene.middle.down = unchanged
        scene.middle.cut()
        outcome = await scene.driver.outcome(0)
        ids = {message["op_id"] for message in scene.middle.sent("op")}
        expect(ids == {outcome["op_id"]}, f"it used the op ids {ids}")
        expect(len(await scene.house.log()) == 1, "it was done twice")
        await scene.check_same(1)


@check("CL3")
async def _offline(client: Client) -> None:
    """Ops made without a connection are sent in order as soon as there is one."""
    async with client.scene() as scene:
        scene.middle.refusing = True
        scene.middle.cut()
        for number in (1, 2, 3):
            await scene.driver.op(scene.house.select(number))
        state = await scene.driver.state()
        expect(state["pending"] == 3, f"{state['pending']} are pending, not 3")
        scene.middle.refusing = False
        outcomes = [await scene.driver.outcome(number) for number in range(3)]
        expect([each["version"] for each in outcomes] == [1, 2, 3], "not in order")
        await scene.check_same(3)


@check("CL4")
async def _honest(client: Client) -> None:
    """Without an outcome nothing is saved: it is pending, and the confirmed state has not moved."""
    async with client.scene() as scene:
        scene.middle.up = dropping(lambda message: message["type"] == "op")
        await scene.driver.op(scene.house.select(1))
        await scene.middle.until(lambda: bool(scene.middle.sent("op")))
        state = await scene.driver.state()
        expect(state["pending"] == 1, f"{state['pending']} are pending, not 1")
        expect(state["version"] == 0, "it claims a version that nobody confirmed")
        expect(not scene.driver.outcomes, "it claims an outcome")


@check("CL5", "LM1")
async def _told_to_wait(client: Client) -> None:
    """After too_many_requests the same op is sent again, and not before the time that was told."""
    async with client.scene() as scene:
        times: list[float] = []

        def first_refused(message: Json) -> list[Json]:
            if message["type"] != "op":
                return [message]
            times.append(time.monotonic())
            return [message] if len(times) > 1 else []

        scene.middle.up = first_refused
        await scene.driver.op(scene.house.select(1))
        await scene.middle.until(lambda: bool(scene.middle.sent("op")))
        message = scene.middle.sent("op")[0]
        await scene.middle.say(
            {
                "type": "error",
                "re": message.get("id"),
                "op_id": message["op_id"],
                "code": "too_many_requests",
                "message": {"de": "Warte kurz.", "en": "Wait."},
                "retryable": True,
                "retry_after_ms": RETRY_AFTER_MS,
            }
        )
        await scene.driver.outcome(0)
        waited = times[1] - times[0]
        expect(waited * 1000 >= RETRY_AFTER_MS * 0.95, f"it waited only {waited:.2f} s")
        expect(len({each["op_id"] for each in scene.middle.sent("op")}) == 1, "another op_id")


@check("CL5")
async def _patience(client: Client) -> None:
    """While nobody answers it tries again, but not all the time."""
    async with client.scene() as scene:
        scene.middle.refusing = True
        scene.middle.cut()
        await asyncio.sleep(QUIET_SECONDS)
        attempts = len(scene.middle.refused)
        expect(attempts <= ATTEMPTS_MAX, f"{attempts} attempts in {QUIET_SECONDS} s")
        scene.middle.refusing = False
        version = await scene.others_edit(1)
        await scene.check_same(version)


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
        await scene.driver.outcome(0)
        await scene.check_same(2)
