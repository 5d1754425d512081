"""Shared dashboards: make a link to chosen figures of the range that is asked, list links, end them."""

from collections.abc import Callable
from datetime import datetime
from functools import partial
from typing import Final
from uuid import UUID

from realtime.api.analytics.links import LinkAnswer, LinkRequest, LinksAnswer, RevokeAnswer
from storage.postgres.analytics.links import DashboardLink
from ui.figures.listed import FIGURES
from ui.figures.words import FigureWords
from ui.staff.acting import Acting
from ui.staff.analytics.asked import Asked, range_text
from ui.staff.copied import CopyField
from ui.staff.select import KeepingSelectBox
from ui.theme import (
    Check,
    Message,
    TextTag,
    box,
    button,
    confirmed,
    field_for,
    form,
    heading,
    paragraph,
)

DAYS: Final = ("7", "30", "90")
DAYS_AT_FIRST: Final = "30"
CHOSEN_AT_FIRST: Final = ("kpis", "series", "funnel", "options")
NAME_CHARACTERS_MAX: Final = 80
SHOWN: Final = 6
"""The number of links that are listed until the reader asks for all."""


class Links:
    """A form for a new link, the address of the one just made, and the list of all."""

    def __init__(self, area: Acting, asked: Callable[[], Asked], words: FigureWords) -> None:
        self._area = area
        self._asked = asked
        self._words = words
        self._all = False
        self._links: list[DashboardLink] = []
        self._listed: list[tuple[DashboardLink, str]] = []
        self._titles: dict[UUID, TextTag] = {}
        self._addressed: UUID | None = None
        """The link whose address is shown."""
        self._build_form()
        with box("div", "panel made").props("role=status") as self._made:
            paragraph(self._t("linkMade"))
            copy, copied = self._t("copy"), self._t("copied")
            self._address = CopyField(
                self._t("link"), copy=copy, copied=copied, called="link-address"
            )
        self._list = box("ul", "plain cards").props("data-testid=links tabindex=-1")
        self._more = TextTag("button", "", "text-button less").props("type=button")
        self._more.on("click", self._turn, args=[])
        self._none = paragraph(self._t("linkNone"), "quiet")
        for each in (self._made, self._more, self._none):
            each.visible = False

    def _build_form(self) -> None:
        with form(self._make, "panel").props("data-testid=link-form"):
            with box("p"):
                self._range = TextTag("span")
                self._moves = TextTag("span", "", "quiet")
            with box(classes="fields"):
                self._name = field_for(self._t("name"), characters=NAME_CHARACTERS_MAX)
                self._name.classes("broad").props("required")
                days = {each: self._t("days", n=each) for each in DAYS}
                self._days = KeepingSelectBox(self._t("linkDays"), days, DAYS_AT_FIRST)
            with box("fieldset"):
                TextTag("legend", self._t("linkFigures"))
                self._figures = {
                    each: Check(
                        self._t(each.name),
                        ticked=each.name in CHOSEN_AT_FIRST,
                        on_change=self._allow,
                    )
                    for each in FIGURES
                }
            self._sends = button(self._t("linkMake"), None, "primary")
            self._problem = Message(problem=True)

    async def read(self) -> None:
        """Say what a new link would show, and list those there are. Raises Refused."""
        asked = self._asked()
        shown = range_text(asked, self._words)
        self._range.text = f"{self._t('linkShows', range=shown)} "
        self._moves.text = self._t("linkFixed" if asked.from_ else "linkMoves")
        self._links = (await self._area.api.get(LinksAnswer, "analytics/links")).links
        self._show()

    # ---- a new link

    def _allow(self) -> None:
        self._sends.set_enabled(any(each.ticked for each in self._figures.values()))

    async def _make(self) -> None:
        await self._area.act(self._making, problem=self._problem)()

    async def _making(self) -> None:
        asked = self._asked()
        figures = [each for each, check in self._figures.items() if check.ticked]
        query = asked.range_query()
        for each in figures:
            query |= asked.own_query(each)
        wish = LinkRequest(
            name=self._name.value.strip(),
            views=[each.name for each in figures],
            query=query,
            days=int(self._days.chosen),
        )
        made = await self._area.api.post(LinkAnswer, "analytics/links", wish)
        self._address.show(f"/dashboard#{made.token}")
        self._made.visible = True
        self._addressed = made.link.id
        self._name.value = ""

    # ---- the links there are

    def _turn(self) -> None:
        self._all = not self._all
        self._show()

    def _show(self) -> None:
        """List the links that still show something first."""
        now = self._words.words.now()
        links = sorted(self._links, key=lambda each: not _is_open(each, now))
        shown = links if self._all else links[:SHOWN]
        listed = [(each, self._state(each, now)) for each in shown]
        if listed != self._listed:
            self._listed = listed
            self._list.clear()
            self._titles.clear()
            with self._list:
                for link, state in listed:
                    self._card(link, state, ends=_is_open(link, now))
        self._more.visible = len(links) > SHOWN
        self._more.text = (
            self._t("showLess")
            if self._all
            else self._t("showAll", n=self._words.number(len(links)))
        )
        self._more.props["aria-expanded"] = str(self._all).lower()
        self._none.visible = not links

    def _card(self, link: DashboardLink, state: str, *, ends: bool) -> None:
        with box("li", "panel"):
            with box("header"):
                self._titles[link.id] = heading(link.name, 3)
                if ends:
                    end = button(self._t("revoke"), partial(self._end, link), "danger")
                    end.classes("small")
            named = self._words.words.word
            paragraph(", ".join(named("analytics", each) or each for each in link.views))
            paragraph(state, "quiet")

    def _state(self, link: DashboardLink, now: datetime) -> str:
        if link.revoked_at is not None:
            return self._t("linkRevoked", time=self._words.minute(link.revoked_at))
        key = "linkOpen" if _is_open(link, now) else "linkOver"
        return self._t(key, time=self._words.minute(link.expires_at))

    async def _end(self, link: DashboardLink) -> None:
        """End a link, after a question."""

        async def ending() -> None:
            await self._area.api.post(RevokeAnswer, f"analytics/links/{link.id}/revoke")
            if link.id == self._addressed:
                self._made.visible = False

        yes, no = self._t("revoke"), self._t("cancel")
        if await confirmed(self._t("revokeSure"), yes=yes, no=no):
            await self._area.act(ending, problem=self._problem)()
            self._area.frame.focus(self._titles.get(link.id, self._list))

    def _t(self, key: str, **values: object) -> str:
        return self._words.t(f"analytics.{key}", **values)


def _is_open(link: DashboardLink, now: datetime) -> bool:
    return link.revoked_at is None and link.expires_at > now
