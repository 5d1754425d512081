"""Pages that say one thing: not found, private, our fault, later, admins only."""

from dataclasses import dataclass
from typing import Final
from urllib.parse import parse_qsl, urlencode

from starlette.requests import Request
from starlette.responses import Response

from configurator.house_code import as_code
from configurator.protocol.codes import Refused
from realtime.http.one_cookie import AGAIN
from ui.language import language_of
from ui.ports import Browser
from ui.templates import Templates

SETTLED_AFTER_S: Final = 2
"""How long an answer with a new cookie may take to a browser that still shows the old one."""

START: Final = "/start"
"""Where the form of the landing page asks for a new house."""

_TITLES = {"cookies_needed": "cookies", "cookies_differ": "cookiesDiffer"}
"""The texts of pages whose code has a title of its own."""


@dataclass(frozen=True)
class MessagePages:
    """Builds the pages; none of them says more than the visitor may know."""

    templates: Templates

    def not_found(self, request: Request) -> Response:
        """Nothing at this address."""
        return self._page(request, 404, "page404")

    def private(self, request: Request, browser: Browser, restored: str | None) -> Response:
        """Wrong link or a house that was not shared: the same page, so that nothing leaks.

        Its script removes what the browser kept for somebody whose browser it is not any more.
        `restored`: a backup of this moment, in words, took the place of the data lately.
        """
        return self._page(
            request, 404, "page403", browser=browser, personal=True, restored=restored
        )

    def looks_again(self, request: Request, house_code: str, *, status: int = 200) -> Response:
        """The token that the browser shows is nobody's. A moment later `/signed-out` is sure of it."""
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
        """The visitor was signed in as an admin, and is not any more."""
        return self._page(request, 401, "adminOver")

    def refused(self, request: Request, refused: Refused) -> Response:
        """A form was not accepted, in the words of its code; or a page was too much at once."""
        code = refused.code
        if code.retryable:
            return self._wait(request, refused)
        key = _TITLES.get(code.name, "formRefused")
        again = key == "cookiesDiffer" and request.method == "GET"
        return self._page(request, code.status, key, sentence=_said(request, refused), reload=again)

    def _wait(self, request: Request, refused: Refused) -> Response:
        """A page that was asked for comes by itself when it is time; a form is sent by a person."""
        seconds = max(2, -(-(refused.retry_after_ms or 1000) // 1000))
        again = request.method == "GET"
        response = self._page(
            request,
            refused.code.status,
            "tooMany",
            reload=again,
            again_after_s=seconds if again else None,
            seconds=seconds,
            sentence=None if refused.code.name == "too_many_requests" else _said(request, refused),
        )
        response.headers["retry-after"] = str(seconds)
        return response

    def our_fault(self, request: Request) -> Response:
        """An unexpected error; says nothing about it."""
        return self._page(request, 500, "page500", reload=True)

    def later(self, request: Request, *, retry_after_s: int = 2) -> Response:
        """A service is away for the moment. A page comes by itself; a form is sent by a person.

        That a new house was asked for is known by the address: it is offered once more.
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
    """Where the page is loaded from again, by a browser that may show its cookies anew."""
    query = parse_qsl(request.url.query, keep_blank_values=True)
    kept = urlencode([each for each in query if each != AGAIN])
    return f"{request.url.path}{kept and '?'}{kept}"


def _said(request: Request, refused: Refused) -> str:
    text = refused.code.text
    return text.de if language_of(request) == "de" else text.en
