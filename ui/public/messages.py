"""Pages with one message: not found, private, our fault, later, admins only."""

from dataclasses import dataclass
from typing import Final
from urllib.parse import parse_qsl, urlencode

from starlette.requests import Request
from starlette.responses import Response

from configurator.house_code import as_code
from configurator.protocol.codes import CODES, Refused
from realtime.edge.one_cookie import AGAIN
from ui.language import language_of
from ui.ports import Browser
from ui.templates import Templates

SETTLED_AFTER_S: Final = 2
"""Seconds that the answer with a new cookie may take to a browser that still sends the old one."""

START: Final = "/start"
"""The address to which the form of the landing page is sent, for a new house."""

_TITLES = {"cookies_needed": "cookies", "cookies_differ": "cookiesDiffer"}
"""The texts of pages whose code has its own title."""


@dataclass(frozen=True)
class MessagePages:
    """Builds the pages; none tells more than the visitor may know."""

    templates: Templates

    def not_found(self, request: Request) -> Response:
        """There is no page at this address."""
        return self._page(request, 404, "page404")

    def private(self, request: Request, browser: Browser, restored: str | None) -> Response:
        """The same page for a wrong link and for a house that was not shared: it tells nothing.

        Its script removes what the browser kept for a person whose browser it no longer is.
        `restored` is the moment, in words, of a backup that lately replaced the data.
        """
        return self._page(
            request, 404, "page403", browser=browser, personal=True, restored=restored
        )

    def looks_again(self, request: Request, house_code: str, *, status: int = 200) -> Response:
        """The browser's token has ended. A moment later, `/signed-out` is sure of it."""
        asked = {"sure": "1"}
        if code := as_code(house_code):
            asked["house"] = code
        return self._page(
            request,
            status,
            "settling",
            again_after_s=SETTLED_AFTER_S,
            again_at=f"/signed-out?{urlencode(asked)}",
            personal=True,
        )

    def admins_only(self, request: Request) -> Response:
        """The visitor is not signed in as an admin."""
        return self._page(request, 401, "adminNeeded")

    def session_over(self, request: Request) -> Response:
        """The visitor was signed in as an admin, but is no longer."""
        return self._page(request, 401, "adminOver")

    def refused(self, request: Request, refused: Refused) -> Response:
        """A form was refused, for the reason of its code; or pages were requested too fast."""
        code = refused.code
        if code.retryable:
            return self._wait(request, refused)
        key = _TITLES.get(code.name, "formRefused")
        again = key == "cookiesDiffer" and request.method == "GET"
        return self._page(request, code.status, key, sentence=_said(request, refused), reload=again)

    def _wait(self, request: Request, refused: Refused) -> Response:
        """A page reloads by itself after the wait; a form must be sent by a person."""
        seconds = max(2, -(-(refused.retry_after_ms or 1000) // 1000))
        again = request.method == "GET"
        response = self._page(
            request,
            refused.code.status,
            "tooMany",
            reload=again,
            again_after_s=seconds if again else None,
            seconds=seconds,
            sentence=None
            if refused.code is CODES["too_many_requests"]
            else _said(request, refused),
        )
        response.headers["retry-after"] = str(seconds)
        return response

    def our_fault(self, request: Request) -> Response:
        """An unexpected error, without details."""
        return self._page(request, 500, "page500", reload=True)

    def later(self, request: Request, *, retry_after_s: int = 2) -> Response:
        """A service is away for the moment.

        A page reloads by itself; a form must be sent by a person.

        If the address shows that a new house was asked for, the form for it is offered once more.
        """
        if request.method in ("GET", "HEAD"):
            response = self._page(request, 503, "page503", reload=True, again_after_s=4)
        elif request.url.path == START:
            response = self._page(request, 503, "start503", again_by_form=START)
        else:
            response = self._page(request, 503, "form503")
        response.headers["retry-after"] = str(retry_after_s)
        return response

    def _page(
        self,
        request: Request,
        status: int,
        key: str,
        *,
        reload: bool = False,
        again_after_s: int | None = None,
        again_at: str = "",
        seconds: int | None = None,
        sentence: str | None = None,
        browser: Browser | None = None,
        personal: bool = False,
        again_by_form: str = "",
        restored: str | None = None,
    ) -> Response:
        values = {
            "sentence": sentence,
            "browser": browser,
            "key": key,
            "reload": reload,
            "address": _address(request),
            "again_after_s": again_after_s,
            "again_by_form": again_by_form,
            "again_at": again_at,
            "seconds": seconds,
            "restored": restored,
        }
        return self.templates.response(
            request, "message.html", values, status=status, personal=personal
        )


def _address(request: Request) -> str:
    """The address to load the page from again, with the browser's cookies of that moment."""
    query = parse_qsl(request.url.query, keep_blank_values=True)
    kept = urlencode([each for each in query if each != AGAIN])
    return f"{request.url.path}{kept and '?'}{kept}"


def _said(request: Request, refused: Refused) -> str:
    return refused.code.text.of(language_of(request))
