"""Group commit: ops that wait at the same moment are committed by one statement.

No op waits for a batch to fill: a free connection takes all ops that are waiting. An op without an
answer (connection lost, server restarting) is sent again with the same op_id on a fresh
connection until its deadline; the op_id decides whether the first attempt had been committed.
"""

import asyncio
import random
from collections.abc import Callable
from types import TracebackType
from typing import Self, assert_never

import asyncpg

from storage.backoff import Backoff
from storage.errors import OutcomeUnknown, StorageDefect, StorageError, StorageUnavailable, Store
from storage.outage import Outage
from storage.postgres.configurations.commit.connection import CommitConnection
from storage.postgres.configurations.commit.queue import CommitQueue
from storage.postgres.configurations.commit.statement import (
    CommitRequest,
    CommitResult,
    HeadMoved,
    Repeated,
    Stored,
    is_own,
)
from storage.postgres.configurations.commit.waiting import Waiting
from storage.postgres.engine import Database
from storage.postgres.failures import COMMIT_WAITS, Failure, describe, failure

_AGAIN = Backoff(first_seconds=0.04, longest_seconds=1.0, at_once=True)


class Committer:
    """Async context manager that commits ops.

    It holds `connections` connections of the database's pool permanently. `lock_seconds`: how long
    a batch waits for a row that another transaction holds before its ops are sent one by one.
    """

    def __init__(
        self,
        database: Database,
        *,
        max_batch: int = 64,
        connections: int = 2,
        deadline_seconds: float = 5.0,
        lock_seconds: float = 0.25,
        max_waiting: int = 4096,
        jitter: Callable[[], float] = random.random,
    ) -> None:
        self._database = database
        self._connections = connections
        self._deadline_seconds = deadline_seconds
        self._lock_seconds = lock_seconds
        self._max_waiting = max_waiting
        self._jitter = jitter
        self._queue = CommitQueue(max_batch)
        self._tasks = asyncio.TaskGroup()
        self._open = False
        self.committed = 0
        """Ops that took a version in this process since its start."""
        self._hindrance = ""
        """The reason why the last try failed, as a sentence; "" if it worked."""
        self._refused = False
        """Whether PostgreSQL refused the last write on a working connection: a full disk, a missing
        right. A new connection does not disprove that; only an op that is answered does."""
        self._stored_at = 0.0
        """The loop's time in seconds when ops were last answered."""
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
        """Answers the waiting ops, within their deadlines, and releases the connections."""
        self._open = False
        self._queue.close()
        await self._tasks.__aexit__(kind, error, traceback)

    @property
    def waiting(self) -> int:
        """The number of ops that wait for a connection."""
        return len(self._queue)

    async def commit(self, request: CommitRequest) -> CommitResult:
        """Commit one op and return its result; see `begin` and `answer`."""
        return await self.answer(self.begin(request))

    def begin(self, request: CommitRequest, *, after: Waiting | None = None) -> Waiting:
        """Queue an op; await `answer` for its result.

        `after` is a queued op of the same configuration, on whose success the new op was judged.
        The new op is stored only together with `after` or later; if `after` is not stored, the
        result is HeadMoved. Raises StorageUnavailable.
        """
        if not self._open or len(self._queue) >= self._max_waiting:
            raise self._unavailable("too many ops are waiting")
        item = Waiting(request, asyncio.get_running_loop().create_future(), after)
        self._queue.add(item)
        return item

    async def answer(self, item: Waiting) -> CommitResult:
        """The result of a queued op; await it once.

        Raises OutcomeUnknown if it was sent but not answered before the deadline (sending the same
        op_id again resolves it), StorageUnavailable if it was never sent, StorageDefect if the
        server refuses its values.
        """
        try:
            async with asyncio.timeout(self._deadline_seconds):
                return await item.result
        except TimeoutError as error:
            lost = self._overdue(item)
            if asyncio.get_running_loop().time() - self._stored_at >= self._deadline_seconds:
                self.outage.met(lost)  # no op was answered while this one waited
            raise lost from error
        finally:
            if item.result.cancelled():
                self._queue.forget(item)
            else:
                item.after = None  # answered: let the op before it be freed

    def _overdue(self, item: Waiting) -> StorageUnavailable:
        reason = self._hindrance or "PostgreSQL does not answer"
        if item.tries:
            if not self._hindrance:  # the statement was accepted, and it includes COMMIT
                reason = f"{reason}: {COMMIT_WAITS}"
            return OutcomeUnknown(reason, self._database.retry_after_seconds)
        return self._unavailable(reason)

    def _unavailable(self, why: str, *, store: Store | None = None) -> StorageUnavailable:
        return StorageUnavailable(why, self._database.retry_after_seconds, store=store)

    async def _keep_committing(self) -> None:
        """Commit batches, on one connection at a time, until the queue is closed and empty."""
        failures = 0
        while True:
            connection = CommitConnection(self._database, self._lock_seconds)
            try:
                async with self._database.driver() as driver:
                    await connection.prepare(driver)
                    if not self.waiting and not self._refused:
                        self._hindrance = ""
                        self.outage.over()  # the best guess: the next edit may be hours away
                    while batch := await self._queue.next_batch():
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
            await asyncio.sleep(_AGAIN.delay_seconds(failures, self._jitter()))

    async def _commit_batch(self, connection: CommitConnection, batch: list[Waiting]) -> None:
        """Answers every op of the batch, or puts it back into the queue.

        Raises StorageUnavailable if the connection can no longer be used.
        """
        going, lost = _sorted_out(batch)
        for item in lost:
            _answer(item, HeadMoved(head=None))
        self._queue.finish(lost)
        for item in going:
            item.tries += 1
        try:
            results = await connection.commit_all(going)
        except asyncio.CancelledError:
            self._queue.finish(going)
            raise
        except Exception as error:  # noqa: BLE001 - classified; unrelated errors are raised again
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
        self, connection: CommitConnection, batch: list[Waiting], error: Exception
    ) -> None:
        verdict = failure(error)
        if isinstance(error, asyncpg.UniqueViolationError):
            verdict = Failure.BUSY  # the same op_id was committed while we waited for the lock
        match verdict:
            case Failure.LOST | Failure.STALE | Failure.AWAY:
                for item in batch:
                    item.unknown = item.unknown or verdict is Failure.LOST
                self._queue.give_back(batch)
                self._refused = verdict is Failure.AWAY
                raise self._unavailable(describe(error), store="PostgreSQL") from error
            case Failure.BUSY | Failure.DEFECT if len(batch) > 1:
                await self._one_by_one(connection, batch)
            case Failure.BUSY:
                self._hindrance = f"PostgreSQL: {describe(error)}"
                delay_seconds = _AGAIN.delay_seconds(batch[0].tries, self._jitter())
                self._queue.put_off(batch[0], delay_seconds)
            case Failure.DEFECT:
                if not batch[0].result.done():
                    batch[0].result.set_exception(StorageDefect(describe(error)))
                self._queue.finish(batch)
            case Failure.FOREIGN:
                self._queue.finish(batch)
                raise error
            case _:
                assert_never(verdict)

    async def _one_by_one(self, connection: CommitConnection, batch: list[Waiting]) -> None:
        """Commit the ops of a failed batch singly, so that one op never fails the others."""
        for position, item in enumerate(batch):
            try:
                await self._commit_batch(connection, [item])
            except StorageUnavailable:
                self._queue.give_back(batch[position + 1 :])
                raise


def _sorted_out(batch: list[Waiting]) -> tuple[list[Waiting], list[Waiting]]:
    """Two lists: ops to send, whose base is stored or sent with them, and ops that lost their base."""
    going: list[Waiting] = []
    lost: list[Waiting] = []
    for item in batch:
        (going if item.base_committed or item.after in going else lost).append(item)
    return going, lost


def _answer(item: Waiting, result: CommitResult) -> None:
    if item.result.done():
        return
    if isinstance(result, Repeated) and item.unknown and is_own(result.operation, item.request):
        stored = result.operation
        result = Stored(version=stored.version, committed_at=stored.committed_at)
    item.result.set_result(result)
