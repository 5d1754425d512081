"""Tasks that live exactly as long as their owner."""

import asyncio
from collections.abc import Coroutine
from types import TracebackType
from typing import Self


class OwnedTasks:
    """A task group whose tasks end with it. An async context manager, entered by the owner's own.

    A task that fails takes its owner down: whoever entered it is cancelled and then sees the
    failure. Leaving cancels what still runs and waits for it. An error of the block is the
    caller's own and is not wrapped into an ExceptionGroup.
    """

    def __init__(self) -> None:
        self._group = asyncio.TaskGroup()
        self._running: set[asyncio.Task[None]] = set()

    async def __aenter__(self) -> Self:
        await self._group.__aenter__()
        return self

    def start(self, work: Coroutine[object, object, None], *, name: str) -> None:
        """Begin a task."""
        _ = self.task(work, name=name)

    def task(self, work: Coroutine[object, object, None], *, name: str) -> asyncio.Task[None]:
        """Begin a task that the owner wants to look at or to cancel earlier."""
        task = self._group.create_task(work, name=name)
        self._running.add(task)
        task.add_done_callback(self._running.discard)
        return task

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        for task in list(self._running):
            task.cancel()
        if kind is not None and issubclass(kind, asyncio.CancelledError):
            await self._group.__aexit__(kind, error, trace)
        else:
            await self._group.__aexit__(None, None, None)


class TaskOwner:
    """An async context manager around tasks of its own, for a class that is little else.

    A subclass begins its tasks in ``_begin``, and says in ``_end`` what is left to do when they
    have ended.
    """

    def __init__(self) -> None:
        self._tasks = OwnedTasks()

    def _begin(self) -> None:
        """Begins the tasks that run from the start; none here."""

    async def _end(self) -> None:
        """Does what is left when the tasks have ended; nothing here."""

    async def __aenter__(self) -> Self:
        await self._tasks.__aenter__()
        self._begin()
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        await self._tasks.__aexit__(kind, error, trace)
        await self._end()
