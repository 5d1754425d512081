"""8.0 is a whole number in every message, 8.5 in none; an unreadable message is answered by its id."""

import json
from uuid import UUID

import msgspec
import pytest

from configurator.protocol import codec
from configurator.protocol.codes import Refused
from configurator.protocol.nesting import STEPS_MAX

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
@pytest.mark.parametrize("written", ["100.5", "1e-3", "-0.5"])
def test_a_fraction_is_refused_with_a_sentence_and_the_place(message: str, written: str) -> None:
    """(MS4, MS9)"""
    with pytest.raises(Refused) as refused:
        codec.decode(message.replace("N", written))
    assert refused.value.code.name == "malformed_message"
    assert (refused.value.detail or "").startswith("A whole number is needed, without a fraction")
    assert "at `$." in (refused.value.detail or "")


QUANTITY = MESSAGES[4]


@pytest.mark.parametrize("field", [*MESSAGES[2:4], QUANTITY, MESSAGES[6]])
@pytest.mark.parametrize("written", ["1e18", "1" + "0" * 30, "9223372036854775808", "1.5e300"])
def test_a_number_that_is_too_large_is_called_so(field: str, written: str) -> None:
    """(MS9) However it is written; a fraction is not what is wrong with it."""
    with pytest.raises(Refused) as refused:
        codec.decode(field.replace("N", written))
    assert refused.value.code.name == "malformed_message"
    assert (refused.value.detail or "").startswith("A whole number up to ")


@pytest.mark.parametrize(
    ("written", "said"),
    [
        ("1e7", "A whole number up to 1000000 is needed - at `$.operation.quantity`"),
        ("-1e30", "A whole number from -1000000 is needed - at `$.operation.quantity`"),
        ("1e999", "This number is too large - at `$.operation.quantity`"),
    ],
)
def test_the_bound_is_named_with_its_place(written: str, said: str) -> None:
    """(MS4, MS9)"""
    with pytest.raises(Refused) as refused:
        codec.decode(QUANTITY.replace("N", written))
    assert refused.value.detail == said


@pytest.mark.parametrize("text", ["\ufeff{}", b"\xef\xbb\xbf{}"])
def test_a_byte_order_mark_is_left_out(text: str | bytes) -> None:
    """(MS7) One at the beginning is left out, as over REST; others are an error."""
    ping = '{"type": "ping", "id": "7"}'
    marked = (
        text.replace("{}", ping) if isinstance(text, str) else text.replace(b"{}", ping.encode())
    )
    assert codec.decode(marked) == codec.decode(ping)
    for unreadable in ("\ufeff\ufeff" + ping, ping + "\ufeff"):
        with pytest.raises(Refused, match="malformed_message"):
            codec.decode(unreadable)
    unknown = '\ufeff{"type": "launch", "id": "7"}'
    with pytest.raises(Refused, match="unknown_message_type"):
        codec.decode(unknown)
    assert codec.asked(unknown) == {"re": "7"}


@pytest.mark.parametrize(
    "text",
    [
        b'{"type": "ping", "id": "7", "note": "\xff"}',
        b'{"type": "ping", "id": "7", "\xc3": 1}',
        b'{"type": "ping", "id": "7", "note": {"deep": ["\xed\xa0\x80"]}}',
    ],
)
def test_bytes_that_are_not_utf8_are_refused_even_in_ignored_fields(text: bytes) -> None:
    """(MS7)"""
    with pytest.raises(Refused, match="malformed_message") as refused:
        codec.decode(text)
    assert (refused.value.detail or "").startswith("This is not UTF-8 (byte ")
    assert codec.asked(text) == {"re": "7"}


@pytest.mark.parametrize("type_", ["op", "outcome_of"])
def test_a_refused_op_is_answered_with_its_op_id(type_: str) -> None:
    """(MS5) Its id is answered whole, however long it is."""
    long = "x" * 65
    text = f'{{"type": "{type_}", "id": "{long}", "op_id": "{ID}", "configuration": "x"}}'
    with pytest.raises(Refused, match="malformed_message"):
        codec.decode(text)
    assert codec.asked(text) == {"re": long, "op_id": UUID(ID)}
    assert codec.asked(text.replace(ID, "no uuid")) == {"re": long}
    assert codec.asked(text.replace(type_, "ping")) == {"re": long}


@pytest.mark.parametrize(
    "text",
    [
        '{"type": "launch", "type": "\\ud800"}',
        '{"type": 7, "id": "\\ud800"}',
        '{"type": "op", "op_id": "\\ud800"}',
        '{"type": "op", "op_id": 7}',
        '{"type": ["op"], "id": ["7"]}',
    ],
)
def test_ids_that_cannot_be_written_are_left_out_of_the_error(text: str) -> None:
    """(MS7, ER5)"""
    with pytest.raises(Refused, match="malformed_message") as refused:
        codec.decode(text)
    assert codec.asked(text) == {}
    assert codec.encode(codec.error(refused.value))


@pytest.mark.parametrize(
    "text",
    [
        '{"type": "join", "id": "7", "configuration": "\\ud800"}',
        '{"id": "7", "type": "introduce", "name": "\\udc00 Anna"}',
        '{"type": 7, "id": "7"}',
        '{"type": "join", "id": "7", "configuration": NaN}',
        b'{"type": "join", "id": "7", "configuration": "\xff"}',
        '{"type": "join", "id": "7", "configuration": "\ud800"}',
        *(
            f'{{"type": "ping", {before}"deep": {opened * levels}1{closed * levels}{after}}}'
            for opened, closed, levels in (
                *(("[", "]", levels) for levels in (1_100, 5_000)),
                *(('{"]": ', "}", levels) for levels in (1_100, STEPS_MAX // 2 - 50)),
            )
            for before, after in (('"id": "7", ', ""), ("", ', "id": "7"'))
        ),
        '\ufeff{"id": "7", "type": "ping", "\\"[{": [1], "deep": '
        + "[" * 5_000
        + "]" * 5_000
        + "}",
    ],
)
def test_a_message_that_cannot_be_read_is_answered_by_its_id(text: str | bytes) -> None:
    """(MS5, MS7)"""
    with pytest.raises(Refused):
        codec.decode(text)
    assert codec.asked(text) == {"re": "7"}


DEEP = "[" * 5_000 + "]" * 5_000


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ('{"type": "ping", "deep": ' + DEEP + "}", "This is nested too deeply"),
        ('{"type": "ping", "note": "\ud800"}', "This is not UTF-8"),
        (b'{"type": "ping", "note": "\xff"}', "This is not UTF-8 (byte 26)"),
    ],
)
def test_an_unreadable_text_is_explained_in_our_words(text: str | bytes, said: str) -> None:
    """(MS4, ER4)"""
    with pytest.raises(Refused) as refused:
        codec.decode(text)
    assert refused.value.detail == said


def test_the_op_id_of_what_is_nested_too_deeply_comes_back() -> None:
    """(MS5)"""
    assert codec.asked(f'{{"deep": {DEEP}, {OP}, "id": "7"}}') == {"re": "7", "op_id": UUID(ID)}


@pytest.mark.parametrize(
    "text",
    [
        "",
        "{",
        "[" * 5000,
        '{"id": "7", "deep": ' + "[" * 5000 + "}",
        '{"id": "7", "deep": ' + "[" * 60_000,
        '{"id": "7", "deep": ' + DEEP + '}, "',
        '{"id": "7"',
        '["id", "7"]',
        '{"id": 7, "a": NaN}',
        f'{{"id": "7", "deep": {"[0,[" * STEPS_MAX + "]" * 2 * STEPS_MAX}}}',
        "null",
        '"id"',
        '{"id": "\\ud800", "type": "join"}',
        '{"id": "", "a": NaN}',
    ],
)
def test_an_error_has_no_id_if_the_message_has_no_readable_one(text: str) -> None:
    """(MS5)"""
    assert codec.asked(text) == {}


def test_tracked_numbers_keep_their_fractions() -> None:
    """(MS9) They are judged where they are read."""
    text = '{"type": "track", "session_id": "s", "seq": 1.0, "interaction": {"timeSpent": 12.5}}'
    track = codec.decode(text)
    assert json.loads(bytes(msgspec.structs.asdict(track)["interaction"])) == {"timeSpent": 12.5}
