"""Moves interactions from the stream to PostgreSQL.

An entry is pending from its delivery until after the COMMIT that stored it. So whoever dies, and
whenever, somebody reads it again; storing it again changes nothing. Hence exactly one row and one
count for each event, without any transaction over both servers.

    delivered ──decode──▶ stored (COMMIT) ──▶ acknowledged (XACK)
        │ undecodable, or refused by PostgreSQL
        └───────────────▶ dead letter and acknowledged, in one step
"""

import asyncio
import random
from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime

import structlog

from configurator.activity import Filtered
from configurator.entries import decode_entry, placed
from configurator.event_ids import unix_ms
from configurator.untrusted import InteractionInvalid
from storage.errors import StorageError
from storage.outage import Outage
from storage.postgres.interactions import Incoming, Interactions, RowsRefused, Settled
from storage.redis.dead_letters import DeadLetter
from storage.redis.entries import Entry, id_pair
from storage.redis.stream_group import StreamGroup

log = structlog.get_logger()

POISON_WINDOW = 1_000
POISON_MAX = 100


class TooMuchPoison(Exception):  # noqa: N818
    """More than 10 % of the last 1,000 entries cannot be stored: a bad release, not bad data.

    Nothing of the last batch was buried; it stays pending until a worker can read it.
    """

    def __init__(self, *, unreadable: int, of_last: int) -> None:
        self.unreadable = unreadable
        self.of_last = of_last
        super().__init__(f"{unreadable} of the last {of_last} entries")


@dataclass(frozen=True, slots=True, kw_only=True)
class Pace:
    """How the consumer reads and waits. A dead worker's entries are taken over after the idle time.

    After a batch that was not full it waits `gather_seconds`: a transaction costs about as much for
    one event as for fifty, and at 500 events a second one for each handful took a core. A full
    batch is large for the same reason: what an event costs falls by a third from 1,000 to 4,000.
    """

    batch: int = 4_000
    block_ms: int = 200
    gather_seconds: float = 0.1
    claim_idle_ms: int = 10_000
    claim_every_seconds: float = 1.0
    back_off_seconds: float = 0.1
    back_off_max_seconds: float = 2.0


@dataclass(slots=True)
class Tally:
    """What one consumer did since it started."""

    inserted: int = 0
    duplicates: int = 0
    filtered: int = 0
    buried: int = 0
    moved: int = 0
    """Stored at another time than they say: the clock of the machine that received them was ahead."""


@dataclass(frozen=True, slots=True, kw_only=True)
class _Decoded:
    """What a batch says. `moved`: events whose times were set back, and by how much at most."""

    good: list[tuple[Entry, Incoming]]
    filtered: list[Settled]
    dead: list[DeadLetter]
    moved: int
    ahead_ms: int


class Consumer:
    """Reads, stores and acknowledges until told to stop; `run` may be cancelled at any point."""

    def __init__(
        self,
        group: StreamGroup,
        interactions: Interactions,
        *,
        now: Callable[[], datetime],
        pace: Pace | None = None,
        jitter: Callable[[], float] = random.random,
    ) -> None:
        self._group = group
        self._interactions = interactions
        self._now = now
        self._pace = pace or Pace()
        self._jitter = jitter
        self._poison: deque[bool] = deque(maxlen=POISON_WINDOW)
        self._claim_due = 0.0
        self._take = self._pace.batch
        """The number of entries that is asked for now; see `_shorter`."""
        self.tally = Tally()
        self.reading = Outage("reading interactions from the stream")
        self.storing = Outage("storing interactions")

    async def run(self, stopping: asyncio.Event) -> None:
        """Works until `stopping` is set and the batches at hand are finished.

        While PostgreSQL stores a full batch, the next is read and prepared: two are at hand then.
        Raises, in an ExceptionGroup, TooMuchPoison and whatever is our own bug; entries that were
        at hand then stay pending.
        """
        try:
            await self._work(stopping)
        except* TooMuchPoison as stop:
            await self._tell_stop(stop.exceptions[0])
            raise

    async def _work(self, stopping: asyncio.Event) -> None:
        await self._finish_left_over(stopping)
        async with asyncio.TaskGroup() as group:
            before: list[asyncio.Task[None]] = []
            while not stopping.is_set():
                try:
                    entries = await self._next()
                except StorageError as away:
                    await self._shorter(away, stopping)
                    # The answer may be what was lost: then entries are this consumer's own, and
                    # nobody else takes them before they were idle for `claim_idle_ms`.
                    if before:
                        await asyncio.wait(before)
                        before = []
                    await self._finish_left_over(stopping)
                    continue
                full = self._arrived(entries)
                at_hand = [*before, group.create_task(self._handle(entries, stopping))]
                before = at_hand[-1:] if full else []
                if finishing := at_hand[: len(at_hand) - len(before)]:
                    await asyncio.wait(finishing)
                if entries and not before:
                    await stopped_within(stopping, self._pace.gather_seconds)

    async def _finish_left_over(self, stopping: asyncio.Event) -> None:
        """What this consumer took before it was killed; each round acknowledges what it read."""
        while not stopping.is_set():
            try:
                entries = await self._group.left_over(self._take)
            except StorageError as away:
                await self._shorter(away, stopping)
                continue
            if not entries:
                self.reading.over()
                return
            self._arrived(entries)
            await self._handle(entries, stopping)

    async def _next(self) -> list[Entry]:
        now = asyncio.get_running_loop().time()
        if now >= self._claim_due:
            claimed = await self._group.claim(self._take, self._pace.claim_idle_ms)
            if self._group.claim_complete:
                self._claim_due = now + self._pace.claim_every_seconds
            if claimed:
                return claimed
        return await self._group.read(self._take, self._pace.block_ms)

    async def _shorter(self, away: StorageError, stopping: asyncio.Event) -> None:
        """Waits, and asks for half as many: a batch that takes too long must not do so for ever.

        Each such try also makes its entries look busy, so that no other worker takes them over.
        """
        self._take = max(1, self._take // 2)
        await self._back_off(self.reading, away, stopping)

    def _arrived(self, entries: Sequence[Entry]) -> bool:
        """Whether as many came as were asked for; then twice as many are asked for next."""
        self.reading.over()
        full = len(entries) >= self._take
        if full:
            self._take = min(self._pace.batch, self._take * 2)
        return full

    async def _handle(self, entries: Sequence[Entry], stopping: asyncio.Event) -> None:
        """Stores a batch, trying again while a server is away; gives up only when stopping."""
        found = _decoded(entries, unix_ms(self._now()))
        good, filtered, dead = found.good, found.filtered, found.dead
        if found.moved:
            self.tally.moved += found.moved
            log.warning("clock_ahead", moved=found.moved, ahead_seconds=found.ahead_ms // 1_000)
        size = len(good)
        while good:
            try:
                dead += await self._store(good[:size])
            except StorageError as away:
                # Smaller after each failure: a batch that takes too long must not do so for ever.
                size = max(1, size // 2)
                await self._back_off(self.storing, away, stopping)
                if stopping.is_set():
                    return
            else:
                good = good[size:]
                size *= 2
                self.storing.over()
        if entries:
            self._check_poison(entries, dead)
            await self._settle(entries, filtered, dead, stopping)

    async def _settle(
        self,
        entries: Sequence[Entry],
        filtered: Sequence[Settled],
        dead: Sequence[DeadLetter],
        stopping: asyncio.Event,
    ) -> None:
        """Books what is not stored, buries, acknowledges.

        What a stop leaves undone, the next worker does again.
        """
        buried = {letter.entry.id for letter in dead}
        stored = [entry for entry in entries if entry.id not in buried]
        ended = [*filtered, *map(_as_settled, dead)]
        while True:
            try:
                if ended:
                    await self._interactions.store([], consumer=self._group.consumer, settled=ended)
                await self._group.dead_letters.bury(dead)
                await self._group.acknowledge(stored)
            except StorageError as away:
                await self._back_off(self.storing, away, stopping)
                if stopping.is_set():
                    return
            else:
                break
        self.storing.over()
        self.tally.filtered += len(filtered)
        self.tally.buried += len(dead)
        for letter in dead:
            log.warning("interaction_buried", entry=letter.entry.id, reason=letter.reason)

    async def _store(self, batch: Sequence[tuple[Entry, Incoming]]) -> list[DeadLetter]:
        """Stores what PostgreSQL takes, halving a refused batch; returns the rows it never takes."""
        if not batch:
            return []
        try:
            stored = await self._interactions.store(
                [incoming for _, incoming in batch], consumer=self._group.consumer
            )
        except RowsRefused as refused:
            if len(batch) == 1:
                return [DeadLetter(entry=batch[0][0], reason=str(refused))]
            middle = len(batch) // 2
            return await self._store(batch[:middle]) + await self._store(batch[middle:])
        self.tally.inserted += stored.inserted
        self.tally.duplicates += stored.duplicates
        return []

    def _check_poison(self, entries: Sequence[Entry], dead: Sequence[DeadLetter]) -> None:
        """Raises TooMuchPoison before anything of this batch is buried.

        Letters that were put back do not count: somebody only tries whether they can be stored.
        """
        bad = {letter.entry.id for letter in dead}
        in_window = sum(self._poison)
        for entry in entries:
            if entry.redriven:
                continue
            if len(self._poison) == POISON_WINDOW:
                in_window -= self._poison[0]
            self._poison.append(entry.id in bad)
            in_window += self._poison[-1]
            if in_window > POISON_MAX:
                log.critical("too_much_poison", of_last=len(self._poison), unreadable=in_window)
                raise TooMuchPoison(unreadable=in_window, of_last=len(self._poison))

    async def _tell_stop(self, poison: Exception) -> None:
        """For the screens of the admins; the worker ends whether or not they can be told."""
        assert isinstance(poison, TooMuchPoison)  # noqa: S101 - of one group
        try:
            await self._group.stops.note(
                self._group.consumer, unreadable=poison.unreadable, of_last=poison.of_last
            )
        except StorageError as away:
            self.storing.met(away)

    async def _back_off(self, outage: Outage, away: StorageError, stopping: asyncio.Event) -> None:
        """Waits 0.1 to 2 s, longer each time; less when told to stop."""
        longest = self._pace.back_off_seconds * 2 ** min(outage.failures, 16)
        longest = min(self._pace.back_off_max_seconds, longest)
        outage.met(away)
        await stopped_within(stopping, longest * (0.5 + self._jitter() / 2))


async def stopped_within(stopping: asyncio.Event, seconds: float) -> bool:
    """Waits for the event, at most so long; whether it is set."""
    try:
        async with asyncio.timeout(seconds):
            return await stopping.wait()
    except TimeoutError:
        return False


def _decoded(entries: Sequence[Entry], now_ms: int) -> _Decoded:
    good: list[tuple[Entry, Incoming]] = []
    filtered: list[Settled] = []
    dead: list[DeadLetter] = []
    moved = ahead_ms = 0
    for entry in entries:
        try:
            said = decode_entry(entry.payload)
            if isinstance(said, Filtered):
                settled = Settled(stream_id=entry.id, outcome="filtered", reason=said.filtered)
                filtered.append(settled)
                continue
            event = placed(said, id_pair(entry.id)[0], now_ms)
        except InteractionInvalid as invalid:
            reason = " ".join(part for part in (invalid.code, invalid.field) if part)
            dead.append(DeadLetter(entry=entry, reason=reason))
            continue
        if event is not said:
            moved += 1
            ahead_ms = max(ahead_ms, unix_ms(said.received_at) - now_ms)
        good.append((entry, Incoming(stream_id=entry.id, event=event)))
    return _Decoded(good=good, filtered=filtered, dead=dead, moved=moved, ahead_ms=ahead_ms)


def _as_settled(letter: DeadLetter) -> Settled:
    """For the ledger only the first word of the reason, so that there are few."""
    return Settled(
        stream_id=letter.entry.id, outcome="dead", reason=letter.reason.partition(" ")[0]
    )
