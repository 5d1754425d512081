"""Whether a peer is still there: somebody who is not heard of is not shown as present.

A peer that freezes - a stopped program, a dead network, a tab that hangs - keeps its connection, as
nobody closes it. So every transport asks for a sign of life every ``PING_SECONDS``. After
``SILENT_SECONDS`` without one, within the 20 seconds that are promised, a peer is hidden from the
others; the next sign shows it again: a slow network costs nobody their connection. Only after
``PONG_SECONDS`` without an answer is the connection given up.
"""

import asyncio
from collections.abc import Callable
from typing import Final

PING_SECONDS: Final = 5
PONG_SECONDS: Final = 20
SILENT_SECONDS: Final = 15.0


class SignsOfLife:
    """Tells ``changed`` when a peer falls silent (False), and when it is heard again (True).

    One timer, which is set again only when it has run out: hearing somebody costs next to nothing.
    """

    __slots__ = ("_changed", "_heard_at", "_timer", "silent")

    def __init__(self, changed: Callable[[bool], None], *, silent: bool = False) -> None:
        """``silent``: nothing was heard of the peer yet, and they are shown from the first sign on."""
        self._changed = changed
        self._heard_at = 0.0
        self._timer: asyncio.TimerHandle | None = None
        self.silent = silent

    def watch(self) -> None:
        """From now on silence is noticed."""
        if self._timer is None:
            self.heard()
            self._look_later(SILENT_SECONDS)

    def heard(self) -> None:
        """The peer is there."""
        self._heard_at = asyncio.get_running_loop().time()
        if self.silent:
            self.silent = False
            self._changed(True)
            self._look_later(SILENT_SECONDS)

    def end(self) -> None:
        """Nothing is noticed any more, and nobody held any more."""
        self._changed = _nobody_is_told
        if self._timer is not None:
            self._timer.cancel()

    def _look_later(self, seconds: float) -> None:
        self._timer = asyncio.get_running_loop().call_later(seconds, self._look)

    def _look(self) -> None:
        still = self._heard_at + SILENT_SECONDS - asyncio.get_running_loop().time()
        if still > 0:
            self._look_later(still)
        else:
            self.silent = True
            self._changed(False)


def _nobody_is_told(_present: bool) -> None:
    """Take signs of life after the end, and do nothing."""
