"""Deadlines of calls to the stores, which know whether it was the store that was late."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

LATE_SECONDS = 0.5
"""A process that looks at a deadline so long after it has stood still; an answer may have come."""


class StoodStill(TimeoutError):  # noqa: N818 - what the reason of a line in the log is called
    """A deadline passed while this process was frozen, or starved of the processor."""


@asynccontextmanager
async def within(seconds: float) -> AsyncIterator[None]:
    """As `asyncio.timeout`, and the error says the seconds.

    Raises StoodStill where this process looked at the clock much too late.
    """
    loop = asyncio.get_running_loop()
    due = loop.time() + seconds
    late = 0.0

    def look() -> None:
        # At the moment it is due, not after the block: a cancelled call takes time to end, too.
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
            raise TimeoutError(f"within {seconds:g} s") from None
        raise
    finally:
        looking.cancel()
