"""Group commit: ops that wait at the same moment are committed by one statement.

Nobody waits for a batch to fill: a free connection takes whatever is there. An op without an
answer (connection lost, server restarting) is sent again with the same op_id on a fresh
connection until its deadline; the op_id decides whether the first attempt had been committed.
"""

import asyncio
import random
from collections.abc import Callable, Collection
from types import TracebackType
from typing import Any, Self, assert_never
from uuid import UUID

import asyncpg

from storage.errors import OutcomeUnknown, StorageDefect, StorageError, StorageUnavailable
from storage.outage import Outage
from storage.postgres.commit_queue import CommitQueue, Waiting
from storage.postgres.commit_statement import (
    COMMIT,
    COMMIT_CHAIN,
    COMMIT_ONE,
    FIND,
    SETTINGS,
    CommitRequest,
    CommitResult,
    Gone,
    HeadMoved,
    NotAllowed,
    Repeated,
    Stored,
    chain_arguments,
    commit_arguments,
    commit_one_arguments,
    is_own,
)
from storage.postgres.configurations import StoredOperation
from storage.postgres.engine import Database
from storage.postgres.failures import COMMIT_WAITS, Failure, describe, failure

__all__ = [
    "CommitRequest",
    "CommitResult",
    "Committer",
    "Gone",
    "HeadMoved",
    "NotAllowed",
    "Repeated",
    "Stored",
]

_MAX_PAUSE_SECONDS = 1.0
_FIRST_PAUSE_SECONDS = 0.02


class Committer:
    """Async context manager that commits ops.

    It keeps `connections` connections of the database's pool for itself. `lock_seconds`: how long
    a batch waits for a row that somebody else holds before its ops go on one by one.
    """

    def __init__(
        self,
        database: Database,
        *,
        editing_roles: Collection[str] = ("owner", "advisor", "editor"),
        max_batch: int = 64,
        connections: int = 2,
        deadline_seconds: float = 5.0,
        lock_seconds: float = 0.25,
        max_waiting: int = 4096,
        jitter: Callable[[], float] = random.random,
    ) -> None:
        self._database = database
        self._editing_roles = tuple(editing_roles)
        self._connections = connections
        self._deadline_seconds = deadline_seconds
        self._lock_seconds = lock_seconds
        self._max_waiting = max_waiting
        self._jitter = jitter
        self._queue = CommitQueue(max_batch)
        self._tasks = asyncio.TaskGroup()
        self._open = False
        self.committed = 0
        """How many ops took a version here since the start."""
        self._hindrance = ""
        """Why the last try failed, in a sentence; "": it worked."""
        self._refused = False
        """Whether PostgreSQL refused the last write on a connection that worked: a full disk, a right
        that is missing. A new connection says nothing of that; only an op that is answered does."""
        self._stored_at = 0.0
        """The loop's time at which ops were answered last."""
        self.outage = Outage("storing edits")
        self.outages = (self.outage,)

    async def __aenter__(self) -> Self:
        await self._tasks.__aenter__()
        for _ in range(self._connections):
            self._tasks.create_task(self._keep_committing())
        self._open = True
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        """Answers what is waiting, within its deadlines, and lets the connections go."""
        self._open = False
        self._queue.close()
        await self._tasks.__aexit__(kind, error, traceback)

    @property
    def waiting(self) -> int:
        """How many ops wait for a connection."""
        return len(self._queue)

    async def commit(self, request: CommitRequest) -> CommitResult:
        """The fate of one op; see `begin` and `answer`."""
        return await self.answer(self.begin(request))

    def begin(self, request: CommitRequest, *, after: Waiting | None = None) -> Waiting:
        """Put an op on its way; await `answer` for its fate.

        `after`: an op of the same configuration that is on its way, too, and was judged to be
        stored. This one is stored only if that one is, with it or later; else it is HeadMoved.
        Raises StorageUnavailable.
        """
        if not self._open or len(self._queue) >= self._max_waiting:
            raise self._unavailable("too many ops are waiting")
        item = Waiting(request, asyncio.get_running_loop().create_future(), after)
        self._queue.add(item)
        return item

    async def answer(self, item: Waiting) -> CommitResult:
        """The fate of an op that is on its way; ask once.

        Raises OutcomeUnknown when it was sent and not answered until the deadline (the same op_id
        again resolves it), StorageUnavailable when it was never sent, StorageDefect when the
        server refuses its values.
        """
        try:
            async with asyncio.timeout(self._deadline_seconds):
                return await item.result
        except TimeoutError as error:
            lost = self._overdue(item)
            if asyncio.get_running_loop().time() - self._stored_at >= self._deadline_seconds:
                self.outage.met(lost)  # no op was answered in the time of this one
            raise lost from error
        finally:
            if item.result.cancelled():
                self._queue.forget(item)
            else:
                item.after = None  # answered: nothing must be kept for it

    def _overdue(self, item: Waiting) -> StorageUnavailable:
        reason = self._hindrance or "PostgreSQL does not answer"
        if item.tries:
            if not self._hindrance:  # it took the statement, and COMMIT is a part of that
                reason = f"{reason}: {COMMIT_WAITS}"
            return OutcomeUnknown(reason, self._database.retry_after_seconds)
        return self._unavailable(reason)

    def _unavailable(self, message: str) -> StorageUnavailable:
        return StorageUnavailable(message, self._database.retry_after_seconds)

    async def _keep_committing(self) -> None:
        """Owns one connection at a time; ends when the queue is closed and empty."""
        failures = 0
        while True:
            connection = _Connection(self._database, self._lock_seconds, self._editing_roles)
            try:
                async with self._database.driver() as driver:
                    await connection.prepare(driver)
                    if not self.waiting and not self._refused:
                        self._hindrance = ""
                        self.outage.over()  # as far as anybody knows: no edit may come for hours
                    while batch := await self._queue.take():
                        await self._commit_batch(connection, batch)
                        failures = 0
                        if not self._hindrance:
                            self.outage.over()
                    await driver.execute("RESET ALL")
                    return
            except StorageError as error:
                failures += 1
                self._hindrance = str(error)
                self.outage.met(error)
                if self._queue.finished:
                    return
            await asyncio.sleep(self._pause(failures))

    def _pause(self, failures: int) -> float:
        """Full jitter; the first retry follows at once."""
        longest = min(_MAX_PAUSE_SECONDS, _FIRST_PAUSE_SECONDS * 2**failures)
        return 0.0 if failures <= 1 else longest * self._jitter()

    async def _commit_batch(self, connection: "_Connection", batch: list[Waiting]) -> None:
        """Answers every op of the batch, or gives it back to the queue.

        Raises StorageUnavailable when the connection is of no use any more.
        """
        going = _going(batch)
        kept = {item.request.configuration_id for item in going}
        self._queue.finish(i for i in batch if i.request.configuration_id not in kept)
        for item in going:
            item.tries += 1
        try:
            results = await connection.commit_all(going)
        except asyncio.CancelledError:
            self._queue.finish(going)
            raise
        except Exception as error:  # noqa: BLE001 - classified, and what is foreign is raised
            await self._after_failure(connection, going, error)
            return
        if results is None:
            await self._one_by_one(connection, going)
            return
        for item, result in zip(going, results, strict=True):
            if isinstance(result, Stored) and result.version is not None:
                self.committed += 1
            _answer(item, result)
        self._queue.finish(going)
        self._hindrance = ""
        self._refused = False
        self._stored_at = asyncio.get_running_loop().time()

    async def _after_failure(
        self, connection: "_Connection", batch: list[Waiting], error: Exception
    ) -> None:
        verdict = failure(error)
        if isinstance(error, asyncpg.UniqueViolationError):
            verdict = Failure.BUSY  # the same op_id was committed while we waited for the lock
        match verdict:
            case Failure.LOST | Failure.STALE | Failure.AWAY:
                for item in batch:
                    item.unknown = item.unknown or verdict is Failure.LOST
                self._queue.give_back(batch, 0.0)
                self._refused = verdict is Failure.AWAY
                raise self._unavailable(f"PostgreSQL: {describe(error)}") from error
            case Failure.BUSY | Failure.DEFECT if len(batch) > 1:
                await self._one_by_one(connection, batch)
            case Failure.BUSY:
                self._hindrance = f"PostgreSQL: {describe(error)}"
                batch[0].alone = True
                self._queue.give_back(batch, self._pause(batch[0].tries))
            case Failure.DEFECT:
                if not batch[0].result.done():
                    batch[0].result.set_exception(StorageDefect(describe(error)))
                self._queue.finish(batch)
            case Failure.FOREIGN:
                self._queue.finish(batch)
                raise error
            case _:
                assert_never(verdict)

    async def _one_by_one(self, connection: "_Connection", batch: list[Waiting]) -> None:
        """One op must never fail the others."""
        for position, item in enumerate(batch):
            try:
                await self._commit_batch(connection, [item])
            except StorageUnavailable:
                self._queue.give_back(batch[position + 1 :], 0.0)
                raise


def _going(batch: list[Waiting]) -> list[Waiting]:
    """Those to be sent: somebody waits for them, and what they were judged on is true or goes along.

    The others are to be judged again.
    """
    going: list[Waiting] = []
    for item in batch:
        if item.founded or item.after in going:
            going.append(item)
        else:
            _answer(item, HeadMoved(head=None))
    return going


def _answer(item: Waiting, result: CommitResult) -> None:
    if item.result.done():
        return
    if isinstance(result, Repeated) and item.unknown and is_own(result.operation, item.request):
        stored = result.operation
        result = Stored(version=stored.version, committed_at=stored.committed_at)
    item.result.set_result(result)


class _Connection:
    """One held connection with its prepared statements."""

    def __init__(
        self, database: Database, lock_seconds: float, editing_roles: Collection[str]
    ) -> None:
        self._deadline_seconds = database.deadlines.statement
        self._settings = {**SETTINGS, "lock_timeout": str(int(lock_seconds * 1000))}
        self._editing_roles = editing_roles

    async def prepare(self, driver: asyncpg.Connection) -> None:
        self._driver = driver
        await driver.execute(  # first: to prepare a statement takes locks, too
            "SELECT set_config(name, value, false) FROM unnest($1::text[], $2::text[]) AS s (name, value)",
            list(self._settings),
            list(self._settings.values()),
        )
        self._commit = await driver.prepare(COMMIT)
        self._commit_one = await driver.prepare(COMMIT_ONE)
        self._commit_chain = await driver.prepare(COMMIT_CHAIN)
        self._find = await driver.prepare(FIND)
        # Last: asyncpg prepares without a Sync, so the connection would stay in a transaction and
        # keep the locks of the prepared statements, for as long as nobody edits.
        await driver.execute("SELECT 'prepared'")

    async def commit_all(self, items: list[Waiting]) -> list[CommitResult] | None:
        """Runs one statement; results in the order of the items. None: look at each of the chain."""
        if not items:
            return []
        requests = [item.request for item in items]
        if items[-1].after in items:
            return await self._commit_chain_of(requests)
        decided = {row["configuration_id"]: row for row in await self._decide(requests)}
        doubtful = [
            request
            for request in requests
            if decided[request.configuration_id]["verdict"] in {"repeated", "moved"}
        ]
        known = await self._known(doubtful) if doubtful else {}
        return [
            _result(decided[request.configuration_id], known.get(request.configuration_id))
            for request in requests
        ]

    async def _decide(self, requests: list[CommitRequest]) -> list[Any]:
        roles = self._editing_roles
        if len(requests) == 1:
            return await self._fetch(self._commit_one, *commit_one_arguments(requests[0], roles))
        return await self._fetch(self._commit, *commit_arguments(requests, roles))

    async def _commit_chain_of(self, requests: list[CommitRequest]) -> list[CommitResult] | None:
        rows = await self._fetch(
            self._commit_chain, *chain_arguments(requests, self._editing_roles)
        )
        stored = {
            row["op_id"]: Stored(version=row["version"], committed_at=row["committed_at"])
            for row in rows
        }
        return [stored[request.op_id] for request in requests] if stored else None

    async def _known(self, requests: list[CommitRequest]) -> dict[UUID, StoredOperation]:
        rows = await self._fetch(
            self._find,
            [request.configuration_id for request in requests],
            [request.op_id for request in requests],
        )
        return {row["configuration_id"]: StoredOperation(**row) for row in rows}

    async def _fetch(self, statement: Any, *arguments: object) -> list[Any]:  # noqa: ANN401
        """At the deadline the connection is closed without asking PostgreSQL to cancel.

        A cancel request could end the wait for a synchronous standby and make an op visible that
        is not durable yet.
        """
        loop = asyncio.get_running_loop()
        closing = loop.call_later(self._deadline_seconds, self._driver.terminate)
        try:
            rows: list[Any] = await statement.fetch(
                *arguments, timeout=2 * self._deadline_seconds + 60
            )
        finally:
            closing.cancel()
        return rows


def _result(row: Any, known: StoredOperation | None) -> CommitResult:  # noqa: ANN401
    if known is not None:
        return Repeated(operation=known)
    match row["verdict"]:
        case "stored":
            return Stored(version=row["version"], committed_at=row["committed_at"])
        case "moved":
            return HeadMoved(head=row["head"])
        case "not_allowed":
            return NotAllowed()
        case "gone":
            return Gone()
        case verdict:
            raise StorageDefect(f"no such verdict: {verdict}")
