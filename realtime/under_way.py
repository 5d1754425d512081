"""The ops of a room that were judged and are being committed, in the order in which they were judged."""

import asyncio
from dataclasses import dataclass

from realtime.judge import Judged
from storage.postgres.commit_queue import Waiting
from storage.postgres.committer import CommitResult, Committer


@dataclass(slots=True, eq=False, kw_only=True)
class OpUnderWay:
    """One of them: what was made of it, and what its fate is waited for with."""

    judged: Judged
    item: Waiting


class UnderWay:
    """All of a room. An op that is judged now is judged on what the newest of them leads to."""

    def __init__(self, committer: Committer) -> None:
        self._committer = committer
        self._ops: list[OpUnderWay] = []
        self._none = asyncio.Event()

    def __len__(self) -> int:
        return len(self._ops)

    def newest(self, version: int) -> OpUnderWay | None:
        """The newest that leads to a version after this one; None: it is to be judged on the head."""
        for op in reversed(self._ops):
            if op.judged.request.takes_version:
                return op if op.judged.head.version > version else None
        return None

    def begin(self, judged: Judged, *, after: OpUnderWay | None) -> OpUnderWay:
        """Put an op on its way that was judged on ``after``. Raises StorageUnavailable."""
        item = self._committer.begin(judged.request, after=after.item if after else None)
        self._ops.append(OpUnderWay(judged=judged, item=item))
        return self._ops[-1]

    async def end(self, op: OpUnderWay) -> CommitResult:
        """The fate of an op; ask once. Raises what ``Committer.answer`` raises."""
        try:
            return await self._committer.answer(op.item)
        finally:
            self._ops.remove(op)
            if not self._ops:
                self._none.set()

    async def none(self) -> None:
        """Returns when no op is on its way."""
        while self._ops:
            self._none.clear()
            await self._none.wait()
