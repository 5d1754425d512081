"""`/c/{code}`: the configurator of one house."""

import json
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from urllib.parse import quote

from nicegui import Client
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from configurator.house_code import as_code
from configurator.protocol.codes import Refused
from realtime.people.principal import Staff
from ui.components.screens import ConfiguratorScreen, frames_prop
from ui.language import language_of
from ui.live.pages import FirstView, PageOpening
from ui.pages.building import load_again, sign_in_needed, sign_out
from ui.pages.conversation import Conversation
from ui.pages.first_paint import FirstPaint
from ui.ports import ConsentMode, Live, Visitors
from ui.public.messages import MessagePages
from ui.public.restored import put_back_to
from ui.security_headers import nonce_of
from ui.texts import Texts


@dataclass(frozen=True)
class ConfiguratorPage:
    """The page, with the parts that it is built from."""

    live: Live
    visitors: Visitors
    texts: Texts
    first: FirstPaint
    messages: MessagePages
    dev: bool
    consent: ConsentMode
    count_dropped: Callable[[], None]
    path: str = "/c/{code}"
    title: str = "NEST-Haus"
    viewport: str | None = "width=device-width, initial-scale=1, viewport-fit=cover"

    def screen(self) -> ConfiguratorScreen:
        """The screen in the HTML."""
        return ConfiguratorScreen()

    def credentials(self, request: Request) -> tuple[str, ...]:
        """The person's token, and the admin's if an admin looks on."""
        person = self.visitors.person_token_of(request) or ""
        admin = self.visitors.admin_token_of(request) or ""
        return (person, admin) if _for_admins(request) else (person,)

    async def view(self, request: Request) -> FirstView | Response:
        """The house, or the page that says why it is not shown. Raises StorageUnavailable."""
        code, language = request.path_params["code"], language_of(request)
        written = as_code(code)
        if written is not None and written != code:
            return RedirectResponse(request.url.replace(path=f"/c/{written}", scheme="", netloc=""))
        admin = await self._looking_on(request)
        house = await self.live.look(
            configuration_code=code,
            person_token=self.visitors.person_token_of(request),
            asking=request,
            admin=admin,
        )
        if house is None:
            return await self._not_opened(request, admin)
        paint = self.first.house(
            language,
            nonce=nonce_of(request),
            code=code,
            frames=house.frames,
            stylesheets=("css/configurator.css",),
            entry="js/configurator/index.js",
        )
        return FirstView(
            language=language,
            title=f"{self.texts.of(language, 'house.title')} {code} – NEST-Haus",
            head=paint.head,
            body=paint.body,
            address=f"/c/{quote(code)}{'?as=admin' if _for_admins(request) else ''}",
            props={
                "frames": frames_prop(house.frames),
                "catalogue": house.catalogue_json,
                "texts": self.texts.for_visitors,
                "language": language,
                "dev": self.dev,
                "consent": self.consent,
            },
            fetched_ahead=house.fetched_ahead,
        )

    async def begin(self, client: Client, opening: PageOpening) -> bool:
        """Open the house for this socket, if it may. Raises StorageUnavailable.

        A returning page stays on its screen even if the visitor may not see the house any more: it
        is told so when it joins, and shows the changes that were not saved.
        """
        request = opening.request
        code = request.path_params["code"]
        admin = await self._looking_on(request)
        conversation = Conversation(self.count_dropped)
        opened = await self.live.open(
            configuration_code=code,
            person_token=self.visitors.person_token_of(request),
            send=conversation.send,
            hang_up=conversation.hang_up,
            asking=request,
            admin=admin,
            fetched_ahead=opening.fetched_ahead,
            returning=opening.returning and _for_admins(request) == (admin is not None),
            ended=partial(load_again if admin else sign_out, client),
        )
        if opened is None:
            return False
        with client:
            screen = ConfiguratorScreen(conversation.hear)
        configuration = opened.configuration
        conversation.start(
            screen,
            receive=opened.connection.receive,
            close=opened.close,
            leave=json.dumps({"type": "leave", "configuration": configuration})
            if configuration
            else None,
            heard=opened.connection.heard,
        )
        opened.start()
        return True

    async def _looking_on(self, request: Request) -> Staff | None:
        return await self.visitors.admin_of(request) if _for_admins(request) else None

    async def _not_opened(self, request: Request, admin: Staff | None) -> Response:
        """The same answer for every house, so that it tells nothing. Raises StorageUnavailable."""
        if _for_admins(request) and admin is None:
            return await sign_in_needed(request, self.visitors, self.messages)
        browser = await self.visitors.browser_of(request)
        if browser.unclear:
            return self.messages.refused(request, Refused("cookies_differ"))
        if browser.ended:
            return self.messages.looks_again(request, request.path_params["code"], status=404)
        restored = await put_back_to(self.visitors, language_of(request))
        return self.messages.private(request, browser, restored)


def _for_admins(request: Request) -> bool:
    return request.query_params.get("as") == "admin"
