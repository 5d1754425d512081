"""Signs of life: a peer that gives none for a while is not shown as present.

A peer that freezes - a stopped program, a dead network, a tab that hangs - keeps its connection,
because nobody closes it. Therefore every transport asks for a sign of life every ``PING_SECONDS``.
A peer that gives none for ``SILENT_SECONDS`` (less than the 20 seconds that are promised) is hidden
from the others, and shown again at its next sign: nobody loses their connection over a slow
network. The connection ends only after ``PONG_SECONDS`` without an answer.
"""

import asyncio
from collections.abc import Callable
from typing import Final

PING_SECONDS: Final = 5
PONG_SECONDS: Final = 20
SILENT_SECONDS: Final = 15.0


class SignsOfLife:
    """Tells ``changed`` when a peer falls silent (False), and when it is heard again (True).

    A peer has one timer, which is set again only when it runs out: noting a sign costs next to
    nothing.
    """

    __slots__ = ("_changed", "_heard_at", "_silent_seconds", "_timer", "silent")

    def __init__(
        self,
        changed: Callable[[bool], None],
        *,
        silent: bool = False,
        silent_seconds: float = SILENT_SECONDS,
    ) -> None:
        """With ``silent`` the peer starts out hidden, and is shown at its first sign."""
        self._changed = changed
        self._silent_seconds = silent_seconds
        self._heard_at = 0.0
        self._timer: asyncio.TimerHandle | None = None
        self.silent = silent

    def watch(self) -> None:
        """Begin to notice silence."""
        if self._timer is None:
            self.heard()
            self._look_later(self._silent_seconds)

    def heard(self) -> None:
        """Note a sign of life."""
        self._heard_at = asyncio.get_running_loop().time()
        if self.silent:
            self.silent = False
            self._changed(True)
            self._look_later(self._silent_seconds)

    def end(self) -> None:
        """Notice nothing any more, and release ``changed``."""
        self._changed = _nobody_is_told
        if self._timer is not None:
            self._timer.cancel()

    def _look_later(self, seconds: float) -> None:
        self._timer = asyncio.get_running_loop().call_later(seconds, self._look)

    def _look(self) -> None:
        still = self._heard_at + self._silent_seconds - asyncio.get_running_loop().time()
        if still > 0:
            self._look_later(still)
        else:
            self.silent = True
            self._changed(False)


def _nobody_is_told(_present: bool) -> None:
    """Ignore signs of life after the end."""
