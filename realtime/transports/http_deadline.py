"""The moment by which a connection has to go on."""

import asyncio
from collections.abc import Callable


class Deadline:
    """Calls ``passed`` when it has come. A moment that moves on only changes a number.

    One timer serves all of them: one that fires too early is set again.
    """

    __slots__ = ("_due", "_fires", "_loop", "_passed", "_timer")

    def __init__(self, loop: asyncio.AbstractEventLoop, passed: Callable[[], None]) -> None:
        self._loop = loop
        self._passed = passed
        self._due = self._fires = 0.0
        self._timer: asyncio.TimerHandle | None = None

    def within(self, seconds: float) -> None:
        """Set it so far from now."""
        self._due = self._loop.time() + seconds
        if self._timer is None or self._due < self._fires:
            self._set()

    def stop(self) -> None:
        """It never comes."""
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    def _set(self) -> None:
        self.stop()
        self._fires = self._due
        self._timer = self._loop.call_at(self._due, self._look)

    def _look(self) -> None:
        self._timer = None
        if self._due > self._loop.time():
            self._set()
        else:
            self._passed()
