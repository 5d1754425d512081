"""Whether PostgreSQL answers this process, asked at most once a second however many want to know.

A caller who asks while a question is on its way waits for the answer to that one, and never beyond the
moment at which it is due: a question that hangs is "no" from then on, for everybody, at once.
"""

import asyncio
from dataclasses import dataclass
from typing import Final

import structlog

from storage.errors import StorageError
from storage.postgres.engine import Database
from storage.tasks import TaskOwner

log = structlog.get_logger()

READY_SECONDS: Final = 1.0
"""PostgreSQL answers within this time, or counts as away."""

KEPT_SECONDS: Final = 1.0
"""An answer is given again for so long."""


@dataclass(frozen=True, slots=True)
class Stores:
    """The state in which PostgreSQL was found."""

    answers: bool
    migrated: bool


AWAY: Final = Stores(answers=False, migrated=False)


class Readiness(TaskOwner):
    """Asks PostgreSQL for whoever watches this process. An async context manager."""

    def __init__(self, database: Database) -> None:
        super().__init__()
        self._database = database
        self._asking: asyncio.Task[None] | None = None
        self._due = 0.0
        self._found = AWAY
        self._kept_until = 0.0
        self.asked = 0
        """Questions that were put to PostgreSQL."""

    async def stores(self) -> Stores:
        """The state of PostgreSQL, at most a second old; answers within ``READY_SECONDS``."""
        now = asyncio.get_running_loop().time()
        if now < self._kept_until:
            return self._found
        if self._asking is None or self._asking.done():
            self._due = now + READY_SECONDS
            self._asking = self._tasks.task(self._ask(), name="readiness")
        await asyncio.wait((self._asking,), timeout=max(0.0, self._due - now))
        return self._found if self._asking.done() else AWAY

    async def _ask(self) -> None:
        self.asked += 1
        found = AWAY
        try:
            async with asyncio.timeout(READY_SECONDS):
                schema = await self._database.migrated()
            found = Stores(answers=True, migrated=schema.at_head)
        except (StorageError, TimeoutError):
            pass
        except Exception:
            log.exception("readiness_failed")
        self._found = found
        self._kept_until = asyncio.get_running_loop().time() + KEPT_SECONDS
