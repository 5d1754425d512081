"""A pause that the server asked for outlives the connection, and nothing is sent before its end."""

from collections.abc import Callable
from random import Random
from uuid import UUID

import pytest
from nest_haus_client.backoff import AGAIN_LONGEST_SECONDS
from nest_haus_client.core.operations import Select
from nest_haus_client.core.session import Session
from nest_haus_client.core.watch import WatchState
from nest_haus_client.messages import Introduce, Join, Op, Watch, encode

from configurator.protocol import codec
from configurator.protocol.codes import Refused
from tests.clients.python.core.test_python_session import WELCOME, opened, refusal, types
from tests.clients.python.core.world import CODE, Peer, Server, asked_one, entered, person

TOLD_MS = 60_000
TOLD_SECONDS = TOLD_MS / 1000


def asked_again(server: Server, each: Peer, now: float) -> list[str]:
    """The ops that are sent on a new connection, once the house is joined there."""
    each.state.disconnected()
    each.up.clear()
    each.state.connected(now)
    each.collect()
    answers, _ = server.handle(each.up.popleft(), person(1))
    each.receive(codec.encode(answers[0]), now)
    each.collect()
    return [text for text in each.up if '"type":"op"' in text]


def test_a_pause_that_the_server_asked_for_outlives_a_connection_and_one_of_our_own_does_not() -> (
    None
):
    """(CL9)"""
    server, each = entered()
    op_id = asked_one(each)

    def refuse(retry_after_ms: int | None) -> None:
        refused = Refused("not_saved", retry_after_ms=retry_after_ms)
        each.receive(codec.encode(codec.error(refused, re=str(op_id), op_id=op_id)), 0.0)

    refuse(None)
    assert len(asked_again(server, each, 0.0)) == 1
    refuse(TOLD_MS)
    assert asked_again(server, each, 0.0) == []
    assert asked_again(server, each, TOLD_SECONDS - 0.1) == []
    end = each.state.wake_at()
    assert end is not None
    assert TOLD_SECONDS <= end <= TOLD_SECONDS + AGAIN_LONGEST_SECONDS
    each.state.tick(end)
    each.collect()
    assert [f'"op_id":"{op_id}"' in text for text in each.up] == [True]


def join_refused(session: Session, retry_after_ms: int | None) -> None:
    join = session.take_messages()[-1]
    session.receive(refusal("unavailable", join.id, retry_after_ms), 0.0)


def question_refused(session: Session, retry_after_ms: int | None) -> None:
    name = session.ask(Introduce(name="Anna"), lambda _: None, 0.0)
    session.take_messages()
    session.receive(refusal("too_many_requests", name, retry_after_ms), 0.0)


def watch_refused(session: Session, retry_after_ms: int | None) -> None:
    watch = WatchState(since=None, history=0, wanted=None, random=Random(1), heard=lambda: None)
    session.watch(watch)
    session.tick(0.0)
    (asked,) = [each for each in session.take_messages() if isinstance(each, Watch)]
    session.receive(refusal("unavailable", asked.id, retry_after_ms), 0.0)


@pytest.mark.parametrize(
    ("refuse", "message"),
    [(join_refused, Join), (question_refused, Introduce), (watch_refused, Watch)],
)
def test_a_new_connection_does_not_shorten_the_pause_of_a_join_a_question_or_a_watch(
    refuse: Callable[[Session, int | None], None], message: type
) -> None:
    """(CL5)"""
    for retry_after_ms, at_once in ((None, True), (TOLD_MS, False)):
        session, _ = opened()
        session.receive(WELCOME, 0.0)
        refuse(session, retry_after_ms)
        session.closed()
        session.opened(1.0)
        session.receive(WELCOME, 1.0)
        assert (message in types(session.take_messages())) == at_once
        session.tick(TOLD_SECONDS - 0.1)
        assert message not in types(session.take_messages())
        session.tick(TOLD_SECONDS + AGAIN_LONGEST_SECONDS)
        assert (message in types(session.take_messages())) != at_once


def test_an_op_that_waits_does_not_keep_the_house_from_being_joined() -> None:
    """Only the op has to wait; versions of other people are shown meanwhile. (CL2)"""
    server, each = entered()
    op_id = asked_one(each)
    refused = Refused("not_saved", retry_after_ms=TOLD_MS)
    each.receive(codec.encode(codec.error(refused, re=str(op_id), op_id=op_id)), 0.0)
    other = Op(
        configuration=CODE, op_id=UUID(int=9), base_version=0, operation=Select("nest", "nest160")
    )
    server.handle(encode(other), person(2))
    assert asked_again(server, each, 1.0) == []
    assert each.state.version == server.version == 1


def test_a_pause_before_a_connection_is_kept_once() -> None:
    """A delay that the server named before it ended a connection counts for the next one only.

    (CL5)
    """
    session, _ = opened()
    session.receive(WELCOME, 0.0)
    session.receive(refusal("restarting", None, 700), 0.0)
    session.closed()
    assert session.retry_after_ms == 700
    session.identify("a token of sixteen or more")
    session.closed()
    assert session.retry_after_ms is None
