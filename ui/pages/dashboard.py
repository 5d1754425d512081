"""`/dashboard#token`: a shared dashboard, read only.

The browser keeps what is behind the # to itself and sends it to the API in a header, so the token is
in no log, no history of a proxy and no Referer.
"""

from dataclasses import dataclass

from nicegui import ui
from starlette.requests import Request
from starlette.responses import Response

from ui.components.analytics_screen import DashboardScreen
from ui.language import language_of
from ui.pages.analytics import FIGURES
from ui.pages.building import BUILD_WITHIN_S, only_headers, speak
from ui.pages.first_paint import FirstPaint
from ui.ports import CatalogueSource
from ui.texts import Texts


@dataclass(frozen=True)
class DashboardPage:
    """What the page is built from. It is the same for everybody; only the API knows links."""

    catalogue: CatalogueSource
    texts: Texts
    first: FirstPaint

    def register(self) -> None:
        """Make NiceGUI serve the page."""

        @ui.page(
            "/dashboard",
            title="NEST-Haus",
            dark=None,
            language="de",
            response_timeout=BUILD_WITHIN_S,
        )
        async def dashboard(request: Request) -> Response | None:
            if headers := only_headers(request):
                return headers
            self._build(request)
            return None

    def _build(self, request: Request) -> None:
        language = language_of(request)
        speak(language)
        ui.context.client.title = f"{self.texts.of(language, 'dashboard.title')} – NEST-Haus"
        self.first.page(
            language,
            title="dashboard.title",
            stylesheet="css/analytics.css",
            modules=("js/dashboard.js", "js/legal.js", *FIGURES),
        )
        DashboardScreen(
            catalogue=self.catalogue.catalogue_json(),
            texts=self.texts.json,
            language=language,
        )
