"""The search for sessions: by words, outcome, device, language, last step, value."""

import re
from collections.abc import Awaitable, Callable, Mapping
from typing import Final

from nicegui import ui

from configurator.text import LANGUAGES
from ui.figures.names import DEVICES
from ui.figures.words import FigureWords
from ui.staff.select import SelectBox
from ui.theme import TextTag, field_for, form

STATUSES: Final = ("ACTIVE", "COMPLETED", "ABANDONED", "EXPIRED")
EUROS_DIGITS: Final = 10
"""The API takes values up to ten thousand million euros."""
SEEK_AFTER_MS: Final = 400
"""The list is searched when nobody has typed for this time."""


class SearchForm:
    """The search of the list of this name. `seek` is called when something else is searched."""

    def __init__(self, name: str, words: FigureWords, seek: Callable[[], Awaitable[None]]) -> None:
        self._words = words
        self._seek = seek
        self._chosen: dict[str, str] = {}
        self._lists: list[SelectBox] = []
        with form(seek, "fields") as made:
            made.props(f"role=search data-testid={name}-search")
            self._text = self._field("search", characters=200).classes("broad")
            self._text.props["type"] = "search"
            self._text.props["placeholder"] = self._t("searchHint")
            if name == "sessions":
                self._choice("status", "status", {each: self._t(each) for each in STATUSES})
            self._choice("device", "device", {each: words.names.device(each) for each in DEVICES})
            spoken: dict[str, str] = {each: words.names.language(each) for each in LANGUAGES}
            self._choice("language", "language", spoken)
            named = {each: words.names.category(each) for each in words.names.categories}
            self._choice("last", "last_category", named)
            self._value = self._field("valueFrom", characters=EUROS_DIGITS).classes("short")
            self._value.props["inputmode"] = "numeric"
            self._clear = TextTag("button", self._t("clearSearch"), "text-button")
            self._clear.props("type=button").on("click", self._clear_all, args=[])
        self._clear.visible = False

    @property
    def seeks(self) -> bool:
        """Whether anything is searched."""
        return bool(self.query())

    def query(self) -> dict[str, str]:
        """The search as query parameters of the API."""
        euros = re.sub(r"[^0-9]", "", self._value.value or "")
        typed = {
            "q": (self._text.value or "").strip(),
            "value_min_cents": str(int(euros) * 100) if euros else "",
        }
        return {name: value for name, value in (typed | self._chosen).items() if value}

    def _field(self, key: str, *, characters: int) -> ui.input:
        made = field_for(self._t(key), characters=characters)
        made.props["debounce"] = SEEK_AFTER_MS
        made.on_value_change(self._sought)
        return made

    def _choice(self, key: str, name: str, options: Mapping[str, str]) -> None:
        def pick(value: str) -> Awaitable[None]:
            self._chosen[name] = value
            made.show(value)
            return self._sought()

        made = SelectBox(self._t(key), {"": self._t("any"), **options}, "", pick)
        self._lists.append(made)

    def _sought(self) -> Awaitable[None]:
        self._clear.visible = self.seeks
        return self._seek()

    def _clear_all(self) -> Awaitable[None]:
        self._chosen.clear()
        for each in self._lists:
            each.show("")
        self._text.value = self._value.value = ""
        return self._sought()

    def _t(self, key: str) -> str:
        return self._words.t(f"analytics.{key}")
