"""A Redis that is silent: frozen, or behind a line that swallows everything.

One that is gone says so at once; of one that is silent only a deadline tells. From the first call
that it did not answer until one that it did, it is known to be silent. Meanwhile everything is
still tried, so that nothing is refused once Redis is back, but is not waited for. Beside that a
look at it, with all patience, finds one that is back and slow.
"""

import asyncio
from collections.abc import Awaitable, Callable

from storage.deadline import StoodStill
from storage.errors import StorageError

SILENT_SECONDS = 0.1
"""Nobody waits longer than this for a Redis that is known to be silent."""

SILENT_TRY_SECONDS = SILENT_SECONDS / 2
"""So long one try may take then: whoever came while another was under way is still tried."""

_LOOK_EVERY_SECONDS = 0.25


class Silence:
    """Whether Redis is known to be silent. `look` asks it with the deadline of any other call."""

    def __init__(self, *, patient_seconds: float, look: Callable[[], Awaitable[None]]) -> None:
        self._patient_seconds = patient_seconds
        self._look = look
        self._known = asyncio.Event()

    def patience(self, when_silent: float) -> float:
        """So many seconds may be waited for an answer now."""
        patient = self._patient_seconds
        return min(when_silent, patient) if self._known.is_set() else patient

    def heard(self, error: StorageError | None = None) -> None:
        """Note the outcome of a call. An error that is no passed deadline is an answer, too.

        A deadline that passed while this process stood still says nothing of Redis.
        """
        cause = None if error is None else error.__cause__
        if isinstance(cause, StoodStill):
            return
        if isinstance(cause, TimeoutError):
            self._known.set()
        else:
            self._known.clear()

    async def watch(self) -> None:
        """Looks at Redis while it is silent; runs until cancelled."""
        while True:
            await self._known.wait()
            try:
                await self._look()
            except StorageError:
                await asyncio.sleep(_LOOK_EVERY_SECONDS)
            else:
                self._known.clear()
