"""Sending to one peer: at once while its transport takes bytes, else when it does again.

Theory. A peer is in one of three states.

- *direct*: the transport takes bytes and nothing waits. A frame is handed to it in the same call:
  no queue, no task, no copy; all members of a room get the same bytes object.
- *waiting*: the transport is full. Frames wait in the outbox, where presence is replaced by newer
  presence and ops give way to a snapshot. When the transport takes bytes again, it gets all waiting
  frames at once.
- *ended*: nothing is written any more.

A frame never overtakes an earlier one: *direct* is entered only with an empty outbox. A peer is let
go with ``slow_reader`` if its frames do not fit into the outbox, or if none of the waiting ones
could be written for ``write_seconds``. No other peer waits for it, and no queue grows without
bound.
"""

import asyncio
from collections.abc import Callable, Sequence
from typing import Final, Generic, Protocol, TypeVar

from configurator.protocol import codec
from configurator.protocol.code import Code
from configurator.protocol.codes import CODES, Refused
from realtime.delivery.frame import Frame
from realtime.delivery.outbox import Outbox, SnapshotInstead

WRITE_SECONDS: Final = 10.0
"""A peer whose transport can pass nothing on for this long does not read."""

Data = TypeVar("Data")
Taken_contra = TypeVar("Taken_contra", contravariant=True)


class Outlet(Protocol[Taken_contra]):
    """The transport of a peer's frames. It calls the peer's ``full``, ``free`` and ``gone``."""

    @property
    def unsent_bytes(self) -> int:
        """Bytes that were written but not passed on; the number falls while the peer reads."""

    def write(self, frame: Taken_contra, /) -> None:
        """Pass on one frame."""

    def write_all(self, frames: Sequence[Taken_contra], /) -> None:
        """Pass on frames in this order."""


class Peer(Generic[Data]):
    """The sending side of one connection.

    ``outlet`` is its transport, ``outbox`` has the waiting frames. ``form`` gives a frame the form
    that the outlet takes; ``finish`` ends the transport after everything that was written.
    ``count_dropped`` is called with the number of frames that were dropped, ``on_heard`` at each
    sign of life.
    """

    __slots__ = (
        "_direct",
        "_finish",
        "_form",
        "_full",
        "_stall",
        "_write_seconds",
        "count_dropped",
        "ended",
        "on_heard",
        "outbox",
        "outlet",
    )

    def __init__(
        self,
        outlet: Outlet[Data],
        *,
        form: Callable[[Frame], Data],
        finish: Callable[[Code], None],
        write_seconds: float = WRITE_SECONDS,
    ) -> None:
        self._write_seconds = write_seconds
        self.outlet = outlet
        self._form = form
        self._finish = finish
        self._direct = True
        self._full = False
        self.ended = False
        self.outbox: Outbox | None = None  # set only while frames wait
        self._stall: asyncio.TimerHandle | None = None
        self.count_dropped: Callable[[int], None] | None = None
        self.on_heard: Callable[[], None] | None = None

    def deliver(
        self, frame: Frame, *, key: object | None = None, instead: SnapshotInstead | None = None
    ) -> None:
        """Send a frame now, or when the transport can take it; never waits."""
        if self._direct:
            self.outlet.write(self._form(frame))
        elif not self.ended:
            if self.outbox is None:
                self.outbox = Outbox()
            before = self.outbox.dropped
            fits = self.outbox.put(frame, key=key, instead=instead)
            if self.count_dropped is not None and self.outbox.dropped > before:
                self.count_dropped(self.outbox.dropped - before)
            if not fits:
                self._fall_behind()

    def hang_up(self, code: Code) -> None:
        """End the connection after all frames that were delivered."""
        if self.ended:
            return
        self._send_waiting()
        self.gone()
        self._finish(code)

    def refuse(self, code: str) -> None:
        """Send the refusal with this code, then end the connection."""
        self.deliver(Frame.of(codec.error(Refused(code))))
        self.hang_up(CODES[code])

    # ---- calls by the transport

    def full(self) -> None:
        """Let frames wait from now on."""
        self._direct = False
        if not (self._full or self.ended):
            self._full = True
            self._look_again(self.outlet.unsent_bytes)

    def free(self) -> None:
        """Send the frames that wait; later ones go out at once again."""
        self._full = False
        if self._stall is not None:
            self._stall.cancel()
            self._stall = None
        while self.outbox is not None and not self._full:
            self._send_waiting()
        self._direct = not (self._full or self.ended)

    def heard(self) -> None:
        """The other side answered a ping of the transport, or sent one."""
        if self.on_heard is not None:
            self.on_heard()

    def gone(self) -> None:
        """The transport has ended: drop all waiting frames."""
        self.ended = True
        self._direct = False
        self.outbox = None
        if self._stall is not None:
            self._stall.cancel()
            self._stall = None

    # ---- peers that do not read

    def _send_waiting(self) -> None:
        outbox, self.outbox = self.outbox, None
        if outbox is not None:
            self.outlet.write_all([self._form(frame) for frame in outbox.drain()])

    def _look_again(self, unsent_bytes: int) -> None:
        loop = asyncio.get_running_loop()
        self._stall = loop.call_later(self._write_seconds, self._look, unsent_bytes)

    def _look(self, unsent_bytes_then: int) -> None:
        unsent_bytes = self.outlet.unsent_bytes
        if unsent_bytes < unsent_bytes_then:
            self._look_again(unsent_bytes)
        else:
            self._fall_behind()

    def _fall_behind(self) -> None:
        """Put a refusal behind the unread bytes, for a peer that reads after all, and end."""
        if self.outbox is not None and self.count_dropped is not None:
            self.count_dropped(len(self.outbox))
        self.outbox = Outbox()
        self.outbox.put(Frame.of(codec.error(Refused("slow_reader"))))
        self.hang_up(CODES["slow_reader"])
