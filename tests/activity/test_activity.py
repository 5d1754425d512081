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
    decode_event,
    encode_event,
    parse_batch,
    parse_interaction,
    parse_request,
    report,
)
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
        (b'{"sessionId":"a","interaction":{"eventType":"\\ud800"}}', "malformed_json", None),
        (b'{"sessionId":NaN}', "malformed_json", None),
        (b"[" * 5_000, "malformed_json", None),
        (body(category=5), "wrong_type", "interaction.category"),
        (body(eventType="x" * 65), "too_long", "interaction.eventType"),
        (body(selectionValue="x" * 1025), "too_long", "interaction.selectionValue"),
        (body(selectionValue={"a": 1}), "wrong_type", "interaction.selectionValue"),
        (body(timeSpent=-1), "out_of_range", "interaction.timeSpent"),
        (body(timeSpent=86_400_001), "out_of_range", "interaction.timeSpent"),
        (body(timeSpent=10**30), "out_of_range", "interaction.timeSpent"),
        (body(timeSpent=1.5), "wrong_type", "interaction.timeSpent"),
        (body(timeSpent="5"), "wrong_type", "interaction.timeSpent"),
        (body(deviceInfo={"width": -1}), "out_of_range", "interaction.deviceInfo.width"),
        (body(deviceInfo="phone"), "wrong_type", "interaction.deviceInfo"),
        (body(category="a\x00b"), "control_characters", "interaction.category"),
        (body(category="a\u202eb"), "control_characters", "interaction.category"),
        (
            b'{"sessionId":5,"interaction":{"eventType":"a","category":"b"}}',
            "wrong_type",
            "sessionId",
        ),
        (body(props=[1]), "wrong_type", "interaction.props"),
        (body(props={"x": "y" * 2048}), "too_long", "interaction.props"),
        (body(props={"k" * 65: 1}), "too_long", "interaction.props"),
        (body(props={"a": {"k" * 65: 1}}), "too_long", "interaction.props"),
        (body(props={"a": {"b": {"c": {"d": {}}}}}), "too_deep", "interaction.props"),
        (body(props={"a": [[[[1]]]]}), "too_deep", "interaction.props"),
        (body(props={"a": 2**53}), "out_of_range", "interaction.props"),
        (body(props={"a": [-(2**64)]}), "out_of_range", "interaction.props"),
        (body(totalCents=10**12), "out_of_range", "interaction.totalCents"),
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
    ).interaction
    assert parsed.time_spent == 86_400_000
    assert parsed.device_info is not None
    assert parsed.device_info.width == 1440


def test_free_text_keeps_markup_and_loses_control_characters() -> None:
    parsed = parse_interaction(
        json.dumps(
            {
                "eventType": "click",
                "category": "nest",
                "selectionValue": "<script>alert(1)</script>\x00\x1b'; DROP TABLE x --",
            }
        ).encode()
    )
    assert parsed.selection_value == "<script>alert(1)</script>'; DROP TABLE x --"


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
        (batch(GOOD, sentAt=-1), "out_of_range", "sentAt"),
        (batch(GOOD, sentAt="now"), "wrong_type", "sentAt"),
        (batch(GOOD, tab=32_768), "out_of_range", "tab"),
        (batch(GOOD, visit="de"), "wrong_type", "visit"),
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
    _, events = parse_batch(batch(GOOD, *bad, {**GOOD, "seq": 9}))
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
        (str(UUID(int=1)), "event_id_not_v7", "eventId"),
        (None, "wrong_type", "eventId"),
        (None, "out_of_range", "seq"),
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
    ("event_id", "code"),
    [
        (uuid4(), "event_id_not_v7"),
        (UUID(int=0), "event_id_not_v7"),
        (uuid7(253_402_300_800_000, 1), "event_id_out_of_range"),
    ],
)
def test_event_ids_must_be_of_version_7_and_before_the_year_10000(
    event_id: UUID, code: str
) -> None:
    with pytest.raises(InteractionInvalid) as invalid:
        report(CLICK, event_id=event_id, seq=None)
    assert (invalid.value.code, invalid.value.field) == (code, "eventId")


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
            _, events = parse_batch(raw)
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
            parsed = parse_request(json.dumps(shape).encode())
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
    _, alone = parse_batch(batch(*events))
    _, beside = parse_batch(batch(*events, 5))
    assert [_shown(each) for each in alone] == [_shown(each) for each in beside[:-1]]
    single = json.dumps({"sessionId": "client_1", **events[0]}).encode()
    try:
        taken: object = parse_request(single).interaction
    except InteractionInvalid as problem:
        taken = (problem.code, problem.field)
    first = alone[0]
    assert taken == (first.interaction if isinstance(first, Reported) else _shown(first))


def _shown(event: Reported | Unusable) -> object:
    return event if isinstance(event, Reported) else (event.problem.code, event.problem.field)
