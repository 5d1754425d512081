"""Addresses of pages as people write them: `/JOIN#token`, `/C/7K3M9QXA`, as on paper or by a phone."""

import re
from typing import Final
from urllib.parse import quote

from starlette.requests import Request
from starlette.responses import RedirectResponse

PAGES: Final = (
    "admin/analytics",
    "admin/login",
    "admin/operations",
    "admin",
    "c",
    "dashboard",
    "developers",
    "docs",
    "imprint",
    "join",
    "privacy",
    "spec",
)
_PAGE: Final = re.compile(rf"/(?:{'|'.join(PAGES)})(?=[/#]|$)", re.IGNORECASE)


def in_small_letters(request: Request) -> RedirectResponse | None:
    """Where the page is whose name was written in other letters; None when it is no such address.

    What follows the name stays as it is: letters of a token count. A fragment is kept by browsers.
    """
    path: str = request.scope["path"]
    found = _PAGE.match(path)
    if request.method not in {"GET", "HEAD"} or found is None or found[0] == found[0].lower():
        return None
    query = f"?{request.url.query}" if request.url.query else ""
    return RedirectResponse(found[0].lower() + quote(path[found.end() :], safe="/") + query)
