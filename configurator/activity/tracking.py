"""The tracked data: the fields of an interaction, the event types, and the fields of each type.

An event of a type that is not in `TRACKED` is accepted as a custom event, with the same fields and
bounds.

A new field that clients report touches four files; all else follows from these:

    configurator/activity/tracking.py    `Interaction` (its name and bounds), `TrackedFields` (the
                                         same name as a column), the types in `TRACKED` that fill it
    storage/migrations/versions/         a migration that adds the column to `interactions`
    ui/assets/js/tracking/measure.js     where the page measures it
    ui/texts.json                        `sheet.<name>`, the heading of its column in exports

The schemas of the clients are written again by a command (`clients/js/scripts/generate.py`).
"""

from typing import Annotated

import msgspec

from configurator.activity.untrusted import NAME_PATTERN
from configurator.text import Text

_Clean = msgspec.Meta(min_length=1, max_length=64, extra_json_schema={"pattern": NAME_PATTERN})
_Name = Annotated[str, _Clean]
_Id = Annotated[str, msgspec.Meta(max_length=256)]
_Value = Annotated[str, msgspec.Meta(max_length=1024)]
_Milliseconds = Annotated[int, msgspec.Meta(ge=0, le=86_400_000)]
_Pixels = Annotated[int, msgspec.Meta(ge=0, le=100_000)]
_Cents = Annotated[int, msgspec.Meta(ge=-100_000_000_000, le=100_000_000_000)]
_Json = Annotated[object, msgspec.Meta(extra_json_schema={"description": "any JSON value"})]
_Version = Annotated[int, msgspec.Meta(ge=0, le=2_000_000_000)]


class DeviceInfo(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """The visitor's device; width and height are those of the window, in pixels."""

    type: Annotated[str, msgspec.Meta(max_length=32)] | None = None
    width: _Pixels | None = None
    height: _Pixels | None = None


class Interaction(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True, rename="camel"):
    """One action of a visitor. Event types and categories are free; `time_spent` is in ms.

    `total_cents` is the price after the action and `change_cents` its difference, both at the
    version `version` of the configuration. `props` are up to 2,048 bytes of JSON for values without
    a field.
    """

    event_type: _Name
    category: _Name
    element_id: _Id | None = None
    selection_value: _Value | None = None
    previous_value: _Value | None = None
    time_spent_ms: _Milliseconds | None = msgspec.field(default=None, name="timeSpent")
    device_info: DeviceInfo | None = None
    total_cents: _Cents | None = None
    change_cents: _Cents | None = None
    version: _Version | None = None
    props: dict[str, _Json] | None = None


class TrackedFields(msgspec.Struct, frozen=True, kw_only=True):
    """The fields of an interaction with columns of their own: all but `device_info` and `props`."""

    event_type: str
    category: str
    element_id: str | None
    selection_value: str | None
    previous_value: str | None
    time_spent_ms: int | None
    total_cents: int | None
    change_cents: int | None
    version: int | None


class TrackedType(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """An event type.

    `fields` are the fields of an interaction that it fills beside type and category; `props.x` is
    the value `x` of `props`. `since` is the release that began to report it.
    """

    event_type: str
    meaning: Text
    fields: tuple[str, ...] = ()
    since: str = "0.1"


TRACKED: tuple[TrackedType, ...] = (
    TrackedType(
        event_type="click",
        meaning=Text(
            de="Ein Element wurde angeklickt; previousValue ist, was vorher gewählt war.",
            en="An element was clicked; previousValue is the choice before.",
        ),
        fields=("elementId", "previousValue", "deviceInfo"),
    ),
    TrackedType(
        event_type="selection",
        meaning=Text(
            de="Eine Option wurde gewählt und gespeichert; mit Preis danach und Preisänderung.",
            en="An option was chosen and saved; with the price after it and the change of the price.",
        ),
        fields=(
            "elementId", "selectionValue", "previousValue", "totalCents", "changeCents", "version",
            "deviceInfo",
        ),
    ),
    TrackedType(
        event_type="undo",
        meaning=Text(
            de="Eine Wahl wurde zurückgenommen und das Ergebnis gespeichert.",
            en="A choice was taken back, and the result saved.",
        ),
        fields=(
            "elementId", "selectionValue", "previousValue", "totalCents", "changeCents", "version",
            "deviceInfo",
        ),
    ),
    TrackedType(
        event_type="redo",
        meaning=Text(
            de="Eine zurückgenommene Wahl wurde wiederhergestellt und das Ergebnis gespeichert.",
            en="A choice that was taken back was made again, and the result saved.",
        ),
        fields=(
            "elementId", "selectionValue", "previousValue", "totalCents", "changeCents", "version",
            "deviceInfo",
        ),
    ),
    TrackedType(
        event_type="view_change",
        meaning=Text(
            de="Eine andere Ansicht des Hauses wurde gezeigt.",
            en="Another view of the house was shown.",
        ),
        fields=("elementId", "selectionValue", "deviceInfo"),
    ),
    TrackedType(
        event_type="time_spent",
        meaning=Text(
            de="Zeit, die eine Kategorie diesmal offen war, in ms.",
            en="Time for which a category was open this time, in ms.",
        ),
        fields=("timeSpent", "deviceInfo"),
    ),
    TrackedType(
        event_type="hover",
        meaning=Text(
            de="Zeit, die der Zeiger auf einer nicht gewählten Option stand, in ms.",
            en="Time for which the pointer rested on an option that was not chosen, in ms.",
        ),
        fields=("elementId", "timeSpent", "deviceInfo"),
    ),
    TrackedType(
        event_type="web_vital",
        meaning=Text(
            de="Ein Messwert der Seite: name ist LCP, INP oder CLS, rating good, needs-improvement"
            " oder poor.",
            en="A measure of the page: name is LCP, INP or CLS, rating good, needs-improvement or"
            " poor.",
        ),
        fields=("elementId", "props.name", "props.value", "props.rating", "deviceInfo"),
    ),
    TrackedType(
        event_type="join",
        meaning=Text(
            de="Jemand hat ein Haus geöffnet.",
            en="Somebody opened a house.",
        ),
        fields=("elementId", "version", "totalCents", "props.role", "props.others", "deviceInfo"),
    ),
    TrackedType(
        event_type="refused",
        meaning=Text(
            de="Eine Änderung wurde abgelehnt; props.reason nennt die Regel.",
            en="A change was refused; props.reason names the rule.",
        ),
        fields=("elementId", "props.reason", "props.outcome", "deviceInfo"),
    ),
    TrackedType(
        event_type="adjusted",
        meaning=Text(
            de="Eine Änderung hat durch eine Regel anderes angepasst; props.reason nennt die Regel.",
            en="A rule made a change adjust something else; props.reason names the rule.",
        ),
        fields=(
            "selectionValue", "previousValue", "totalCents", "changeCents", "version",
            "props.reason",
        ),
    ),
    TrackedType(
        event_type="saved",
        meaning=Text(
            de="Eine Wahl wurde gespeichert; timeSpent ist die Zeit bis dahin in ms.",
            en="A choice was saved; timeSpent is the time until then in ms.",
        ),
        fields=("timeSpent", "version", "props.kind", "deviceInfo"),
    ),
    TrackedType(
        event_type="invite",
        meaning=Text(
            de="Ein Einladungslink wurde gemacht.",
            en="An invitation link was made.",
        ),
        fields=("elementId", "deviceInfo"),
    ),
    TrackedType(
        event_type="inquiry",
        meaning=Text(
            de="Das Formular der Anfrage wurde geöffnet (elementId opened), oder sie wurde"
            " abgeschickt (sent).",
            en="The form of the inquiry was opened (elementId opened), or it was sent (sent).",
        ),
        fields=("elementId", "deviceInfo"),
    ),
    TrackedType(
        event_type="error",
        meaning=Text(
            de="Auf der Seite ist etwas schiefgegangen; props.code sagt, was.",
            en="Something went wrong on the page; props.code says what.",
        ),
        fields=("props.code", "props.message", "deviceInfo"),
    ),
)  # fmt: skip
