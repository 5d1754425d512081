"""The live view of interactions: read from the stream by id, so nothing is missing in it.

A hint only says *when* to read; *what* to read follows from the id that was read last. A lost hint
therefore costs up to `POLL_SECONDS`, never an interaction.

A watcher that reads too slowly loses the oldest of what waits for it and is told how many
(`skipped`). Entries that were trimmed while Redis was away from us for ten minutes are told as
`gap`, because nobody knows their number; so is it when the stream began anew (Redis was emptied),
because what came between the last read and that is gone. Where Redis came back with an older state
there is a gap, too, but what that state still has was seen: it is not told again.

Who follows from an id reads the stream page by page, at their own pace and past nothing, until a
page is the last one. Then, while the reader stands still, they read once more and become a watcher:
what comes later comes to them by the reader, and what both have read is recognised by its id.
"""

import asyncio
from collections import deque
from collections.abc import AsyncGenerator, AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import datetime
from typing import Self, TypeAlias

import msgspec
from typing_extensions import override

from configurator.activity import Event, Filtered
from configurator.entries import decode_storable
from configurator.event_ids import session_uuid, unix_ms
from configurator.untrusted import InteractionInvalid
from storage.errors import StorageError
from storage.outage import Outage
from storage.redis.entries import FIRST_ID, Entry, id_pair
from storage.redis.life import Life
from storage.redis.stream import InteractionStream, Lag
from storage.tasks import TaskOwner

POLL_SECONDS = 1.0
FRAME_SECONDS = 0.05
"""At most twenty batches a second; what comes meanwhile is in the next one."""

READ_ENTRIES = 500
PAGE_ENTRIES = 200
HISTORY_MAX = 100
WAITING_MAX = 500
QUIET_SECONDS = 5.0
"""Who filters hears after this time how far the stream is, also when nothing was for them."""

FeedEvent = dict[str, str | int | None]
"""stream_id, event_id, session (client's id), session_id (UUID), at (ISO 8601, UTC), event_type,
category, element_id, selection_value, previous_value, time_spent_ms, source, device_type, and where
they are known total_cents, change_cents, version, tab, seq, skew_ms, bot (why), props (JSON)."""

Wanted: TypeAlias = Callable[[FeedEvent], bool]
"""A filter: whether a watcher wants to see an event."""


@dataclass(frozen=True, slots=True, kw_only=True)
class FeedBatch:
    """New interactions in the order of the stream; before them `skipped` were left out.

    `last_id` is the last entry that was looked at, also when it is not among the events.
    """

    events: list[FeedEvent]
    skipped: int = 0
    gap: bool = False
    last_id: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Start:
    """Where somebody begins to follow: after this entry. `gap`: not all after it is there.

    `life`: of the stream whose entry it is, None where that is not known.
    """

    after: str
    gap: bool = False
    life: str | None = field(default=None, compare=False)


class Watcher:
    """An endless async iterator of batches. One task at a time may wait for the next."""

    def __init__(self, *, wanted: Wanted | None = None, after: str | None = None) -> None:
        self._wanted = wanted
        self._last_id = after
        self._told_id = after
        self._events: deque[FeedEvent] = deque()
        self._skipped = 0
        self._gap = False
        self._ready = asyncio.Event()

    def put(
        self, events: list[FeedEvent], *, last_id: str | None = None, gap: bool = False
    ) -> None:
        """Adds what is new of these; beyond `WAITING_MAX` the oldest are skipped and counted."""
        self._events.extend(event for event in self._new(events) if self._wants(event))
        if last_id is not None:
            self._last_id = (
                last_id if self._last_id is None else max(self._last_id, last_id, key=id_pair)
            )
        self._gap = self._gap or gap
        while len(self._events) > WAITING_MAX:
            self._events.popleft()
            self._skipped += 1
        if self._events or self._gap:
            self._ready.set()

    def begin_again(self) -> None:
        """The stream is another one: its ids say nothing about what was seen."""
        self._last_id = None

    def _new(self, events: list[FeedEvent]) -> list[FeedEvent]:
        if self._last_id is None or not events:
            return events
        seen = id_pair(self._last_id)
        if id_pair(str(events[0]["stream_id"])) > seen:
            return events
        return [event for event in events if id_pair(str(event["stream_id"])) > seen]

    def _wants(self, event: FeedEvent) -> bool:
        return self._wanted is None or self._wanted(event)

    def __aiter__(self) -> Self:
        return self

    async def __anext__(self) -> FeedBatch:
        """Everything that waits, as soon as there is something."""
        while not (self._ready.is_set() or await self._waited_long()):
            pass
        return self.take()

    def take(self) -> FeedBatch:
        """Everything that waits now."""
        self._ready.clear()
        batch = FeedBatch(
            events=list(self._events), skipped=self._skipped, gap=self._gap, last_id=self._last_id
        )
        self._events.clear()
        self._skipped, self._gap = 0, False
        self._told_id = self._last_id
        return batch

    async def _waited_long(self) -> bool:
        """Waits for something; True: long enough, and the stream went on without anything."""
        try:
            async with asyncio.timeout(QUIET_SECONDS if self._wanted is not None else None):
                await self._ready.wait()
        except TimeoutError:
            return self._told_id != self._last_id
        return False


class ActivityFeed(TaskOwner):
    """One reader for all watchers of a process. Async context manager: it owns the reading task.

    Reads only while somebody watches. Subscribe to `storage.redis.stream.HINTS` and call `hint`
    for each message, and when messages may have been lost.
    """

    def __init__(self, stream: InteractionStream, *, now: Callable[[], datetime]) -> None:
        super().__init__()
        self._stream = stream
        self._now = now
        self._watchers: set[Watcher] = set()
        self._read_until: str | None = None
        self._life: str | None = None
        """The life of the stream that was read last; None: it had none, or nothing was read."""
        self._unsure = False
        self._hinted = asyncio.Event()
        self._watched = asyncio.Event()
        self._reading = asyncio.Lock()
        self._lag_due = 0.0
        self.lag: Lag | None = None
        self.outage = Outage("reading interactions for those who watch")
        self.outages = (self.outage,)

    @override
    def _begin(self) -> None:
        self._tasks.start(self._read_forever(), name="activity feed")

    def hint(self) -> None:
        """There may be something new."""
        self._hinted.set()

    @asynccontextmanager
    async def watch(self, *, history: int = HISTORY_MAX) -> AsyncIterator[Watcher]:
        """A watcher that begins with the last `history` (at most 100) interactions.

        With Redis away it begins empty, and with the history as soon as Redis is back.
        """
        watcher = Watcher()
        async with self._reading:
            if self._watchers and self._read_until is not None:
                watcher.put(
                    await self._history(history, self._read_until), last_id=self._read_until
                )
            elif not self._watchers:
                self._read_until = None
            self._watchers.add(watcher)
            self._watched.set()
            self.hint()
        try:
            yield watcher
        finally:
            self._discard(watcher)

    async def start(self, *, since: str | None = None, history: int = HISTORY_MAX) -> Start:
        """Where to follow from: after `since`, else before the newest `history` entries.

        Raises StorageUnavailable.
        """
        life = await self._stream.its_life()
        name = life.name or None
        if since is None:
            newest = await self._stream.newest(min(history, HISTORY_MAX) + 1)
            after = newest[0].id if len(newest) > history else FIRST_ID
            return Start(after=after, life=name)
        bounds = await self._stream.bounds()
        if id_pair(bounds.last) < id_pair(since):
            since_ms, now_ms = id_pair(since)[0], unix_ms(self._now())
            # An id of the future was given by another stream, with another clock.
            went_back = life.goes_on or (life.began_before(since_ms) and since_ms <= now_ms)
            # Another stream is new as a whole; of an older state of this one all was seen.
            return Start(after=bounds.last if went_back else FIRST_ID, gap=True, life=name)
        return Start(after=since, gap=bounds.lost_after(since), life=name)

    async def follow(
        self, start: Start, *, wanted: Wanted | None = None
    ) -> AsyncGenerator[FeedBatch, None]:
        """Everything after the start that is wanted, once and in order, for ever.

        With Redis away it waits, and goes on where it was.
        """
        watcher = Watcher(wanted=wanted, after=start.after)
        try:
            while not self._is_watched_by(watcher):
                try:
                    page, life = await self._page(watcher, start)
                except StorageError:
                    await asyncio.sleep(POLL_SECONDS)
                    start = await self._checked(start)
                    continue
                if _is_another(life, start.life):
                    goes_on = life is not None and life.goes_on
                    if not goes_on:
                        watcher.begin_again()
                    after = start.after if goes_on else FIRST_ID
                    start = Start(after=after, gap=True, life=_name(life))
                    continue
                if page or start.gap:
                    last_id = page[-1].id if page else start.after
                    watcher.put(self._events(page), last_id=last_id, gap=start.gap)
                    start = Start(after=last_id, life=_name(life))
                    yield watcher.take()
            async for batch in watcher:
                yield batch
        finally:
            self._discard(watcher)

    async def _page(self, watcher: Watcher, start: Start) -> tuple[list[Entry], Life | None]:
        """The next entries, and the life of their stream.

        With the last of them the watcher is added to those who are read to.
        """
        page, life = await self._stream.read_on(start.after, PAGE_ENTRIES)
        if len(page) == PAGE_ENTRIES or _is_another(life, start.life):
            return page, life
        async with self._reading:
            if self._watchers and self._read_until is None:
                await self._read()
            page, life = await self._stream.read_on(start.after, PAGE_ENTRIES)
            if len(page) < PAGE_ENTRIES and not _is_another(life, start.life):
                if not self._watchers:
                    self._read_until = page[-1].id if page else start.after
                    self._life = _name(life)
                self._watchers.add(watcher)
                self._watched.set()
        return page, life

    async def _checked(self, start: Start) -> Start:
        """After an outage: whether what follows is still all there."""
        try:
            checked = await self.start(since=start.after)
        except StorageError:
            return start
        gap = checked.gap or start.gap
        return Start(after=checked.after, gap=gap, life=start.life or checked.life)

    def _is_watched_by(self, watcher: Watcher) -> bool:
        return watcher in self._watchers

    def _discard(self, watcher: Watcher) -> None:
        self._watchers.discard(watcher)
        if not self._watchers:
            self._watched.clear()

    async def _history(self, count: int, until: str) -> list[FeedEvent]:
        """What is newer than `until` is left to the reader, so nothing comes twice."""
        try:
            newest = await self._stream.newest(min(count, HISTORY_MAX))
        except StorageError:
            return []
        return self._events([entry for entry in newest if id_pair(entry.id) <= id_pair(until)])

    async def _read_forever(self) -> None:
        while True:
            if not self.outage.failures:  # else nobody would know when the store is back
                await self._watched.wait()
            try:
                async with asyncio.timeout(POLL_SECONDS):
                    await self._hinted.wait()
            except TimeoutError:
                pass
            self._hinted.clear()
            try:
                async with self._reading:
                    await self._read()
                await self._refresh_lag()
            except StorageError as away:
                self._unsure = True
                self.lag = None
                self.outage.met(away)
                await asyncio.sleep(POLL_SECONDS)
            else:
                self.outage.over()
            await asyncio.sleep(FRAME_SECONDS)

    async def _read(self) -> None:
        """Reads everything after the last id and hands it to every watcher."""
        gap = self._unsure and await self._lost_entries()
        self._unsure = False
        if self._read_until is None:
            newest, life = await self._stream.read_on(None, HISTORY_MAX)
            self._life = _name(life)
            self._hand_out(newest, gap=gap)
            self._read_until = newest[-1].id if newest else FIRST_ID
            return
        while True:
            entries, life = await self._stream.read_on(self._read_until, READ_ENTRIES)
            if _is_another(life, self._life):
                gap = True
                self._life = _name(life)
                if life is None or not life.goes_on:
                    self._begin_again(FIRST_ID)
                    continue
            self._life = _name(life)
            if entries or gap:
                self._hand_out(entries, gap=gap)
                gap = False
            if entries:
                self._read_until = entries[-1].id
            if len(entries) < READ_ENTRIES:
                return

    async def _lost_entries(self) -> bool:
        """After an outage: whether entries behind the last id may be gone (trimmed, new server)."""
        if self._read_until in (None, FIRST_ID):
            return False
        first = await self._stream.first_id()
        newest = await self._stream.newest(1)
        if not newest or id_pair(newest[0].id) < id_pair(str(self._read_until)):
            life = await self._stream.its_life()
            if self._life is None or (life.name != self._life and not life.goes_on):
                self._begin_again(None)
            return True
        return first is not None and id_pair(first) > id_pair(str(self._read_until))

    def _begin_again(self, until: str | None) -> None:
        """The stream is another one: all that it holds is new."""
        self._read_until = until
        for watcher in self._watchers:
            watcher.begin_again()

    async def _refresh_lag(self) -> None:
        now = asyncio.get_running_loop().time()
        if now >= self._lag_due:
            self.lag = await self._stream.lag()
            self._lag_due = now + POLL_SECONDS

    def _hand_out(self, entries: list[Entry], *, gap: bool) -> None:
        events = self._events(entries)
        last_id = entries[-1].id if entries else None
        for watcher in self._watchers:
            watcher.put(events, last_id=last_id, gap=gap)

    def _events(self, entries: list[Entry]) -> list[FeedEvent]:
        return _shown(entries, unix_ms(self._now()))


def _name(life: Life | None) -> str | None:
    return life.name if life is not None else None


def _is_another(life: Life | None, known: str | None) -> bool:
    """Whether the stream has another life than that which is known, if one is."""
    return known is not None and _name(life) != known


def _shown(entries: list[Entry], now_ms: int) -> list[FeedEvent]:
    """What the admin page shows; an entry that cannot be read will be a dead letter."""
    shown: list[FeedEvent] = []
    for entry in entries:
        try:
            event = decode_storable(entry.payload, written_ms=id_pair(entry.id)[0], now_ms=now_ms)
        except InteractionInvalid:
            continue
        if isinstance(event, Filtered):
            continue
        interaction = event.interaction
        shown.append(
            {
                "stream_id": entry.id,
                "event_id": str(event.event_id),
                "session": event.session,
                "session_id": str(session_uuid(event.session)),
                "at": event.occurred_at.isoformat(timespec="milliseconds"),
                "event_type": interaction.event_type,
                "category": interaction.category,
                "element_id": interaction.element_id,
                "selection_value": interaction.selection_value,
                "previous_value": interaction.previous_value,
                "time_spent_ms": interaction.time_spent,
                "source": event.source,
                "device_type": interaction.device_info.type if interaction.device_info else None,
                **_known(event),
            }
        )
    return shown


def _known(event: Event) -> FeedEvent:
    """What not every interaction has."""
    interaction = event.interaction
    props = interaction.props
    fields: FeedEvent = {
        "total_cents": interaction.total_cents,
        "change_cents": interaction.change_cents,
        "version": interaction.version,
        "tab": event.tab,
        "seq": event.seq,
        "skew_ms": event.skew_ms,
        "bot": event.bot,
        "props": msgspec.json.encode(props).decode() if props else None,
    }
    return {name: value for name, value in fields.items() if value is not None}
