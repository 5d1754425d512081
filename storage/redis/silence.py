"""A silent Redis: frozen, or behind a network that drops everything.

A Redis that is down refuses connections at once; silence shows only when a deadline passes. Redis
counts as silent from the first unanswered call to the next answered one. Meanwhile every call is
still tried, so that calls succeed as soon as Redis is back, but with a short deadline only. In
addition, a probe with the full deadline finds a Redis that is back but slow.
"""

import asyncio
from collections.abc import Awaitable, Callable

from storage.deadline import StoodStill
from storage.errors import StorageError

SILENT_SECONDS = 0.1
"""The longest wait in seconds for a Redis that is known to be silent."""

SILENT_TRY_SECONDS = SILENT_SECONDS / 2
"""The longest single try then, so that a call that came during another try still gets its own."""

_LOOK_EVERY_SECONDS = 0.25


class Silence:
    """Whether Redis is known to be silent. `look` asks it with the deadline of any other call."""

    def __init__(self, *, patient_seconds: float, look: Callable[[], Awaitable[None]]) -> None:
        self._patient_seconds = patient_seconds
        self._look = look
        self._known = asyncio.Event()

    def patience(self, when_silent: float) -> float:
        """The seconds to wait for an answer now; `when_silent` if Redis is silent."""
        patient = self._patient_seconds
        return min(when_silent, patient) if self._known.is_set() else patient

    def heard(self, error: StorageError | None = None) -> None:
        """Record the outcome of a call. Any error except a passed deadline is an answer, too.

        A deadline that passed while this process stood still says nothing about Redis.
        """
        cause = None if error is None else error.__cause__
        if isinstance(cause, StoodStill):
            return
        if isinstance(cause, TimeoutError):
            self._known.set()
        else:
            self._known.clear()

    async def watch(self) -> None:
        """Probes Redis while it is silent; runs until cancelled."""
        while True:
            await self._known.wait()
            try:
                await self._look()
            except StorageError:
                await asyncio.sleep(_LOOK_EVERY_SECONDS)
            else:
                self._known.clear()
