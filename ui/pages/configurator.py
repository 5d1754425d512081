"""`/c/{code}`: the configurator of one house."""

import json
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial

from nicegui import ui
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from configurator.house_code import as_code
from configurator.protocol.codes import Refused
from realtime.principal import Principal
from storage.errors import StorageUnavailable
from ui.components.screens import ConfiguratorScreen
from ui.language import language_of
from ui.pages.building import BUILD_WITHIN_S, leave, only_headers, sign_in_needed, speak
from ui.pages.conversation import Conversation
from ui.pages.first_paint import FirstPaint
from ui.pages.messages import MessagePages
from ui.ports import Consent, Live, Visitors
from ui.texts import Texts

RECONNECT_TIMEOUT_S = 120.0
MODULES = (
    "js/bars.js",
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

    def register(self) -> None:
        """Make NiceGUI serve the page."""

        @ui.page(
            "/c/{code}",
            title="NEST-Haus",
            viewport="width=device-width, initial-scale=1, viewport-fit=cover",
            dark=None,
            language="de",
            response_timeout=BUILD_WITHIN_S,
            reconnect_timeout=RECONNECT_TIMEOUT_S,
        )
        async def configurator(request: Request, code: str) -> Response | None:
            return await self._build(request, code)

    async def _looking_on(self, request: Request) -> Principal | None:
        return await self.visitors.admin_of(request) if _for_admins(request) else None

    async def _not_opened(self, request: Request, admin: Principal | None) -> Response:
        """The same for every house, so that nothing leaks. Raises StorageUnavailable."""
        if _for_admins(request) and admin is None:
            return await sign_in_needed(request, self.visitors, self.messages)
        try:
            browser = await self.visitors.browser_of(request)
        except StorageUnavailable:
            return self.messages.later(request)
        if browser.unclear:
            return self.messages.refused(request, Refused("cookies_differ"))
        if browser.ended:
            return self.messages.looks_again(request, request.path_params["code"], status=404)
        return self.messages.private(request, browser)

    async def _build(self, request: Request, code: str) -> Response | None:
        language = language_of(request)
        written = as_code(code)
        if written is not None and written != code:
            ui.context.client.delete()
            return RedirectResponse(request.url.replace(path=f"/c/{written}", scheme="", netloc=""))
        conversation = Conversation(self.count_dropped)
        client = ui.context.client
        try:
            admin = await self._looking_on(request)
            opened = await self.live.open(
                configuration_code=code,
                person_token=self.visitors.person_token_of(request),
                send=conversation.send,
                hang_up=conversation.hang_up,
                asking=request,
                language=language,
                admin=admin,
                ended=partial(leave, client, "" if admin else f"/signed-out?house={code}"),
            )
            refusal = None if opened else await self._not_opened(request, admin)
        except StorageUnavailable:
            opened, refusal = None, self.messages.later(request)
        if opened is None:
            client.delete()
            return refusal
        if (headers := only_headers(request)) or client.is_deleted:
            await opened.close()
            return headers
        speak(language)
        self.first.house(
            language,
            code=code,
            frames=opened.initial_frames,
            stylesheet="css/configurator.css",
            modules=MODULES,
        )
        client.title = f"{self.texts.of(language, 'house.title')} {code} – NEST-Haus"
        screen = ConfiguratorScreen(
            frames=opened.initial_frames,
            catalogue=opened.catalogue_json,
            texts=self.texts.for_visitors,
            language=language,
            dev=self.dev,
            consent=self.consent,
            hear=conversation.hear,
        )
        conversation.start(
            screen,
            receive=opened.connection.receive,
            close=opened.close,
            leave=_leave_message(opened.initial_frames),
            heard=opened.connection.heard,
        )
        return None


def _for_admins(request: Request) -> bool:
    return request.query_params.get("as") == "admin"


def _leave_message(frames: object) -> str | None:
    for frame in frames if isinstance(frames, list | tuple) else ():
        message = json.loads(frame)
        if message.get("type") == "snapshot":
            return json.dumps({"type": "leave", "configuration": message["configuration"]})
    return None
