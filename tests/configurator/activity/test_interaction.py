"""One interaction out of untrusted JSON; pure."""

import json
from uuid import UUID, uuid4

import pytest

from configurator.activity.entries import decode_event
from configurator.activity.event_ids import session_uuid, uuid7
from configurator.activity.interaction import (
    Reported,
    encode_event,
    parse_batch,
    parse_interaction,
    parse_request,
)
from configurator.activity.untrusted import InteractionInvalid
from tests.configurator.activity.bodies import CLICK, GOOD, batch, body
from tests.support.activity import event


@pytest.mark.parametrize(
    ("raw", "sentence"),
    [
        (b"{}", "Missing required fields: sessionId, interaction"),
        (b"[]", "Missing required fields: sessionId, interaction"),
        (b"null", "Missing required fields: sessionId, interaction"),
        (b'{"sessionId":"a"}', "Missing required fields: sessionId, interaction"),
        (b'{"sessionId":"","interaction":{}}', "Missing required fields: sessionId, interaction"),
        (
            b'{"sessionId":"a","interaction":{"eventType":"x"}}',
            "Missing required interaction fields: eventType, category",
        ),
        (
            b'{"sessionId":"a","interaction":{"eventType":"","category":"c"}}',
            "Missing required interaction fields: eventType, category",
        ),
        (
            b'{"sessionId":"a","interaction":"text"}',
            "Missing required interaction fields: eventType, category",
        ),
    ],
)
def test_missing_fields_give_the_sentences_of_the_original(raw: bytes, sentence: str) -> None:
    with pytest.raises(InteractionInvalid) as invalid:
        parse_request(raw)
    assert invalid.value.en == sentence


@pytest.mark.parametrize(
    ("raw", "code", "field"),
    [
        (b"{", "malformed_json", None),
        (b'{"sessionId":"\xff"}', "malformed_json", None),
        (
            b'{"sessionId":"a","interaction":{"eventType":"\\ud800","category":"c"}}',
            "wrong_type",
            "interaction.eventType",
        ),
        (b'{"sessionId":"a","interaction":NaN}', "malformed_json", None),
        (b'{"sessionId":NaN}', "malformed_json", None),
        (b"[" * 5_000, "malformed_json", None),
        (body(category=5), "wrong_type", "interaction.category"),
        (body(eventType="x" * 65), "too_long", "interaction.eventType"),
        (body(selectionValue="x" * 1025), "too_long", "interaction.selectionValue"),
        (body(selectionValue={"a": 1}), "wrong_type", "interaction.selectionValue"),
        (body(category="a\x00b"), "control_characters", "interaction.category"),
        (body(category="a\u202eb"), "control_characters", "interaction.category"),
        (
            b'{"sessionId":5,"interaction":{"eventType":"a","category":"b"}}',
            "wrong_type",
            "sessionId",
        ),
    ],
)
def test_bad_input_gets_a_code_and_a_place(raw: bytes, code: str, field: str | None) -> None:
    with pytest.raises(InteractionInvalid) as invalid:
        parse_request(raw)
    assert (invalid.value.code, invalid.value.field) == (code, field)
    assert invalid.value.de
    assert invalid.value.en


def test_the_longest_of_everything_is_accepted() -> None:
    parsed = parse_request(
        body(
            eventType="unknown-type-" + "x" * 51,
            elementId="e" * 256,
            selectionValue="ß" * 1024,
            previousValue=None,
            timeSpent=86_400_000,
            deviceInfo={"type": "desktop", "width": 1440, "height": 900},
            somethingNew=[1, 2],
        )
    )[0].interaction
    assert parsed.time_spent_ms == 86_400_000
    assert parsed.device_info is not None
    assert parsed.device_info.width == 1440


DROPPED = [
    ({"timeSpent": -1}, "timeSpent"),
    ({"timeSpent": 86_400_001}, "timeSpent"),
    ({"timeSpent": 10**30}, "timeSpent"),
    ({"timeSpent": "5"}, "timeSpent"),
    ({"deviceInfo": "x"}, "deviceInfo"),
    ({"deviceInfo": 5}, "deviceInfo"),
    ({"deviceInfo": True}, "deviceInfo"),
    ({"deviceInfo": []}, "deviceInfo"),
    ({"deviceInfo": {"width": -1}}, "deviceInfo.width"),
    ({"deviceInfo": {"height": 100_001}}, "deviceInfo.height"),
    ({"deviceInfo": {"type": 5}}, "deviceInfo.type"),
    ({"version": "2"}, "version"),
    ({"props": "x"}, "props"),
    ({"props": [1]}, "props"),
    ({"props": {"x": "y" * 2048}}, "props"),
    ({"props": {"k" * 65: 1}}, "props"),
    ({"props": {"a": {"b": {"c": {"d": {}}}}}}, "props"),
    ({"props": {"a": 2**53}}, "props"),
    ({"totalCents": 1.5}, "totalCents"),
    ({"totalCents": 10**12}, "totalCents"),
    ({"changeCents": "x"}, "changeCents"),
    ({"selectionValue": "a\x00b"}, "selectionValue"),
    ({"elementId": "a\u202eb"}, "elementId"),
]


@pytest.mark.parametrize(("fields", "name"), DROPPED)
def test_a_field_that_is_unusable_is_dropped_and_the_event_is_taken(
    fields: dict[str, object], name: str
) -> None:
    """Alone, in a batch, and over a socket."""
    sent = {"eventType": "click", "category": "nest", **fields}
    request, dropped = parse_request(json.dumps({"sessionId": "a", "interaction": sent}).encode())
    assert dropped == [f"interaction.{name}"]
    _, (first, second), _ = parse_batch(batch({"interaction": sent}, GOOD))
    assert isinstance(first, Reported)
    assert isinstance(second, Reported)
    assert (first.dropped, second.dropped) == ((f"interaction.{name}",), ())
    assert request.interaction == first.interaction == parse_interaction(json.dumps(sent).encode())
    assert (request.interaction.event_type, request.interaction.category) == ("click", "nest")


@pytest.mark.parametrize(
    "fields",
    [
        {"eventId": "abc"},
        {"eventId": 7},
        {"eventId": str(uuid4())},
        {"eventId": str(uuid7(253_402_300_800_000, 1))},
        {"seq": "1"},
        {"seq": 0},
        {"sentAt": "2026-11-29T05:00:00Z"},
        {"sentAt": -1},
        {"tab": "tab-1"},
        {"tab": 32_768},
        {"visit": "x"},
        {"visit": {"language": 5}},
    ],
)
def test_fields_that_the_original_ignored_lose_no_event(fields: dict[str, object]) -> None:
    (name,) = fields
    request, dropped = parse_request(json.dumps({"sessionId": "a", **GOOD, **fields}).encode())
    assert [each.partition(".")[0] for each in dropped] == [name]
    assert request.interaction == CLICK
    common = {name: value for name, value in fields.items() if name in {"sentAt", "tab", "visit"}}
    each = {name: value for name, value in fields.items() if name not in common}
    _, (event,), of_batch = parse_batch(batch({**GOOD, **each}, **common))
    assert isinstance(event, Reported)
    noted = [*event.dropped, *of_batch]
    assert [each.partition(".")[0] for each in noted] == [name]


def test_whole_numbers_may_have_a_point_and_times_and_pixels_a_fraction() -> None:
    sent = (
        b'{"eventType":"click","category":"nest","timeSpent":1e3,"totalCents":26980000.0,'
        b'"version":2.0,"deviceInfo":{"width":1440.0,"height":899.5}}'
    )
    parsed = parse_interaction(sent)
    assert (parsed.time_spent_ms, parsed.total_cents, parsed.version) == (1000, 26_980_000, 2)
    assert parsed.device_info is not None
    assert (parsed.device_info.width, parsed.device_info.height) == (1440, 900)
    assert parse_interaction(sent.replace(b"1e3", b"1234.5")).time_spent_ms == 1235


def test_absent_values_are_those_of_javascript() -> None:
    for raw in (b"{}", b"[]"):
        for session in (b'"s-1"', b"[]", b"{}", b'"0"'):
            with pytest.raises(InteractionInvalid) as invalid:
                parse_request(b'{"sessionId":%s,"interaction":%s}' % (session, raw))
            assert invalid.value.code == "missing_interaction_fields"
    for session in (b'""', b"null", b"0", b"0.0", b"false"):
        with pytest.raises(InteractionInvalid) as invalid:
            parse_request(b'{"sessionId":%s,"interaction":{}}' % session)
        assert invalid.value.code == "missing_fields"


def test_free_text_comes_back_as_it_was_sent() -> None:
    for text in (
        "<script>alert(1)</script>'; DROP TABLE x --",
        "a\nb\r\n\tc",
        "ä\u0308\u00a0👩\u200d🚀",
    ):
        sent = {"eventType": "click", "category": "nest", "selectionValue": text}
        assert parse_interaction(json.dumps(sent).encode()).selection_value == text


def test_spellings_of_a_uuid_are_other_sessions() -> None:
    text = "bc96d0b1-7a5f-4d6c-9a55-0d5b5ac0f5aa"
    plain = text.replace("-", "")
    spelled = [text, text.upper(), plain, f"{{{text}}}", f"urn:uuid:{text}"]
    assert len({session_uuid(each) for each in spelled}) == 5
    assert session_uuid(text) == UUID(text)


def test_props_are_kept_as_they_are_but_for_what_cannot_be_stored() -> None:
    """(AC13)"""
    props = {"name": "LCP\x00", "value": 1834.5, "deep\x1f": {"a": [True, None, "\u202ex"]}}
    sent = {"eventType": "web_vital", "category": "page", "props": props}
    parsed = parse_interaction(json.dumps(sent).encode())
    assert parsed.props == {"name": "LCP", "value": 1834.5, "deep": {"a": [True, None, "x"]}}
    longest = {"eventType": "own", "category": "x", "props": {"k" * 64: "v" * 1977}}
    assert parse_interaction(json.dumps(longest).encode()).props == longest["props"]


def test_an_entry_with_props_that_cannot_be_stored_is_not_an_event() -> None:
    """A worker must not stumble over what somebody else put into the stream."""
    with pytest.raises(InteractionInvalid) as invalid:
        decode_event(encode_event(event(props={"a": 2**70})))
    assert invalid.value.field == "interaction.props"


def test_an_event_comes_back_from_its_bytes() -> None:
    sent = event(selection_value="nest120", time_spent_ms=5)
    assert decode_event(encode_event(sent)) == sent


@pytest.mark.parametrize(
    "payload",
    [
        b"",
        b"garbage",
        b"{}",
        encode_event(event(event_id=uuid4())),
        encode_event(event(event_id=UUID(int=2**128 - 1 & ~(0xF << 76) | 7 << 76))),
    ],
)
def test_bytes_that_are_not_an_event_are_refused(payload: bytes) -> None:
    with pytest.raises(InteractionInvalid):
        decode_event(payload)
