"""`/admin/operations`: what admins run the product with."""

from dataclasses import dataclass

from nicegui import Client
from starlette.requests import Request
from starlette.responses import Response

from ui.components.operations_screen import OperationsScreen
from ui.language import language_of
from ui.live_pages import FirstView, Opening
from ui.pages.building import admitted, let_in
from ui.pages.first_paint import FirstPaint
from ui.pages.messages import MessagePages
from ui.ports import Visitors
from ui.security_headers import nonce_of
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
    "js/socket.js",
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
    path: str = "/admin/operations"
    title: str = "NEST-Haus – Betrieb"
    viewport: str | None = None

    def screen(self) -> OperationsScreen:
        """The screen in the HTML."""
        return OperationsScreen()

    def credentials(self, request: Request) -> tuple[str, ...]:
        """The admin's token."""
        return (self.visitors.admin_token_of(request) or "",)

    async def view(self, request: Request) -> FirstView | Response:
        """The page, which asks for everything by itself, or how to sign in."""
        admin = await admitted(request, self.visitors, self.messages)
        if isinstance(admin, Response):
            return admin
        language = language_of(request)
        paint = self.first.page(
            language,
            nonce=nonce_of(request),
            title="operations.title",
            stylesheet="css/operations.css",
            modules=MODULES,
        )
        return FirstView(
            language=language,
            title=f"{self.texts.of(language, 'operations.title')} – NEST-Haus",
            head=paint.head,
            body=paint.body,
            address=self.path,
            props={
                "texts": self.texts.json_of("operations.", "brand.", "legal."),
                "language": language,
            },
        )

    async def begin(self, client: Client, opening: Opening) -> bool:
        """The page, which is taken off the screen when the admin's session is over."""
        if await let_in(opening.request, client, self.visitors) is None:
            return False
        with client:
            OperationsScreen()
        return True
