"""The queue of a peer is bounded, and ops are replaced by a snapshot of the time of sending."""

from hypothesis import given
from hypothesis import strategies as st

from realtime.delivery.frame import Frame
from realtime.delivery.outbox import Outbox, SnapshotInstead


def frame(text: str = "x", size: int = 0) -> Frame:
    return Frame("op", text.encode().ljust(size, b"."))


def instead(text: str = "snapshot") -> SnapshotInstead:
    return SnapshotInstead(lambda: Frame("snapshot", text.encode()))


ROOM, OTHER = instead(), instead("other")


def test_frames_come_in_order() -> None:
    outbox = Outbox()
    assert all(outbox.put(frame(str(number))) for number in range(3))
    assert [each.json for each in outbox.drain()] == [b"0", b"1", b"2"]
    assert (len(outbox), outbox.size_bytes, outbox.drain()) == (0, 0, [])


def test_only_the_last_frame_with_a_key_is_sent() -> None:
    """(PR3)"""
    outbox = Outbox()
    outbox.put(frame("old"), key="presence")
    outbox.put(frame("between"))
    outbox.put(frame("new"), key="presence")
    assert outbox.size_bytes == len(b"between") + len(b"new")
    assert [each.json for each in outbox.drain()] == [b"between", b"new"]


def test_ops_that_do_not_fit_give_way_to_one_snapshot_made_when_it_is_sent() -> None:
    """(BP2)"""
    outbox = Outbox(messages_max=3)
    state = ["old"]
    now = SnapshotInstead(lambda: Frame("snapshot", state[0].encode()))
    outbox.put(frame("outcome"))
    for _ in range(10):
        assert outbox.put(frame("op"), instead=now)
    state[0] = "new"
    assert [each.json for each in outbox.drain()] == [b"outcome", b"new"]
    assert outbox.dropped == 10
    assert outbox.put(frame("op"), instead=now)
    assert [each.json for each in outbox.drain()] == [b"op"]


def test_the_snapshot_comes_before_the_outcome_of_an_op_that_gave_way() -> None:
    """(OP8) (BP2)"""
    outbox = Outbox(messages_max=4)
    for number in range(3):
        assert outbox.put(frame("op"), instead=ROOM)
        assert outbox.put(frame(f"outcome {number}"))
    sent = [each.json for each in outbox.drain()]
    assert sent == [b"snapshot", b"outcome 0", b"outcome 1", b"outcome 2"]


def test_each_room_gives_way_to_its_own_snapshot() -> None:
    """(BP2)"""
    outbox = Outbox(messages_max=2)
    for room in (ROOM, OTHER, ROOM):
        assert outbox.put(frame(), instead=room)
    assert [each.json for each in outbox.drain()] == [b"snapshot", b"other"]


def test_a_snapshot_that_nobody_needs_any_more_is_not_sent() -> None:
    """(JN8)"""
    outbox = Outbox(messages_max=2)
    gone = SnapshotInstead(lambda: None)
    for _ in range(3):
        assert outbox.put(frame("op"), instead=gone)
    outbox.put(frame("left"))
    assert [each.json for each in outbox.drain()] == [b"left"]


def test_frames_beyond_the_bounds_end_the_connection() -> None:
    """(BP3)"""
    outbox = Outbox(bytes_max=100)
    assert outbox.put(frame(size=60))
    assert not outbox.put(frame(size=60))
    assert (len(outbox), outbox.size_bytes, outbox.dropped) == (0, 0, 2)


@given(
    st.lists(
        st.tuples(
            st.sampled_from(["op", "other", "plain", "keyed"]), st.integers(1, 40), st.booleans()
        ),
        max_size=60,
    )
)
def test_an_outbox_never_holds_more_than_its_bounds(steps: list[tuple[str, int, bool]]) -> None:
    """(BP1) Whatever is put, and whenever somebody reads."""
    outbox = Outbox(bytes_max=120, messages_max=5)
    for kind, size, read in steps:
        match kind:
            case "op":
                outbox.put(frame(size=size), instead=ROOM)
            case "other":
                outbox.put(frame(size=size), instead=OTHER)
            case "keyed":
                outbox.put(frame(size=size), key="presence")
            case _:
                outbox.put(frame(size=size))
        assert outbox.size_bytes <= 120
        assert len(outbox) <= 5
        if read:
            size_bytes = outbox.size_bytes
            frames = [each for each in outbox.drain() if each.type != "snapshot"]
            assert size_bytes == sum(map(len, frames))
            assert outbox.size_bytes == 0
