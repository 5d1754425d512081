"""A field of an interaction is stated once: the columns, the copy and what is read back follow."""

import msgspec
import pytest

from configurator.activity.interaction import Event, parse_interaction
from configurator.activity.stored import Happening
from configurator.activity.tracking import TRACKED, Interaction, TrackedFields
from configurator.activity.untrusted import InteractionInvalid
from storage.postgres.activity.batch_rows import COPIED, Incoming, row_of
from storage.postgres.activity.past_interactions import Past
from tests.support.activity import event
from ui.texts import Texts


def test_every_field_but_device_and_props_is_a_column() -> None:
    names = set(Interaction.__struct_fields__) - {"device_info", "props"}
    assert names == set(TrackedFields.__struct_fields__)


def test_a_batch_row_has_a_value_for_each_copied_column() -> None:
    made: Event = event(element_id="e", total_cents=7)

    row = dict(zip(COPIED, row_of(Incoming(stream_id="5-1", event=made)), strict=True))

    assert (row["element_id"], row["total_cents"], row["entry_seq"]) == ("e", 7, 1)


@pytest.mark.parametrize("kind", [Happening, Past])
def test_an_interaction_that_is_read_back_has_every_column(kind: type[msgspec.Struct]) -> None:
    assert set(TrackedFields.__struct_fields__) < set(kind.__struct_fields__)
    assert kind.__struct_fields__[:2] == ("event_id", "occurred_at")


def test_every_column_has_a_heading_in_exports() -> None:
    known = dict(Texts().entries())
    assert [name for name in Happening.__struct_fields__ if f"sheet.{name}" not in known] == []


def test_the_list_of_event_types_names_only_fields_that_there_are() -> None:
    known = {field.encode_name for field in msgspec.structs.fields(Interaction)}
    named = {name for each in TRACKED for name in each.fields if not name.startswith("props.")}
    assert named - known == set()


def test_an_optional_number_out_of_bounds_is_dropped_and_a_value_that_is_not_text_refused() -> None:
    sent = b'{"eventType":"click","category":"nest","totalCents":"dear","version":3}'
    found = parse_interaction(sent)
    assert (found.total_cents, found.version) == (None, 3)
    with pytest.raises(InteractionInvalid):
        parse_interaction(b'{"eventType":"click","category":"nest","elementId":5}')
