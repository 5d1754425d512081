"""The ops of a room that were judged and are being committed, in the order of judgement."""

import asyncio
from dataclasses import dataclass

from realtime.rooms.judge import Judged
from storage.postgres.configurations.commit.committer import Committer
from storage.postgres.configurations.commit.statement import CommitResult
from storage.postgres.configurations.commit.waiting import Waiting


@dataclass(slots=True, eq=False, kw_only=True)
class OpUnderWay:
    """One op under way: its judgement, and the future of its commit."""

    judged: Judged
    item: Waiting


class UnderWay:
    """All ops under way of one room.

    A new op is judged on the state that the newest one leads to.
    """

    def __init__(self, committer: Committer) -> None:
        self._committer = committer
        self._ops: list[OpUnderWay] = []
        self._drained = asyncio.Event()

    def __len__(self) -> int:
        return len(self._ops)

    def newest(self, version: int) -> OpUnderWay | None:
        """The newest op that leads to a version after this one; None: judge on the head."""
        for op in reversed(self._ops):
            if op.judged.request.takes_version:
                return op if op.judged.head.version > version else None
        return None

    def begin(self, judged: Judged, *, after: OpUnderWay | None) -> OpUnderWay:
        """Begin the commit of an op that was judged on ``after``. Raises StorageUnavailable."""
        item = self._committer.begin(judged.request, after=after.item if after else None)
        self._ops.append(OpUnderWay(judged=judged, item=item))
        return self._ops[-1]

    async def end(self, op: OpUnderWay) -> CommitResult:
        """The result of an op's commit; await it once. Raises what ``Committer.answer`` raises."""
        try:
            return await self._committer.answer(op.item)
        finally:
            self._ops.remove(op)
            if not self._ops:
                self._drained.set()

    async def drained(self) -> None:
        """Return when no op is under way."""
        while self._ops:
            self._drained.clear()
            await self._drained.wait()
