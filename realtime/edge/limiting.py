"""Limits in front of every route: a request beyond its allowance is refused before it is read.

An `Endpoint` names its kind, or has the kind of its method; `endpoints.routes` calls
`Limiter.check` before the handler. Every other route (pages, files, sockets) is wrapped by
`Limiter.guard`, which tells the kind by the address. Both refuse with `too_many_requests`, 429 and
a true `Retry-After`.

An admin with an open session is never refused because of others in the same network: beyond the
network's allowance, the session's own allowance counts. For that, the session is looked up at most
once a minute.
"""

import re
from collections.abc import Awaitable, Callable, Iterable
from functools import partial
from typing import Final

import structlog
from starlette.requests import HTTPConnection
from starlette.routing import BaseRoute, Mount, Route, WebSocketRoute
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from configurator.protocol.codes import CODES, Refused
from realtime.edge.exchange import accepts_html, refusal
from realtime.limits.allowances import LimitKind, RequestLimits
from realtime.people.auth import admin_hashes, credential
from realtime.people.cookies import Cookies
from realtime.people.networks import network_in
from realtime.people.principal import token_sha256
from storage.errors import StorageUnavailable
from storage.outage import UnlessAway

log = structlog.get_logger()

MISSES: Final = frozenset(
    {
        CODES["not_found"],
        CODES["invitation_unusable"],
        CODES["dashboard_link_unusable"],
    }
)
"""The codes of a wrong guess: of a house's code, or of a link's token."""

HOUSES: Final = "/c/"
NOT_OPENED: Final = frozenset({401, 404})
"""The statuses of the page of a house that was not opened: 401 for a request as an admin."""

ENGINES: Final = ("/socket.io", "/_nicegui_ws")
"""The addresses of the Engine.IO servers. A request that names a session of theirs opens no new
one."""

_SESSION: Final = re.compile(rb"(?:^|&)sid=[^&]")
LOG_EVERY_REFUSALS: Final = 1_000
"""The first refusal of a kind is logged, and then one of this many."""

IsAdmin = Callable[[bytes], Awaitable[bool]]
"""Whether an open admin session has a token with this hash."""


class Limiter:
    """Refuses requests beyond their allowance."""

    def __init__(
        self,
        limits: RequestLimits,
        *,
        is_admin: IsAdmin,
        unless_away: UnlessAway,
        cookies: Cookies,
    ) -> None:
        self.limits = limits
        self._unless_away = unless_away
        self._cookies = cookies
        self._is_admin = is_admin

    async def check(self, scope: Scope, kind: LimitKind, *, guess: bool = False) -> None:
        """Admit one request. ``guess`` says that it names a thing that only some people know of.

        Raises:
            Refused: ``too_many_requests``.
        """
        if kind == "unlimited":
            return
        where = network_in(scope)
        wait_ms = self.limits.admit(kind, where, self._person(scope, kind))
        if guess and not wait_ms:
            wait_ms = self.limits.guess(where)
        if not wait_ms:
            return
        session = await self.admin_session(scope)
        if session is not None:
            wait_ms = self.limits.admit_session(session)
        if wait_ms:
            self._note(kind, where)
            raise Refused("too_many_requests", retry_after_ms=wait_ms)

    async def admin_session(self, scope: Scope) -> bytes | None:
        """The hash of the open admin session that this request brings.

        Sessions that are not known are looked up many at once, in one query at a time.
        """
        for each in admin_hashes(HTTPConnection(scope), self._cookies):
            if self.limits.is_known_open(each):
                return each
            if await self._is_open(each):
                self.limits.found_open(each)
                return each
        return None

    async def _is_open(self, session: bytes) -> bool:
        """Whether the session is open; while PostgreSQL is away, only sessions known before are."""
        try:
            return await self._unless_away(partial(self._is_admin, session))
        except StorageUnavailable:
            return False

    def missed(self, scope: Scope, refused: Refused) -> None:
        """Note the refusal as a wrong guess, if it is one."""
        if refused.code in MISSES:
            self.limits.missed(network_in(scope))

    def signed_in(self, scope: Scope) -> None:
        """Note that an admin signed in from this network."""
        self.limits.signed_in(network_in(scope))

    def guard(self, routes: Iterable[BaseRoute]) -> None:
        """Put these routes, which are no endpoints, behind their limits, each once."""
        for route in routes:
            if isinstance(route, Route | Mount | WebSocketRoute) and not is_guarded(route.app):
                route.app = _Guarded(route.app, self)

    def _person(self, scope: Scope, kind: LimitKind) -> bytes | None:
        """The key of the person that the request claims to come from: the hash of its token.

        A token without an owner has an allowance, too.
        """
        if not self.limits.by_person(kind):
            return None
        token = credential(HTTPConnection(scope), self._cookies)
        return token_sha256(token) if token else None

    def _note(self, kind: LimitKind, where: str) -> None:
        refused = self.limits.refused
        if refused[kind] % LOG_EVERY_REFUSALS == 0:
            log.warning("requests_refused", kind=kind, network=where, refused=refused[kind] + 1)
        refused[kind] += 1


def kind_of(scope: Scope) -> LimitKind:
    """The kind of a request that is not for an endpoint, judged by its address."""
    path: str = scope["path"]
    if path.startswith(ENGINES):
        return "poll" if _SESSION.search(scope["query_string"]) else "socket"
    if scope["type"] == "websocket":
        return "socket"
    if path.startswith(("/assets/", "/_nicegui/", "/sdk")) or path in {"/openapi.json", "/ws"}:
        return "asset"
    return "page"


class _Guarded:
    """An application behind the limits of its address. A page is refused with a page."""

    def __init__(self, app: ASGIApp, limiter: Limiter) -> None:
        self._app = app
        self._limiter = limiter

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Handle one request or socket."""
        house = scope["path"].startswith(HOUSES)
        try:
            await self._limiter.check(scope, kind_of(scope), guess=house)
        except Refused as refused:
            if _is_of_a_page(scope):
                raise  # the application's handler for Refused answers it with a page
            await refusal(refused)(scope, receive, send)
            return

        async def noting(message: Message) -> None:
            if message["type"] == "http.response.start" and message["status"] in NOT_OPENED:
                self._limiter.limits.missed(network_in(scope))
            await send(message)

        await self._app(scope, receive, noting if house else send)


def is_guarded(app: ASGIApp) -> bool:
    """Whether this application is already behind the limits."""
    return isinstance(app, _Guarded)


def _is_of_a_page(scope: Scope) -> bool:
    asks = scope["type"] == "http" and kind_of(scope) == "page"
    return asks and accepts_html(HTTPConnection(scope))
