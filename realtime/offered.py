"""The count of interactions that the stream took, noted in PostgreSQL, and held against how they ended.

The stream's own count goes with the stream when Redis is emptied, and goes back with it when Redis
comes with an older state. So every process notes once a second, or with its chores, what the stream
took in this life; a web process learns the count with each append, so the last append of a life is
noted also after Redis forgot it, and notes once more when it stops. Where fewer are counted than
were noted, the history of the stream went back: a new life begins, and what is gone stays missing.

`missing` may be too small, never too large: what was taken after the last note, by web processes
that were killed as well, is in no count, unless it ended in the ledger.
"""

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Final

import structlog
from typing_extensions import override

from storage.outage import Outage
from storage.postgres.ledger import Ledger
from storage.postgres.stream_lives import BEFORE, StreamLives
from storage.redis.life import Life
from storage.redis.stream import InteractionStream
from storage.tasks import TaskOwner

log = structlog.get_logger()

EVERY_SECONDS: Final = 1.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Balance:
    """Entries that were offered, against how they ended; see `StreamBalance` for the words."""

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
        self._name = ""
        self._settled: str | None = None
        """The life before which nothing can have been taken that is in the ledger and in no note."""
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

    @override
    async def _end(self) -> None:
        """Note what was taken since the last time; nothing is appended any more."""
        with self.outage.tolerated():
            await self.note()

    async def note(self) -> None:
        """Note what changed since the last time. Raises StorageError, and keeps what it knows."""
        now = await self._life_now({})
        settled = now.name == self._settled
        if settled and not self._news(now):
            return
        noted = await self._lives.all() or {}
        waiting = (await self._stream.lag()).entries
        ended = 0 if settled else await self._ended()
        now = await self._life_now(noted)  # read later than `ended`
        news = self._news(now)
        if now.name and not settled:
            news[now.name] = max(now.offered, self._stream.lives.get(now.name, 0))
        if not settled:
            await self._lives.note_with_ended(news, ended, now=now.name)
        elif news:
            await self._lives.note(news)
        self._noted = {name: n for name, n in self._noted.items() if name == now.name} | news
        for name, n in news.items():
            if name != now.name and self._stream.lives.get(name, n) <= n:
                self._stream.lives.pop(name, None)
        if not (settled or waiting):
            self._settled = now.name

    def _news(self, now: Life) -> dict[str, int]:
        known = dict(self._stream.lives)
        if now.name:
            known[now.name] = max(now.offered, known.get(now.name, 0))
        return {name: n for name, n in known.items() if n > self._noted.get(name, -1)}

    async def _life_now(self, noted: Mapping[str, int]) -> Life:
        """The life that is there; a new one where it took more than it knows of now."""
        now = await self._stream.its_life()
        known = max(noted.get(now.name, 0), self._stream.lives.get(now.name, 0))
        if now.name and now.offered < known:
            if await self._stream.begin_anew(Life(now.name, known)):
                log.warning("stream_went_back", life=now.name, noted=known, found=now.offered)
            now = await self._stream.its_life()
        if self._name not in (now.name, ""):
            log.warning("stream_began_anew", before=self._name, now=now.name)
        self._name = now.name
        return now

    async def _ended(self) -> int:
        return sum((await self._ledger.totals()).values())

    async def balance(self) -> Balance:
        """Whether it adds up. Notes first what this process knows. Raises StorageError.

        Read in this order, so that what moves meanwhile never looks like something missing.
        """
        await self.note()
        noted = await self._lives.all() or {}
        first = await self._stream.its_life()
        waiting = (await self._stream.lag()).entries
        ended = await self._ended()
        last = await self._stream.its_life()
        others = {name: n for name, n in noted.items() if name != first.name}
        # Of `last`, if it is another, nothing yet.
        offered = max(first.offered, noted.get(first.name, 0)) + sum(others.values())
        return Balance(
            offered=last.offered,
            waiting=waiting,
            missing=max(0, offered - waiting - ended),
            earlier=max(0, ended - last.offered),
            began=datetime.fromtimestamp(float(last.name), UTC) if last.name else None,
            renewals=len(noted.keys() - {BEFORE, last.name}),
        )
