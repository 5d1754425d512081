"""Ops that wait for a committer's connection: first come, first served, per configuration one.

Runs in one event loop; no I/O.
"""

import asyncio
from collections import deque
from collections.abc import Iterable
from contextlib import suppress
from dataclasses import dataclass
from uuid import UUID

from storage.postgres.commit_statement import CommitRequest, CommitResult, Stored


@dataclass(slots=True, eq=False)
class Waiting:
    """One op on its way.

    `tries`: how often it was sent. `unknown`: an attempt got no answer, so it may be committed.
    `alone`: it waited for a row that somebody else holds, so it goes without others. `resting`: not
    before its delay is over. `after`: the op whose success this one was judged on, if that is not
    known yet; an op is never sent unless that one was stored, or is sent with it.
    """

    request: CommitRequest
    result: "asyncio.Future[CommitResult]"
    after: "Waiting | None" = None
    tries: int = 0
    unknown: bool = False
    alone: bool = False
    resting: bool = False

    @property
    def founded(self) -> bool:
        """Whether the state that the op was judged on has come true; ask when `after` is answered."""
        if self.after is None:
            return True
        answer = self.after.result
        if not answer.done() or answer.cancelled() or answer.exception() is not None:
            return False
        result = answer.result()
        return isinstance(result, Stored) and result.version == self.request.expected_version


class CommitQueue:
    """Hands out batches: one op each of several configurations, or a chain of ops of one.

    Never are ops of one configuration in two batches at a time, unless one of these is a chain that
    is being looked at op by op.
    """

    def __init__(self, max_batch: int) -> None:
        self._max_batch = max_batch
        self._waiting: deque[Waiting] = deque()
        self._busy: set[UUID] = set()
        self._idle: deque[asyncio.Future[None]] = deque()
        self._nudged = False
        self._closed = False

    def __len__(self) -> int:
        return len(self._waiting)

    @property
    def finished(self) -> bool:
        """Closed, and nobody waits for an answer any more."""
        return self._closed and all(item.result.done() for item in self._waiting)

    def add(self, item: Waiting) -> None:
        """Puts an op at the end."""
        self._waiting.append(item)
        self._nudge()

    def forget(self, item: Waiting) -> None:
        """Nobody waits for this op any more; it is not sent if it was not yet."""
        with suppress(ValueError):
            self._waiting.remove(item)

    def close(self) -> None:
        """Lets `take` return an empty batch once nothing waits any more."""
        self._closed = True
        while self._idle:
            self._wake()

    async def take(self) -> list[Waiting]:
        """The next batch, as soon as there is anything; empty: closed and nothing is left."""
        while True:
            batch = self._ready()
            if batch:
                if self._waiting:
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

    def give_back(self, batch: Iterable[Waiting], delay_seconds: float) -> None:
        """Puts ops without a result to the front again, to be taken after a delay."""
        items = list(batch)
        for item in items:
            item.resting = delay_seconds > 0
        self._waiting.extendleft(reversed(items))
        if delay_seconds > 0:
            asyncio.get_running_loop().call_later(delay_seconds, self._rested, items)
        self.finish(items)

    def finish(self, batch: Iterable[Waiting]) -> None:
        """The ops are not on their way any more; the next of their configurations may go."""
        self._busy.difference_update(item.request.configuration_id for item in batch)
        if self._closed:
            self.close()
        elif self._waiting:
            self._nudge()

    def _rested(self, items: Iterable[Waiting]) -> None:
        # No comparison of times: uvloop's timers count whole milliseconds and may come too early.
        for item in items:
            item.resting = False
        self._nudge()

    def _ready(self) -> list[Waiting]:
        return self._chain() or self._mixed()

    def _chain(self) -> list[Waiting]:
        """The first op that may go, with those that were judged on it and wait behind it."""
        first = next((item for item in self._waiting if self._may_go(item)), None)
        if first is None or first.alone or not first.request.takes_version:
            return []
        chain, newest = [first], first
        configuration_id = first.request.configuration_id
        for item in self._waiting:
            if item is first or item.request.configuration_id != configuration_id:
                continue
            if item.after is not newest or item.alone or item.resting or item.result.done():
                break
            chain.append(item)
            newest = item if item.request.takes_version else newest
            if len(chain) == self._max_batch:
                break
        if len(chain) == 1:
            return []
        self._busy.add(configuration_id)
        taken = set(map(id, chain))
        self._waiting = deque(item for item in self._waiting if id(item) not in taken)
        return chain

    def _may_go(self, item: Waiting) -> bool:
        return not (
            item.result.done()
            or item.resting
            or item.request.configuration_id in self._busy
            or (item.after is not None and not item.after.result.done())
        )

    def _mixed(self) -> list[Waiting]:
        batch: list[Waiting] = []
        left: deque[Waiting] = deque()
        while self._waiting and len(batch) < self._max_batch:
            item = self._waiting.popleft()
            if item.result.done():
                continue
            if not self._may_go(item) or (item.alone and batch):
                left.append(item)
                continue
            self._busy.add(item.request.configuration_id)
            batch.append(item)
            if item.alone:
                break
        self._waiting.extendleft(reversed(left))
        return batch

    def _nudge(self) -> None:
        """Wakes one idle connection, unless one is waking up already."""
        if self._idle and not self._nudged:
            self._nudged = True
            self._wake()

    def _wake(self) -> None:
        turn = self._idle.popleft()
        if not turn.done():
            turn.set_result(None)
