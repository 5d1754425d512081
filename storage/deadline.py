"""Deadlines of calls to the stores that can tell a slow store from a process that stood still."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

LATE_SECONDS = 0.5
"""If a deadline is noticed this many seconds late, the process stood still; an answer may be there."""


class StoodStill(TimeoutError):
    """A deadline passed while this process was frozen or got no processor time."""


class NotWithin(TimeoutError):
    """A deadline of this many seconds passed."""

    def __init__(self, seconds: float) -> None:
        super().__init__(f"within {seconds:g} s")
        self.seconds = seconds


@asynccontextmanager
async def within(seconds: float) -> AsyncIterator[None]:
    """Like `asyncio.timeout`, but raises NotWithin, which names the seconds.

    Raises StoodStill if this process noticed the deadline much too late.
    """
    loop = asyncio.get_running_loop()
    due = loop.time() + seconds
    late = 0.0

    def look() -> None:
        # At the moment of the deadline, not after the block: a cancelled call takes time to end, too.
        nonlocal late
        late = loop.time() - due

    looking = loop.call_at(due, look)
    deadline = asyncio.timeout_at(due)
    try:
        async with deadline:
            yield
    except TimeoutError:
        if late > LATE_SECONDS:
            raise StoodStill from None
        if deadline.expired():
            raise NotWithin(seconds) from None
        raise
    finally:
        looking.cancel()
