"""How many pages may be open: each keeps elements, queues and a place in a house in this process.

NiceGUI makes a page for every request, before it knows whether a browser will ever connect to it,
and keeps it for a minute without one. So pages are counted by network, those without a socket also
on their own, and one that would be too many is refused before NiceGUI is asked.
"""

from collections import defaultdict
from collections.abc import Awaitable, Callable
from typing import Final

from nicegui import Client
from starlette.requests import Request
from starlette.types import ASGIApp, Receive, Scope, Send
from typing_extensions import override

from configurator.protocol.codes import Refused
from realtime.door import network_in
from realtime.http.edge import refusal

PAGES_OF_NETWORK: Final = 400
"""Open in one network: a school with every pupil of ten classes, two tabs for some."""

UNCONNECTED_OF_NETWORK: Final = 150
"""Of those, without a socket yet: every tab of five classes that is opened in the same seconds."""

PAGES: Final = 3_000
"""Open in a process: with up to 300 kB each they need less than 1 GB."""

UNCONNECTED: Final = 1_000
"""Of those, without a socket: 1,000 times 200 kB that nobody looks at, for a minute."""

RETRY_MS: Final = 60_000
"""A page without a socket is forgotten after a minute."""


class OpenPages(dict[str, Client]):
    """NiceGUI's pages by their id, as `Client.instances`; each is also known by its network."""

    def __init__(self, *, scale: float) -> None:
        super().__init__()
        self._scale = scale
        self._of_network: defaultdict[str, dict[str, Client]] = defaultdict(dict)

    @override
    def __setitem__(self, client_id: str, client: Client) -> None:
        super().__setitem__(client_id, client)
        self._of_network[_network(client)][client_id] = client

    @override
    def __delitem__(self, client_id: str) -> None:
        network = _network(self[client_id])
        super().__delitem__(client_id)
        del self._of_network[network][client_id]
        if not self._of_network[network]:
            del self._of_network[network]

    def check(self, network: str) -> None:
        """Raises Refused when one more page would be too many: `too_many_pages` or `pages_full`."""
        own = self._of_network.get(network, {})
        if self._too_many(own, PAGES_OF_NETWORK, UNCONNECTED_OF_NETWORK):
            raise Refused("too_many_pages", retry_after_ms=RETRY_MS)
        if self._too_many(self, PAGES, UNCONNECTED):
            raise Refused("pages_full", retry_after_ms=RETRY_MS)

    def _too_many(self, pages: dict[str, Client], most: int, unconnected: int) -> bool:
        if len(pages) < unconnected * self._scale:
            return False
        silent = sum(not client.has_socket_connection for client in pages.values())
        return len(pages) >= most * self._scale or silent >= unconnected * self._scale


class PageCaps:
    """Wraps NiceGUI's application: a page too many is refused before it is built.

    Admins are never refused for the pages of others.
    """

    def __init__(
        self,
        app: ASGIApp,
        pages: OpenPages,
        *,
        is_admin: Callable[[Request], Awaitable[object]],
        wants_page: Callable[[Request], bool],
    ) -> None:
        self._app = app
        self._pages = pages
        self._is_admin = is_admin
        self._wants_page = wants_page

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Handle one request or socket."""
        if scope["type"] == "http" and not scope["path"].startswith("/_nicegui"):
            try:
                self._pages.check(network_in(scope))
            except Refused as refused:
                request = Request(scope)
                if not await self._is_admin(request):
                    if self._wants_page(request):
                        raise  # the application's handler for Refused answers it with a page
                    await refusal(refused)(scope, receive, send)
                    return
        await self._app(scope, receive, send)


def _network(client: Client) -> str:
    request = client._request  # noqa: SLF001 - the property raises where there is none
    return network_in(request.scope) if request is not None else ""
