"""Many interactions out of untrusted JSON: a bad one costs no other; pure."""

import json
import re
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from configurator.activity.interaction import (
    Reported,
    Unusable,
    parse_batch,
    parse_request,
)
from configurator.activity.tracking import Interaction
from configurator.activity.untrusted import InteractionInvalid
from tests.configurator.activity.bodies import GOOD, batch


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
def test_a_body_that_is_not_a_batch_is_refused_as_a_whole(
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
def test_fast_and_stepwise_reading_agree(interactions: list[object]) -> None:
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
def test_an_unstorable_value_costs_neither_its_event_nor_others(bad: str) -> None:
    """Ignored fields, optional ones, and one event of a batch."""
    good = '{"eventType":"click","category":"nest"'
    for field in (f'"unknown":{bad}', f'"selectionValue":"x","timeSpent":{bad}'):
        request, _ = parse_request(
            f'{{"sessionId":"s","x":{bad},"interaction":{good},{field}}}}}'.encode()
        )
        assert request.interaction.category == "nest"
        assert request.interaction.time_spent_ms is None
    _, events, _ = parse_batch(
        f'{{"sessionId":"s","interactions":[{{"interaction":{good}}}}},'
        f'{{"interaction":{{"eventType":{bad},"category":"c"}}}},{{"interaction":{good}}}}}]}}'.encode()
    )
    assert [isinstance(each, Unusable) for each in events] == [False, True, False]
