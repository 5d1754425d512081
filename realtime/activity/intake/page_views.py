"""Page views without a session: the number of visitors who saw the start page.

Only a number for each minute is kept, nothing about the visitors, and a visitor who objects is not
counted. A process counts in memory and adds its counts to PostgreSQL every other second and when it
ends: no visit waits for that, and a process that is killed loses at most two seconds of counts.
Each visit counts at most once.
"""

import asyncio
from collections import Counter
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Final

import structlog
from starlette.requests import HTTPConnection
from typing_extensions import override

from realtime.activity.intake.consent import VisitorReader
from storage.errors import OutcomeUnknown, StorageError
from storage.outage import Outage
from storage.postgres.activity.page_views import PageView, StoredPageViews
from storage.tasks import TaskOwner

log = structlog.get_logger()

EVERY_SECONDS: Final = 2.0
WAITING_MAX: Final = 10_000
"""The most counters that wait while PostgreSQL is away, those of some three days; a visit that needs
another one is not counted."""


class PageViews(TaskOwner):
    """Counts page views. An async context manager: it owns the task that stores the counts."""

    def __init__(
        self, stored: StoredPageViews, *, visitor_reader: VisitorReader, now: Callable[[], datetime]
    ) -> None:
        super().__init__()
        self._stored = stored
        self._visitor_reader = visitor_reader
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
        """Count a visit, unless the visitor objects. Never waits."""
        visitor = self._visitor_reader.visitor(request)
        if visitor.objection is not None:
            return
        minute = self._now().astimezone(UTC).replace(second=0, microsecond=0)
        view = PageView(minute=minute, page=page, bot=visitor.bot is not None)
        if view in self._waiting or len(self._waiting) < WAITING_MAX:
            self._waiting[view] += 1

    async def store(self) -> None:
        """Add the waiting counts to the stored ones; on failure they keep waiting."""
        adding, self._waiting = self._waiting, Counter()
        if not adding:
            self.outage.over()  # for all that is known; the next visit may come only in hours
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
