"""The frames that wait for one connection, bounded in bytes and in number.

A keyed frame (presence, position) replaces the waiting one with the same key. If the frames no
longer fit, the ops of each room are replaced by one snapshot, which is made when it is sent and
contains everything that the peer missed. If even that does not fit, waiting will not help: ``put``
returns False, and the owner closes the connection with the resumable code ``slow_reader``. No queue
grows without bound, and no other peer waits.
"""

from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol

from realtime.delivery.frame import Frame

BYTES_MAX = 512 * 1024
MESSAGES_MAX = 1000


@dataclass(frozen=True, slots=True, eq=False)
class SnapshotInstead:
    """Makes the snapshot that replaces a member's waiting ops, at the time when it is sent.

    It belongs to one stay in the room: a member who enters again gets another one, so ops after the
    answer to ``join`` are never replaced by an earlier snapshot. It returns None if the member has
    left.
    """

    snapshot: Callable[[], Frame | None]


class Deliver(Protocol):
    """Queues one frame for a member; never waits. A frame replaces a waiting one with its key.

    ``instead`` comes with ops: it makes the snapshot that may replace them if the member reads too
    slowly.
    """

    def __call__(
        self, frame: Frame, *, key: object | None = None, instead: SnapshotInstead | None = None
    ) -> None:
        """Queue the frame."""


class Outbox:
    """A queue of frames; passive, not safe across threads."""

    __slots__ = (
        "_frames",
        "_gave_way",
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
        self._frames: OrderedDict[object, Frame | SnapshotInstead] = OrderedDict()
        self._ops: dict[SnapshotInstead, list[object]] | None = None
        self._gave_way: set[SnapshotInstead] | None = None

    def put(
        self, frame: Frame, *, key: object | None = None, instead: SnapshotInstead | None = None
    ) -> bool:
        """Queue a frame, which replaces a waiting one with the same ``key``.

        ``instead`` is given with ops, and with a state that nobody asked for: it makes the snapshot
        that replaces them if they do not fit.

        Returns:
            False if the bounds are exceeded: all waiting frames are dropped and counted.
        """
        if instead is not None and self._gave_way and instead in self._gave_way:
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
        if instead is not None:
            self._note(instead, slot)
        if self._fits():
            return True
        self._give_way()
        if self._fits():
            return True
        self.dropped += len(self._frames)
        self._clear()
        return False

    def drain(self) -> list[Frame]:
        """All waiting frames, oldest first; snapshots are made here."""
        waiting = list(self._frames.values())
        self._clear()
        frames = (
            each.snapshot() if isinstance(each, SnapshotInstead) else each for each in waiting
        )
        return [frame for frame in frames if frame is not None]

    def __len__(self) -> int:
        return len(self._frames)

    def _fits(self) -> bool:
        return self.size_bytes <= self.bytes_max and len(self._frames) <= self.messages_max

    def _note(self, instead: SnapshotInstead, slot: object) -> None:
        if self._ops is None:
            self._ops = {}
        self._ops.setdefault(instead, []).append(slot)

    def _give_way(self) -> None:
        """Put a snapshot in the place of the first op, so that no outcome overtakes its op."""
        first: dict[object, SnapshotInstead] = {}
        for instead, slots in (self._ops or {}).items():
            for slot in slots[1:]:
                self._remove(slot)
            first[slots[0]] = instead
            self.dropped += len(slots)
            self._gave_way = (self._gave_way or set()) | {instead}
        frames: OrderedDict[object, Frame | SnapshotInstead] = OrderedDict()
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
        self._gave_way = None
        self.size_bytes = 0
