"""8.0 is a whole number in every message, 8.5 in none; an unreadable message is answered by its id."""

import json

import msgspec
import pytest

from configurator.protocol import codec
from configurator.protocol.codes import Refused

ID = "01890000-0000-7000-8000-000000000000"
OP = f'"type": "op", "configuration": "A316TF58", "op_id": "{ID}"'
MESSAGES = [
    '{"type": "hello", "protocol": N}',
    '{"type": "hello", "protocol": 1, "heartbeat_ms": N}',
    f'{{"type": "join", "configuration": "x", "since": {{"epoch": "{ID}", "version": N}}}}',
    f'{{{OP}, "base_version": N, "operation": {{"kind": "reset"}}}}',
    (
        f'{{{OP}, "base_version": 0, "operation": '
        '{"kind": "select", "category": "pvanlage", "option": "pv_panels", "quantity": N}}'
    ),
    (
        f'{{{OP}, "base_version": 0, "operation": {{"kind": "apply", "operations": '
        '[{"kind": "set_quantity", "category": "pvanlage", "quantity": N}]}}'
    ),
    '{"type": "watch", "history": N}',
    '{"type": "track", "session_id": "s", "interaction": {}, "seq": N, "sent_at_ms": N}',
]


@pytest.mark.parametrize("message", MESSAGES)
@pytest.mark.parametrize("written", ["100.0", "1e2", "1.0e+2", "100.000"])
def test_a_whole_number_may_be_written_with_a_fraction_of_nothing(
    message: str, written: str
) -> None:
    """(MS9)"""
    plain = codec.decode(message.replace("N", "100"))
    assert codec.decode(message.replace("N", written)) == plain
    assert codec.decode(message.replace("N", written).encode()) == plain


@pytest.mark.parametrize("message", MESSAGES)
@pytest.mark.parametrize("written", ["100.5", "1e-3", "1e300"])
def test_a_fraction_is_refused_with_a_sentence_and_the_place(message: str, written: str) -> None:
    """(MS4, MS9)"""
    with pytest.raises(Refused) as refused:
        codec.decode(message.replace("N", written))
    assert refused.value.code.name == "malformed_message"
    assert (refused.value.detail or "").startswith("A whole number is needed, without a fraction")
    assert "at `$." in (refused.value.detail or "")


@pytest.mark.parametrize(
    "text",
    [
        '{"type": "join", "id": "7", "configuration": "\\ud800"}',
        '{"id": "7", "type": "introduce", "name": "\\udc00 Anna"}',
        '{"type": 7, "id": "7"}',
        '{"type": "join", "id": "7", "configuration": NaN}',
        b'{"type": "join", "id": "7", "configuration": "\xff"}',
        '{"type": "join", "id": "7", "configuration": "\ud800"}',
    ],
)
def test_a_message_that_cannot_be_read_is_answered_by_its_id(text: str | bytes) -> None:
    """(MS5, MS7)"""
    with pytest.raises(Refused):
        codec.decode(text)
    assert codec.message_id(text) == "7"


@pytest.mark.parametrize(
    "text",
    [
        "",
        "{",
        "[" * 5000,
        '{"id": "7"',
        '["id", "7"]',
        '{"id": 7, "a": NaN}',
        "null",
        '"id"',
        '{"id": "\\ud800", "type": "join"}',
        '{"id": "", "a": NaN}',
    ],
)
def test_without_a_readable_id_there_is_none(text: str) -> None:
    """(MS5)"""
    assert codec.message_id(text) is None


def test_what_is_tracked_keeps_its_fractions() -> None:
    """(MS9) They are judged where they are read."""
    text = '{"type": "track", "session_id": "s", "seq": 1.0, "interaction": {"timeSpent": 12.5}}'
    track = codec.decode(text)
    assert json.loads(bytes(msgspec.structs.asdict(track)["interaction"])) == {"timeSpent": 12.5}
