"""The client under test in a scene: a house, somebody else in it, and the kit between it and the server."""

import asyncio
import time
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from uuid import uuid4

from nest_haus_conformance.driver import Driver, driving
from nest_haus_conformance.house import House, new_house
from nest_haus_conformance.middle import AWAY_SECONDS, Change, Middle, unchanged
from nest_haus_conformance.peer import Json, Peer, joined
from nest_haus_conformance.verdicts import allow, expect

ANSWERS = 20
"""The least number of states that a client must report before a check fails, which shows that it is
awake."""
PAUSE_SECONDS = 0.05


@dataclass(frozen=True, slots=True, kw_only=True)
class Scene:
    """The client in a new house, another person there too, and the man in the middle."""

    house: House
    middle: Middle
    driver: Driver
    other: Peer
    step_seconds: float

    async def others_edit(self, number: int) -> int:
        """Let another person edit; returns the new version."""
        return await self.others(self.house.select(number))

    async def others(self, operation: Json) -> int:
        """Let another person do this operation; returns the new version."""
        return int((await self.other.change(self.house.id, operation))["version"])

    async def until(self, condition: Callable[[Json], object], why: str) -> Json:
        """The client's state once the condition holds.

        Raises AssertionError with ``why`` if it does not hold in time although the client answered
        often, which shows that it was not merely slow. An allowed wait for its next attempt to
        connect does not count as its time.
        """
        seen, waited, away, answers = time.monotonic(), 0.0, 0.0, 0
        while not condition(state := await self.driver.state()):
            answers += 1
            now = time.monotonic()
            passed, seen = now - seen, now
            if self.middle.may_be_away() and away < AWAY_SECONDS:
                away += passed
                allow(passed)
            else:
                waited += passed
            expect(not (waited > self.step_seconds and answers >= ANSWERS), why)
            await asyncio.sleep(PAUSE_SECONDS)
        return state

    async def outcome(self, number: int, *, refusals: int = 0) -> Json:
        """The client's outcome with this number, from 0; at most ``refusals`` ops may be refused."""

        def told(_state: Json) -> bool:
            refused = self.driver.refused[refusals:]
            expect(not refused, f"an op that the server takes was told as refused: {refused}")
            return len(self.driver.outcomes) > number

        await self.until(told, f"outcome {number + 1} was not told")
        return self.driver.outcomes[number]

    async def refusal(self) -> None:
        """Wait until the client tells that an op was refused, without an outcome."""

        def told(_state: Json) -> bool:
            expect(not self.driver.outcomes, "it claims an outcome of an op that was refused")
            return bool(self.driver.refused)

        await self.until(told, "that an op was refused was not told")

    async def check_same(self, version: int, *, house: House | None = None) -> None:
        """The client has the house that the server has, at this version or later.

        ``house`` is the client's house on the server, if that is another one by now.
        """
        state = await self.until(
            lambda state: state["version"] >= version, f"it did not get to version {version}"
        )
        truth = await (house or self.house).read()
        versions = state["version"], truth["version"]
        expect(versions[0] == versions[1], f"it has version {versions[0]}, not {versions[1]}")
        theirs, ours = state["selection"], truth["selection"]
        differ = [
            name for name in {**theirs, **ours} if _choice(theirs, name) != _choice(ours, name)
        ]
        expect(not differ, f"another selection than the server's: {', '.join(sorted(differ))}")
        total = truth["derived"]["price"]["total_cents"]
        expect(state["total_cents"] == total, f"the price {state['total_cents']}, not {total}")

    async def cut(self) -> None:
        """End the client's connection, let none in until ``mend``, and wait until it has noticed."""
        refused = len(self.middle.refused)
        self.middle.refusing = True
        self.middle.cut()
        await self.until(lambda _: len(self.middle.refused) > refused, "it did not connect again")

    def mend(self) -> None:
        """Let the client in again."""
        self.middle.mend()

    async def said(self, which: Callable[[Json], bool]) -> None:
        """Wait until such a message was sent to the client."""
        timeline = self.middle.timeline
        await self.middle.until(
            lambda: any(way == "down" and which(frame) for way, frame in timeline)
        )

    async def sent_ops(self, number: int) -> list[Json]:
        """The ops that the client sent, once there are ``number`` of them."""
        await self.until(
            lambda _: len(self.middle.sent("op")) >= number, f"it did not send op {number}"
        )
        return self.middle.sent("op")


def _choice(selection: Json, category: str) -> Json | None:
    """The choice of a category, without absent values, for which a client may write null."""
    choice = selection.get(category)
    return choice and {name: value for name, value in choice.items() if value is not None}


@dataclass(frozen=True, slots=True, kw_only=True)
class Client:
    """The client under test: how to start it, a server to try it with, and seconds for a step."""

    url: str
    command: str
    step_seconds: float

    @asynccontextmanager
    async def scene(self, down: Change = unchanged) -> AsyncIterator[Scene]:
        """A new scene; ``down`` changes the messages to the client, from the first frame on."""
        house = await new_house(self.url)
        async with (
            Middle(self.url, down=down).listening() as middle,
            joined(self.url, house.owner, house.id) as other,
            driving(self.command, url=middle.url, token=house.editor, code=house.code) as driver,
        ):
            yield Scene(
                house=house,
                middle=middle,
                driver=driver,
                other=other,
                step_seconds=self.step_seconds,
            )


def versions_of(frame: Json) -> list[int]:
    """The versions that a frame brings, snapshots aside."""
    if frame["type"] == "op":
        return [frame["version"]]
    return [op["version"] for op in frame["ops"]] if frame["type"] == "ops" else []


def dropping(which: Callable[[Json], bool]) -> Callable[[Json], list[Json]]:
    """Lose the frames of which this is true."""
    return lambda frame: [] if which(frame) else [frame]


def unasked(frame: Json) -> bool:
    """Whether the frame brings versions without being the answer to a join."""
    return bool(versions_of(frame)) and frame.get("re") is None


def forgotten(message: Json) -> list[Json]:
    """A position of an epoch that the server does not know: it answers with a snapshot."""
    if "since" in message:
        message = {**message, "since": {"epoch": str(uuid4()), "version": 1}}
    return [message]


def of_epoch(epoch: str) -> Callable[[Json], list[Json]]:
    """Changes the server's frames into those of another history."""
    return lambda frame: [{**frame, "epoch": epoch} if "epoch" in frame else frame]


def error(message: Json, code: str, **fields: object) -> Json:
    """A refusal of this message, in the form of a server, which omits a false ``retryable``."""
    op_id = {"op_id": message["op_id"]} if "op_id" in message else {}
    return {
        "type": "error",
        "re": message.get("id"),
        **op_id,
        "code": code,
        "message": {"de": "Das geht nicht.", "en": "This does not work."},
        **fields,
    }


class Refusing:
    """Answers the next ops, or messages of another type, with this error, and passes on the others.

    ``often`` is how many it answers; ``times`` has when each came.
    """

    def __init__(self, code: str, *, type_: str = "op", often: int = 1, **fields: object) -> None:
        self._type = type_
        self._often = often
        self._code = code
        self._fields = fields
        self.times: list[float] = []

    def __call__(self, message: Json) -> Json | None:
        """The answer of ``Middle.answer``."""
        if message["type"] != self._type:
            return None
        self.times.append(time.monotonic())
        return (
            error(message, self._code, **self._fields) if len(self.times) <= self._often else None
        )


def answered_ids(frame: Json) -> Iterator[str]:
    """The ids of the ops that a frame to the client answers."""
    if frame["type"] in {"outcome", "error", "op"} and frame.get("op_id"):
        yield frame["op_id"]
    if frame["type"] == "ops":
        yield from (op["op_id"] for op in frame["ops"])
