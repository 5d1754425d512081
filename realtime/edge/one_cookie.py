"""Two cookies with one name that differ: none is believed, and the foreign one is deleted.

Where `__Host-` cannot be used (plain http), another host of the domain can plant a cookie with the
name of ours. A request does not say which of the two is ours, so no handler believes either
(`realtime.people.cookies`). No handler makes a new person or sets or deletes a cookie then: to
overwrite ours would leave only the planted one. But our cookie is for exactly this host and for all
paths, so the browser can be told to delete every other cookie of that name. After that a page is
requested once more, with our cookie alone.
"""

from typing import Final
from urllib.parse import parse_qsl, urlencode

from starlette.datastructures import MutableHeaders
from starlette.requests import Request
from starlette.responses import Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from realtime.edge.exchange import is_form
from realtime.people.cookies import Cookies

AGAIN: Final = ("cookies", "one")
"""A mark in the query of a page that is requested again, which prevents a third time."""


class OneCookie:
    """Wraps the application; requests whose cookies do not differ pass untouched."""

    def __init__(self, app: ASGIApp, *, cookies: Cookies) -> None:
        self._app = app
        self._cookies = cookies

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Handle one request or socket."""
        if scope["type"] != "http" or not self._cookies.differing(Request(scope)):
            await self._app(scope, receive, send)
            return
        request = Request(scope)
        removals = self._cookies.removals(request)

        async def removing(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = MutableHeaders(scope=message)
                for each in removals:
                    headers.append("set-cookie", each)
            await send(message)

        query = parse_qsl(request.url.query, keep_blank_values=True)
        if AGAIN in query or not _is_page(request):
            await self._app(scope, receive, removing)
            return
        again = Response(
            status_code=307,
            headers={"location": f"?{urlencode([*query, AGAIN])}", "cache-control": "no-store"},
        )
        await again(scope, receive, removing)


def _is_page(request: Request) -> bool:
    """Whether a browser shows the answer in a tab."""
    if request.method == "POST":
        return is_form(request)
    to_show = request.headers.get("sec-fetch-dest", "document") == "document"
    return to_show and "text/html" in request.headers.get("accept", "")
