"""One Python client without a socket: hello, questions, deadlines, what it does not know."""

import asyncio
from random import Random

import msgspec
import pytest
from nest_haus_client.backoff import (
    AGAIN_LONGEST_SECONDS,
    FIRST_SECONDS,
    RECONNECT_LONGEST_SECONDS,
    delay_seconds,
)
from nest_haus_client.core.questions import Answer
from nest_haus_client.core.queue import ANSWER_SECONDS
from nest_haus_client.core.session import Session
from nest_haus_client.core.state import HouseState
from nest_haus_client.events import Event, EventQueue, Members, Replaced, Skipped, Status
from nest_haus_client.ids import new_op_id
from nest_haus_client.messages import Hello, Introduce, Join, ToServer

from configurator.protocol import codec
from configurator.protocol.codes import CODES, Refused
from tests.clients.python.core.world import CODE, Server, person

WELCOME = '{"type":"welcome","re":"hello","protocol":1,"connection":"c","person":null}'


def opened() -> tuple[Session, HouseState]:
    """A session that has said hello, with a house to join."""
    session = Session(client="test", random=Random(1))
    session.identify("a token of sixteen or more")
    house = HouseState(CODE, number=1, capacity=9, random=Random(1))
    session.add(house, 0.0)
    session.opened(0.0)
    return session, house


def refusal(code: str, re: str | None, retry_after_ms: int | None = None) -> bytes:
    return codec.encode(codec.error(Refused(code, retry_after_ms=retry_after_ms), re=re))


def broken_at(session: Session, now: float) -> str | None:
    session.tick(now)
    return session.broken


def types(messages: list[ToServer]) -> list[type]:
    return [type(message) for message in messages]


def test_says_hello_first_and_joins_when_it_is_welcome() -> None:
    """(CN1)"""
    session, _ = opened()
    assert types(session.take_messages()) == [Hello]
    session.receive(WELCOME, 0.0)
    assert types(session.take_messages()) == [Join]
    assert session.online


def test_unknown_messages_are_ignored() -> None:
    """(CL6)"""
    session, _ = opened()
    session.receive('{"type":"fireworks","colour":"red"}', 0.0)
    session.receive(WELCOME.replace('"protocol"', '"since_tuesday":true,"protocol"'), 0.0)
    assert session.broken is None
    assert session.online


@pytest.mark.parametrize("text", ["", "{", "[]", '{"type":"position"}', b"\xff", "{}"])
def test_an_unreadable_message_ends_the_connection_but_not_the_client(text: str | bytes) -> None:
    session, _ = opened()
    session.receive(text, 0.0)
    assert session.broken is not None
    assert session.fatal is None


@pytest.mark.parametrize("code", [name for name in CODES if name != "hello_first"])
def test_every_code_in_answer_to_hello_is_treated_by_whether_a_retry_helps(code: str) -> None:
    """(CL6)"""
    session, _ = opened()
    session.receive(refusal(code, "hello", 700), 0.0)
    assert (session.broken is not None) == CODES[code].retryable
    assert (session.fatal is not None) == (not CODES[code].retryable)
    assert session.retry_after_ms == (700 if CODES[code].retryable else None)


def test_a_code_that_does_not_exist_yet_is_treated_by_retryable() -> None:
    """(CL6)"""
    for retryable in (True, False):
        session, house = opened()
        session.receive(WELCOME, 0.0)
        join = session.take_messages()[-1]
        error = {
            "type": "error", "re": join.id, "code": "too_windy",
            "message": {"de": "", "en": ""}, "retryable": retryable,
        }  # fmt: skip
        session.receive(msgspec.json.encode(error), 0.0)
        assert (house.ended is None) == retryable


def test_a_server_that_does_not_answer_is_left() -> None:
    """(CL12)"""
    session, house = opened()
    assert broken_at(session, ANSWER_SECONDS - 0.1) is None
    assert broken_at(session, ANSWER_SECONDS) == "the server does not answer"

    session.closed()
    session.opened(100.0)
    session.receive(WELCOME, 100.0)
    assert not house.overdue
    assert broken_at(session, 100.0 + ANSWER_SECONDS) is not None


def test_a_question_is_asked_on_every_connection_until_it_is_answered() -> None:
    session, _ = opened()
    heard: list[Answer] = []
    name = session.ask(Introduce(name="Anna"), heard.append, 0.0)
    for connection in range(3):
        session.opened(float(connection))
        session.receive(WELCOME, float(connection))
        asked = [m for m in session.take_messages() if isinstance(m, Introduce)]
        assert len(asked) == 1
        if connection < 2:
            session.closed()
    answer = {"type": "introduced", "re": name, "person": person(1)}
    session.receive(msgspec.json.encode(answer), 3.0)
    session.receive(msgspec.json.encode(answer), 3.0)
    assert len(heard) == 1


def test_a_question_waits_as_long_as_it_is_told_to() -> None:
    """(CL5)"""
    session, _ = opened()
    session.receive(WELCOME, 0.0)
    name = session.ask(Introduce(name="Anna"), lambda _: None, 0.0)
    session.take_messages()
    session.receive(refusal("too_many_requests", name, 2000), 0.0)
    session.tick(1.9)
    assert session.take_messages() == []
    session.tick(2.5)
    assert types(session.take_messages()) == [Introduce]


def test_a_join_that_has_to_wait_is_asked_again() -> None:
    """(CL5)"""
    session, house = opened()
    session.receive(WELCOME, 0.0)
    join = session.take_messages()[-1]
    session.receive(refusal("unavailable", join.id, 500), 0.0)
    wake_at = session.wake_at()
    assert wake_at is not None
    assert wake_at >= 0.5
    session.tick(wake_at)
    assert types(session.take_messages()) == [Join]
    assert not house.here


@pytest.mark.parametrize("longest", [AGAIN_LONGEST_SECONDS, RECONNECT_LONGEST_SECONDS])
def test_pauses_grow_with_full_jitter_and_never_undercut_what_was_asked(longest: float) -> None:
    """(CL5, CL9)"""
    random = Random(7)
    for attempt in range(20):
        pauses = [delay_seconds(attempt, random, longest_seconds=longest) for _ in range(200)]
        bound = min(longest, FIRST_SECONDS * 2**attempt)
        assert 0 <= min(pauses) < bound * 0.1
        assert bound * 0.9 < max(pauses) <= bound
        assert min(delay_seconds(attempt, random, 3000) for _ in range(50)) >= 3.0


def test_a_house_that_was_left_hears_nothing_and_says_goodbye() -> None:
    session, house = opened()
    session.receive(WELCOME, 0.0)
    join = session.take_messages()[-1]
    snapshot = Server().snapshot(person(1), join.id)
    session.receive(codec.encode(snapshot), 0.0)
    assert house.here
    house.leave()
    session.remove(house)
    assert [message.__struct_config__.tag for message in session.take_messages()] == ["leave"]
    session.receive(codec.encode(snapshot), 0.0)
    assert house.ended is not None
    assert house.ended.code == "left"


def taken(queue: EventQueue) -> list[Event]:
    async def take() -> list[Event]:
        queue.close()
        return [event async for event in queue.take()]

    return asyncio.run(take())


def test_a_slow_consumer_gets_the_newest_and_a_count() -> None:
    queue = EventQueue(limit=3)
    for number in range(1, 8):
        queue.put(Replaced(version=number, before=None, total_cents=0))
    skipped, *rest = taken(queue)
    assert skipped == Skipped(count=4)
    assert [each.version for each in rest if isinstance(each, Replaced)] == [5, 6, 7]


def test_only_the_newest_presence_and_status_wait() -> None:
    queue = EventQueue()
    for count in range(5):
        queue.put(Members(members=(), count=count))
        queue.put(Status(status="offline"))
        queue.put(Status(status="online"))
    assert taken(queue) == [Members(members=(), count=4), Status(status="online")]


def test_op_ids_are_version_7_and_sort_by_time() -> None:
    made = [new_op_id() for _ in range(100)]
    assert {each.version for each in made} == {7}
    assert len(set(made)) == 100
    assert [each.int >> 80 for each in made] == sorted(each.int >> 80 for each in made)
