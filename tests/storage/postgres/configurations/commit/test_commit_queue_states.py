"""The queue alone, under every order of events: no op is lost, none overtakes what it was judged on."""

import asyncio
from datetime import UTC, datetime
from itertools import pairwise, product
from typing import TypeVar
from uuid import UUID, uuid4

import pytest
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule
from typing_extensions import override

from storage.postgres.configurations.commit.queue import CommitQueue
from storage.postgres.configurations.commit.statement import Stored
from storage.postgres.configurations.commit.waiting import TRANSITIONS, State, Waiting
from tests.storage.postgres.configurations.commit.test_commit_queue import op

T = TypeVar("T")

MAX_BATCH = 3
HOUSES = [UUID(int=number) for number in range(1, 4)]
NUMBERS = st.integers(min_value=0, max_value=100)


class Commits(RuleBasedStateMachine):
    """Ops come, batches are taken, answered, given back and put off; askers give up."""

    def __init__(self) -> None:
        super().__init__()
        self.now = 0.0
        self.loop = asyncio.new_event_loop()
        self.loop.time = lambda: self.now  # type: ignore[method-assign]
        self.queue = CommitQueue(MAX_BATCH)
        self.begun: list[Waiting] = []
        self.batches: list[list[Waiting]] = []

    # ---- what a room does

    @rule(house=st.sampled_from(HOUSES), takes_version=st.booleans())
    def begin(self, house: UUID, takes_version: bool) -> None:
        before = [
            item
            for item in self.begun
            if item.request.configuration_id == house and item.request.takes_version
        ]
        after = before[-1] if before and before[-1].state is not State.DONE else None
        item = Waiting(op(house, takes_version=takes_version), self.loop.create_future(), after)
        self.begun.append(item)
        self.queue.add(item)

    @precondition(lambda self: any(item.state is not State.DONE for item in self.begun))
    @rule(number=NUMBERS)
    def give_up(self, number: int) -> None:
        item = chosen([item for item in self.begun if item.state is not State.DONE], number)
        item.result.cancel()
        self.queue.forget(item)

    # ---- what a connection does

    @rule()
    def take(self) -> None:
        batch = self.loop.run_until_complete(self._take())
        if not batch:
            return
        houses = {item.request.configuration_id for item in batch}
        assert len(batch) <= MAX_BATCH
        assert all(item.state in {State.SENT, State.SENT_SOLO} for item in batch)
        assert len(batch) == 1 or all(item.state is State.SENT for item in batch)
        if len(houses) < len(batch):
            assert len(houses) == 1, "several ops of a house come as a chain"
            assert batch[0].request.takes_version
            assert all(later.after in batch for later in batch[1:])
        order = [self.begun.index(item) for item in batch]
        assert len(houses) == len(batch) or all(one < two for one, two in pairwise(order))
        for number, item in enumerate(batch):
            base = item.after
            assert base is None or base.state is State.DONE or base in batch[:number]
        self.batches.append(batch)

    async def _take(self) -> list[Waiting]:
        taking = self.loop.create_task(self.queue.next_batch())
        await asyncio.sleep(0)
        if taking.done():
            return taking.result()
        taking.cancel()
        await asyncio.sleep(0)
        return []

    @precondition(lambda self: self.batches)
    @rule(number=NUMBERS, only_first=st.booleans())
    def answer(self, number: int, only_first: bool) -> None:
        batch = chosen(self.batches, number)
        answered = batch[:1] if only_first else list(batch)
        for item in answered:
            if not item.result.done():
                item.result.set_result(Stored(version=1, committed_at=datetime.now(UTC)))
        self.queue.finish(answered)
        self._left(batch, answered)

    @precondition(lambda self: self.batches)
    @rule(number=NUMBERS)
    def lose_the_connection(self, number: int) -> None:
        batch = chosen(self.batches, number)
        self.queue.give_back(batch)
        self._left(batch, list(batch))

    @precondition(lambda self: self.batches)
    @rule(number=NUMBERS, delay_seconds=st.sampled_from([0.0, 1.0]))
    def find_the_row_held(self, number: int, delay_seconds: float) -> None:
        """The committer looks at the ops of a batch one by one then."""
        batch = chosen(self.batches, number)
        self.loop.run_until_complete(self._put_off(batch[0], delay_seconds))
        self._left(batch, batch[:1])

    async def _put_off(self, item: Waiting, delay_seconds: float) -> None:
        self.queue.put_off(item, delay_seconds)

    @rule()
    def let_delays_end(self) -> None:
        self.now += 2.0
        self.loop.run_until_complete(asyncio.sleep(0))

    def _left(self, batch: list[Waiting], items: list[Waiting]) -> None:
        batch[:] = [item for item in batch if item not in items]
        self.batches = [each for each in self.batches if each]

    # ---- what is true at any time

    @invariant()
    def the_ops_of_a_house_are_in_one_batch(self) -> None:
        for house in HOUSES:
            holding = [
                batch
                for batch in self.batches
                if any(item.request.configuration_id == house for item in batch)
            ]
            assert len(holding) <= 1

    @override
    def teardown(self) -> None:
        """Once everything goes well again, every op is answered."""
        try:
            while self.batches:
                self.answer(0, only_first=False)
            self.let_delays_end()
            self.take()
            while self.batches:
                self.answer(0, only_first=False)
                self.take()
            assert [item.state for item in self.begun if item.state is not State.DONE] == []
            assert len(self.queue) == 0
        finally:
            self.loop.close()


def chosen(items: list[T], number: int) -> T:
    return items[number % len(items)]


TestCommits = Commits.TestCase


@pytest.mark.parametrize(("before", "to"), [*product(State, State)])
def test_an_op_goes_only_where_the_drawing_says(before: State, to: State) -> None:
    loop = asyncio.new_event_loop()
    item = Waiting(op(uuid4()), loop.create_future(), moved_to=before)
    if to is State.DONE or to in TRANSITIONS[before]:
        item.move(to)
        assert item.state is to
    else:
        with pytest.raises(AssertionError):
            item.move(to)
        assert item.state is before
    loop.close()
