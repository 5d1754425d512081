"""Whether this process may be sent traffic. PostgreSQL is looked at once a second; answers come from memory.

    starting ──first look that finds a schema──▶ ready ◀──▶ ready, degraded (PostgreSQL or Redis away)
        ready ──schema that this code does not work with──▶ not ready ──migrated──▶ ready
        any ──drain()──▶ not ready, for good

PostgreSQL away takes no process out of service: all look at the same one, so that would take all of
them, with everything that goes on without it (open pages, pictures, interactions).

A PostgreSQL that was stopped refuses at once. One that is frozen, or cut off, says nothing, and each
step of a request would wait for a deadline of its own. `Readiness.unless_away` ends such waits.
"""

import asyncio
from collections.abc import Awaitable, Callable, Iterable
from dataclasses import dataclass
from typing import Final, Protocol, TypeVar

import structlog
from typing_extensions import override

from storage.deadline import LATE_SECONDS, StoodStill, within
from storage.errors import StorageError, StorageUnavailable
from storage.postgres.engine import Database
from storage.postgres.schema import Schema
from storage.tasks import TaskOwner

log = structlog.get_logger()

LOOK_SECONDS: Final = 1.0
"""From the beginning of one look to that of the next."""

ANSWER_SECONDS: Final = 0.75
"""PostgreSQL answers within this time, or counts as away."""

MEMORY_SECONDS: Final = 0.25
"""While PostgreSQL is away, work that needs only the memory of this process is done within this time."""

BACK_SECONDS: Final = 2.0
"""A client that was told that PostgreSQL does not answer tries again after this time."""

Result = TypeVar("Result")
TroublesOf = Callable[[], Iterable[str]]
"""Sentences about what works worse than it should in a part of this process; none: all is well."""


class UnlessAway(Protocol):
    """Does what `Readiness.unless_away` does."""

    async def __call__(self, work: Callable[[], Awaitable[Result]], /) -> Result:
        """The result of `work`; raises StorageUnavailable as soon as PostgreSQL counts as away."""
        ...


@dataclass(frozen=True, slots=True)
class State:
    """The state of this process. `schema` is the last one seen; None: none since the start."""

    answers: bool
    schema: Schema | None
    draining: bool

    @property
    def ready(self) -> bool:
        """Whether the process may be sent traffic."""
        return self.compatible and not self.draining

    @property
    def compatible(self) -> bool:
        """Whether the schema is one that this code works with."""
        return self.schema is not None and self.schema.compatible

    def problems(self) -> list[str]:
        """Sentences about it for operators, without a full stop."""
        found = []
        if self.draining:
            found.append("this process is stopping: it takes no new connections")
        if self.schema is not None and not self.compatible:
            found.append(self.schema.note)
        if not self.answers and self.schema is None:
            found.append("starting: PostgreSQL could not be used yet")
        elif not self.answers:
            found.append(
                "PostgreSQL cannot be used: open pages stay, nothing can be saved until it can"
            )
        return found


class Readiness(TaskOwner):
    """Looks at PostgreSQL for whoever watches this process. An async context manager."""

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
        """How often PostgreSQL was looked at."""

    @property
    def state(self) -> State:
        """As the last look found it, at most two seconds ago."""
        return State(answers=self._answers, schema=self._schema, draining=self._draining)

    def drain(self) -> None:
        """From now on this process is not ready."""
        self._draining = True

    def add_troubles(self, troubles_of: TroublesOf) -> None:
        """Ask this part of the process, too, what does not work as it should; it answers at once."""
        self._sources.append(troubles_of)

    def troubles(self) -> list[str]:
        """Sentences about the parts that work worse than they should; none takes a process out of service."""
        return [each for troubles_of in self._sources for each in troubles_of()]

    async def unless_away(self, work: Callable[[], Awaitable[Result]]) -> Result:
        """The result of `work`, which is cancelled when PostgreSQL counts as away meanwhile.

        Raises StorageUnavailable then, without waiting for what `work` still has to clear away.
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
                self._found(None)  # else this process stood still, and the answer may have come
            if not looking.done():
                # Cancelling takes its time, too, as the connection is closed; one look at a time.
                await asyncio.wait((looking,))
            await asyncio.sleep(max(0.0, began + LOOK_SECONDS - loop.time()))

    async def _look(self) -> None:
        self.looks += 1
        schema: Schema | None = None
        try:
            async with within(ANSWER_SECONDS):
                schema = await self._database.migrated()
        except StoodStill:
            return  # the next look says more
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
    """Runs `work` for whoever waits for `found`, who may have gone."""
    try:
        result = await work()
    except asyncio.CancelledError:
        found.cancel()
        raise
    except Exception as error:  # noqa: BLE001 - whoever waits decides
        if not found.done():
            found.set_exception(error)
            found.exception()  # nobody may be left to ask for it
    else:
        if not found.done():
            found.set_result(result)
