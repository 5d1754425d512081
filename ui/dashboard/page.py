"""`/dashboard#token`: the page of a shared dashboard, for everybody who has its link.

Browsers keep what is behind the # out of addresses. The page says it in a message over its socket, and
for files in a header, so the token is in no log, no history of a proxy and no Referer.

No cookie tells whose page this is, and the ids of a page are in the address of its socket, which proxies
write down. So every socket has a page of its own (`ui.live.pages`), which shows nothing until this
socket has said the token.
"""

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime
from typing import Final

from nicegui import Client
from starlette.requests import Request
from starlette.responses import Response

from configurator.activity.ranges import ZONE
from ui.dashboard.open_dashboard import OpenDashboard
from ui.dashboard.reading import LinkReader
from ui.dashboard.shown import ShownDashboards
from ui.figures.chart import Chart
from ui.figures.names import names_of
from ui.figures.sorted_table import SortedTable
from ui.figures.words import FigureWords
from ui.language import language_of
from ui.live.pages import FirstView, PageOpening
from ui.pages.first_paint import FirstPaint
from ui.ports import CatalogueSource, SharedApi
from ui.security_headers import nonce_of
from ui.staff.frame import StaffFrame
from ui.staff.open_page import frame_with
from ui.staff.page import ENTRY, scripts_of
from ui.texts import Texts
from ui.theme import FIGURES_STYLESHEET, STYLESHEET
from ui.words import Words

REFRESH_MS: Final = 60_000


@dataclass(frozen=True, kw_only=True)
class DashboardPage:
    """The page, with the parts it is built from.

    It is the same for everybody; only the API knows links.
    """

    api: SharedApi
    catalogue: CatalogueSource
    texts: Texts
    first: FirstPaint
    now: Callable[[], datetime]
    shown: ShownDashboards = field(default_factory=ShownDashboards)
    path: str = "/dashboard"
    title: str = "NEST-Haus"
    viewport: str | None = None

    def screen(self) -> StaffFrame:
        """The frame in the HTML, without what is in it."""
        return frame_with(lambda _: None, lambda: None)

    def credentials(self, _request: Request) -> None:
        """None: a token that the browser says over its socket."""
        return

    async def view(self, request: Request) -> FirstView | Response:
        """The page, which is filled when its socket comes."""
        language = language_of(request)
        words = Words(self.texts, language, self.now)
        paint = self.first.page(
            language,
            nonce=nonce_of(request),
            title="dashboard.title",
            stylesheets=(STYLESHEET, FIGURES_STYLESHEET),
            entry=ENTRY,
        )
        return FirstView(
            language=language,
            title=f"{words.t('dashboard.title')} – NEST-Haus",
            head="\n".join([paint.head, *scripts_of((Chart, SortedTable))]),
            body=paint.body,
            address=f"{self.path}?lang={language}",
            props=self._props(words),
        )

    async def begin(self, client: Client, opening: PageOpening) -> bool:
        """The page, for everybody."""
        words = Words(self.texts, language_of(opening.request), self.now)
        names = names_of(self.catalogue.catalogue_json())
        with client:
            OpenDashboard(
                LinkReader(self.api, opening.request),
                FigureWords(words, names, ZONE),
                self.shown,
                props=self._props(words),
            )
        return True

    def _props(self, words: Words) -> dict[str, object]:
        return {
            "title": words.t("dashboard.title"),
            "loading": words.t("first.loading"),
            "away": words.t("staff.away"),
            "look": "analytics dashboard",
            "every": REFRESH_MS,
            "guest": True,
        }
