"""What one peer is sent: at once while its transport takes it, else when the transport can go on.

Theory. A peer is in one of three states.

- *direct*: the transport takes bytes and nothing waits. A frame is handed to it in the same call:
  no queue, no task, no copy; all members of a room get the same bytes object.
- *waiting*: the transport is full. Frames wait in the outbox, where presence is replaced by newer
  presence and ops give way to a snapshot. When the transport can go on it gets all of it at once.
- *ended*: nothing is written any more.

A frame never overtakes an earlier one: *direct* is entered only with an empty outbox. A peer is let
go with ``slow_reader`` when even the outbox cannot hold what it must have, or when nothing of what
waits could be written for ``WRITE_SECONDS``. Nobody else waits for it, and nothing grows.
"""

import asyncio
from collections.abc import Callable, Sequence
from typing import Final, Generic, Protocol, TypeVar

from configurator.protocol import codec
from configurator.protocol.codes import CODES, Code, Refused
from realtime.frame import Frame
from realtime.outbox import Lapse, Outbox

WRITE_SECONDS: Final = 10.0
"""A transport that could not pass on anything for so long has a peer that does not read."""

Data = TypeVar("Data")
Taken_contra = TypeVar("Taken_contra", contravariant=True)


class Outlet(Protocol[Taken_contra]):
    """Where a peer's frames go. It calls ``full``, ``free`` and ``gone`` of the peer."""

    @property
    def unsent_bytes(self) -> int:
        """How much was written and not passed on; it falls while the peer reads."""

    def write(self, frame: Taken_contra, /) -> None:
        """Pass on one frame."""

    def write_all(self, frames: Sequence[Taken_contra], /) -> None:
        """Pass on frames in this order."""


class Peer(Generic[Data]):
    """The sending side of one connection.

    ``form`` gives a frame the form that the outlet takes; ``finish`` ends the transport after all
    that was written. ``count_dropped`` is told how many frames gave way, ``on_heard`` of signs of life.
    """

    __slots__ = (
        "_direct",
        "_finish",
        "_form",
        "_full",
        "_outbox",
        "_outlet",
        "_stall",
        "count_dropped",
        "ended",
        "on_heard",
    )

    def __init__(
        self,
        outlet: Outlet[Data],
        *,
        form: Callable[[Frame], Data],
        finish: Callable[[Code], None],
    ) -> None:
        self._outlet = outlet
        self._form = form
        self._finish = finish
        self._direct = True
        self._full = False
        self.ended = False
        self._outbox: Outbox | None = None  # only while something waits
        self._stall: asyncio.TimerHandle | None = None
        self.count_dropped: Callable[[int], None] | None = None
        self.on_heard: Callable[[], None] | None = None

    def deliver(
        self, frame: Frame, *, key: object | None = None, lapse: Lapse | None = None
    ) -> None:
        """Send a frame, now or when the transport can; never waits."""
        if self._direct:
            self._outlet.write(self._form(frame))
        elif not self.ended:
            if self._outbox is None:
                self._outbox = Outbox()
            before = self._outbox.dropped
            fits = self._outbox.put(frame, key=key, lapse=lapse)
            if self.count_dropped is not None and self._outbox.dropped > before:
                self.count_dropped(self._outbox.dropped - before)
            if not fits:
                self._fall_behind()

    def hang_up(self, code: Code) -> None:
        """End the connection after everything that was delivered."""
        if self.ended:
            return
        self._send_waiting()
        self.gone()
        self._finish(code)

    def refuse(self, code: str) -> None:
        """Say why, then end the connection."""
        self.deliver(Frame.of(codec.error(Refused(code))))
        self.hang_up(CODES[code])

    # ---- what the transport says

    def full(self) -> None:
        """From now on frames wait."""
        self._direct = False
        if not (self._full or self.ended):
            self._full = True
            self._look_again(self._outlet.unsent_bytes)

    def free(self) -> None:
        """What waits is sent; then frames go out at once again."""
        self._full = False
        if self._stall is not None:
            self._stall.cancel()
            self._stall = None
        while self._outbox is not None and not self._full:
            self._send_waiting()
        self._direct = not (self._full or self.ended)

    def heard(self) -> None:
        """The other side answered a ping of the transport, or sent one."""
        if self.on_heard is not None:
            self.on_heard()

    def gone(self) -> None:
        """The transport ended: nothing is kept for it."""
        self.ended = True
        self._direct = False
        self._outbox = None
        if self._stall is not None:
            self._stall.cancel()
            self._stall = None

    # ---- who does not read

    def _send_waiting(self) -> None:
        outbox, self._outbox = self._outbox, None
        if outbox is not None:
            self._outlet.write_all([self._form(frame) for frame in outbox.drain()])

    def _look_again(self, unsent_bytes: int) -> None:
        loop = asyncio.get_running_loop()
        self._stall = loop.call_later(WRITE_SECONDS, self._look, unsent_bytes)

    def _look(self, unsent_bytes_then: int) -> None:
        unsent_bytes = self._outlet.unsent_bytes
        if unsent_bytes < unsent_bytes_then:
            self._look_again(unsent_bytes)
        else:
            self._fall_behind()

    def _fall_behind(self) -> None:
        """Say so behind what is unread, for a peer that reads after all, and let go."""
        if self._outbox is not None and self.count_dropped is not None:
            self.count_dropped(len(self._outbox))
        self._outbox = Outbox()
        self._outbox.put(Frame.of(codec.error(Refused("slow_reader"))))
        self.hang_up(CODES["slow_reader"])
