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
        fields=("elementId", "selectionValue", "previousValue", "timeSpent", "deviceInfo"),
    ),
    TrackedType(
        event_type="selection",
        meaning=Text(
            de="Eine Option wurde gewählt und gespeichert; mit Preis danach und Preisänderung.",
            en="An option was chosen and saved; with the price after it and what it changed.",
        ),
        fields=(
            "selectionValue", "previousValue", "totalCents", "changeCents", "version", "deviceInfo",
        ),
    ),
    TrackedType(
        event_type="view_change",
        meaning=Text(
            de="Eine andere Ansicht des Hauses wurde gezeigt.",
            en="Another view of the house was shown.",
        ),
        fields=("elementId", "selectionValue", "previousValue", "deviceInfo"),
    ),
    TrackedType(
        event_type="view",
        meaning=Text(
            de="Eine Seite oder Kategorie wurde geöffnet.",
            en="A page or category was opened.",
        ),
        fields=("elementId", "deviceInfo"),
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
        fields=("elementId", "selectionValue", "timeSpent"),
    ),
    TrackedType(
        event_type="category_time",
        meaning=Text(
            de="Sichtbare Zeit in einer Kategorie seit dem letzten solchen Ereignis, in ms.",
            en="Visible time in a category since the last such event, in ms.",
        ),
        fields=("timeSpent",),
    ),
    TrackedType(
        event_type="web_vital",
        meaning=Text(
            de="Ein Messwert der Seite: name ist LCP, INP oder CLS, rating good, needs-improvement"
            " oder poor.",
            en="A measure of the page: name is LCP, INP or CLS, rating good, needs-improvement or"
            " poor.",
        ),
        fields=("props.name", "props.value", "props.rating", "deviceInfo"),
    ),
    TrackedType(
        event_type="join",
        meaning=Text(
            de="Jemand hat ein Haus geöffnet.",
            en="Somebody opened a house.",
        ),
        fields=("version", "deviceInfo"),
    ),
    TrackedType(
        event_type="refused",
        meaning=Text(
            de="Eine Änderung wurde abgelehnt; props.reason nennt die Regel.",
            en="A change was refused; props.reason names the rule.",
        ),
        fields=("selectionValue", "previousValue", "version", "props.reason"),
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
        fields=("totalCents", "version", "timeSpent"),
    ),
    TrackedType(
        event_type="invite",
        meaning=Text(
            de="Ein Einladungslink wurde kopiert oder geteilt.",
            en="An invitation link was copied or shared.",
        ),
        fields=("elementId", "version"),
    ),
    TrackedType(
        event_type="inquiry",
        meaning=Text(
            de="Eine Anfrage wurde begonnen oder abgeschickt; elementId sagt, was.",
            en="An inquiry was begun or sent; elementId says which.",
        ),
        fields=("elementId", "totalCents", "version"),
    ),
    TrackedType(
        event_type="leave",
        meaning=Text(
            de="Die Seite wurde verlassen oder in den Hintergrund gelegt.",
            en="The page was left or put into the background.",
        ),
        fields=("timeSpent", "totalCents", "version"),
    ),
    TrackedType(
        event_type="error",
        meaning=Text(
            de="Auf der Seite ist etwas schiefgegangen; props.code sagt, was.",
            en="Something went wrong on the page; props.code says what.",
        ),
        fields=("elementId", "props.code"),
    ),
)  # fmt: skip
