"""Pages with a socket, made in two steps: the HTML at once, the page when its socket comes.

GET answers HTML and keeps nothing, so a view without a socket after it (by a crawler, for a link
preview) costs nothing once it is answered. The page itself - NiceGUI's elements, a connection to
the house, a queue - is built when a socket asks for it, by the id that the HTML gave it and by the
address of the page. Building is the same in every process and gives the same ids, so the socket may
come to any process, and the tab of a process that is gone goes on at another one without loading
itself again:

    browser --GET /c/CODE-->            process 1: HTML with client_id and address
    browser --socket, handshake-->      process 1, 2, ...: the page is built, or is there already
    browser --join{since}-->            what it missed since the HTML, or since it was cut off

Only its cookies authenticate a handshake: the page is built for the visitor for whom GET would have
answered. To reach a page that exists already, the socket must have the tokens that the page was
built for. The ids of a page are in the address of its socket, which proxies write down. So a page
that no cookie protects is never handed on: each socket has one built for it, and the socket before is
cut off.
"""

import asyncio
import re
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final, Protocol
from urllib.parse import unquote
from uuid import uuid4

import structlog
from nicegui import Client, ui
from starlette.requests import Request
from starlette.responses import HTMLResponse, Response
from starlette.routing import Match, Route
from starlette.types import Scope

from configurator.protocol.codes import Refused
from configurator.text import LANGUAGES, Language
from realtime.edge.exchange import refusal
from realtime.people.networks import network_in
from storage.errors import StorageUnavailable
from ui.live.client import RECONNECT_TIMEOUT_S, PageClient, delete_now
from ui.live.html import PageHtml
from ui.live.open_pages import OpenPages
from ui.security_headers import NICEGUI_PAGE_HEADER, nonce_of

log = structlog.get_logger()

SPOKEN: Final = 1
"""The version of the conversation between page and process. A page with another version loads
itself again."""

ADDRESS_CHARACTERS_MAX: Final = 200
_CLIENT_ID: Final = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")


@dataclass(frozen=True, kw_only=True)
class FirstView:
    """The answer to GET: the first paint, and the first properties of the screen.

    ``address`` is the path and query by which the socket asks for this page. ``fetched_ahead`` says
    that the browser asked before the visitor opened the page.
    """

    language: Language
    title: str
    head: str
    body: str
    address: str
    props: Mapping[str, object]
    fetched_ahead: bool = False


@dataclass(frozen=True, kw_only=True)
class PageOpening:
    """A socket that asks for a page. ``request`` has the page's address and the socket's cookies.

    ``returning`` says that the page was live before, here or in another process.
    """

    request: Request
    returning: bool
    fetched_ahead: bool


class LivePage(Protocol):
    """One kind of page."""

    @property
    def path(self) -> str:
        """The pattern of its address."""
        ...

    @property
    def title(self) -> str:
        """Its title, if a view has no other."""
        ...

    @property
    def viewport(self) -> str | None:
        """The content of the meta tag `viewport`; None for NiceGUI's own."""
        ...

    def screen(self) -> ui.element:
        """An element of the screen in the page that is built for the HTML; it only shows."""
        ...

    def credentials(self, request: Request) -> tuple[str, ...] | None:
        """The tokens that decide who may see the page; None: its browser says one over its socket."""
        ...

    async def view(self, request: Request) -> FirstView | Response:
        """The answer to GET. Raises StorageUnavailable."""
        ...

    async def begin(self, client: Client, opening: PageOpening) -> bool:
        """Fill the page; returns whether this socket may have it. Raises StorageUnavailable."""
        ...


@dataclass(slots=True)
class _Kind:
    """A kind of page, with NiceGUI's object for it and its HTML in each language."""

    live: LivePage
    route: Route
    page: ui.page
    html: dict[Language, PageHtml] = field(default_factory=dict)


class LivePages:
    """All kinds of pages: answers GET, and finds or builds the page that a socket asks for."""

    def __init__(
        self,
        kinds: Sequence[LivePage],
        *,
        pages: OpenPages,
        is_admin: Callable[[Request], Awaitable[object]],
        wants_page: Callable[[Request], bool],
        away: Callable[[Request], Response],
    ) -> None:
        """`away` makes the answer to GET while PostgreSQL does not answer."""
        self._pages = pages
        self._away = away
        self._is_admin = is_admin
        self._wants_page = wants_page
        self._kinds = [self._kind(each) for each in kinds]

    @property
    def routes(self) -> list[Route]:
        """The routes that answer GET and HEAD."""
        return [each.route for each in self._kinds]

    def prepare(self) -> None:
        """Have NiceGUI make the HTML of every kind. Raises PageTemplateUnknownError.

        Call it in the event loop, after NiceGUI's start and before the first request.
        """
        for kind in self._kinds:
            for language in LANGUAGES:
                kind.html[language] = PageHtml.of(kind.page, kind.live.screen, language)

    async def find(self, message: Mapping[str, Any], asking: Scope) -> PageClient | None:
        """The page of a handshake, built if it is not here; None if this socket may not have it.

        ``asking`` is the scope of the socket's request. Raises StorageUnavailable.
        """
        client_id, next_id = message["client_id"], int(message.get("next_message_id") or 0)
        found = self._asked(message.get("page"), asking)
        speaks = str(message.get("nest")) == str(SPOKEN)
        if found is None or not speaks or not _CLIENT_ID.fullmatch(client_id):
            return None
        kind, request = found
        credentials = kind.live.credentials(request)
        if client_id not in self._pages:
            try:
                await self._check(request)
            except Refused as refused:
                log.info("page_refused", code=refused.code.name)
                return None
        client = self._pages.get(client_id)
        if client is not None and credentials is None and _is_for_one_socket(client):
            delete_now(client)
            client = None
        if client is None:
            ahead = str(message.get("ahead")).lower() == "true"
            opening = PageOpening(request=request, returning=next_id > 0, fetched_ahead=ahead)
            return await self._built(kind, client_id, credentials, opening)
        if not isinstance(client, PageClient) or client.credentials != credentials:
            return None
        return client if await asyncio.shield(client.built) else None

    # ---- GET

    def _kind(self, live: LivePage) -> _Kind:
        async def answer(request: Request) -> Response:
            return await self._answer(kind, request)

        page = ui.page(
            live.path,
            title=live.title,
            viewport=live.viewport,
            dark=None,
            language="de",
            reconnect_timeout=RECONNECT_TIMEOUT_S,
        )
        kind = _Kind(live, Route(live.path, answer, methods=["GET"]), page)
        return kind

    async def _answer(self, kind: _Kind, request: Request) -> Response:
        try:
            await self._check(request)
        except Refused as refused:
            if self._wants_page(request):
                raise  # the application's handler for Refused answers it with a page
            return refusal(refused)
        try:
            view = await kind.live.view(request)
        except StorageUnavailable:
            return self._away(request)
        if isinstance(view, Response):
            return view
        headers = {"cache-control": "no-store", NICEGUI_PAGE_HEADER: "page"}
        if request.method == "HEAD":
            answer = HTMLResponse(headers=headers)
            del answer.headers["content-length"]  # the page's own length is not known
            return answer
        query = {
            "client_id": str(uuid4()),
            "next_message_id": 0,
            "implicit_handshake": True,
            "nest": SPOKEN,
            "page": view.address,
            "ahead": view.fetched_ahead,
        }
        text = kind.html[view.language].filled(
            title=view.title,
            head=view.head,
            body=view.body,
            nonce=nonce_of(request),
            props=view.props,
            query=query,
        )
        return HTMLResponse(text, headers=headers)

    async def _check(self, request: Request) -> None:
        """Raise Refused if this would be a page too many; pages of admins never are."""
        try:
            self._pages.check(network_in(request.scope))
        except Refused:
            if not await self._is_admin(request):
                raise

    # ---- the page itself

    def _asked(self, address: object, asking: Scope) -> tuple[_Kind, Request] | None:
        """The kind of page at this address, and the socket's request as a request for the page."""
        if not isinstance(address, str) or not address.isascii():
            return None
        if len(address) > ADDRESS_CHARACTERS_MAX:
            return None
        path, _, query = address.partition("?")
        scope = {
            **asking,
            "type": "http",
            "method": "GET",
            "scheme": {"ws": "http", "wss": "https"}.get(asking["scheme"], asking["scheme"]),
            "path": unquote(path),
            "raw_path": path.encode(),
            "query_string": query.encode(),
            "root_path": "",
        }
        for kind in self._kinds:
            match, found = kind.route.matches(scope)
            if match is Match.FULL:
                return kind, Request({**scope, **found})
        return None

    async def _built(
        self, kind: _Kind, client_id: str, credentials: tuple[str, ...] | None, opening: PageOpening
    ) -> PageClient | None:
        client = PageClient(
            kind.page, request=opening.request, client_id=client_id, credentials=credentials
        )
        done = False
        try:
            done = await kind.live.begin(client, opening) and not client.is_deleted
        finally:
            client.built.set_result(done)
            if not done:
                delete_now(client)
        if client.next_element_id == kind.html[LANGUAGES[0]].elements:
            client.outbox.updates.clear()  # the browser has all of them in its HTML
        return client if done else None


def _is_for_one_socket(client: Client) -> bool:
    return isinstance(client, PageClient) and client.credentials is None
