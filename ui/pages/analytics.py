"""`/admin/analytics`: the figures of a range, what visitors did, and replays of their sessions."""

from dataclasses import dataclass

from nicegui import Client
from starlette.requests import Request
from starlette.responses import Response

from ui.components.analytics_screen import AnalyticsScreen, figures_props
from ui.language import language_of
from ui.live_pages import FirstView, Opening
from ui.pages.building import admitted, let_in
from ui.pages.first_paint import FirstPaint
from ui.pages.messages import MessagePages
from ui.ports import CatalogueSource, Visitors
from ui.security_headers import nonce_of
from ui.texts import Texts
from ui.zones import zones_of_today

FIGURES = (
    "js/analytics/charts.js",
    "js/analytics/figure.js",
    "js/analytics/figures.js",
    "js/analytics/figures/breakdown.js",
    "js/analytics/figures/catalogues.js",
    "js/analytics/figures/combinations.js",
    "js/analytics/figures/funnel.js",
    "js/analytics/figures/journeys.js",
    "js/analytics/figures/kpis.js",
    "js/analytics/figures/options.js",
    "js/analytics/figures/outcomes.js",
    "js/analytics/figures/paths.js",
    "js/analytics/figures/prices.js",
    "js/analytics/figures/retention.js",
    "js/analytics/figures/series.js",
    "js/analytics/figures/signals.js",
    "js/analytics/figures/steps.js",
    "js/analytics/reading.js",
    "js/analytics/side_by_side.js",
    "js/analytics/table.js",
    "js/analytics/words.js",
    "js/attended.js",
    "js/calling.js",
    "js/format.js",
    "js/happened.js",
    "js/paper.js",
    "js/patience.js",
    "js/socket.js",
)
MODULES = (
    "js/analytics.js",
    "js/analytics/asked.js",
    "js/analytics/exports.js",
    "js/analytics/funnel_steps.js",
    "js/analytics/links.js",
    "js/analytics/player.js",
    "js/analytics/range.js",
    "js/analytics/sessions.js",
    "js/analytics/trying.js",
    "js/analytics/zones.js",
    "js/legal.js",
    "js/older.js",
    "js/sure.js",
    *FIGURES,
)


@dataclass(frozen=True)
class AnalyticsPage:
    """What the page is built from."""

    catalogue: CatalogueSource
    visitors: Visitors
    texts: Texts
    first: FirstPaint
    messages: MessagePages
    path: str = "/admin/analytics"
    title: str = "NEST-Haus – Auswertung"
    viewport: str | None = None

    def screen(self) -> AnalyticsScreen:
        """The screen in the HTML."""
        return AnalyticsScreen()

    def credentials(self, request: Request) -> tuple[str, ...]:
        """The admin's token."""
        return (self.visitors.admin_token_of(request) or "",)

    async def view(self, request: Request) -> FirstView | Response:
        """The page, which asks for its figures by itself, or how to sign in."""
        admin = await admitted(request, self.visitors, self.messages)
        if isinstance(admin, Response):
            return admin
        language = language_of(request)
        paint = self.first.page(
            language,
            nonce=nonce_of(request),
            title="analytics.title",
            stylesheet="css/analytics.css",
            modules=MODULES,
        )
        props = figures_props(
            catalogue=self.catalogue.catalogue_json(), texts=self.texts.json, language=language
        )
        return FirstView(
            language=language,
            title=f"{self.texts.of(language, 'analytics.title')} – NEST-Haus",
            head=paint.head,
            body=paint.body,
            address=self.path,
            props={**props, "zones": list(zones_of_today())},
        )

    async def begin(self, client: Client, opening: Opening) -> bool:
        """The page, which is taken off the screen when the admin's session is over."""
        if await let_in(opening.request, client, self.visitors) is None:
            return False
        with client:
            AnalyticsScreen()
        return True
