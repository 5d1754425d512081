"""The base of the parts of a process: each is frozen, and entered as a whole."""

from abc import ABC, abstractmethod
from collections.abc import Iterable
from contextlib import AbstractAsyncContextManager, AsyncExitStack
from dataclasses import dataclass, field
from types import TracebackType
from typing import Self


@dataclass(frozen=True, kw_only=True)
class ProcessPart(ABC):
    """An async context manager around the lifetimes of its members."""

    _entered: AsyncExitStack = field(default_factory=AsyncExitStack, init=False, repr=False)

    @abstractmethod
    def lifetimes(self) -> Iterable[AbstractAsyncContextManager[object]]:
        """The members to enter in this order, and to leave in reverse."""

    async def __aenter__(self) -> Self:
        async with AsyncExitStack() as stack:
            for each in self.lifetimes():
                await stack.enter_async_context(each)
            self._entered.push_async_exit(stack.pop_all())
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        await self._entered.__aexit__(kind, error, trace)
