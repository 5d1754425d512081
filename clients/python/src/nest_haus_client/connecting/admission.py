"""The wait for the first connection of a client."""

import asyncio
from collections.abc import Callable, Sequence

from nest_haus_client.errors import Unreachable
from nest_haus_client.events import StatusName


class Admission:
    """Whether the server has ever let this client in, which must happen within ``seconds``.

    None waits without a limit.
    """

    def __init__(self, urls: Sequence[str], seconds: float | None) -> None:
        self.admitted = False
        self._urls = urls
        self._seconds = seconds
        self._timer: asyncio.TimerHandle | None = None
        self._why_not = "no connection came about"

    def begin(self, give_up: Callable[[Unreachable], None]) -> None:
        """Call ``give_up`` with the reason when the time is over."""
        if self._seconds is not None:
            loop = asyncio.get_running_loop()
            self._timer = loop.call_later(self._seconds, lambda: give_up(self._reason()))

    def tell(self, status: StatusName, trouble: str | None) -> None:
        """Record the status of the connection."""
        self._why_not = trouble or self._why_not
        if status == "online":
            self.admitted = True
            self.stop()

    def stop(self) -> None:
        """Wait no longer."""
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    def _reason(self) -> Unreachable:
        where = " and ".join(self._urls)
        return Unreachable(f"No connection to {where} within {self._seconds:g} s: {self._why_not}")
