"""Look-ups by key: all that are made in one turn of the event loop share one query."""

import asyncio
from collections.abc import Awaitable, Callable, Hashable, Mapping
from types import TracebackType
from typing import Generic, Self, TypeVar

from storage.tasks import OwnedTasks

KEYS_MAX = 5_000
"""The most keys of one query."""

Key = TypeVar("Key", bound=Hashable)
Value = TypeVar("Value")


class Lookups(Generic[Key, Value]):
    """Async context manager. ``load`` answers for many keys at once; unknown ones are absent.

    A look-up that is made while a query runs waits for the next query, so an answer is never older
    than its question.
    """

    def __init__(
        self, load: Callable[[list[Key]], Awaitable[Mapping[Key, Value]]], *, name: str
    ) -> None:
        self._load = load
        self._name = name
        self._waiting: dict[Key, asyncio.Future[Value | None]] = {}
        self._tasks = OwnedTasks()

    async def __aenter__(self) -> Self:
        await self._tasks.__aenter__()
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        for future in self._waiting.values():
            future.cancel()
        await self._tasks.__aexit__(kind, error, trace)

    async def get(self, key: Key) -> Value | None:
        """The value that ``load`` finds for this key, or None. Raises whatever ``load`` raises."""
        future = self._waiting.get(key)
        if future is None:
            if not self._waiting:
                self._tasks.start(self._load_waiting(), name=self._name)
            future = self._waiting[key] = asyncio.get_running_loop().create_future()
        return await asyncio.shield(future)

    async def _load_waiting(self) -> None:
        await asyncio.sleep(0)  # all look-ups of this turn of the loop join this query
        asked, self._waiting = self._waiting, {}
        keys = list(asked)
        try:
            for start in range(0, len(keys), KEYS_MAX):
                await self._answer({key: asked[key] for key in keys[start : start + KEYS_MAX]})
        finally:
            for future in asked.values():
                future.cancel()  # this does nothing to answered ones

    async def _answer(self, asked: dict[Key, asyncio.Future[Value | None]]) -> None:
        try:
            found = await self._load(list(asked))
        except Exception as error:  # noqa: BLE001 - the callers decide
            for future in asked.values():
                if not future.done():
                    future.set_exception(error)
                    # Else asyncio would log an error that nobody waits for any more.
                    future.exception()
            return
        for key, future in asked.items():
            if not future.done():
                future.set_result(found.get(key))
