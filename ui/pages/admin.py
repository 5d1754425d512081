"""`/admin`: the live view. Everything is pushed; the browser polls nothing."""

from collections.abc import Callable
from dataclasses import dataclass

from nicegui import Client
from starlette.requests import Request
from starlette.responses import Response

from configurator.people.roles import Permission
from realtime.people.networks import network_in
from ui.components.screens import AdminScreen, frames_prop
from ui.language import language_of
from ui.live.pages import FirstView, PageOpening
from ui.pages.building import admitted, let_in
from ui.pages.conversation import Conversation
from ui.pages.first_paint import FirstPaint
from ui.ports import AdminSource, CatalogueSource, Visitors
from ui.public.messages import MessagePages
from ui.security_headers import nonce_of
from ui.texts import Texts


@dataclass(frozen=True)
class AdminPage:
    """The page, with the parts that it is built from."""

    source: AdminSource
    catalogue: CatalogueSource
    visitors: Visitors
    texts: Texts
    first: FirstPaint
    messages: MessagePages
    count_dropped: Callable[[], None]
    path: str = "/admin"
    title: str = "NEST-Haus Live"
    viewport: str | None = None

    def screen(self) -> AdminScreen:
        """The screen in the HTML."""
        return AdminScreen()

    def credentials(self, request: Request) -> tuple[str, ...]:
        """The admin's token."""
        return (self.visitors.admin_token_of(request) or "",)

    async def view(self, request: Request) -> FirstView | Response:
        """The present figures, or the page that asks to sign in. Raises StorageUnavailable."""
        admin = await admitted(request, self.visitors, self.messages, Permission.WATCH_ACTIVITY)
        if isinstance(admin, Response):
            return admin
        language = language_of(request)
        paint = self.first.page(
            language,
            nonce=nonce_of(request),
            title="admin.title",
            stylesheets=("css/admin.css",),
            entry="js/live/index.js",
        )
        return FirstView(
            language=language,
            title=self.title,
            head=paint.head,
            body=paint.body,
            address=self.path,
            props={
                "frames": frames_prop(await self.source.first_frames()),
                "catalogue": self.catalogue.catalogue_json(),
                "texts": self.texts.json,
                "language": language,
            },
        )

    async def begin(self, client: Client, opening: PageOpening) -> bool:
        """Feed this socket, if it belongs to an admin. Raises StorageUnavailable."""
        admin = await let_in(opening.request, client, self.visitors, Permission.WATCH_ACTIVITY)
        if admin is None:
            return False
        conversation = Conversation(self.count_dropped)
        watch = await self.source.watch(
            conversation.send,
            admin=admin,
            network=network_in(opening.request.scope),
            returning=opening.returning,
        )
        if client.is_deleted:  # the session has ended
            await watch.close()
            return False
        with client:
            screen = AdminScreen(conversation.hear)
        conversation.start(screen, receive=watch.receive, close=watch.close, leave=None)
        return True
