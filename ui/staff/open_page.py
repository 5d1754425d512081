"""A page for staff that is open in one browser tab: its frame, and the section its address names."""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import Final

from configurator.protocol.codes import CODES, Refused
from ui.pages.building import load_again
from ui.staff.api import Api
from ui.staff.area import Area, Section
from ui.staff.frame import StaffFrame
from ui.staff.page_links import PageLinks
from ui.staff.turns import Turns
from ui.theme import Message, TextTag, box, link, paragraph
from ui.words import Words

Warnings = Callable[[Api, Words], Awaitable[list[str]]]
"""Sentences that everybody must know who looks at the page, whichever section that is. Raises Refused."""

WARNINGS_MAX: Final = 8
"""Sentences that stand above a page at once; more than that nobody reads."""


class OpenPage:
    """The page, in the frame with these `props`. Its texts begin with `named`.

    `sections` are in the order of their links. `pages` are addresses and texts of the links to other
    pages; `warnings` says what everybody who looks at this page must know, whichever section they
    look at.
    """

    def __init__(
        self,
        api: Api,
        words: Words,
        props: Mapping[str, object],
        *,
        named: str,
        sections: Sequence[type[Section]],
        pages: Sequence[tuple[str, str]],
        warnings: Warnings,
    ) -> None:
        self._api = api
        self._words = words
        self._named = named
        self._warnings = warnings
        self._sections = {each.name: each for each in sections}
        self._first = sections[0].name
        self._shown: tuple[Section, Area] | None = None
        self._reading = Turns(self._read_once)
        self._frame = begun_frame(self._go, self._reading.run, props)
        with self._frame:
            self._build_head(pages)
            with box("div", "alerts"):
                self._problem = Message(problem=True)
                self._said = [Message(problem=True) for _ in range(WARNINGS_MAX)]
            self._main = box("main")
            legal_foot(words)

    def _build_head(self, pages: Sequence[tuple[str, str]]) -> None:
        with box("header", "topbar"):
            brand(self._words)
            TextTag("h1", self._t("title"))
            self._page_links = PageLinks([(address, self._t(text)) for address, text in pages])
            box("span", "spring")
            self._read_at = paragraph("", "quiet").props("data-testid=read-at")
        with box("nav", "tabs") as nav:
            nav.props["aria-label"] = self._t("sections")
            self._links = {
                name: link(self._t(f"tab.{name}"), f"#{name}") for name in self._sections
            }

    def _t(self, key: str, **values: object) -> str:
        return self._words.t(f"{self._named}.{key}", **values)

    async def _go(self, address: str) -> None:
        """Show the section that the fragment names, the first one where it names none."""
        self._page_links.speak_as(address)
        name = address.partition("#")[2]
        if name not in self._sections:
            name = self._first
        if self._shown is None or self._shown[0].name != name:
            self._show(name, moved=self._shown is not None)
        await self._reading.run()

    def _show(self, name: str, *, moved: bool) -> None:
        self._main.clear()
        with self._main:
            area = Area(
                name,
                texts=self._named,
                api=self._api,
                words=self._words,
                frame=self._frame,
                read_again=self._reading.run,
            )
            with area.place:
                self._shown = self._sections[name](area), area
        for each, to in self._links.items():
            to.props(remove="aria-current")
            if each == name:
                to.props("aria-current=page")
        if moved:
            self._frame.focus_heading(area.title)

    async def _read_once(self) -> None:
        if self._shown is None or self._shown[1].acting.busy:
            return
        section, area = self._shown
        try:
            warnings = await self._warnings(self._api, self._words)
            await section.read()
        except Refused as refused:
            if refused.code is CODES["admins_only"]:
                load_again(self._main.client)
            self._problem.say(self._words.refusal(refused))
            return
        finally:
            area.loading.text = ""
        self._problem.say("")
        for line, text in zip(self._said, [*warnings, *[""] * WARNINGS_MAX], strict=False):
            line.say(text)
        self._read_at.text = self._t("readAt", time=self._words.time(self._words.now()))


def frame_with(go: Callable[[str], object], refresh: Callable[[], object]) -> StaffFrame:
    """The frame of a page, with its listeners in this order in every process."""
    frame = StaffFrame()
    frame.on_address(go)
    frame.on_refresh(refresh)
    return frame


def begun_frame(
    go: Callable[[str], object], refresh: Callable[[], object], props: Mapping[str, object]
) -> StaffFrame:
    """The frame of a page that is open in a browser, with these properties."""
    frame = frame_with(go, refresh)
    frame.props.update(props)
    frame.enter_again()
    return frame


def brand(words: Words) -> None:
    """The link to the landing page, at the beginning of every page's header."""
    link("NEST", "/", "brand").props["aria-label"] = words.t("brand.home")


def legal_foot(words: Words) -> None:
    """The links that the law asks for on every page."""
    with box("footer", "legal-foot"):
        for name in ("imprint", "privacy"):
            link(words.t(f"legal.{name}"), f"/{name}")
