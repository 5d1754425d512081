"""Interactions out of untrusted JSON; pure."""

import json
import re
from datetime import UTC, datetime, timedelta
from uuid import UUID, uuid4

import pytest
from hypothesis import given
from hypothesis import strategies as st

from configurator.activity import (
    Interaction,
    Reported,
    Unusable,
    encode_event,
    parse_batch,
    parse_interaction,
    parse_request,
    report,
)
from configurator.entries import decode_event
from configurator.event_ids import session_uuid, uuid7, uuid7_floor, uuid7_time
from configurator.untrusted import InteractionInvalid
from tests.activity.parts import event

NOON = datetime(2026, 11, 23, 12, tzinfo=UTC)
CLICK = Interaction(event_type="click", category="nest")


def body(**interaction: object) -> bytes:
    shape = {"eventType": "click", "category": "nest", **interaction}
    return json.dumps({"sessionId": "client_1", "interaction": shape}).encode()


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
    assert parsed.time_spent == 86_400_000
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
def test_what_the_original_ignored_loses_no_event(fields: dict[str, object]) -> None:
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
    assert (parsed.time_spent, parsed.total_cents, parsed.version) == (1000, 26_980_000, 2)
    assert parsed.device_info is not None
    assert (parsed.device_info.width, parsed.device_info.height) == (1440, 900)
    assert parse_interaction(sent.replace(b"1e3", b"1234.5")).time_spent == 1235


def test_what_is_absent_is_what_javascript_says() -> None:
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


def test_an_entry_with_props_that_cannot_be_stored_is_no_event() -> None:
    """A worker must not stumble over what somebody else put into the stream."""
    with pytest.raises(InteractionInvalid) as invalid:
        decode_event(encode_event(event(props={"a": 2**70})))
    assert invalid.value.field == "interaction.props"


def batch(*events: object, **more: object) -> bytes:
    return json.dumps({"sessionId": "client_1", "interactions": list(events), **more}).encode()


GOOD = {"interaction": {"eventType": "click", "category": "nest"}}


@pytest.mark.parametrize(
    ("raw", "code", "field"),
    [
        (b"{", "malformed_json", None),
        (b"[]", "missing_batch_fields", None),
        (batch(), "missing_batch_fields", None),
        (batch(GOOD, sessionId=""), "missing_batch_fields", None),
        (batch(GOOD, sessionId="s" * 129), "too_long", "sessionId"),
        (batch(GOOD, sessionId="a\x00"), "control_characters", "sessionId"),
        (batch(interactions={"a": 1}), "wrong_type", "interactions"),
        (batch(*[GOOD] * 501), "too_many_interactions", "interactions"),
    ],
)
def test_a_batch_that_is_none_is_refused_as_a_whole(
    raw: bytes, code: str, field: str | None
) -> None:
    with pytest.raises(InteractionInvalid) as invalid:
        parse_batch(raw)
    assert (invalid.value.code, invalid.value.field) == (code, field)
    assert invalid.value.de
    assert invalid.value.en


def test_one_bad_event_does_not_refuse_the_others() -> None:
    """(AC8)"""
    bad = [
        5,
        {},
        {"eventId": "mine", "interaction": {"eventType": "click"}},
        {"eventId": str(UUID(int=1)), **GOOD},
        {"eventId": 7, **GOOD},
        {"seq": 0, **GOOD},
        {"interaction": {"eventType": "click", "category": "x" * 65}},
    ]
    _, events, _ = parse_batch(batch(GOOD, *bad, {**GOOD, "seq": 9}))
    assert isinstance(events[0], Reported)
    assert isinstance(events[-1], Reported)
    assert events[-1].seq == 9
    refused = [
        (each.event_id, each.problem.code, each.problem.field)
        for each in events
        if isinstance(each, Unusable)
    ]
    assert refused == [
        (None, "missing_interaction_fields", None),
        (None, "missing_interaction_fields", None),
        ("mine", "missing_interaction_fields", None),
        (None, "too_long", "interaction.category"),
    ]


@given(st.integers(0, 2**48 - 1), st.integers(0, 2**74 - 1), st.integers(0, 2**74 - 1))
def test_ids_are_version_7_and_sort_by_time(ms: int, a: int, b: int) -> None:
    first, second = uuid7(ms, a), uuid7(min(ms + 1, 2**48 - 1), b)
    assert first.version == 7
    assert first.variant == "specified in RFC 4122"
    assert first.int >> 80 == ms
    if ms < 2**48 - 1:
        assert first < second
    assert (uuid7(ms, a) == uuid7(ms, b)) == (a == b)


@given(st.timedeltas(timedelta(0), timedelta(days=365 * 8000)))
def test_the_floor_of_a_moment_is_at_or_below_its_ids(age: timedelta) -> None:
    moment = datetime(1970, 1, 1, tzinfo=UTC) + age
    floor = uuid7_floor(moment)
    assert timedelta(0) <= moment - uuid7_time(floor) < timedelta(milliseconds=1)
    assert floor <= uuid7(floor.int >> 80, 0)


def test_a_session_id_that_is_a_uuid_is_kept_and_any_other_is_derived() -> None:
    known = uuid4()
    assert session_uuid(str(known)) == known
    derived = session_uuid("client_1_x")
    assert derived == session_uuid("client_1_x") != session_uuid("client_1_y")
    assert derived.version == 8


@pytest.mark.parametrize("years", [-50, -10, 0, 10, 7_970])
def test_event_ids_of_any_time_are_taken(years: int) -> None:
    """(AC7)"""
    made = uuid7_floor(NOON + timedelta(days=365 * years))
    assert report(CLICK, event_id=made, seq=None).event_id == made


@pytest.mark.parametrize(
    "event_id", [uuid4(), UUID(int=0), uuid7(253_402_300_800_000, 1)], ids=["v4", "nil", "later"]
)
def test_an_event_id_that_is_no_uuid7_before_the_year_10000_is_dropped(event_id: UUID) -> None:
    assert report(CLICK, event_id=event_id, seq=None).event_id is None


def test_an_event_comes_back_from_its_bytes() -> None:
    sent = event(selection_value="nest120", time_spent=5)
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
def test_bytes_that_are_no_event_are_refused(payload: bytes) -> None:
    with pytest.raises(InteractionInvalid):
        decode_event(payload)


JSON_VALUES = st.recursive(st.none() | st.booleans() | st.floats() | st.text(), st.lists)


@given(JSON_VALUES)
def test_no_batch_makes_the_parser_fail_in_another_way(value: object) -> None:
    for raw in (batch(value), batch({"interaction": value}), batch(GOOD, visit=value, tab=value)):
        try:
            _, events, _ = parse_batch(raw)
        except InteractionInvalid:
            continue
        assert len(events) == 1


@given(JSON_VALUES)
def test_no_json_makes_the_parser_fail_in_another_way(value: object) -> None:
    for shape in (
        value,
        {"sessionId": value, "interaction": {"eventType": value, "category": value}},
    ):
        try:
            parsed, _ = parse_request(json.dumps(shape).encode())
        except InteractionInvalid:
            continue
        assert isinstance(parsed.interaction, Interaction)


REAL_JSON = JSON_VALUES.filter(lambda value: not re.search("NaN|Infinity", json.dumps(value)))
FIELDS = st.fixed_dictionaries(
    {"eventType": st.text(min_size=1, max_size=3), "category": st.sampled_from(["nest", "a\x00"])},
    optional={
        "elementId": st.none() | st.text(max_size=3),
        "selectionValue": REAL_JSON,
        "previousValue": st.sampled_from(["ä\u00a0", "x\u202ey", ""]),
        "timeSpent": st.integers(-1, 5) | st.floats(0, 2),
        "deviceInfo": st.fixed_dictionaries({"type": st.text(max_size=2), "width": st.integers()}),
        "props": st.dictionaries(st.text(max_size=2), REAL_JSON, max_size=2),
    },
)


@given(st.lists(FIELDS, min_size=1, max_size=3))
def test_what_is_read_at_once_is_what_step_by_step_reads(interactions: list[object]) -> None:
    """A bad neighbour makes the parser look at each on its own; it changes nothing for the others."""
    events = [{"interaction": each, "seq": 1} for each in interactions]
    _, alone, _ = parse_batch(batch(*events))
    _, beside, _ = parse_batch(batch(*events, 5))
    assert [_shown(each) for each in alone] == [_shown(each) for each in beside[:-1]]
    single = json.dumps({"sessionId": "client_1", **events[0]}).encode()
    try:
        taken: object = parse_request(single)[0].interaction
    except InteractionInvalid as problem:
        taken = (problem.code, problem.field)
    first = alone[0]
    assert taken == (first.interaction if isinstance(first, Reported) else _shown(first))


def _shown(event: Reported | Unusable) -> object:
    return event if isinstance(event, Reported) else (event.problem.code, event.problem.field)


HALF = '"\\ud83d"'
"""Half an emoji, as JavaScript writes a text that was cut."""


@pytest.mark.parametrize("bad", [HALF, "1e400", f'{{"deep":[{HALF}]}}'])
def test_what_nobody_can_store_costs_neither_its_event_nor_the_others(bad: str) -> None:
    """Ignored fields, optional ones, and one event of a batch."""
    good = '{"eventType":"click","category":"nest"'
    for field in (f'"unknown":{bad}', f'"selectionValue":"x","timeSpent":{bad}'):
        request, _ = parse_request(
            f'{{"sessionId":"s","x":{bad},"interaction":{good},{field}}}}}'.encode()
        )
        assert request.interaction.category == "nest"
        assert request.interaction.time_spent is None
    _, events, _ = parse_batch(
        f'{{"sessionId":"s","interactions":[{{"interaction":{good}}}}},'
        f'{{"interaction":{{"eventType":{bad},"category":"c"}}}},{{"interaction":{good}}}}}]}}'.encode()
    )
    assert [isinstance(each, Unusable) for each in events] == [False, True, False]
