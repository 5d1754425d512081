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
from realtime.principal import Principal
from ui.components.screens import ConfiguratorScreen, frames_prop
from ui.language import language_of
from ui.live_pages import FirstView, Opening
from ui.pages.building import load_again, sign_in_needed, sign_out
from ui.pages.conversation import Conversation
from ui.pages.first_paint import FirstPaint
from ui.pages.messages import MessagePages
from ui.pages.restored import put_back_to
from ui.ports import Consent, Live, Visitors
from ui.security_headers import nonce_of
from ui.texts import Texts

MODULES = (
    "js/bars.js",
    "js/closed.js",
    "js/configurator.js",
    "js/consent.js",
    "js/counting.js",
    "js/forgetting.js",
    "js/format.js",
    "js/http.js",
    "js/ids.js",
    "js/inquiry.js",
    "js/keys.js",
    "js/materials.js",
    "js/measure.js",
    "js/names.js",
    "js/notices.js",
    "js/older.js",
    "js/owner.js",
    "js/patience.js",
    "js/pending.js",
    "js/referrer.js",
    "js/room.js",
    "js/sentences.js",
    "js/siblings.js",
    "js/socket.js",
    "js/storage.js",
    "js/tabs.js",
    "js/telling.js",
    "js/track.js",
    "js/typed.js",
    "js/vitals.js",
    "js/parts/category.js",
    "js/parts/consent.js",
    "js/parts/dev.js",
    "js/parts/dialogs.js",
    "js/parts/ended.js",
    "js/parts/restored.js",
    "js/parts/face.js",
    "js/parts/focus.js",
    "js/parts/forget.js",
    "js/parts/history.js",
    "js/parts/house.js",
    "js/parts/inquiry.js",
    "js/parts/people.js",
    "js/parts/pricebar.js",
    "js/parts/printed.js",
    "js/parts/sharing.js",
    "js/parts/sheet.js",
    "js/parts/status.js",
    "js/parts/stepper.js",
    "js/parts/takeback.js",
    "js/parts/toasts.js",
)


@dataclass(frozen=True)
class ConfiguratorPage:
    """What the page is built from."""

    live: Live
    visitors: Visitors
    texts: Texts
    first: FirstPaint
    messages: MessagePages
    dev: bool
    consent: Consent
    count_dropped: Callable[[], None]
    path: str = "/c/{code}"
    title: str = "NEST-Haus"
    viewport: str | None = "width=device-width, initial-scale=1, viewport-fit=cover"

    def screen(self) -> ConfiguratorScreen:
        """The screen in the HTML."""
        return ConfiguratorScreen()

    def credentials(self, request: Request) -> tuple[str, ...]:
        """The person's token, and the admin's where they look on."""
        person = self.visitors.person_token_of(request) or ""
        admin = self.visitors.admin_token_of(request) or ""
        return (person, admin) if _for_admins(request) else (person,)

    async def view(self, request: Request) -> FirstView | Response:
        """The house, or why it is not shown. Raises StorageUnavailable."""
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
            stylesheet="css/configurator.css",
            modules=MODULES,
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

    async def begin(self, client: Client, opening: Opening) -> bool:
        """Open the house for this socket, if it may. Raises StorageUnavailable.

        A page that returns stays on its screen also if the visitor may not see the house any more: it
        is told so when it joins, and shows what was not saved.
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

    async def _looking_on(self, request: Request) -> Principal | None:
        return await self.visitors.admin_of(request) if _for_admins(request) else None

    async def _not_opened(self, request: Request, admin: Principal | None) -> Response:
        """The same for every house, so that nothing leaks. Raises StorageUnavailable."""
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
