"""The Python client's state: one story for each thing that any interleaving rarely tells."""

from uuid import UUID

import msgspec
import pytest
from nest_haus_client.core.operations import Select, Undo
from nest_haus_client.core.queue import ARRIVAL_SECONDS
from nest_haus_client.messages import (
    Member,
    Op,
    Outcome,
    PresenceFrame,
    Reason,
    Text,
    encode,
)

from configurator.people.roles import Role
from configurator.protocol import codec
from configurator.protocol.codes import Refused
from tests.clients.python.core.world import (
    CODE,
    HOUSE,
    Peer,
    Server,
    asked_one,
    entered,
    joins,
    person,
)


def test_an_outcome_waits_for_its_version_and_then_both_are_one_step() -> None:
    """(CL4, CL7)"""
    server, each = entered()
    op_id = asked_one(each)
    answers, told = server.handle(each.up.popleft(), person(1))
    each.receive(codec.encode(answers[0]), 0.0)
    each.collect()
    assert op_id not in each.settled
    assert each.state.version == 0
    assert each.state.shown["nest"].option == "nest120"

    assert told is not None
    each.receive(codec.encode(told), 0.0)
    each.collect()
    assert op_id in each.settled
    assert each.state.version == 1


def test_a_version_that_an_outcome_spoke_of_and_that_does_not_come_is_fetched() -> None:
    """(CL2)"""
    server, each = entered()
    op_id = asked_one(each)
    answers, _ = server.handle(each.up.popleft(), person(1))
    each.receive(codec.encode(answers[0]), 0.0)
    each.state.tick(ARRIVAL_SECONDS - 0.1)
    each.collect()
    assert joins(each) == []
    each.state.tick(ARRIVAL_SECONDS)
    each.collect()
    answers, _ = server.handle(joins(each)[0], person(1))
    each.receive(codec.encode(answers[0]), ARRIVAL_SECONDS)
    each.collect()
    assert op_id in each.settled


def test_a_position_that_is_ahead_is_asked_for_and_others_are_not() -> None:
    """(CL2)"""
    server, each = entered()
    each.receive(codec.encode(server.position()), 0.0)
    each.collect()
    assert joins(each) == []
    for epoch, version in ((server.epoch, 1), (UUID(int=9), 0)):
        server, each = entered()
        ahead = msgspec.structs.replace(server.position(), epoch=epoch, version=version)
        each.receive(codec.encode(ahead), 0.0)
        each.collect()
        assert len(joins(each)) == 1
        assert '"since":{"epoch":' in joins(each)[0]
        each.receive(codec.encode(ahead), 0.0)
        each.collect()
        assert len(joins(each)) == 1, "one join is under way"


def test_versions_that_do_not_follow_are_not_applied() -> None:
    """(CL1, CL2)"""
    server, each = entered()
    frames = []
    for number, option in enumerate(("nest100", "nest120", "nest140")):
        ask = Op(
            configuration=CODE,
            op_id=UUID(int=50 + number),
            base_version=0,
            operation=Select("nest", option),
        )
        _, told = server.handle(encode(ask), person(2))
        assert told is not None
        frames.append(codec.encode(told))
    for frame in (frames[0], frames[2], frames[0]):
        each.receive(frame, 0.0)
        each.collect()
    assert each.state.version == 1
    assert len(joins(each)) == 1
    answers, _ = server.handle(joins(each)[0], person(1))
    each.receive(codec.encode(answers[0]), 0.0)
    each.collect()
    assert each.state.version == 3
    assert each.state.shown["nest"].option == "nest140"


def test_one_op_is_on_its_way_at_a_time_so_a_refusal_cannot_reorder_them() -> None:
    """(CL3, CL9, OP7)"""
    server, each = entered()
    first = asked_one(each)
    second = UUID(int=2)
    each.state.submit(second, Select("nest", "nest140"), 0.0)
    each.collect()
    assert len(each.up) == 1

    each.up.clear()
    refused = Refused("too_many_requests", retry_after_ms=200)
    each.receive(codec.encode(codec.error(refused, re=str(first), op_id=first)), 0.0)
    each.state.tick(0.19)
    each.collect()
    assert list(each.up) == []
    each.state.tick(1.0)
    each.collect()
    answers, _ = server.handle(each.up.popleft(), person(1))
    each.receive(codec.encode(answers[0]), 1.0)
    each.collect()
    server.handle(each.up.popleft(), person(1))
    assert [op.op_id for op in server.log] == [first, second]


def test_an_op_under_way_when_the_connection_was_lost_is_sent_again() -> None:
    """(CL3)"""
    server, each = entered()
    first = asked_one(each)
    lost = each.up.popleft()
    each.state.disconnected()
    each.state.connected(5.0)
    each.collect()
    answers, _ = server.handle(each.up.popleft(), person(1))
    each.receive(codec.encode(answers[0]), 5.0)
    each.collect()
    assert list(each.up) == [lost]
    assert [op.op_id for op in each.state.pending] == [first]


@pytest.mark.parametrize("snapshot_first", [False, True])
def test_an_own_op_that_arrives_is_its_outcome(*, snapshot_first: bool) -> None:
    """The effect and the end of the guess are one step, even when the outcome itself is lost."""
    server, each = entered()
    op_id = asked_one(each)
    _, told = server.handle(each.up.popleft(), person(1))
    assert told is not None
    if snapshot_first:
        each.receive(codec.encode(server.snapshot(person(1))), 0.0)
    each.receive(codec.encode(told), 0.0)
    each.collect()
    outcome = each.settled[op_id].outcome
    assert outcome is not None
    assert (outcome.outcome, outcome.version) == ("committed", 1)
    assert each.state.pending == ()


def test_the_outcome_that_follows_an_ops_effect_is_never_that_of_another_op_with_its_id() -> None:
    server, each = entered()
    op_id = asked_one(each)
    answers, told = server.handle(each.up.popleft(), person(1))
    assert told is not None
    each.receive(codec.encode(told), 0.0)
    each.collect()
    assert op_id in each.settled
    each.settled.clear()
    each.state.submit(op_id, Select("nest", "nest140"), 0.0)
    each.receive(codec.encode(answers[0]), 0.0)
    each.collect()
    assert each.settled == {}
    refused = codec.error(Refused("op_id_reused"), re=str(op_id), op_id=op_id)
    each.receive(codec.encode(refused), 0.0)
    each.collect()
    assert each.settled[op_id].refused is not None


def may(each: Peer) -> tuple[bool | None, bool | None]:
    """Whether this person can undo and redo; None: not known."""
    assert each.state.confirmed is not None
    you = each.state.confirmed.you
    return you.can_undo, you.can_redo


def committed(server: Server, number: int, *, author: int, kind: str = "select") -> bytes:
    """The frame of an op that is asked for elsewhere."""
    option = ("nest100", "nest120", "nest140", "nest160")[server.version]
    ask = Op(
        configuration=CODE,
        op_id=UUID(int=number),
        base_version=0,
        operation=Select("nest", option),
    )
    _, told = server.handle(encode(ask), person(author))
    assert told is not None
    return codec.encode(msgspec.structs.replace(told, operation_kind=kind))


def test_undo_is_known_from_own_ops_outcomes_and_answers() -> None:
    """(UN1)"""
    server, each = entered()
    assert may(each) == (None, None)
    each.receive(committed(server, 50, author=1), 0.0)
    assert may(each) == (True, False), "an own op says so before its outcome"
    said = {"configuration": HOUSE, "version": 1, "total_cents": server.total_cents}
    outcome = msgspec.convert({"op_id": UUID(int=50), "outcome": "committed", **said}, Outcome)
    each.state.receive(msgspec.structs.replace(outcome, can_undo=True, can_redo=True), 0.0)
    assert may(each) == (True, True)
    each.receive(committed(server, 51, author=2, kind="undo"), 0.0)
    each.receive(codec.encode(server.snapshot(person(1))), 0.0)
    assert may(each) == (True, True), "neither another person's op nor a snapshot says anything"
    each.state.submit(UUID(int=50), Undo(), 0.0)
    nothing = Reason(code="nothing_to_undo", text=Text(de="", en=""))
    each.state.receive(msgspec.structs.replace(outcome, reasons=[nothing]), 0.0)
    assert may(each) == (False, True)
    each.receive(committed(server, 52, author=1, kind="redo"), 0.0)
    assert may(each) == (True, True), "this person did it in another tab"
    server.new_epoch()
    each.receive(codec.encode(server.snapshot(person(1))), 0.0)
    assert may(each) == (None, None), "that was another history"


@pytest.mark.parametrize(("before", "after"), [(Role.EDITOR, "viewer"), (Role.ADMIN, "admin")])
def test_a_role_that_changes_while_somebody_is_there_shows(before: Role, after: str) -> None:
    """The role of an admin who looks on is not that of a member. (AU2)"""
    server, each = entered()
    snapshot = server.snapshot(person(1))
    you = msgspec.structs.replace(snapshot.you, role=before)
    each.receive(codec.encode(msgspec.structs.replace(snapshot, you=you)), 0.0)
    member = Member(
        connection="c", person=person(1).id, name="P1", initials="P", colour=0, role="viewer"
    )
    each.state.receive(PresenceFrame(configuration=HOUSE, members=[member]), 0.0)
    assert each.state.confirmed is not None
    assert each.state.confirmed.you.role == after
