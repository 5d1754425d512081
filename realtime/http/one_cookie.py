"""Two cookies of one name that differ: neither is believed, and the one that is not ours goes.

Where `__Host-` cannot be used (plain http), another host of the domain can plant a cookie with the
name of ours. Which of two is ours no request says, so no handler believes either (`realtime.cookies`),
and none makes a new person or sets or deletes a cookie: to overwrite ours would leave the planted one
alone. But ours is for exactly this host and for all paths, so the browser can be told to drop every
other one that it may have sent. A page is asked for once more after that, and finds whose it is.
"""

from typing import Final
from urllib.parse import parse_qsl, urlencode

from starlette.datastructures import MutableHeaders
from starlette.requests import Request
from starlette.responses import Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from realtime.cookies import Cookies
from realtime.http.edge import is_form

AGAIN: Final = ("cookies", "one")
"""In the query of a page that is asked for again: not a third time."""


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
