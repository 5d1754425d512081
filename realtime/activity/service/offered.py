"""The count of entries that the stream took, noted in PostgreSQL and compared with the ledger.

The stream has a count of its own, which is lost when Redis is emptied, and goes back when Redis
returns with an older state. Therefore every process notes in PostgreSQL, once a second or with its
chores, how many entries the stream took in its present life. A web process learns the count with
each append, so it notes the last append of a life even after Redis lost it; it notes once more when
it stops. If the stream counts fewer entries than were noted, its history went back: a new life
begins, and the lost entries stay missing.

`missing` may be too small, never too large: entries that were taken after the last note, by web
processes that were killed, too, are in no count unless they are in the ledger.
"""

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Final, Self

import structlog
from typing_extensions import override

from storage.outage import Outage
from storage.postgres.activity.ledger import Ledger
from storage.postgres.activity.stream_lives import BEFORE, StreamLives
from storage.postgres.engine import Database
from storage.redis.activity.life import Life
from storage.redis.activity.stream import InteractionStream
from storage.tasks import TaskOwner

log = structlog.get_logger()

EVERY_SECONDS: Final = 1.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Balance:
    """The entries that were offered, compared with their ends; see `StreamBalance`."""

    offered: int
    waiting: int
    missing: int
    earlier: int
    began: datetime | None
    renewals: int


class Offered(TaskOwner):
    """Notes the stream's count as long as it is entered; other callers use `note`."""

    @classmethod
    def of(cls, stream: InteractionStream, database: Database) -> Self:
        """The count of this stream, noted in this database and compared with its ledger."""
        return cls(stream, Ledger(database), StreamLives(database))

    def __init__(self, stream: InteractionStream, ledger: Ledger, lives: StreamLives) -> None:
        super().__init__()
        self._stream = stream
        self._ledger = ledger
        self._lives = lives
        self._noted: dict[str, int] = {}
        self._name = ""
        self._settled: str | None = None
        """A life of the stream. In earlier lives no entry can have been taken that is in the ledger
        but in no note."""
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
        """Note the entries taken since the last note; no more are appended."""
        with self.outage.tolerated():
            await self.note()

    async def note(self) -> None:
        """Note the changes since the last note.

        Raises StorageError, and keeps what is not noted.
        """
        now = await self._life_now({})
        settled = now.name == self._settled
        if settled and not self._news(now):
            return
        noted = await self._lives.all() or {}
        waiting = (await self._stream.lag()).entries
        ended = 0 if settled else await self._ended()
        now = await self._life_now(noted)  # read after `ended`
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
        """The present life of the stream.

        A life that took more entries than the stream counts now is over, and a new one begins.
        """
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
        """The balance, after this process has noted its own counts. Raises StorageError.

        The order of the reads matters: an entry that moves in the meantime never looks missing.
        """
        await self.note()
        noted = await self._lives.all() or {}
        first = await self._stream.its_life()
        waiting = (await self._stream.lag()).entries
        ended = await self._ended()
        last = await self._stream.its_life()
        others = {name: n for name, n in noted.items() if name != first.name}
        # `last` is of another life: of the present one nothing is noted yet.
        offered = max(first.offered, noted.get(first.name, 0)) + sum(others.values())
        return Balance(
            offered=last.offered,
            waiting=waiting,
            missing=max(0, offered - waiting - ended),
            earlier=max(0, ended - last.offered),
            began=datetime.fromtimestamp(float(last.name), UTC) if last.name else None,
            renewals=len(noted.keys() - {BEFORE, last.name}),
        )
