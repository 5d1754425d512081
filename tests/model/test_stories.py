"""Many people, three processes, and a network that cannot be trusted: everybody ends with one house.

Stories are lists of steps. Those that once went wrong are kept in ``seeds/`` and told first; then
come some that hypothesis makes up, the same on every run and every machine. ``make stories`` makes
up as many others as one has time for (``STORIES=1000``). A story that goes wrong is written, there
as short as it can be made, to ``last_failure.json`` beside the seeds: rename it to keep it.
What the processes do in which order depends on the stores, so a story may end well many times.
(JN5) (JN6) (OP3) (OP4) (OP6) (OP16) (PS1) (PS2) (SN1) (SN2) (SN5) (SN6) (BP2) (BP3) (CN9)
"""

import asyncio
import json
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from tests.model.world import PROCESSES, Story, World, world

SEEDS = Path(__file__).parent / "seeds"
LAST_FAILURE = SEEDS / "last_failure.json"
PEOPLE = 4
BY_CHANCE = int(os.environ.get("STORIES", "0"))
"""The number of random stories; 0 means the same 40 as always, without making any shorter."""

MADE_UP = settings(
    max_examples=BY_CHANCE or 40,
    derandomize=not BY_CHANCE,
    database=None,
    phases=(Phase.generate, Phase.shrink) if BY_CHANCE else (Phase.generate,),
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)

Step = list[Any]

person = st.integers(0, PEOPLE - 1)
place = st.integers(0, PROCESSES - 1)
operation = st.one_of(
    st.builds(
        lambda option: {"kind": "select", "category": "nest", "option": option},
        st.sampled_from(["nest80", "nest100", "nest120", "nest160"]),
    ),
    st.builds(
        lambda option: {"kind": "select", "category": "gebaeudehuelle", "option": option},
        st.sampled_from(["trapezblech", "holzlattung"]),
    ),
    st.builds(
        lambda quantity: {"kind": "set_quantity", "category": "pvanlage", "quantity": quantity},
        st.sampled_from([0, 4, 8, 16, 400]),
    ),
    st.sampled_from(
        [{"kind": "undo"}, {"kind": "redo"}, {"kind": "undo", "anyway": True}, {"kind": "reset"}]
    ),
)
step = st.one_of(
    st.tuples(st.just("edit"), person, operation, st.booleans()),
    st.tuples(st.just("edit"), person, operation, st.booleans()),
    st.tuples(st.just("race"), person, operation, st.integers(0, 40)),
    st.tuples(st.just("connect"), person, place),
    st.tuples(st.just("disconnect"), person),
    st.tuples(st.just("resend"), person),
    st.tuples(st.just("bus"), st.integers(0, 20), st.sampled_from([0, 1, 1, 2])),
    st.tuples(st.just("beat"), place),
    st.tuples(st.just("position"), place),
    st.tuples(st.just("crash"), place),
    st.tuples(st.just("read"), person),
    st.just(("epoch",)),
)
stories = st.lists(step, min_size=5, max_size=60)


async def tell(story: Story, steps: list[Step]) -> None:
    """Carry out the steps, and then the end that every story must have."""
    story.clients[-1].small = True
    for number, client in enumerate(story.clients):
        await story.connect(client, number % PROCESSES)
    for each in steps:
        await _happen(story, each)
    await story.heal()
    await story.check()


async def _happen(story: Story, step: Step) -> None:  # noqa: C901 - a list of steps
    match step:
        case ["edit", number, operation, guarded]:
            story.begin_op(story.clients[number], operation, guarded=guarded)
            await story.finish_requests()
        case ["race", number, operation, turns]:
            story.begin_op(story.clients[number], operation)
            await story.spin(turns)
        case ["connect", number, place]:
            await story.connect(story.clients[number], place)
        case ["disconnect", number]:
            story.disconnect(story.clients[number])
        case ["resend", number]:
            story.resend(story.clients[number])
            await story.finish_requests()
        case ["bus", index, copies]:
            story.wire.deliver(index, copies=copies)
        case ["beat", place]:
            await story.beat(place)
        case ["position", place]:
            await story.tell_positions(place)
        case ["crash", place]:
            story.crash(place)
        case ["read", number]:
            story.read_as(story.clients[number])
        case ["epoch"]:
            await story.renew_epoch()
        case _:
            raise AssertionError(step)


class Teller:
    """A loop and a world that outlive single stories."""

    def __init__(self, database_url: str, redis_url: str) -> None:
        self._runner = asyncio.Runner()
        self._context = world(database_url, redis_url)
        self._world: World = self._runner.run(self._context.__aenter__())

    def tell(self, steps: list[Step]) -> None:
        async def run() -> None:
            async with asyncio.timeout(30):
                await tell(await self._world.new_story(PEOPLE), steps)

        self._runner.run(run())

    def close(self) -> None:
        self._runner.run(self._context.__aexit__(None, None, None))
        self._runner.close()


@pytest.fixture
def teller(database_url: str, redis_url: str) -> Iterator[Teller]:
    teller = Teller(database_url, redis_url)
    yield teller
    teller.close()


@pytest.mark.parametrize("seed", sorted(SEEDS.glob("*.json")), ids=lambda path: path.stem)
def test_a_story_that_once_went_wrong(teller: Teller, seed: Path) -> None:
    teller.tell(json.loads(seed.read_text(encoding="utf-8")))


@pytest.mark.timeout(0 if BY_CHANCE else 300)  # ten seconds on a quiet machine
@MADE_UP
@given(steps=stories)
def test_every_story_ends_well(teller: Teller, steps: list[Step]) -> None:
    told = [list(each) for each in steps]
    try:
        teller.tell(told)
    except Exception:
        LAST_FAILURE.write_text(json.dumps(told, indent=1) + "\n", encoding="utf-8")
        raise
