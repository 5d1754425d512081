"""The client under test in a scene: a house, somebody else in it, and the kit between it and the server."""

import time
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager
from dataclasses import dataclass

from nest_haus_conformance.driver import Driver, driving
from nest_haus_conformance.house import House, new_house
from nest_haus_conformance.middle import Middle
from nest_haus_conformance.peer import Json, Peer, joined
from nest_haus_conformance.verdicts import expect, within

STEP_PART = 0.4
"""Of the time of a check, what one of its steps may take; so that the verdict names the step."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Scene:
    """The client in a new house, somebody else there too, and the man in the middle."""

    house: House
    middle: Middle
    driver: Driver
    other: Peer
    step_seconds: float

    async def others_edit(self, number: int) -> int:
        """The version that somebody else makes."""
        return await self.others(self.house.select(number))

    async def others(self, operation: Json) -> int:
        """The version that somebody else makes by this."""
        return int((await self.other.op(self.house.id, operation))["version"])

    async def outcome(self, number: int) -> Json:
        """The outcome with this number that the client tells, counted from 0."""
        async with within(self.step_seconds, f"outcome {number + 1} was not told"):
            return await self.driver.outcome(number)

    async def refusal(self, number: int) -> Json:
        """The refusal with this number that the client tells, counted from 0."""
        async with within(self.step_seconds, "that an op was refused was not told"):
            return await self.driver.refusal(number)

    async def check_same(self, version: int) -> None:
        """The client has the house that the server has, at this version or later."""
        async with within(self.step_seconds, f"it did not get to version {version}"):
            state = await self.driver.state_at(version)
        truth = await self.house.read()
        expect(state["version"] == truth["version"], f"{state['version']}, not {truth['version']}")
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
        async with within(self.step_seconds, "it did not connect again"):
            await self.middle.until(lambda: len(self.middle.refused) > refused)

    def mend(self) -> None:
        """Let the client in again."""
        self.middle.refusing = False

    async def sent_ops(self, number: int) -> list[Json]:
        """The ops that the client sent, once they are so many."""
        async with within(self.step_seconds, f"it did not send op {number}"):
            await self.middle.until(lambda: len(self.middle.sent("op")) >= number)
        return self.middle.sent("op")


def _choice(selection: Json, category: str) -> Json | None:
    """What is chosen, without what is absent where a client writes null."""
    choice = selection.get(category)
    return choice and {name: value for name, value in choice.items() if value is not None}


@dataclass(frozen=True, slots=True, kw_only=True)
class Client:
    """The client under test: how to start it, a server to try it with, and seconds for a check."""

    url: str
    command: str
    seconds: float

    @asynccontextmanager
    async def scene(self) -> AsyncIterator[Scene]:
        """A new one."""
        house = await new_house(self.url)
        async with (
            Middle(self.url).listening() as middle,
            joined(self.url, house.owner, house.id) as other,
            driving(self.command, url=middle.url, token=house.editor, code=house.code) as driver,
        ):
            yield Scene(
                house=house,
                middle=middle,
                driver=driver,
                other=other,
                step_seconds=self.seconds * STEP_PART,
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
    """Whether it brings versions and is not the answer to a join."""
    return bool(versions_of(frame)) and frame.get("re") is None


def error(message: Json, code: str, **fields: object) -> Json:
    """A refusal of this op as a server says it; what is not retryable does not say so."""
    return {
        "type": "error",
        "re": message.get("id"),
        "op_id": message["op_id"],
        "code": code,
        "message": {"de": "Das geht nicht.", "en": "This does not work."},
        **fields,
    }


class Refusing:
    """Answers the next op with this error, and passes on the others; ``times`` has when each came."""

    def __init__(self, code: str, **fields: object) -> None:
        self._code = code
        self._fields = fields
        self.times: list[float] = []

    def __call__(self, message: Json) -> Json | None:
        """The answer of ``Middle.answer``."""
        if message["type"] != "op":
            return None
        self.times.append(time.monotonic())
        return error(message, self._code, **self._fields) if len(self.times) == 1 else None


def answered_ids(frame: Json) -> Iterator[str]:
    """The ids of the ops that a frame to the client answers."""
    if frame["type"] in {"outcome", "error", "op"} and frame.get("op_id"):
        yield frame["op_id"]
    if frame["type"] == "ops":
        yield from (op["op_id"] for op in frame["ops"])
