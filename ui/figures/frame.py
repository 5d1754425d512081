"""The frame around a figure: its title, what it means, its files, and room for controls."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Final, Literal

from nicegui import ui

from ui.figures.words import FigureWords
from ui.theme import Message, box, button, heading, link, paragraph

FileFormat = Literal["xlsx", "csv", "json"]


@dataclass(frozen=True, slots=True)
class FigureFile:
    """A figure as a file: the address of a link, or what a button does that fetches the file."""

    form: FileFormat
    source: str | Callable[[], object]


class FigureFrame(ui.element):
    """A section with the title `analytics.{name}`; what is built inside comes after the note.

    `noted`: `analytics.{name}Note` says what the figure means. `wide`: the section takes the whole
    width. `controls` stand in its header; they stay also where the figure is refused.
    """

    def __init__(
        self, words: FigureWords, name: str, *, noted: bool = False, wide: bool = False
    ) -> None:
        super().__init__("section")
        self._words: Final = words
        self._name: Final = name
        self._files: dict[FileFormat, ui.element] = {}
        self._title: Final = words.t(f"analytics.{name}")
        self.classes(f"figure-{name}{' wide' if wide else ''}").props(f"data-testid=figure-{name}")
        with self:
            with box("header"):
                title = heading(self._title)
                self.controls: Final = box("span", "inline")
                self._offered: Final = box("span", "inline")
            self._refused: Final = Message(problem=True)
            if noted:
                paragraph(words.t(f"analytics.{name}Note"), "quiet")
        self.props["aria-labelledby"] = title.html_id

    def refuse(self, why: str) -> None:
        """Say why the figure cannot be shown, in its place; "": show it."""
        self._refused.say(why)
        self.classes(**{"add" if why else "remove": "refused"})

    def link_files(self, files: Sequence[FigureFile]) -> None:
        """Offer these files. Called again, it changes the addresses of links."""
        for each in files:
            if each.form not in self._files:
                with self._offered:
                    self._files[each.form] = self._made(each)
            elif self._files[each.form].props.get("href") != each.source:
                self._files[each.form].props["href"] = each.source

    def _made(self, file: FigureFile) -> ui.element:
        text = self._words.t(f"analytics.{file.form}")
        name = self._words.t(f"analytics.{file.form}Of", title=self._title)
        if not isinstance(file.source, str):
            return button(text, file.source, name=name).classes("text-button")
        made = link(text, file.source)
        made.props["aria-label"] = name
        made.props["download"] = f"{self._name}.json" if file.form == "json" else ""
        return made
