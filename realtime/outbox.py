"""What one connection could not be sent yet: bounded in bytes and messages.

Keyed frames (presence, positions) replace each other. When the whole no longer fits, the ops of
each room give way to one snapshot, made when it is sent; it stands for everything the peer missed.
When even that does not fit, the connection is beyond saving by waiting: ``put`` answers False and
the owner closes it with the resumable code ``slow_reader``. Nothing grows, nobody else waits.
"""

from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass

from realtime.frame import Frame

BYTES_MAX = 512 * 1024
MESSAGES_MAX = 1000


@dataclass(frozen=True, slots=True, eq=False)
class Lapse:
    """What stands for the ops that a member of a room could not be sent: a snapshot of then.

    It belongs to one stay: who enters again has another one, so that what comes after the answer
    to ``join`` never gives way to something before it. None: the member has left.
    """

    snapshot: Callable[[], Frame | None]


class Outbox:
    """A queue of frames; passive, not safe across threads."""

    __slots__ = (
        "_frames",
        "_lapsed",
        "_ops",
        "_serial",
        "bytes_max",
        "dropped",
        "messages_max",
        "size_bytes",
    )

    def __init__(self, *, bytes_max: int = BYTES_MAX, messages_max: int = MESSAGES_MAX) -> None:
        self.bytes_max = bytes_max
        self.messages_max = messages_max
        self.size_bytes = 0
        self.dropped = 0
        self._serial = 0
        self._frames: OrderedDict[object, Frame | Lapse] = OrderedDict()
        self._ops: dict[Lapse, list[object]] | None = None
        self._lapsed: set[Lapse] | None = None

    def put(self, frame: Frame, *, key: object | None = None, lapse: Lapse | None = None) -> bool:
        """Queue a frame; one with the same ``key`` that still waits is replaced by it.

        ``lapse`` is given with ops, and with a state that nobody asked for: what may stand for
        them when they do not fit.

        Returns:
            False when the bounds are exceeded: everything that waited is dropped and counted.
        """
        if lapse is not None and self._lapsed and lapse in self._lapsed:
            self.dropped += 1
            return True
        if key is None:
            self._serial += 1
            slot: object = self._serial
        else:
            slot = key
            self._remove(slot)
        self._frames[slot] = frame
        self.size_bytes += len(frame)
        if lapse is not None:
            self._note(lapse, slot)
        if self._fits():
            return True
        self._give_way()
        if self._fits():
            return True
        self.dropped += len(self._frames)
        self._clear()
        return False

    def drain(self) -> list[Frame]:
        """Everything that waits now, oldest first; snapshots are made here."""
        waiting = list(self._frames.values())
        self._clear()
        frames = (each.snapshot() if isinstance(each, Lapse) else each for each in waiting)
        return [frame for frame in frames if frame is not None]

    def __len__(self) -> int:
        return len(self._frames)

    def _fits(self) -> bool:
        return self.size_bytes <= self.bytes_max and len(self._frames) <= self.messages_max

    def _note(self, lapse: Lapse, slot: object) -> None:
        if self._ops is None:
            self._ops = {}
        self._ops.setdefault(lapse, []).append(slot)

    def _give_way(self) -> None:
        """A snapshot takes the place of the first op: no outcome overtakes its op."""
        first: dict[object, Lapse] = {}
        for lapse, slots in (self._ops or {}).items():
            for slot in slots[1:]:
                self._remove(slot)
            first[slots[0]] = lapse
            self.dropped += len(slots)
            self._lapsed = (self._lapsed or set()) | {lapse}
        frames: OrderedDict[object, Frame | Lapse] = OrderedDict()
        for slot, waiting in self._frames.items():
            frames[slot] = first.get(slot, waiting)
            if slot in first and isinstance(waiting, Frame):
                self.size_bytes -= len(waiting)
        self._frames = frames
        self._ops = None

    def _remove(self, slot: object) -> None:
        removed = self._frames.pop(slot, None)
        if isinstance(removed, Frame):
            self.size_bytes -= len(removed)

    def _clear(self) -> None:
        self._frames.clear()
        self._ops = None
        self._lapsed = None
        self.size_bytes = 0
