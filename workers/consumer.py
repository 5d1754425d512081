"""Moves interactions from the stream to PostgreSQL.

An entry is pending from its delivery until after the COMMIT that stored it. If a worker dies at any
moment, another one therefore reads the entry again; storing it again changes nothing. Hence exactly
one row and one count for each event, without a transaction over both servers.

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

from configurator.activity.entries import decode_entry, id_pair, placed
from configurator.activity.event_ids import unix_ms
from configurator.activity.interaction import Filtered
from configurator.activity.untrusted import InteractionInvalid
from storage.backoff import Backoff
from storage.errors import StorageError
from storage.outage import Outage
from storage.postgres.activity.batch_rows import Incoming
from storage.postgres.activity.interactions import Interactions, RowsRefused, Settled
from storage.redis.activity.dead_letters import DeadLetter
from storage.redis.activity.entries import Entry
from storage.redis.activity.stream_group import StreamGroup

log = structlog.get_logger()

POISON_WINDOW = 1_000
POISON_MAX = 100
AGAIN = Backoff(first_seconds=0.1, longest_seconds=2.0)


class TooMuchPoison(Exception):
    """More than 10 % of the last 1,000 entries cannot be stored: a bad release, not bad data.

    No entry of the last batch was buried; it stays pending until a worker can read it.
    """

    def __init__(self, *, unreadable: int, of_last: int) -> None:
        self.unreadable = unreadable
        self.of_last = of_last
        super().__init__(f"{unreadable} of the last {of_last} entries")


@dataclass(frozen=True, slots=True, kw_only=True)
class ConsumerPace:
    """The consumer's pace. A dead worker's entries are taken over after the idle time.

    After a batch that was not full it waits `gather_seconds`: a transaction costs about as much for
    one event as for fifty, and at 500 events a second, one for every few events took a whole core.
    A full batch is large for the same reason: from 1,000 to 4,000 the cost per event falls by a third.
    """

    batch: int = 4_000
    block_ms: int = 200
    gather_seconds: float = 0.1
    claim_idle_ms: int = 10_000
    claim_every_seconds: float = 1.0


@dataclass(slots=True)
class Tally:
    """Counts of one consumer since it started."""

    inserted: int = 0
    duplicates: int = 0
    filtered: int = 0
    buried: int = 0
    moved: int = 0
    """Events stored with a corrected time: the clock of the machine that received them was ahead."""


@dataclass(frozen=True, slots=True, kw_only=True)
class _Decoded:
    """A decoded batch. `moved`: events whose times were set back, and the largest correction."""

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
        pace: ConsumerPace | None = None,
        jitter: Callable[[], float] = random.random,
    ) -> None:
        self._group = group
        self._interactions = interactions
        self._now = now
        self._pace = pace or ConsumerPace()
        self._jitter = jitter
        self._poison: deque[bool] = deque(maxlen=POISON_WINDOW)
        self._claim_due = 0.0
        self._take = self._pace.batch
        """The number of entries to ask for now; see `_shorter`."""
        self.tally = Tally()
        self.reading = Outage("reading interactions from the stream")
        self.storing = Outage("storing interactions")

    async def run(self, stopping: asyncio.Event) -> None:
        """Works until `stopping` is set and the current batches are finished.

        While PostgreSQL stores a full batch, the next is read and prepared, so there may be two.
        Raises, in an ExceptionGroup, TooMuchPoison and errors that are our own bugs; the entries of
        the current batches then stay pending.
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
                    # Perhaps only the answer was lost: then the entries belong to this consumer,
                    # and no other takes them before they were idle for `claim_idle_ms`.
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
        """Finish the entries that this consumer took before it was killed, batch by batch."""
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
        """Waits, and halves the batch: a batch that takes too long must not take too long again.

        Each try also makes its entries look busy, so that no other worker takes them over.
        """
        self._take = max(1, self._take // 2)
        await self._back_off(self.reading, away, stopping)

    def _arrived(self, entries: Sequence[Entry]) -> bool:
        """Whether the batch is full; if so, asks for twice as many entries next time."""
        self.reading.over()
        full = len(entries) >= self._take
        if full:
            self._take = min(self._pace.batch, self._take * 2)
        return full

    async def _handle(self, entries: Sequence[Entry], stopping: asyncio.Event) -> None:
        """Stores a batch, trying again while a server is away; gives up only while stopping."""
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
                # Smaller after each failure: a batch that takes too long must not fail repeatedly.
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
        """Records entries that are not stored in the ledger, buries dead ones, acknowledges all.

        If a stop interrupts it, the next worker does it again.
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
        """Stores the batch, halving it when refused; returns rows that PostgreSQL never accepts."""
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
        """Raises TooMuchPoison before any entry of this batch is buried.

        Re-driven letters do not count: an admin is only trying whether they can be stored.
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
        """Record the stop for the admins' screens; the worker ends even if that fails."""
        assert isinstance(poison, TooMuchPoison)  # noqa: S101 - the group has only this kind
        try:
            await self._group.stops.note(
                self._group.consumer, unreadable=poison.unreadable, of_last=poison.of_last
            )
        except StorageError as away:
            self.storing.met(away)

    async def _back_off(self, outage: Outage, away: StorageError, stopping: asyncio.Event) -> None:
        """Waits 0.1 to 2 s, longer each time; returns early when told to stop."""
        outage.met(away)
        chance = 0.5 + self._jitter() / 2
        await stopped_within(stopping, AGAIN.delay_seconds(outage.failures, chance))


async def stopped_within(stopping: asyncio.Event, seconds: float) -> bool:
    """Wait for the event, at most `seconds`; return whether it is set."""
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
    """The ledger's entry for a dead letter, with the reason's first word only, so that kinds are few."""
    return Settled(
        stream_id=letter.entry.id, outcome="dead", reason=letter.reason.partition(" ")[0]
    )
