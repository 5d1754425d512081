"""`/admin/analytics`: the figures of a range, what visitors did, and replays of their sessions."""

from dataclasses import dataclass

from nicegui import ui
from starlette.requests import Request
from starlette.responses import Response

from ui.components.analytics_screen import AnalyticsScreen
from ui.language import language_of
from ui.pages.building import BUILD_WITHIN_S, admitted, only_headers, speak
from ui.pages.first_paint import FirstPaint
from ui.pages.messages import MessagePages
from ui.ports import CatalogueSource, Visitors
from ui.texts import Texts

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

    def register(self) -> None:
        """Make NiceGUI serve the page."""

        @ui.page(
            "/admin/analytics",
            title="NEST-Haus – Auswertung",
            dark=None,
            language="de",
            response_timeout=BUILD_WITHIN_S,
        )
        async def analytics(request: Request) -> Response | None:
            return await self._build(request)

    async def _build(self, request: Request) -> Response | None:
        client = ui.context.client
        admin = await admitted(request, self.visitors, self.messages)
        if isinstance(admin, Response):
            return admin
        if client.is_deleted:
            return None
        if headers := only_headers(request):
            return headers
        language = language_of(request)
        speak(language)
        client.title = f"{self.texts.of(language, 'analytics.title')} – NEST-Haus"
        self.first.page(
            language, title="analytics.title", stylesheet="css/analytics.css", modules=MODULES
        )
        AnalyticsScreen(
            catalogue=self.catalogue.catalogue_json(),
            texts=self.texts.json,
            language=language,
        )
        return None
