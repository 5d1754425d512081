"""What the stream of interactions took, noted in PostgreSQL, and held against how it ended.

The stream's own count goes with the stream when Redis is emptied. So every process notes once a
second, or with its chores, what the stream took in this life; a web process learns the count with
each append, so the last append of a life is noted also after Redis forgot it. What was taken after
the last note, by web processes that are gone as well, is in no count: `missing` is then too small,
never too large.
"""

import asyncio
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Final

from typing_extensions import override

from storage.outage import Outage
from storage.postgres.ledger import Ledger
from storage.postgres.stream_lives import BEFORE, StreamLives
from storage.redis.stream import InteractionStream
from storage.tasks import TaskOwner

EVERY_SECONDS: Final = 1.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Balance:
    """What was offered against how it ended, at one moment; see `StreamBalance` for the words."""

    offered: int
    waiting: int
    missing: int
    earlier: int
    began: datetime | None
    renewals: int


class Offered(TaskOwner):
    """Notes what the stream took as long as it is entered; `note` does it once for those who are not."""

    def __init__(self, stream: InteractionStream, ledger: Ledger, lives: StreamLives) -> None:
        super().__init__()
        self._stream = stream
        self._ledger = ledger
        self._lives = lives
        self._noted: dict[str, int] = {}
        self.outage = Outage("noting how many interactions were taken")
        self.outages = (self.outage,)

    @override
    def _begin(self) -> None:
        self._tasks.start(self._note_forever(), name="offered")

    async def _note_forever(self) -> None:
        while True:
            await asyncio.sleep(EVERY_SECONDS)
            with self.outage.tolerated():
                await self.note()

    async def note(self) -> None:
        """Note what changed since the last time. Raises StorageError, and keeps what it knows."""
        now = await self._stream.its_life()
        before = 0
        if now.name and not self._noted:
            ended = sum((await self._ledger.totals()).values())
            now = await self._stream.its_life()  # read later, so that `before` is never too large
            before = max(0, ended - now.offered)
        known = dict(self._stream.lives)
        if now.name:
            known[now.name] = max(now.offered, known.get(now.name, 0))
        news = {name: n for name, n in known.items() if n > self._noted.get(name, -1)}
        if news:
            await self._lives.note(news, before=before)
        self._noted = known
        for name in self._stream.lives.keys() - {now.name}:
            if self._stream.lives[name] <= known.get(name, -1):
                del self._stream.lives[name]

    async def balance(self) -> Balance:
        """Whether it adds up. Raises StorageError.

        Read in this order, so that what moves meanwhile never looks like something missing.
        """
        first = await self._stream.its_life()
        waiting = (await self._stream.lag()).entries
        ended = sum((await self._ledger.totals()).values())
        lives = await self._lives.all() or {}
        last = await self._stream.its_life()
        there = {first.name, last.name} - {BEFORE}
        others = {name: n for name, n in lives.items() if name not in there}
        offered = first.offered + sum(others.values())  # of `last`, if it is another, nothing yet
        return Balance(
            offered=last.offered,
            waiting=waiting,
            missing=max(0, offered - waiting - ended),
            earlier=max(0, ended - last.offered),
            began=datetime.fromtimestamp(float(last.name), UTC) if last.name else None,
            renewals=len(others.keys() - {BEFORE}),
        )
