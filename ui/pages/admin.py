"""`/admin`: the live view. Everything is pushed; the browser polls nothing."""

from collections.abc import Callable
from dataclasses import dataclass

from nicegui import ui
from starlette.requests import Request
from starlette.responses import Response

from realtime.door import network_in
from storage.errors import StorageUnavailable
from ui.components.screens import AdminScreen
from ui.language import language_of
from ui.pages.building import BUILD_WITHIN_S, admitted, only_headers, speak
from ui.pages.conversation import Conversation
from ui.pages.first_paint import FirstPaint
from ui.pages.messages import MessagePages
from ui.ports import AdminSource, CatalogueSource, Visitors
from ui.texts import Texts

RECONNECT_TIMEOUT_S = 60.0
MODULES = (
    "js/admin.js",
    "js/admin/houses.js",
    "js/admin/lines.js",
    "js/admin/numbers.js",
    "js/admin/timeline.js",
    "js/attended.js",
    "js/feed.js",
    "js/format.js",
    "js/happened.js",
    "js/legal.js",
    "js/older.js",
    "js/operations/words.js",
    "js/storage.js",
)


@dataclass(frozen=True)
class AdminPage:
    """What the page is built from."""

    source: AdminSource
    catalogue: CatalogueSource
    visitors: Visitors
    texts: Texts
    first: FirstPaint
    messages: MessagePages
    count_dropped: Callable[[], None]

    def register(self) -> None:
        """Make NiceGUI serve the page."""

        @ui.page(
            "/admin",
            title="NEST-Haus Live",
            dark=None,
            language="de",
            response_timeout=BUILD_WITHIN_S,
            reconnect_timeout=RECONNECT_TIMEOUT_S,
        )
        async def admin(request: Request) -> Response | None:
            return await self._build(request)

    async def _build(self, request: Request) -> Response | None:
        client = ui.context.client
        admin = await admitted(request, self.visitors, self.messages)
        if isinstance(admin, Response):
            return admin
        if headers := only_headers(request):
            return headers
        conversation = Conversation(self.count_dropped)
        try:
            watch = await self.source.watch(
                conversation.send, admin=admin, network=network_in(request.scope)
            )
        except StorageUnavailable:
            client.delete()
            return self.messages.later(request)
        if client.is_deleted:
            await watch.close()
            return None
        language = language_of(request)
        speak(language)
        self.first.page(language, title="admin.title", stylesheet="css/admin.css", modules=MODULES)
        screen = AdminScreen(
            frames=watch.initial_frames,
            catalogue=self.catalogue.catalogue_json(),
            texts=self.texts.json,
            language=language,
            hear=conversation.hear,
        )
        conversation.start(screen, receive=watch.receive, close=watch.close, leave=None)
        return None
