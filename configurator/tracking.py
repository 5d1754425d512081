"""What is tracked: the one list of event types, what each means, and which fields it fills.

An event of any other type is taken as well, as a custom event: the same fields, the same bounds.
"""

import msgspec

from configurator.catalogue import Text


class TrackedType(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """One event type. `fields` are those of an interaction beside its type and category.

    A field `props.x` is the value `x` of `props`. `since` is the release that began to report it.
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
            en="An element was clicked; previousValue is what was chosen before.",
        ),
        fields=("elementId", "previousValue", "deviceInfo"),
    ),
    TrackedType(
        event_type="selection",
        meaning=Text(
            de="Eine Option wurde gewählt und gespeichert; mit Preis danach und Preisänderung.",
            en="An option was chosen and saved; with the price after it and what it changed.",
        ),
        fields=(
            "elementId", "selectionValue", "previousValue", "totalCents", "changeCents", "version",
            "deviceInfo",
        ),
    ),
    TrackedType(
        event_type="undo",
        meaning=Text(
            de="Eine Wahl wurde zurückgenommen und das gespeichert.",
            en="A choice was taken back, and that saved.",
        ),
        fields=(
            "elementId", "selectionValue", "previousValue", "totalCents", "changeCents", "version",
            "deviceInfo",
        ),
    ),
    TrackedType(
        event_type="redo",
        meaning=Text(
            de="Eine zurückgenommene Wahl wurde wiederhergestellt und das gespeichert.",
            en="A choice that was taken back was made again, and that saved.",
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
            de="So lange war eine Kategorie zuletzt am Stück offen, in ms.",
            en="For so long was a category open this time, in ms.",
        ),
        fields=("timeSpent", "deviceInfo"),
    ),
    TrackedType(
        event_type="hover",
        meaning=Text(
            de="So lange stand der Zeiger auf einer Option, ohne sie zu wählen, in ms.",
            en="For so long did the pointer rest on an option without choosing it, in ms.",
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
            de="Eine Änderung hat nach einer Regel anderes mitbewegt; props.reason nennt sie.",
            en="A change moved something else because of a rule; props.reason names it.",
        ),
        fields=(
            "selectionValue", "previousValue", "totalCents", "changeCents", "version",
            "props.reason",
        ),
    ),
    TrackedType(
        event_type="saved",
        meaning=Text(
            de="Was gewählt wurde, ist gespeichert; timeSpent ist die Wartezeit in ms.",
            en="What was chosen is saved; timeSpent is the wait in ms.",
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
