"""The look of staff pages: NiceGUI's elements with the tokens of `css/tokens.css`.

Pages make their elements here, so that nothing looks like Quasar out of the box and every control
can be reached by keyboard, finger and screen reader. `css/staff.css` has the rules; the functions
below choose tags, classes and Quasar's properties. Texts are always shown as text, never as markup.
"""

from collections.abc import Callable
from typing import Final, Literal

from nicegui import ui
from nicegui.elements.mixins.text_element import TextElement
from nicegui.events import GenericEventArguments

ButtonKind = Literal["plain", "primary", "danger"]
Tone = Literal["", "good", "bad", "warn", "quiet"]
EventHandler = Callable[[], object]

STYLESHEET: Final = "css/staff.css"
FIGURES_STYLESHEET: Final = "css/analytics.css"
"""The rules of figures, which come after those of every page."""
COMPONENTS: Final = (ui.dialog, ui.input, ui.link)
"""NiceGUI's elements that every page uses: the browser is told of their scripts in the head."""


DEBOUNCE_MS: Final = 150
"""A long text is sent when nobody has typed for this time, and when the field is left."""


class TextTag(TextElement):
    """A tag with a text, such as a heading or a paragraph."""

    def __init__(self, tag: str, text: str = "", classes: str = "") -> None:
        super().__init__(tag=tag, text=text)
        self.classes(classes)


class Message(TextTag):
    """A paragraph that is empty and takes no room until something is to be said.

    Screen readers read what it says: at once where it is a `problem`.
    """

    def __init__(self, *, problem: bool = False) -> None:
        super().__init__("p", "", "said")
        self.props(f"role={'alert' if problem else 'status'}").classes("bad" if problem else "")

    def say(self, text: str) -> None:
        """Say this; "": nothing."""
        self.text = text


def heading(text: str, level: Literal[2, 3] = 2) -> TextTag:
    """A heading that can take the focus, so that a link can lead to the section below it."""
    return TextTag(f"h{level}", text).props("tabindex=-1")


def paragraph(text: str = "", tone: Tone = "") -> TextTag:
    """A paragraph."""
    return TextTag("p", text, tone)


def set_tone(element: ui.element, tone: Tone) -> None:
    """Colour a text by what it means."""
    element.classes(replace=tone)


def box(tag: str = "div", classes: str = "") -> ui.element:
    """A tag around other elements."""
    return ui.element(tag).classes(classes)


def button(
    text: str, on_click: EventHandler | None, kind: ButtonKind = "plain", *, name: str = ""
) -> ui.button:
    """A button; without `on_click` it is the one that sends its form (`type=submit`).

    `name` is what it is called where its text alone does not say enough.
    """
    made = ui.button(text, on_click=on_click, color=None)
    if on_click is None:
        made.props("type=submit")
    made.props("flat no-caps :ripple=false").classes(f"button {kind}")
    if name:
        made.props["aria-label"] = name
    return made


def link(text: str, address: str, classes: str = "") -> ui.link:
    """A link to another page, or to a section of this one by its `#name`."""
    return ui.link(text, address).classes(replace=classes)


def field_for(label: str, *, lines: bool = False, characters: int = 0) -> ui.input:
    """A field for a text, with its label above it."""
    made: ui.input = ui.textarea() if lines else ui.input()
    made.props("outlined hide-bottom-space autocomplete=off spellcheck=false").classes("field")
    _name(made, label)
    if lines:
        made.props["debounce"] = DEBOUNCE_MS
    if characters:
        made.props["maxlength"] = characters
    return made


class Check(ui.element):
    """A box to tick, with its text beside it; `ticked` says whether it is."""

    def __init__(self, text: str, *, ticked: bool, on_change: EventHandler) -> None:
        super().__init__("label")
        self.classes("check")
        self.ticked = ticked
        with self:
            tick = box("input").props("type=checkbox")
            TextTag("span", text)
        tick.props["checked"] = ticked

        def changed(event: GenericEventArguments) -> None:
            self.ticked = event.args is True
            tick.props["checked"] = self.ticked
            on_change()

        tick.on("change", changed, js_handler="(event) => emit(event.target.checked)")


def form(on_submit: EventHandler, classes: str = "") -> ui.element:
    """A form: its button of the type `submit`, or Enter, calls `on_submit`."""
    return box("form", classes).on("submit.prevent", on_submit, args=[])


def _name(made: ui.element, label: str) -> None:
    """Quasar's own label lies over the edge of a field and is cut on a phone; this one is a text."""
    made.props["aria-label"] = label
    with made.add_slot("before"):
        TextTag("span", label)


async def confirmed(question: str, *, yes: str, no: str) -> bool:
    """Ask before something that cannot be taken back. Escape is the same as `no`, which has the focus."""
    with ui.dialog() as dialog, box(classes="sheet question"):
        dialog.props["aria-label"] = question
        dialog.props["role"] = "alertdialog"
        TextTag("h3", question)
        with box(classes="buttons"):
            button(yes, lambda: dialog.submit(True), "danger").props["data-testid"] = "yes"
            button(no, lambda: dialog.submit(False)).props["autofocus"] = True
    _ = dialog.on("hide", dialog.delete)
    return bool(await dialog)
