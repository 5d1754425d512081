"""Ops that wait for a committer's connection: first in, first out, one batch per configuration.

A batch has one of two forms: one op each of several configurations (`_mixed`), or several ops of one
configuration, each judged on the state after the one before (`_chain`).

Invariant: the ops of one configuration are never in two batches at a time. Otherwise two connections
would race for its row, and an op could be committed before the op that it was judged on. An op is in
its batch from `next_batch` until it was given back, put off or finished.

Runs in one event loop; no I/O.
"""

import asyncio
from collections import Counter, deque
from collections.abc import Iterable
from contextlib import suppress
from uuid import UUID

from storage.postgres.configurations.commit.waiting import State, Waiting


class CommitQueue:
    """Hands out batches of at most `max_batch` ops, and takes back ops that got no answer."""

    def __init__(self, max_batch: int) -> None:
        self._max_batch = max_batch
        self._waiting: deque[Waiting] = deque()
        self._sent: Counter[UUID] = Counter()
        """The number of ops of each configuration that are in a batch; they are all in the same
        one."""
        self._idle: deque[asyncio.Future[None]] = deque()
        """One future for each connection that found nothing to take, the longest waiting first."""
        self._nudged = False
        """True from waking a connection until it has looked into the queue."""
        self._closed = False

    def __len__(self) -> int:
        return len(self._waiting)

    @property
    def finished(self) -> bool:
        """Whether the queue is closed and no op waits for an answer."""
        return self._closed and all(item.state is State.DONE for item in self._waiting)

    def add(self, item: Waiting) -> None:
        """Appends an op."""
        self._waiting.append(item)
        self._nudge()

    def forget(self, item: Waiting) -> None:
        """Drops an op whose caller gave up; if it was not sent yet, it never is."""
        with suppress(ValueError):
            self._waiting.remove(item)

    def close(self) -> None:
        """Makes `next_batch` return an empty batch once no op waits."""
        self._closed = True
        while self._idle:
            self._wake()

    async def next_batch(self) -> list[Waiting]:
        """Waits for the next batch; an empty one means that the queue is closed and empty."""
        while True:
            batch = self._chain() or self._mixed()
            if batch:
                if self._waiting:
                    # Perhaps another idle connection finds ops, too: wake it to look.
                    self._nudge()
                return batch
            if self.finished:
                return []
            turn = asyncio.get_running_loop().create_future()
            self._idle.append(turn)
            try:
                await turn
            finally:
                self._nudged = False
                if turn in self._idle:
                    self._idle.remove(turn)

    # ---- the end of a batch

    def give_back(self, batch: Iterable[Waiting]) -> None:
        """Puts unanswered ops to the front again, because their connection can no longer be used."""
        items = list(batch)
        for item in items:
            solo = item.moved_to is State.SENT_SOLO
            self._leave_batch(item, State.SOLO if solo else State.WAITING)
        self._waiting.extendleft(reversed(items))
        self._go_on()

    def put_off(self, item: Waiting, delay_seconds: float) -> None:
        """Puts an op to the front again, to be sent alone after a delay, because its row is locked."""
        self._leave_batch(item, State.DELAYED if delay_seconds > 0 else State.SOLO)
        self._waiting.appendleft(item)
        if delay_seconds > 0:
            asyncio.get_running_loop().call_later(delay_seconds, self._due, item)
        self._go_on()

    def finish(self, batch: Iterable[Waiting]) -> None:
        """Marks the ops as answered, so that the next ops of their configurations may be sent."""
        for item in batch:
            self._leave_batch(item, State.DONE)
        self._go_on()

    def _leave_batch(self, item: Waiting, to: State) -> None:
        configuration_id = item.request.configuration_id
        item.move(to)
        self._sent[configuration_id] -= 1
        if not self._sent[configuration_id]:
            del self._sent[configuration_id]

    def _go_on(self) -> None:
        if self._closed:
            self.close()
        elif self._waiting:
            self._nudge()

    def _due(self, item: Waiting) -> None:
        # No comparison of times: uvloop's timers count whole milliseconds and may come too early.
        item.move(State.SOLO)
        self._nudge()

    # ---- making a batch

    def _chain(self) -> list[Waiting]:
        """The first op that may be sent, with the waiting ops that were judged on it."""
        first = next((item for item in self._waiting if self._may_go(item)), None)
        # A SOLO op is sent alone. A refused op leads to no new state that another op could have
        # been judged on, and the statement must begin with an op that takes a version.
        if first is None or first.state is State.SOLO or not first.request.takes_version:
            return []
        chain, newest = [first], first
        configuration_id = first.request.configuration_id
        for item in self._waiting:
            if item is first or item.request.configuration_id != configuration_id:
                continue
            # End the chain here, instead of skipping this op: later ops were judged on it or arrived
            # later, and the ops of a configuration are sent in order of arrival.
            if item.after is not newest or item.state is not State.WAITING:
                break
            chain.append(item)
            # A refused op changes nothing, so the next op has the same base as this one.
            newest = item if item.request.takes_version else newest
            if len(chain) == self._max_batch:
                break
        if len(chain) == 1:  # it can share a statement with ops of other configurations
            return []
        taken = set(map(id, chain))
        self._waiting = deque(item for item in self._waiting if id(item) not in taken)
        self._send(chain)
        return chain

    def _mixed(self) -> list[Waiting]:
        """Ops of different configurations from the front of the queue, or one SOLO op."""
        batch: list[Waiting] = []
        left: deque[Waiting] = deque()
        while self._waiting and len(batch) < self._max_batch:
            item = self._waiting.popleft()
            if item.state is State.DONE:
                continue  # its caller gave up while it was in a batch, where `forget` does not look
            solo = item.state is State.SOLO
            # `_may_go` is also false for a second op of a configuration in this batch: the statement
            # locks each row once and could not tell which of the two comes first.
            if not self._may_go(item) or (solo and batch):
                left.append(item)
                continue
            self._send([item])
            batch.append(item)
            if solo:
                break
        self._waiting.extendleft(reversed(left))
        return batch

    def _may_go(self, item: Waiting) -> bool:
        """Whether an op may be the first of its configuration in a batch now."""
        return (
            (item.state is State.WAITING or item.state is State.SOLO)
            and item.request.configuration_id not in self._sent
            # The op before it is answered; the committer checks whether it was stored.
            and (item.after is None or item.after.state is State.DONE)
        )

    def _send(self, items: list[Waiting]) -> None:
        for item in items:
            item.move(State.SENT_SOLO if item.state is State.SOLO else State.SENT)
            self._sent[item.request.configuration_id] += 1

    # ---- waking connections

    def _nudge(self) -> None:
        """Wakes one idle connection, unless one is waking up already."""
        if self._idle and not self._nudged:
            self._nudged = True
            self._wake()

    def _wake(self) -> None:
        turn = self._idle.popleft()
        if not turn.done():
            turn.set_result(None)
