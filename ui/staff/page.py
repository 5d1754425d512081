"""A page for staff: who may see it, and its frame.

The page is sent as any other (`ui.live.pages`): HTML at once, and its elements when the socket
comes. The browser then says what its address asks for. Everything a page shows is read from the API
again every few seconds while somebody can see it.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from nicegui import Client, ui
from nicegui.version import __version__
from starlette.requests import Request
from starlette.responses import Response

from configurator.people.roles import Permission
from ui.language import language_of
from ui.live.pages import FirstView, PageOpening
from ui.pages.building import admitted, let_in
from ui.pages.first_paint import FirstPaint
from ui.ports import AdminApi, Visitors
from ui.public.messages import MessagePages
from ui.security_headers import nonce_of
from ui.staff.api import Api
from ui.staff.frame import StaffFrame
from ui.staff.open_page import frame_with
from ui.texts import Texts
from ui.theme import STYLESHEET
from ui.words import Words

ENTRY: Final = "js/staff/index.js"

Opened = Callable[[Api, Words, Mapping[str, object]], object]
"""Builds a page from the API, its words and the properties of its frame."""


@dataclass(frozen=True, kw_only=True)
class StaffParts:
    """The parts that every page for staff is built from. ``now`` is the time of day."""

    visitors: Visitors
    texts: Texts
    first: FirstPaint
    messages: MessagePages
    api: AdminApi
    now: Callable[[], datetime]


@dataclass(frozen=True, kw_only=True)
class StaffPage:
    """One page. Its texts begin with `named`.

    `opened` builds it in a tab, in a frame with the properties that it is given. The browser loads the
    scripts of `elements` with the page, and those of other elements when they are needed.
    """

    parts: StaffParts
    path: str
    needs: Permission
    named: str
    opened: Opened
    elements: Sequence[type[ui.element]]
    stylesheets: Sequence[str] = (STYLESHEET,)
    title: str = "NEST-Haus"
    viewport: str | None = None

    def screen(self) -> StaffFrame:
        """The frame in the HTML, without what is in it."""
        return frame_with(lambda _: None, lambda: None)

    def credentials(self, request: Request) -> tuple[str, ...]:
        """The admin's token."""
        return (self.parts.visitors.admin_token_of(request) or "",)

    async def view(self, request: Request) -> FirstView | Response:
        """The page, which is filled when its socket comes, or how to sign in."""
        admin = await admitted(request, self.parts.visitors, self.parts.messages, self.needs)
        if isinstance(admin, Response):
            return admin
        language = language_of(request)
        paint = self.parts.first.page(
            language,
            nonce=nonce_of(request),
            title=f"{self.named}.title",
            stylesheets=self.stylesheets,
            entry=ENTRY,
        )
        words = Words(self.parts.texts, language, self.parts.now)
        title = words.t(f"{self.named}.title")
        return FirstView(
            language=language,
            title=f"{title} – NEST-Haus",
            head="\n".join([paint.head, *scripts_of(self.elements)]),
            body=paint.body,
            address=f"{self.path}?lang={language}",
            props=self._props(words),
        )

    async def begin(self, client: Client, opening: PageOpening) -> bool:
        """The page, which is taken off the screen when the admin's session is over."""
        if await let_in(opening.request, client, self.parts.visitors, self.needs) is None:
            return False
        words = Words(self.parts.texts, language_of(opening.request), self.parts.now)
        with client:
            self.opened(Api(self.parts.api, opening.request), words, self._props(words))
        return True

    def _props(self, words: Words) -> dict[str, object]:
        return {
            "title": words.t(f"{self.named}.title"),
            "loading": words.t("first.loading"),
            "away": words.t("staff.away"),
        }


def scripts_of(elements: Sequence[type[ui.element]]) -> Iterator[str]:
    """Links to the scripts of elements, which the browser would learn of only from the socket."""
    for element in elements:
        if element.component is not None:
            address = f"/_nicegui/{__version__}/components/{element.component.key}"
            yield f'<link rel="modulepreload" href="{address}">'
