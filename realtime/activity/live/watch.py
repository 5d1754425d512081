"""The watch of one admin's page: the interactions it gets, and the questions it may ask.

    {type: "pause"}                           get no more interactions, only their number
    {type: "follow", after: "<stream id>"}    go on after this entry; also after a lost connection
    {type: "history", re, before, before_id, wish: {text, also, type, category, session}}
    {type: "timeline", session}               get this session also while paused; "" ends that

The page names the last entry it has, and the stream is read from there, so nothing is missing after
a pause or an outage. If more entries came than a page keeps (`FILL_MAX`), it is told that some were
left out; the history has them.

A watch ends with the session of its admin. Every message checks again whether the session is open;
after its end nothing is told and nothing answered. Before a page gets the interactions of a single
session of a visitor, the audit records that its admin looks at it.
"""

import asyncio
import re
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable
from contextlib import AsyncExitStack, aclosing
from datetime import datetime
from typing import Annotated, TypeAlias
from uuid import UUID

import msgspec
import structlog

from configurator.activity.event_ids import session_uuid
from realtime.activity.live.feed import HISTORY_MAX, ActivityFeed
from realtime.activity.live.feed_events import FeedEvent
from realtime.activity.live.watcher import FeedBatch, Start
from realtime.delivery.page import SendText
from realtime.people.admin_sessions import AdminSessions
from storage.errors import StorageError
from storage.postgres.activity.past_interactions import Past, PastInteractions, Wish
from storage.tasks import OwnedTasks

log = structlog.get_logger()

FILL_MAX = 2_000
"""The most entries that a page keeps."""

MESSAGE_BYTES_MAX = 4_096
TOLD_SECONDS = 0.5
ALSO_MAX = 20
_STREAM_ID = re.compile(r"\d{1,15}-\d{1,19}")

Name = Annotated[str, msgspec.Meta(max_length=128, pattern="^[^\\x00-\\x1f\\ud800-\\udfff]*$")]


class Pause(msgspec.Struct, frozen=True, tag_field="type", tag="pause"):
    """Send no more interactions."""


class Follow(msgspec.Struct, frozen=True, tag_field="type", tag="follow"):
    """Go on after this entry."""

    after: Annotated[str, msgspec.Meta(max_length=40)] | None = None


class Search(msgspec.Struct, frozen=True, kw_only=True):
    """A search; an empty one finds everything. ``also`` holds further meanings of the text."""

    text: Name = ""
    also: Annotated[list[Name], msgspec.Meta(max_length=ALSO_MAX)] = []
    type: Name = ""
    category: Name = ""
    session: Name = ""


class HistoryRequest(msgspec.Struct, frozen=True, kw_only=True, tag_field="type", tag="history"):
    """A question for a page of stored interactions."""

    re: int
    before: Annotated[datetime, msgspec.Meta(tz=True)]
    before_id: UUID | None = None
    wish: Search = Search()


class TimelineRequest(msgspec.Struct, frozen=True, tag_field="type", tag="timeline"):
    """The session that the admin looks at."""

    session: Name = ""


PageMessage: TypeAlias = Pause | Follow | HistoryRequest | TimelineRequest
_messages: msgspec.json.Decoder[PageMessage] = msgspec.json.Decoder(PageMessage)


class AdminWatch:
    """The watch of one admin's page."""

    def __init__(
        self,
        send: SendText,
        *,
        session_sha256: bytes,
        sessions: AdminSessions,
        feed: ActivityFeed,
        past: PastInteractions,
        looked: Callable[[str], Awaitable[None]],
        codes: Callable[[Iterable[UUID]], Awaitable[dict[UUID, str]]],
        closed: Callable[["AdminWatch"], None],
    ) -> None:
        self.send = send
        self._session_sha256 = session_sha256
        self._sessions = sessions
        self._over = False
        self._feed = feed
        self._past = past
        self._looked = looked
        self._codes = codes
        self._closed = closed
        self._tasks: OwnedTasks | None = None
        self._feeding: asyncio.Task[None] | None = None
        self._asking: asyncio.Task[None] | None = None
        self._told: str | None = None
        """The stream id up to which the page was told; None before the first, and after a gap."""
        self._paused = False
        self.missed = 0
        """The number of entries that came while the page was paused."""
        self._counting: asyncio.TimerHandle | None = None
        self._session = ""

    def start(self, tasks: OwnedTasks, *, fed: bool) -> None:
        """Begin to feed: at once, or else when the page says ``follow``.

        The tasks belong to the live view.
        """
        self._tasks = tasks
        if fed:
            self._feed_from(None)
        self._sessions.hold(self._session_sha256, self._end)

    async def close(self) -> None:
        """Stop to feed. Safe to call twice."""
        self._sessions.release(self._session_sha256, self._end)
        self._end()

    def _end(self) -> None:
        self._over = True
        self.send = _told_nobody
        for task in (self._feeding, self._asking):
            if task is not None:
                task.cancel()
        if self._counting is not None:
            self._counting.cancel()
        self._closed(self)

    async def receive(self, text: str) -> None:
        """Handle a message of the page; anything that is not a message is ignored."""
        if self._over or len(text) > MESSAGE_BYTES_MAX:
            return
        try:
            message = _messages.decode(text)
        except (msgspec.DecodeError, UnicodeError, RecursionError):
            return
        if not await self._sessions.still_open(self._session_sha256) or self._over:
            return
        match message:
            case Pause():
                self.missed = self.missed if self._paused else 0
                self._paused = True
                if self._feeding is None:  # a page that comes back while it is paused
                    self._feed_from(None)
            case Follow():
                await self._follow(message.after)
            case HistoryRequest():
                self._ask(message)
            case TimelineRequest():
                self._session = message.session if await self._may_see(message.session) else ""

    # ---- feeding

    async def _follow(self, after: str | None) -> None:
        missed, self.missed = self.missed if self._paused else 0, 0
        self._paused = False
        if after is None or not _STREAM_ID.fullmatch(after):
            self._feed_from(None)
        elif missed > FILL_MAX:
            self._told = None
            self._say([], skipped=missed - HISTORY_MAX)
            self._feed_from(None)
        else:
            try:
                self._feed_from(await self._feed.start(since=after))
            except StorageError:
                self._feed_from(Start(after=after))  # waits until Redis is back

    def _feed_from(self, start: Start | None) -> None:
        if self._feeding is not None:
            self._feeding.cancel()
        if self._tasks is not None:
            self._told = start.after if start else None
            self._feeding = self._tasks.task(self._pass_on(start), name="admin watch")

    async def _pass_on(self, start: Start | None) -> None:
        """Send the page all entries after ``start``; None: the newest ones, then all later ones.

        A page that has entries already has a start, until it has caught up.
        """
        filled = 0
        async with AsyncExitStack() as stack:
            if start is None:
                batches: AsyncIterator[FeedBatch] = await stack.enter_async_context(
                    self._feed.watch()
                )
            else:
                batches = await stack.enter_async_context(aclosing(self._feed.follow(start)))
            async for batch in batches:
                if self._paused:
                    # Count and drop: ``follow`` will read again, from the page's last entry on.
                    await self._count(batch)
                    continue
                filled += len(batch.events)
                await self._tell(batch)
                if start is not None and filled > FILL_MAX and len(batch.events) >= HISTORY_MAX:
                    # More came than a page keeps, and there is still more: the page would drop the
                    # entries that it gets now. Therefore it is told of a gap, and goes on with the
                    # newest.
                    self._say([], gap=True)
                    break
                if len(batch.events) < HISTORY_MAX:
                    # The page has caught up. A burst from now on is no backlog, and is sent whole.
                    start = None
        # ``start`` is set here only after the break above. The context managers of the stack have
        # ended, so this task follows nothing any more; a new task begins as for a page without
        # entries.
        if start is not None and self._tasks is not None:
            self._told = None
            self._feeding = self._tasks.task(self._pass_on(None), name="admin watch")

    async def _tell(self, batch: FeedBatch) -> None:
        entries = await self._entries(batch.events)
        self._say(entries, skipped=batch.skipped, gap=batch.gap, last_id=batch.last_id)

    async def _count(self, batch: FeedBatch) -> None:
        """While paused, count the batch; send only the session that the admin looks at."""
        self.missed += len(batch.events) + batch.skipped
        mine = [each for each in batch.events if self._session and each["session"] == self._session]
        if mine:
            self._frame({"type": "timeline", "entries": await self._entries(mine)})
        if self._counting is None:
            loop = asyncio.get_running_loop()
            self._counting = loop.call_later(TOLD_SECONDS, self._tell_count)

    def _tell_count(self) -> None:
        self._counting = None
        if self._paused:
            self._frame({"type": "waiting", "count": self.missed})

    async def _entries(self, events: list[FeedEvent]) -> list[FeedEvent]:
        ids = [UUID(str(event["session_id"])) for event in events]
        codes = await self._codes(set(ids))
        return [
            {**event, "code": codes.get(session_id)}
            for event, session_id in zip(events, ids, strict=True)
        ]

    def _say(
        self,
        entries: list[FeedEvent],
        *,
        skipped: int = 0,
        gap: bool = False,
        last_id: str | None = None,
    ) -> None:
        since, self._told = self._told, last_id or self._told
        self._frame(
            {
                "type": "activity",
                "entries": entries,
                "skipped": skipped,
                "gap": gap,
                "since": since,
                "last_id": self._told,
            }
        )

    def _frame(self, frame: dict[str, object]) -> None:
        self.send(msgspec.json.encode(frame).decode())

    async def _may_see(self, session: str) -> bool:
        """Record in the audit that the admin looks at this session; returns whether that worked."""
        try:
            if session:
                await self._looked(str(session_uuid(session)))
        except StorageError as away:
            log.warning("store_away", step="admin watch", reason=str(away)[:200])
            return False
        return True

    # ---- history

    def _ask(self, asked: HistoryRequest) -> None:
        """Answer one question at a time; a new question replaces the one before."""
        if self._asking is not None:
            self._asking.cancel()
        if self._tasks is not None:
            self._asking = self._tasks.task(self._answer(asked), name="admin history")

    async def _answer(self, asked: HistoryRequest) -> None:
        wish = Wish(
            event_type=asked.wish.type,
            category=asked.wish.category,
            session_id=session_uuid(asked.wish.session) if asked.wish.session else None,
            needles=tuple(filter(None, (asked.wish.text.strip(), *asked.wish.also))),
        )
        try:
            if wish.session_id is not None:
                await self._looked(str(wish.session_id))
            found = await self._past.page(wish, before=asked.before, before_id=asked.before_id)
        except StorageError as away:
            log.warning("store_away", step="admin history", reason=str(away)[:200])
            self._frame({"type": "history", "re": asked.re, "entries": None})
            return
        self._frame({"type": "history", "re": asked.re, "entries": [_past(each) for each in found]})


def _told_nobody(_frame: str) -> None:
    """Drop a frame, because the admin's session is over."""


def _past(event: Past) -> dict[str, object]:
    fields: dict[str, object] = msgspec.structs.asdict(event)
    fields["at"] = event.occurred_at.isoformat(timespec="milliseconds")
    fields["props"] = msgspec.json.encode(event.props).decode() if event.props else None
    del fields["occurred_at"]
    return {name: value for name, value in fields.items() if value is not None}
