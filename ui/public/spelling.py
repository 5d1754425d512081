"""Addresses of pages as people write them: `/JOIN#token`, `/C/7K3M9QXA`, as on paper or by a phone."""

import re
from collections.abc import Iterable
from urllib.parse import quote

from starlette.requests import Request
from starlette.responses import RedirectResponse
from starlette.routing import BaseRoute, Route

_LITERAL = re.compile(r"/([a-z]+(?:[-/][a-z]+)*)/?(?=[{#]|$)")
_NO_PAGE = ("api", "assets")


class PageNames:
    """The names of the pages among these routes: what stands before a parameter in their paths."""

    def __init__(self, routes: Iterable[BaseRoute]) -> None:
        found = (_LITERAL.match(each.path) for each in routes if isinstance(each, Route))
        names = {each[1] for each in found if each and each[1].partition("/")[0] not in _NO_PAGE}
        # A longer name goes before its own beginning: `admin/service` before `admin`.
        listed = "|".join(sorted(names, key=len, reverse=True))
        self._page = re.compile(rf"/(?:{listed})(?=[/#]|$)", re.IGNORECASE)

    def in_small_letters(self, request: Request) -> RedirectResponse | None:
        """A redirect to the page whose name was written in capitals; None for other addresses.

        The part after the name is unchanged, because the case of a token matters. Browsers keep the
        fragment.
        """
        path: str = request.scope["path"]
        found = self._page.match(path)
        wanted = found[0] if found and request.method in {"GET", "HEAD"} else ""
        if wanted == wanted.lower():
            return None
        query = f"?{request.url.query}" if request.url.query else ""
        rest = quote(path[len(wanted) :], safe="/")
        return RedirectResponse(wanted.lower() + rest + query)
