"""Single sessions page by page: those that ended without an inquiry, and all of them.

The API searches and sorts them, so that sessions that are not loaded yet count, too.
"""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any, Final
from urllib.parse import quote

from configurator.protocol.codes import Refused
from realtime.activity.figures.answers import Page
from storage.postgres.analytics.visit import Visit
from ui.figures.counted import stored_through
from ui.figures.frame import FigureFrame
from ui.figures.sorted_table import RowLink, SortedColumn, SortedTable, SortOrder
from ui.figures.words import FigureWords
from ui.staff.analytics.asked import Asked
from ui.staff.analytics.figures_tab import files_of
from ui.staff.analytics.search_form import SearchForm
from ui.staff.api import Api
from ui.theme import Message, box, button, paragraph
from ui.words import NONE

PAGE: Final = 100
FIRST_PAGE: Final = {"limit": "200"}
"""JSON comes by page, and the link is the first and longest."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Listed:
    """A list of sessions: its name in the API, its order at the start, how many rows stand at once."""

    name: str
    order: SortOrder
    limit: int


LISTS: Final = (
    Listed(name="abandoned", order=SortOrder("last_seen_at", up=False), limit=12),
    Listed(name="sessions", order=SortOrder("started_at", up=False), limit=0),
)
"""The abandoned ones stand above all of them, and do not push them out of sight."""


class SessionsTab:
    """The lists, in the current slot."""

    def __init__(self, api: Api, words: FigureWords) -> None:
        self._lists = [SessionList(each, api, words) for each in LISTS]

    def turn(self, asked: Asked) -> None:
        """Nothing in a list shows what is asked before it is read."""

    async def show(self, asked: Asked, _answers: Sequence[Any]) -> None:
        """Read the lists of another range; what only the address says is put into their links."""
        async with asyncio.TaskGroup() as reading:
            for each in self._lists:
                _ = reading.create_task(each.show(asked))


class SessionList:
    """One list with its search."""

    def __init__(self, listed: Listed, api: Api, words: FigureWords) -> None:
        self._listed = listed
        self._api = api
        self._words = words
        self._asked = Asked()
        self._order = listed.order
        self._rows: list[Visit] = []
        self._next: str | None = None
        self._through: list[str | None] = []
        self._reading = 0
        self._frame = FigureFrame(words, listed.name, wide=True)
        with self._frame:
            self._search = SearchForm(listed.name, words, self.begin)
            self._problem = Message(problem=True)
            self._stored = paragraph("", "quiet").props("data-testid=list-through")
            self._table = SortedTable[Visit](
                words, limit=listed.limit, order=listed.order, served=True, called=listed.name
            )
            self._table.on_order(self._sort)
            with box("p", "more") as self._more:
                text = words.t("analytics.moreRows", n=PAGE)
                self._more_button = button(text, self._read_more)
                self._loaded = paragraph("", "quiet")
        self._say(busy=True)

    async def show(self, asked: Asked) -> None:
        """Show what is asked now."""
        self._asked = asked
        await self.begin()

    async def begin(self) -> None:
        """Read the first page of what is searched now; what is shown stays until it is there."""
        files = files_of(self._listed.name, self._query(), self._words.language, FIRST_PAGE)
        self._frame.link_files(files)
        await self._read(None)

    async def _read_more(self) -> None:
        await self._read(self._next)

    async def _sort(self, order: SortOrder) -> None:
        self._order = order
        await self.begin()

    def _query(self) -> dict[str, str]:
        """The range, what is searched and the order, as the API takes them."""
        direction = "asc" if self._order.up else "desc"
        order = {"sort": self._order.name, "direction": direction}
        return {**self._asked.range_query(), **self._search.query(), **order}

    async def _read(self, cursor: str | None) -> None:
        self._reading += 1
        mine = self._reading
        self._problem.say("")
        self._say(busy=True)
        query = {**self._query(), "limit": str(PAGE), **({"cursor": cursor} if cursor else {})}
        try:
            page = await self._api.get(Page[Visit], f"analytics/{self._listed.name}", **query)
        except Refused as refused:
            if mine == self._reading:
                why = self._words.why(refused)
                self._problem.say(self._words.t("analytics.failed", why=why))
                self._keep(Page(rows=[], next=None, stored_through=None), cursor)
        else:
            if mine == self._reading:
                self._keep(page, cursor)
        if mine == self._reading:
            self._say(busy=False)

    def _keep(self, page: Page[Visit], cursor: str | None) -> None:
        """Keep a page; a first one takes the place of all."""
        if cursor is None:
            self._rows, self._through = [], []
        elif not page.rows:
            return
        self._rows = [*self._rows, *page.rows]
        self._through = [*self._through, page.stored_through]
        self._next = page.next

    def _say(self, *, busy: bool) -> None:
        words = self._words.in_zone(self._asked.tz)
        through = stored_through(self._through, words.words.now())
        self._stored.text = (
            words.t("analytics.through", time=words.time(through), zone=words.zone)
            if through
            else ""
        )
        empty = "loading" if busy else "noneFound" if self._search.seeks else "none"
        self._table.show(
            columns_of(words),
            self._rows,
            label=words.t(f"analytics.{self._listed.name}"),
            empty=words.t(f"analytics.{empty}"),
            order=self._order,
            key=lambda visit: str(visit.id),
            links=self._links,
        )
        self._more.visible = self._next is not None
        self._more_button.set_enabled(not busy)
        n = words.number(len(self._rows))
        self._loaded.text = words.t("analytics.shownSoFar", n=n)

    def _links(self, visit: Visit) -> list[RowLink]:
        """The house, in a tab of its own, and the address of the page with the replay in it."""
        replay = replace(self._asked, replay=str(visit.id)).search()
        play = RowLink(text=self._words.t("analytics.play"), address=replay, classes="button small")
        if not visit.code:
            return [play]
        house = f"/c/{quote(visit.code, safe='')}?as=admin"
        text = self._words.t("analytics.openHouse")
        return [RowLink(text=text, address=house, classes="small", apart=True), play]


def columns_of(words: FigureWords) -> list[SortedColumn[Visit]]:
    """The columns of a list of sessions. Their names are those that the API sorts by."""

    def named(key: str) -> str:
        return words.t(f"analytics.{key}")

    return [
        SortedColumn(
            name="started_at",
            label=named("pathBegan"),
            text=lambda visit: words.time(visit.started_at),
            head=True,
        ),
        SortedColumn(
            name="last_seen_at",
            label=named("lastSeen"),
            text=lambda visit: words.time(visit.last_seen_at),
        ),
        SortedColumn(name="status", label=named("status"), text=lambda visit: named(visit.status)),
        SortedColumn(
            name="last_category",
            label=named("last"),
            text=lambda visit: (
                words.names.category(visit.last_category) if visit.last_category else NONE
            ),
        ),
        SortedColumn(
            name="value_cents",
            label=named("value"),
            text=lambda visit: words.euro(visit.value_cents),
            number=True,
        ),
        SortedColumn(
            name="interactions",
            label=named("events"),
            text=lambda visit: words.number(visit.interactions),
            number=True,
        ),
        SortedColumn(
            name="device",
            label=named("device"),
            text=lambda visit: words.names.device(visit.device) if visit.device else NONE,
        ),
        SortedColumn(
            name="language",
            label=named("language"),
            text=lambda visit: words.names.language(visit.language) if visit.language else NONE,
        ),
        SortedColumn(
            name="referrer",
            label=named("referrer"),
            text=lambda visit: visit.referrer or NONE,
            clip=True,
        ),
        SortedColumn(
            name="code", label=named("house"), text=lambda visit: visit.code or NONE, sorts=False
        ),
        SortedColumn(
            name="client_session_id",
            label=named("clientId"),
            text=lambda visit: visit.client_session_id or NONE,
            quiet=True,
            clip=True,
            sorts=False,
        ),
    ]
