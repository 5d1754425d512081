"""The feed of live interactions: it reads the stream by id, so no interaction is missing.

A hint only says *when* to read; the id that was read last says *what*. A lost hint therefore costs up to
`POLL_SECONDS`, never an interaction.

A watcher that reads too slowly is told how many entries it lost (`watcher`). Entries that were
trimmed while Redis could not be reached for ten minutes are told as a `gap`, because their number
is unknown. The same holds if the stream begins again because Redis was emptied: the entries since
the last read are lost. If Redis comes back with an older state, a gap is told, too, but the entries
of that state were shown before and are not told again.

A follower that begins at an id reads the stream page by page, at its own pace, without leaving any
entry out. At the last page it stops the reader for a moment, reads once more and becomes a watcher:
later entries come from the reader, and entries that both have read are recognised by their id.
"""

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator, Callable
from contextlib import asynccontextmanager
from datetime import datetime

from typing_extensions import override

from configurator.activity.entries import id_pair
from configurator.activity.event_ids import unix_ms
from realtime.activity.live.feed_events import FeedEvent, shown_events
from realtime.activity.live.watcher import QUIET_SECONDS, EventFilter, FeedBatch, Start, Watcher
from storage.errors import StorageError
from storage.outage import Outage
from storage.redis.activity.entries import FIRST_ID, Entry
from storage.redis.activity.life import Life
from storage.redis.activity.position import Lag
from storage.redis.activity.stream import InteractionStream
from storage.tasks import TaskOwner

POLL_SECONDS = 1.0
FRAME_SECONDS = 0.05
"""At most twenty batches a second; later entries are in the next one."""

READ_ENTRIES = 500
PAGE_ENTRIES = 200
HISTORY_MAX = 100


class ActivityFeed(TaskOwner):
    """One reader for all watchers of a process. Async context manager: it owns the reading task.

    Reads only while somebody watches. Subscribe to `storage.redis.activity.keys.HINTS` and call `hint`
    for each message, and when messages may have been lost.
    """

    def __init__(
        self,
        stream: InteractionStream,
        *,
        now: Callable[[], datetime],
        quiet_seconds: float = QUIET_SECONDS,
    ) -> None:
        super().__init__()
        self._quiet_seconds = quiet_seconds
        self._stream = stream
        self._now = now
        self.watchers: set[Watcher] = set()
        self._read_until: str | None = None
        """The last entry that was handed out; None until the first reading for new watchers."""
        self._life: str | None = None
        """The name of the stream's life that was read last; None if it had none, or was not
        read."""
        self._unsure = False
        """Set by a failed read: entries may be trimmed before the next one."""
        self._hinted = asyncio.Event()
        self._watched = asyncio.Event()
        """Set while there are watchers."""
        self._reading = asyncio.Lock()
        """Held while entries are handed out, and while a watcher is added. A watcher can therefore
        never be added in the middle of a read, where it would miss an entry or get it twice."""
        self._lag_due = 0.0
        self.lag: Lag | None = None
        self.outage = Outage("reading interactions for those who watch")
        self.outages = (self.outage,)

    @override
    def _begin(self) -> None:
        self._tasks.start(self._read_forever(), name="activity feed")

    def hint(self) -> None:
        """Read soon: the stream may have new entries."""
        self._hinted.set()

    @asynccontextmanager
    async def watch(self, *, history: int = HISTORY_MAX) -> AsyncIterator[Watcher]:
        """A watcher that begins with the last `history` (at most 100) interactions.

        While Redis is away the watcher is empty; it gets the history as soon as Redis is back.
        """
        watcher = Watcher()
        async with self._reading:
            if self.watchers and self._read_until is not None:
                # The reader goes on after `_read_until` for all watchers. The new watcher reads its
                # history from the stream, up to exactly that entry, so it misses none and gets none
                # twice.
                watcher.put(
                    await self._history(history, self._read_until), last_id=self._read_until
                )
            elif not self.watchers:
                # The reader stood still while nobody watched. It begins with the newest entries,
                # which are this watcher's history, and not with all that came in the meantime.
                self._read_until = None
            self.watchers.add(watcher)
            self._watched.set()
            self.hint()
        try:
            yield watcher
        finally:
            self._discard(watcher)

    async def start(self, *, since: str | None = None, history: int = HISTORY_MAX) -> Start:
        """The start of a follower: after `since`, else before the newest `history` entries.

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
            # The stream ends before `since`: Redis lost data, or another stream gave that id. An id
            # of the future came from another stream, under another clock.
            went_back = life.goes_on or (life.began_before(since_ms) and since_ms <= now_ms)
            # Of another stream every entry is new; of an older state of this stream none is.
            return Start(after=bounds.last if went_back else FIRST_ID, gap=True, life=name)
        return Start(after=since, gap=bounds.lost_after(since), life=name)

    async def follow(
        self, start: Start, *, wanted: EventFilter | None = None
    ) -> AsyncGenerator[FeedBatch, None]:
        """Yield every wanted event after the start, once and in order, without end.

        While Redis is away the iterator waits; then it goes on where it stopped.
        """
        watcher = Watcher(wanted=wanted, after=start.after, quiet_seconds=self._quiet_seconds)
        try:
            while not self._is_watched_by(watcher):
                try:
                    page, life = await self._page(watcher, start)
                except StorageError:
                    await asyncio.sleep(POLL_SECONDS)
                    start = await self._checked(start)
                    continue
                if _is_another(life, start.life):
                    # This is another stream, or this stream in an older state: a gap is told. Of
                    # another stream every entry is new. An older state has the same ids, and its
                    # entries were seen.
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
                    yield watcher.batch()
            async for batch in watcher:
                yield batch
        finally:
            self._discard(watcher)

    async def _page(self, watcher: Watcher, start: Start) -> tuple[list[Entry], Life | None]:
        """The next entries, and the life of their stream.

        On the last page the watcher is added, so the reader hands it all later entries.
        """
        page, life = await self._stream.read_on(start.after, PAGE_ENTRIES)
        # After a whole page there is more: such a follower is far behind, and the reader does not
        # stop for it.
        if len(page) == PAGE_ENTRIES or _is_another(life, start.life):
            return page, life
        async with self._reading:
            if self.watchers and self._read_until is None:
                await self._read()
            # Read again under the lock, while the reader stands still: entries that came since the
            # first read are in this page, and the reader hands out all later ones. An entry that
            # comes both ways is recognised by its id.
            page, life = await self._stream.read_on(start.after, PAGE_ENTRIES)
            if len(page) < PAGE_ENTRIES and not _is_another(life, start.life):
                if not self.watchers:
                    # The reader was not running; it goes on where this page ends.
                    self._read_until = page[-1].id if page else start.after
                    self._life = _name(life)
                self.watchers.add(watcher)
                self._watched.set()
        return page, life

    async def _checked(self, start: Start) -> Start:
        """The start after an outage: with a gap if entries after it may be lost."""
        try:
            checked = await self.start(since=start.after)
        except StorageError:
            return start
        gap = checked.gap or start.gap
        return Start(after=checked.after, gap=gap, life=start.life or checked.life)

    def _is_watched_by(self, watcher: Watcher) -> bool:
        return watcher in self.watchers

    def _discard(self, watcher: Watcher) -> None:
        self.watchers.discard(watcher)
        if not self.watchers:
            self._watched.clear()

    async def _history(self, count: int, until: str) -> list[FeedEvent]:
        """The entries up to `until`; later ones come from the reader, so none comes twice."""
        try:
            newest = await self._stream.newest(min(count, HISTORY_MAX))
        except StorageError:
            return []
        return self._events([entry for entry in newest if id_pair(entry.id) <= id_pair(until)])

    async def _read_forever(self) -> None:
        while True:
            # During an outage reads go on even if nobody watches: else its end would go unnoticed.
            if not self.outage.failures:
                await self._watched.wait()
            try:
                async with asyncio.timeout(POLL_SECONDS):
                    await self._hinted.wait()
            except TimeoutError:
                pass
            # Cleared before the read: a hint that comes during the read causes another one.
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
            # Entries of this time go out in one batch, however many hints come.
            await asyncio.sleep(FRAME_SECONDS)

    async def _read(self) -> None:
        """Read all entries after the last id, and hand them to every watcher."""
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
                # Lives are compared, not ids: another stream may have larger ids than this one.
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
        """Whether entries after the last id may be lost, because they were trimmed or Redis is new."""
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
        """Begin again after `until`: of another stream every entry is new."""
        self._read_until = until
        for watcher in self.watchers:
            watcher.begin_again()

    async def _refresh_lag(self) -> None:
        now = asyncio.get_running_loop().time()
        if now >= self._lag_due:
            self.lag = await self._stream.lag()
            self._lag_due = now + POLL_SECONDS

    def _hand_out(self, entries: list[Entry], *, gap: bool) -> None:
        events = self._events(entries)
        last_id = entries[-1].id if entries else None
        for watcher in self.watchers:
            watcher.put(events, last_id=last_id, gap=gap)

    def _events(self, entries: list[Entry]) -> list[FeedEvent]:
        return shown_events(entries, unix_ms(self._now()))


def _name(life: Life | None) -> str | None:
    return life.name if life is not None else None


def _is_another(life: Life | None, known: str | None) -> bool:
    """Whether the stream's life is another one than the known one, if one is known."""
    return known is not None and _name(life) != known
