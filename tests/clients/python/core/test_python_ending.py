"""Access that has ended ends the house once, and nothing is sent or joined after it."""

from uuid import UUID

import pytest
from nest_haus_client import HouseEnded
from nest_haus_client.core.operations import Select
from nest_haus_client.events import Ended, HouseEvent
from nest_haus_client.messages import ErrorFrame, Left, Text

from configurator.protocol import codec
from tests.clients.python.core.world import HOUSE, Peer, Server, asked_one, entered, joins, person

OVER = Text(de="Aus", en="Over")


def refused(code: str, op_id: UUID) -> ErrorFrame:
    return ErrorFrame(re=str(op_id), code=code, message=OVER, op_id=op_id)


def asked_two(each: Peer) -> tuple[UUID, UUID]:
    first, second = asked_one(each), UUID(int=2)
    each.state.submit(second, Select("nest", "nest140"), 0.0)
    each.collect()
    each.up.clear()
    return first, second


def told(each: Peer) -> list[Ended]:
    events: list[HouseEvent] = each.state.take_events()
    return [event for event in events if isinstance(event, Ended)]


def ahead(server: Server, each: Peer) -> None:
    """Name a position that the client has not reached, so that it joins again if it may."""
    server.new_epoch()
    each.receive(codec.encode(server.position()), 0.0)


@pytest.mark.parametrize("code", ["access_revoked", "not_found", "not_authenticated"])
def test_an_op_that_is_refused_because_access_has_ended_ends_the_house_once_for_all_ops(
    code: str,
) -> None:
    """(CL11)"""
    _, each = entered()
    first, second = asked_two(each)
    each.state.refused(refused(code, first), 0.0)
    (ended,) = told(each)
    assert ended.refused is not None
    assert ended.refused.text == OVER
    assert (ended.code, ended.undecided) == (code, (first, second))
    with pytest.raises(HouseEnded) as over:
        each.state.submit(UUID(int=3), Select("nest", "nest100"), 0.0)
    assert (over.value.code, over.value.refused) == (code, ended.refused)


def test_another_refusal_that_is_final_ends_its_op_alone() -> None:
    """(CL11)"""
    _, each = entered()
    first, second = asked_two(each)
    each.state.refused(refused("read_only", first), 0.0)
    each.collect()
    assert each.settled[first].refused is not None
    assert f'"op_id":"{second}"' in each.up.popleft()
    assert each.state.ended is None


@pytest.mark.parametrize("left_first", [False, True])
def test_the_same_end_is_told_once_and_no_join_is_tried_after_it(*, left_first: bool) -> None:
    """The server says ``left``, too, before or after it refuses an op. (JN10)"""
    server, each = entered()
    first, _ = asked_two(each)
    left = Left(configuration=HOUSE, code="access_revoked")
    if left_first:
        each.state.receive(left, 0.0)
    each.state.refused(refused("access_revoked", first), 0.0)
    each.state.receive(left, 0.0)
    assert [event.code for event in told(each)] == ["access_revoked"]
    ahead(server, each)
    each.state.disconnected()
    each.state.connected(1.0)
    each.state.tick(100.0)
    each.state.leave()
    assert told(each) == []
    assert each.state.take_messages() == []
    assert each.state.wake_at() is None


def test_the_late_refusal_of_a_join_does_not_bring_a_house_back_that_was_left() -> None:
    server, each = entered()
    ahead(server, each)
    each.collect()
    (join,) = joins(each)
    each.state.leave()
    assert [event.code for event in told(each)] == ["left"]
    each.state.take_messages()
    message = codec.decode(join)
    late = ErrorFrame(re=message.id, code="unavailable", message=OVER, retryable=True)
    each.state.refused(late, 0.0)
    each.receive(codec.encode(server.snapshot(person(1), message.id)), 0.0)
    each.state.tick(100.0)
    assert each.state.take_messages() == []
    assert each.state.take_events() == []
