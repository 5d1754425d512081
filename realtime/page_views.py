"""Visits of pages that begin no session: how many saw the start page.

Only a number is kept, by minute and without anything of who it was, and none of a visitor who objects.
A process counts in memory and adds its counts to PostgreSQL every other second and when it ends: no
visit waits for it, and what is killed with a process is at most two seconds of them. Each visit is
counted at most once.
"""

import asyncio
from collections import Counter
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Final

import structlog
from starlette.requests import HTTPConnection
from typing_extensions import override

from realtime.door import Door
from storage.errors import OutcomeUnknown, StorageError
from storage.outage import Outage
from storage.postgres.page_views import PageView, StoredPageViews
from storage.tasks import TaskOwner

log = structlog.get_logger()

LANDING: Final = "landing"
EVERY_SECONDS: Final = 2.0
WAITING_MAX: Final = 10_000
"""Minutes that wait while PostgreSQL is away: some three days; then the rest is not counted."""


class PageViews(TaskOwner):
    """Counts visits of pages. An async context manager: it owns the task that stores them."""

    def __init__(self, stored: StoredPageViews, *, door: Door, now: Callable[[], datetime]) -> None:
        super().__init__()
        self._stored = stored
        self._door = door
        self._now = now
        self._waiting: Counter[PageView] = Counter()
        self.outage = Outage("storing visits of the start page")
        self.outages = (self.outage,)

    @override
    def _begin(self) -> None:
        self._tasks.start(self._store_forever(), name="page views")

    @override
    async def _end(self) -> None:
        await self.store()

    def seen(self, page: str, request: HTTPConnection) -> None:
        """Notes a visit, unless the visitor objects. Never waits."""
        visitor = self._door.visitor(request)
        if visitor.objection is not None:
            return
        minute = self._now().astimezone(UTC).replace(second=0, microsecond=0)
        view = PageView(minute=minute, page=page, bot=visitor.bot is not None)
        if view in self._waiting or len(self._waiting) < WAITING_MAX:
            self._waiting[view] += 1

    async def store(self) -> None:
        """Adds what waits to what is stored; what cannot be added now waits on."""
        adding, self._waiting = self._waiting, Counter()
        if not adding:
            self.outage.over()  # as far as anybody knows: no visit may come for hours
            return
        try:
            await self._stored.add(adding)
        except OutcomeUnknown:
            log.warning("page_views_unknown", n=adding.total())
        except StorageError as away:
            self.outage.met(away)
            self._waiting.update(adding)
        else:
            self.outage.over()

    async def _store_forever(self) -> None:
        while True:
            await asyncio.sleep(EVERY_SECONDS)
            await self.store()
