"""Readiness: whether this process may get traffic.

A check of PostgreSQL runs once a second, and answers come from memory.

    starting ──first look that finds a schema──▶ ready ◀──▶ ready, degraded (PostgreSQL or Redis away)
        ready ──schema that this code does not work with──▶ not ready ──migrated──▶ ready
        any ──drain()──▶ not ready, for good

An outage of PostgreSQL takes no process out of service. All processes use the same PostgreSQL, so
that would take them all out, with everything that works without it (open pages, pictures,
interactions).

A stopped PostgreSQL refuses connections at once. A frozen or unreachable one does not answer, so
each step of a request would wait for its own deadline. `Readiness.unless_away` ends such waits.
"""

import asyncio
from collections.abc import Awaitable, Callable, Iterable
from dataclasses import dataclass
from typing import Final, TypeVar

import structlog
from typing_extensions import override

from storage.deadline import LATE_SECONDS, StoodStill, within
from storage.errors import StorageError, StorageUnavailable
from storage.postgres.engine import Database
from storage.postgres.schema.range import Schema
from storage.tasks import TaskOwner

log = structlog.get_logger()

LOOK_SECONDS: Final = 1.0
"""Seconds from the beginning of one check to that of the next."""

ANSWER_SECONDS: Final = 0.75
"""PostgreSQL counts as away if it does not answer within this time."""

MEMORY_SECONDS: Final = 0.25
"""While PostgreSQL is away, work that needs only this process's memory gets this long."""

BACK_SECONDS: Final = 2.0
"""Seconds after which a client that was refused because of PostgreSQL tries again."""

Result = TypeVar("Result")
TroublesOf = Callable[[], Iterable[str]]
"""The troubles of a part of this process, as sentences; none if it works as it should."""


@dataclass(frozen=True, slots=True)
class ProcessState:
    """The state of this process.

    `schema` is the last one seen; None if none was since the start.
    """

    answers: bool
    schema: Schema | None
    draining: bool

    @property
    def ready(self) -> bool:
        """Whether the process may get traffic."""
        return self.compatible and not self.draining

    @property
    def compatible(self) -> bool:
        """Whether this code works with the schema."""
        return self.schema is not None and self.schema.compatible

    def problems(self) -> list[str]:
        """Sentences for operators about what is wrong, without a full stop."""
        found = []
        if self.draining:
            found.append("this process is stopping: it takes no new connections")
        if self.schema is not None and not self.compatible:
            found.append(self.schema.note)
        if not self.answers and self.schema is None:
            found.append("starting: PostgreSQL could not be used yet")
        elif not self.answers:
            found.append(
                "PostgreSQL cannot be used: open pages stay, but nothing can be saved for now"
            )
        return found


class Readiness(TaskOwner):
    """Checks PostgreSQL on behalf of all who ask this process. An async context manager."""

    def __init__(self, database: Database) -> None:
        super().__init__()
        self._database = database
        self._answers = False
        self._is_away = False
        self._told_away: set[asyncio.Future[None]] = set()
        self._schema: Schema | None = None
        self._draining = False
        self._noted = ""
        self._sources: list[TroublesOf] = []
        self.looks = 0
        """The number of checks of PostgreSQL."""

    @property
    def state(self) -> ProcessState:
        """The state that the last check found, at most two seconds ago."""
        return ProcessState(answers=self._answers, schema=self._schema, draining=self._draining)

    def drain(self) -> None:
        """Make this process not ready, from now on."""
        self._draining = True

    def add_troubles(self, troubles_of: TroublesOf) -> None:
        """Register a function that returns the troubles of a part of the process at once."""
        self._sources.append(troubles_of)

    def troubles(self) -> list[str]:
        """The troubles of all parts, as sentences; none takes the process out of service."""
        return [each for troubles_of in self._sources for each in troubles_of()]

    async def unless_away(self, work: Callable[[], Awaitable[Result]]) -> Result:
        """The result of `work`, which is cancelled if PostgreSQL counts as away before it ends.

        Raises StorageUnavailable in that case, without waiting for the cleanup of `work`.
        """
        loop = asyncio.get_running_loop()
        found: asyncio.Future[Result] = loop.create_future()
        away: asyncio.Future[None] = loop.create_future()
        working = self._tasks.task(_tell(work, found), name="unless away")
        self._told_away.add(away)
        try:
            if not self._is_away:
                await asyncio.wait((found, away), return_when=asyncio.FIRST_COMPLETED)
            if not found.done():
                await asyncio.wait((found,), timeout=MEMORY_SECONDS)
            if not found.done():
                raise StorageUnavailable("PostgreSQL does not answer", BACK_SECONDS)
            return found.result()
        finally:
            self._told_away.discard(away)
            working.cancel()

    @override
    def _begin(self) -> None:
        self._tasks.start(self._look_forever(), name="readiness")

    async def _look_forever(self) -> None:
        loop = asyncio.get_running_loop()
        while True:
            began = loop.time()
            looking = self._tasks.task(self._look(), name="look at PostgreSQL")
            await asyncio.wait((looking,), timeout=ANSWER_SECONDS)
            if not looking.done() and loop.time() - began < ANSWER_SECONDS + LATE_SECONDS:
                # Else this process itself stood still, and the answer may have come.
                self._found(None)
            if not looking.done():
                # Cancelling takes time, too, because the connection is closed; there is one check
                # at a time.
                await asyncio.wait((looking,))
            await asyncio.sleep(max(0.0, began + LOOK_SECONDS - loop.time()))

    async def _look(self) -> None:
        self.looks += 1
        schema: Schema | None = None
        try:
            async with within(ANSWER_SECONDS):
                schema = await self._database.migrated()
        except StoodStill:
            return  # the next check will say more
        except (StorageError, TimeoutError):
            pass
        except Exception:
            log.exception("readiness_failed")
        self._found(schema)

    def _found(self, schema: Schema | None) -> None:
        self._answers = schema is not None
        self._is_away = schema is None
        if schema is None:
            for each in self._told_away:
                if not each.done():
                    each.set_result(None)
            return
        self._schema = schema
        if schema.note != self._noted:
            self._noted = schema.note
            log.warning("schema_differs", note=schema.note or "not any more")


async def _tell(work: Callable[[], Awaitable[Result]], found: asyncio.Future[Result]) -> None:
    """Run `work` and pass its result to `found`, whose waiter may have gone."""
    try:
        result = await work()
    except asyncio.CancelledError:
        found.cancel()
        raise
    except Exception as error:  # noqa: BLE001 - the waiting caller decides
        if not found.done():
            found.set_exception(error)
            found.exception()  # else asyncio would log an error that nobody waits for any more
    else:
        if not found.done():
            found.set_result(result)
