"""The analytics page in one browser tab: what is asked, and the part of it that is shown."""

import asyncio
from collections.abc import Awaitable, Mapping, Sequence
from dataclasses import replace
from itertools import zip_longest
from typing import Any, Final, Protocol

from nicegui import ui

from configurator.protocol.codes import CODES, Refused
from ui.figures.counted import counted
from ui.figures.figure import Figure
from ui.figures.words import FigureWords
from ui.pages.building import load_again
from ui.staff.analytics.asked import TABS, Asked, asked_of, range_text, refuses_unit
from ui.staff.analytics.figures_tab import FiguresTab, answer_of, figures_of
from ui.staff.analytics.player import Player
from ui.staff.analytics.range_form import RangeForm
from ui.staff.analytics.sessions import SessionsTab
from ui.staff.analytics.sharing import SharingTab
from ui.staff.api import Api
from ui.staff.open_page import begun_frame, brand, legal_foot
from ui.staff.page_links import PageLinks
from ui.theme import TextTag, box, link, paragraph
from ui.zones import name_of_today

REFRESH_MS: Final = 30_000


class Tab(Protocol):
    """One part of the page."""

    def turn(self, asked: Asked) -> None:
        """Show in its controls what is asked now."""
        ...

    async def show(self, asked: Asked, answers: Sequence[Any]) -> None:
        """Show the answers of its figures, each of which may be Refused, or read what it lists."""
        ...


class OpenAnalytics:
    """The page, in the frame with these `props`. Its times are those of the zone that is asked."""

    def __init__(self, api: Api, words: FigureWords, props: Mapping[str, object]) -> None:
        self._api = api
        self._words = words
        self._asked = Asked()
        self._begun = False
        self._shown: tuple[tuple[str, str], Tab] | None = None
        self._answered: list[Any] = []
        self._answered_to = Asked()
        self._reading = 0
        self._busy = False
        self._counted = ""
        self._player: Player | None = None
        mine = {"look": "analytics", "gently": True, "every": REFRESH_MS}
        self._frame = begun_frame(self._go, self._refresh, {**props, **mine})
        with self._frame:
            self._build_head()
            self._form = RangeForm(words.words, self._asked, self.ask)
            self._links = self._build_tabs()
            self._build_problem()
            self._on_paper = paragraph().classes("only-paper").props("data-testid=asked")
            self._main = box("main")
            legal_foot(words.words)
            self._over = box()
        self._say_asked()

    def _build_head(self) -> None:
        with box("header", "topbar"):
            brand(self._words.words)
            TextTag("h1", self._t("title"))
            with box("nav", "places") as places:
                places.props["aria-label"] = self._t("places")
                service = self._words.t("service.title")
                self._page_links = PageLinks(
                    [("/admin", self._t("live")), ("/admin/service", service)]
                )
            box("span", "spring")
            self._through = paragraph("", "quiet").props("role=status data-testid=through")

    def _build_tabs(self) -> dict[str, ui.link]:
        with box("nav", "tabs") as nav:
            nav.props["aria-label"] = self._t("tabs")
            return {tab: link(self._t(f"tab_{tab}"), "") for tab in TABS}

    def _build_problem(self) -> None:
        with box(classes="problem").props("role=alert") as self._problem:
            self._why = TextTag("span")
            again = TextTag("button", self._t("again"), "text-button").props("type=button")
            again.on("click", self._read, args=[])
        self._problem.visible = False

    # ---- what is asked

    def ask(self, **change: str) -> Awaitable[None]:
        """Ask for something else: the controls show it at once, and the result reads the figures."""
        asked = self._asked.but(**change)
        self._frame.turn(asked.search())
        return self._turn_to(asked)

    async def _go(self, address: str) -> None:
        """Show what the address asks for, at the start and whenever the browser tells it."""
        self._page_links.speak_as(address)
        asked, before = asked_of(address.partition("#")[0]), self._asked
        first, self._begun = not self._begun, True
        async with asyncio.TaskGroup() as group:
            if first or replace(asked, replay=before.replay) != before:
                _ = group.create_task(_done(self._turn_to(asked)))
            elif asked == before:
                _ = group.create_task(self._read(quietly=not self._problem.visible))
            else:
                self._asked = asked
            _ = group.create_task(self._play())
            if first:
                _ = group.create_task(self._meet_browser())

    def _turn_to(self, asked: Asked) -> Awaitable[None]:
        if asked.tab != self._asked.tab:
            self._clear()
        self._asked = asked
        self._say_asked()
        return self._read()

    def _say_asked(self) -> None:
        """Have the controls and the line for paper say what is asked."""
        asked = self._asked
        self._form.show(asked)
        for tab, each in self._links.items():
            each.props["href"] = replace(asked, tab=tab, replay="").search() or "?"
            if (tab == asked.tab) != ("aria-current" in each.props):
                each.props(**{"add" if tab == asked.tab else "remove": "aria-current=page"})
        self._on_paper.text = self._asked_text()
        if self._shown is not None:
            self._shown[1].turn(asked)

    def _asked_text(self) -> str:
        """The values of the controls in words, for paper, which has no controls."""
        asked, words = self._asked, self._words
        said = [self._t(f"tab_{asked.tab}"), range_text(asked, words)]
        if asked.compare:
            said.append(f"{self._t('compare')}: {self._t('compare_' + asked.compare)}")
        said.append(f"{self._t('bots')}: {self._t('bots_' + (asked.bots or 'none'))}")
        return " · ".join(said)

    async def _meet_browser(self) -> None:
        """Show what only the browser knows: the place of the tab on the screen, and the time zone."""
        self._frame.reveal(self._links[self._asked.tab])
        zone = await self._frame.zone()
        if zone is not None:
            self._form.at_home_in(name_of_today(zone))

    # ---- what is shown

    async def _refresh(self) -> None:
        """Read the figures again; lists stay as they are, and so does everything under a replay."""
        if figures_of(self._asked.tab) and not self._busy and not self._asked.replay:
            await self._read(quietly=True)

    async def _read(self, *, quietly: bool = False) -> None:
        """Read what is asked and show it, unless something else is asked meanwhile.

        `quietly`: the page does not say that it is reading, and a figure keeps what it shows if it
        is refused now.
        """
        self._reading += 1
        mine, asked = self._reading, self._asked
        if not quietly:
            self._problem.visible = False
            self._say_busy(busy=True)
        answers = await self._answers(figures_of(asked.tab), asked)
        if mine == self._reading:
            refused = [each for each in answers if isinstance(each, Refused)]
            if any(each.code is CODES["admins_only"] for each in refused):
                load_again(self._main.client)
            if asked.unit and any(refuses_unit(each) for each in refused):
                await self.ask(unit="")
            else:
                await self._show_answers(asked, answers, keeping=quietly)
        if mine == self._reading:
            self._say_busy(busy=False)

    async def _answers(self, figures: Sequence[type[Figure[Any]]], asked: Asked) -> list[Any]:
        """The answers of the figures, or Refused, in their order."""
        async with asyncio.TaskGroup() as reading:
            tasks = [reading.create_task(answer_of(self._api, each, asked)) for each in figures]
        return [each.result() for each in tasks]

    async def _show_answers(self, asked: Asked, answers: list[Any], *, keeping: bool) -> None:
        """Show these answers; `keeping`: in place of one that is refused, the one before.

        Figures of another range would say what was not asked, so they are never kept. Where all
        figures are refused, the page says it once.
        """
        before = self._answered if keeping and self._answered_to == _figures_asked(asked) else []
        found = kept(answers, before)
        refused = [each for each in found if isinstance(each, Refused)]
        if refused and len(refused) == len(found):
            self._clear()
            self._say_problem(self._t("failed", why=self._words.why(refused[0])))
            return
        self._answered_to, self._answered = _figures_asked(asked), found
        self._say_problem(self._t("old") if found != answers else "")
        await self._show(asked, found)

    async def _show(self, asked: Asked, answers: Sequence[Any]) -> None:
        key = (asked.tab, asked.tz if asked.tab == "sharing" else "")
        if self._shown is None or self._shown[0] != key:
            if self._shown is not None:
                self._frame.enter_again()
            self._clear()
            with self._main:
                self._shown = key, self._tab(asked)
        shown = [each for each in answers if not isinstance(each, Refused)]
        self._counted = counted(self._words.in_zone(asked.tz), shown)
        await self._shown[1].show(asked, answers)

    def _tab(self, asked: Asked) -> Tab:
        match asked.tab:
            case "sessions":
                return SessionsTab(self._api, self._words)
            case "sharing":
                words = self._words.in_zone(asked.tz)
                return SharingTab(self._api, words, self._frame, lambda: self._asked)
            case _:
                return FiguresTab(figures_of(asked.tab), self._words, self._frame, self.ask)

    def _say_problem(self, why: str) -> None:
        self._why.text = why
        self._problem.visible = bool(why)

    def _clear(self) -> None:
        self._main.clear()
        self._shown = None
        self._answered = []
        self._counted = ""

    def _say_busy(self, *, busy: bool) -> None:
        self._busy = busy
        self._main.props["aria-busy"] = str(busy).lower()
        self._through.text = self._t("loading") if busy else self._counted

    # ---- the player

    async def _play(self) -> None:
        """Open the player where the address asks for a replay."""
        session = self._asked.replay
        if self._player is not None and self._player.session == session:
            return
        if self._player is not None:
            self._player.delete()
            self._player = None
        if session:
            with self._over:
                words = self._words.in_zone(self._asked.tz)
                self._player = Player(session, words, self._close)
            await self._player.read(self._api)

    async def _close(self) -> None:
        """The address is that of the page without the replay."""
        self._asked = replace(self._asked, replay="")
        self._frame.turn(self._asked.search())
        await self._play()

    def _t(self, key: str, **values: object) -> str:
        return self._words.t(f"analytics.{key}", **values)


def kept(answers: Sequence[Any], before: Sequence[Any]) -> list[Any]:
    """The answers; one that is refused now gives way to the one before, if there is one."""
    return [
        old if isinstance(new, Refused) and not isinstance(old, Refused | None) else new
        for new, old in zip_longest(answers, before)
    ]


def _figures_asked(asked: Asked) -> Asked:
    """The part of the query that concerns the figures."""
    return replace(asked, replay="")


async def _done(work: Awaitable[None]) -> None:
    await work
