"""`/dashboard#token`: a shared dashboard, read only.

The browser keeps what is behind the # to itself and sends it to the API in a header, so the token is
in no log, no history of a proxy and no Referer.
"""

from dataclasses import dataclass

from nicegui import Client
from starlette.requests import Request
from starlette.responses import Response

from ui.components.analytics_screen import DashboardScreen, figures_props
from ui.language import language_of
from ui.live_pages import FirstView, Opening
from ui.pages.analytics import FIGURES
from ui.pages.first_paint import FirstPaint
from ui.ports import CatalogueSource
from ui.security_headers import nonce_of
from ui.texts import Texts


@dataclass(frozen=True)
class DashboardPage:
    """What the page is built from. It is the same for everybody; only the API knows links."""

    catalogue: CatalogueSource
    texts: Texts
    first: FirstPaint
    path: str = "/dashboard"
    title: str = "NEST-Haus"
    viewport: str | None = None

    def screen(self) -> DashboardScreen:
        """The screen in the HTML."""
        return DashboardScreen()

    def credentials(self, _request: Request) -> tuple[str, ...]:
        """None."""
        return ()

    async def view(self, request: Request) -> FirstView | Response:
        """The page, which asks for its figures by itself."""
        language = language_of(request)
        paint = self.first.page(
            language,
            nonce=nonce_of(request),
            title="dashboard.title",
            stylesheet="css/analytics.css",
            modules=("js/dashboard.js", "js/legal.js", *FIGURES),
        )
        return FirstView(
            language=language,
            title=f"{self.texts.of(language, 'dashboard.title')} – NEST-Haus",
            head=paint.head,
            body=paint.body,
            address=self.path,
            props=figures_props(
                catalogue=self.catalogue.catalogue_json(), texts=self.texts.json, language=language
            ),
        )

    async def begin(self, client: Client, _opening: Opening) -> bool:
        """The page, for everybody."""
        with client:
            DashboardScreen()
        return True
