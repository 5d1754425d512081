"""Work that is done one at a time, and not more often than it is asked for."""

import asyncio
from collections.abc import Awaitable, Callable


class Turns:
    """Does `work` once at a time. Who asks while it is done waits for the next turn, which is for all of them."""

    def __init__(self, work: Callable[[], Awaitable[None]]) -> None:
        self._work = work
        self._turn = asyncio.Lock()
        self._asked = 0
        self._done = 0

    async def run(self) -> None:
        """Return once the work was done that began after this call."""
        self._asked += 1
        mine = self._asked
        async with self._turn:
            if self._done < mine:
                asked = self._asked
                await self._work()
                self._done = asked
