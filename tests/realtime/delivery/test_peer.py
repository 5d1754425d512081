"""The sending side of a connection, without a connection: order, bounds, endings."""

from collections.abc import Iterable, Sequence
from itertools import count, repeat

from configurator.protocol.code import Code
from configurator.protocol.codes import CODES
from realtime.delivery.frame import Frame
from realtime.delivery.outbox import BYTES_MAX, SnapshotInstead
from realtime.delivery.peer import WRITE_SECONDS, Peer
from tests.support.waiting import eventually


class Outlet:
    """A transport whose peer reads when the test says so. ``unsent``: its bytes at each look."""

    def __init__(self, write_seconds: float = WRITE_SECONDS, *, unsent: Iterable[int] = ()) -> None:
        self.sent: list[str] = []
        self.writes = 0
        self.ended: Code | None = None
        self.looks = 0
        self._unsent = iter(unsent)
        self.peer: Peer[str] = Peer(
            self,
            form=lambda frame: frame.type,
            finish=self._finish,
            write_seconds=write_seconds,
        )

    @property
    def unsent_bytes(self) -> int:
        self.looks += 1
        return next(self._unsent, 0)

    def write(self, frame: str) -> None:
        self.write_all([frame])

    def write_all(self, frames: Sequence[str]) -> None:
        self.sent += frames
        self.writes += 1

    def _finish(self, code: Code) -> None:
        self.ended = code


def frame(name: str, size_bytes: int = 2) -> Frame:
    return Frame(name, b'"' + b"x" * (size_bytes - 2) + b'"')


async def test_a_frame_is_written_in_the_call_that_delivers_it() -> None:
    outlet = Outlet()
    outlet.peer.deliver(frame("a"))
    outlet.peer.deliver(frame("presence"), key="presence")
    assert outlet.sent == ["a", "presence"]


async def test_waiting_frames_go_out_in_one_write_before_later_ones() -> None:
    outlet = Outlet()
    outlet.peer.deliver(frame("a"))
    outlet.peer.full()
    outlet.peer.deliver(frame("b"))
    outlet.peer.deliver(frame("old"), key="presence")
    outlet.peer.deliver(frame("c"))
    outlet.peer.deliver(frame("new"), key="presence")
    assert outlet.sent == ["a"]
    outlet.peer.free()
    outlet.peer.deliver(frame("d"))
    assert outlet.sent == ["a", "b", "c", "new", "d"]
    assert outlet.writes == 3


async def test_ops_that_do_not_fit_give_way_to_a_snapshot_of_when_it_is_sent() -> None:
    """(BP1, BP2)"""
    outlet = Outlet()
    outlet.peer.full()
    instead = SnapshotInstead(snapshot=lambda: frame("snapshot"))
    for _ in range(2 * BYTES_MAX // 4000):
        outlet.peer.deliver(frame("op", 4000), instead=instead)
    outlet.peer.deliver(frame("outcome"))
    outlet.peer.free()
    assert outlet.sent == ["snapshot", "outcome"]
    assert outlet.ended is None


async def test_frames_beyond_the_bounds_end_the_connection() -> None:
    """(BP3)"""
    outlet = Outlet()
    outlet.peer.full()
    while outlet.ended is None:
        outlet.peer.deliver(frame("outcome", 4000))
    assert outlet.sent == ["error"]
    assert outlet.ended is CODES["slow_reader"]
    outlet.peer.deliver(frame("late"))
    outlet.peer.free()
    assert outlet.sent == ["error"]


async def test_a_peer_that_takes_nothing_is_let_go_and_a_slow_one_is_not() -> None:
    """(BP3, TR12)"""
    slow = Outlet(write_seconds=0.01, unsent=count(1_000_000, -1))
    stalled = Outlet(write_seconds=0.01, unsent=repeat(1_000_000))
    dropped: list[int] = []
    stalled.peer.count_dropped = dropped.append
    for outlet in (slow, stalled):
        outlet.peer.full()
        outlet.peer.deliver(frame("never read"))
    await eventually(lambda: slow.looks > 5 and stalled.ended, why="the stalled one is let go")
    assert stalled.ended is CODES["slow_reader"]
    assert stalled.sent == ["error"]
    assert dropped == [1]
    assert slow.ended is None


async def test_hanging_up_comes_after_everything_that_was_delivered() -> None:
    """(ER2)"""
    outlet = Outlet()
    outlet.peer.full()
    outlet.peer.deliver(frame("a"))
    outlet.peer.refuse("not_authenticated")
    assert outlet.sent == ["a", "error"]
    assert outlet.ended is CODES["not_authenticated"]


async def test_a_frame_delivered_while_a_snapshot_is_made_is_not_lost() -> None:
    outlet = Outlet()
    outlet.peer.full()

    def snapshot() -> Frame:
        outlet.peer.deliver(frame("meanwhile"))
        return frame("snapshot")

    instead = SnapshotInstead(snapshot=snapshot)
    for _ in range(2 * BYTES_MAX // 4000):
        outlet.peer.deliver(frame("op", 4000), instead=instead)
    outlet.peer.free()
    outlet.peer.deliver(frame("later"))
    assert outlet.sent == ["snapshot", "meanwhile", "later"]


async def test_a_transport_that_is_gone_is_not_written_to() -> None:
    outlet = Outlet()
    outlet.peer.full()
    outlet.peer.deliver(frame("a"))
    outlet.peer.gone()
    outlet.peer.free()
    outlet.peer.deliver(frame("b"))
    outlet.peer.hang_up(CODES["flooding"])
    assert outlet.sent == []
    assert outlet.ended is None
