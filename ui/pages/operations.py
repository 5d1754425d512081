"""`/admin/operations`: what admins run the product with."""

from dataclasses import dataclass

from nicegui import ui
from starlette.requests import Request
from starlette.responses import Response

from ui.components.operations_screen import OperationsScreen
from ui.language import language_of
from ui.pages.building import BUILD_WITHIN_S, admitted, only_headers, speak
from ui.pages.first_paint import FirstPaint
from ui.pages.messages import MessagePages
from ui.ports import Visitors
from ui.texts import Texts

MODULES = (
    "js/attended.js",
    "js/calling.js",
    "js/format.js",
    "js/legal.js",
    "js/operations.js",
    "js/operations/audit.js",
    "js/operations/files.js",
    "js/operations/jobs.js",
    "js/operations/ledger.js",
    "js/operations/letters.js",
    "js/operations/privacy.js",
    "js/operations/sessions.js",
    "js/operations/words.js",
    "js/patience.js",
    "js/storage.js",
    "js/sure.js",
    "js/typed.js",
)


@dataclass(frozen=True)
class OperationsPage:
    """What the page is built from."""

    visitors: Visitors
    texts: Texts
    first: FirstPaint
    messages: MessagePages

    def register(self) -> None:
        """Make NiceGUI serve the page."""

        @ui.page(
            "/admin/operations",
            title="NEST-Haus – Betrieb",
            dark=None,
            language="de",
            response_timeout=BUILD_WITHIN_S,
        )
        async def operations(request: Request) -> Response | None:
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
        client.title = f"{self.texts.of(language, 'operations.title')} – NEST-Haus"
        self.first.page(
            language, title="operations.title", stylesheet="css/operations.css", modules=MODULES
        )
        OperationsScreen(
            texts=self.texts.json_of("operations.", "brand.", "legal."), language=language
        )
        return None
