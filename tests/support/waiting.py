"""Wait for a condition, never for a length of time."""

import asyncio
import inspect
import time
from collections.abc import Awaitable, Callable
from typing import TypeVar, overload

T = TypeVar("T")

POLL_SECONDS = 0.01
PATIENT_SECONDS = 60.0
"""Long enough for a slow machine with other work to do: only a test that fails waits so long."""


def grows(count: Callable[[], int], by: int) -> Callable[[], bool]:
    """A condition: `count` has grown by at least `by` since this call."""
    limit = count() + by
    return lambda: count() >= limit


@overload
async def eventually(
    condition: Callable[[], Awaitable[T]], deadline: float = PATIENT_SECONDS, *, why: str = ""
) -> T: ...


@overload
async def eventually(
    condition: Callable[[], T], deadline: float = PATIENT_SECONDS, *, why: str = ""
) -> T: ...


async def eventually(
    condition: Callable[[], T | Awaitable[T]], deadline: float = PATIENT_SECONDS, *, why: str = ""
) -> T:
    """The first true result of `condition` (plain or async) within `deadline` seconds.

    An `AssertionError` or `OSError` raised by it counts as "not yet" and is shown when time is up.
    """
    ends = time.monotonic() + deadline
    last: object = None
    while True:
        try:
            result = condition()
            if inspect.isawaitable(result):
                result = await result
            if result:
                return result
            last = result
        except (AssertionError, OSError) as error:
            last = error
        if time.monotonic() > ends:
            raise AssertionError(f"not within {deadline} s: {why or condition}; last: {last!r}")
        await asyncio.sleep(POLL_SECONDS)


def eventually_blocking(
    condition: Callable[[], T], deadline: float = PATIENT_SECONDS, *, why: str = ""
) -> T:
    """Like `eventually`, for tests and fixtures without an event loop."""
    ends = time.monotonic() + deadline
    last: object = None
    while True:
        try:
            result = condition()
            if result:
                return result
            last = result
        except (AssertionError, OSError) as error:
            last = error
        if time.monotonic() > ends:
            raise AssertionError(f"not within {deadline} s: {why or condition}; last: {last!r}")
        time.sleep(POLL_SECONDS)
