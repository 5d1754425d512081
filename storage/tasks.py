"""Tasks that live exactly as long as their owner."""

import asyncio
from collections.abc import Coroutine
from types import TracebackType
from typing import Self


class OwnedTasks:
    """A task group whose tasks end with it. An async context manager, entered by its owner's.

    A task that fails ends its owner: the task that entered the group is cancelled and then gets the
    error. Leaving the group cancels running tasks and waits for them. An error of the block itself
    is not wrapped into an ExceptionGroup.
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
        """Begin a task that the owner can inspect or cancel earlier."""
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
    """An async context manager that owns tasks, for classes whose purpose is to run tasks.

    A subclass begins its tasks in ``_begin``, and cleans up in ``_end`` after they have ended.
    """

    def __init__(self) -> None:
        self._tasks = OwnedTasks()

    def _begin(self) -> None:
        """Begins the tasks that run from the start; here: no tasks."""

    async def _end(self) -> None:
        """Cleans up after the tasks have ended; here: nothing."""

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
