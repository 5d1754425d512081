"""A deadline that moves: the moment by which a connection has to go on."""

import asyncio
from collections.abc import Callable


class Deadline:
    """Calls ``passed`` when the deadline has come. To move it later only changes a number.

    One timer serves all moves: if it fires too early, it is set again.
    """

    __slots__ = ("_due", "_fires", "_loop", "_passed", "_timer")

    def __init__(self, loop: asyncio.AbstractEventLoop, passed: Callable[[], None]) -> None:
        self._loop = loop
        self._passed = passed
        self._due = self._fires = 0.0
        self._timer: asyncio.TimerHandle | None = None

    def within(self, seconds: float) -> None:
        """Set the deadline to this many seconds from now."""
        self._due = self._loop.time() + seconds
        if self._timer is None or self._due < self._fires:
            self._set()

    def stop(self) -> None:
        """Cancel the deadline."""
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
