"""Load at a given rate: a client that is late catches up."""

import asyncio
from random import Random


class Pace:
    """The due times of a client. `stopping` ends every wait at once."""

    def __init__(self, stopping: asyncio.Event) -> None:
        self.stopping = stopping

    @staticmethod
    def now() -> float:
        """The loop time."""
        return asyncio.get_running_loop().time()

    async def until(self, due: float) -> None:
        """Wait for the loop time `due`, at once when it is past."""
        try:
            async with asyncio.timeout_at(due):
                await self.stopping.wait()
        except TimeoutError:
            return

    async def rest(self, seconds: float) -> None:
        """Wait for this many seconds from now."""
        await self.until(self.now() + seconds)

    async def back_off(self, random: Random, longest_seconds: float = 0.3) -> None:
        """A jittered pause before the next attempt."""
        await self.rest(random.uniform(0.02, longest_seconds))
