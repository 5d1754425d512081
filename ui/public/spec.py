"""`/spec`: the rules of the protocol as a page, and the Markdown that it is made of."""

import re
from collections.abc import Sequence
from typing import Final

import markdown2
from markupsafe import Markup
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from realtime.api.declared.sdk import MEDIA_TYPES, SdkFile
from ui.templates import Templates

_EXTRAS: Final = ["code-friendly", "fenced-code-blocks", "header-ids", "tables"]
_RULE: Final = re.compile(r"<li>(?=(?:<p>)?<strong>([A-Z]{2}\d+)</strong>)")
_TABLE: Final = re.compile(r"<table>.*?</table>", re.DOTALL)


class SpecPage:
    """The rules; `#JN3` leads to the rule JN3."""

    def __init__(self, templates: Templates, sdk: Sequence[SdkFile]) -> None:
        self._templates = templates
        self._text = "".join(each.body.decode() for each in sdk if each.kind == "spec")
        html = str(markdown2.markdown(self._text, extras=_EXTRAS))
        html = _RULE.sub(r'<li id="\1">', html)
        html = _TABLE.sub(
            r'<div class="scroll" tabindex="0" role="region" aria-label="Table">\g<0></div>', html
        )
        # It scrolls, so it must be reachable by keyboard.
        html = html.replace("<pre>", '<pre tabindex="0">')
        self._html = Markup(html)  # noqa: S704 - our own document, not what somebody wrote

    async def page(self, request: Request) -> Response:
        """`/spec`, or its Markdown for a client that accepts `text/markdown`."""
        wanted = request.headers.get("accept", "")
        if "text/markdown" in wanted and "text/html" not in wanted:
            answer = await self.markdown(request)
        else:
            answer = self._templates.response(request, "spec.html", {"rules": self._html})
        answer.headers["vary"] = "Accept, Accept-Language, Cookie"
        return answer

    async def markdown(self, _request: Request) -> Response:
        """`/spec.md`."""
        headers = {"cache-control": "public, max-age=300"}
        return Response(self._text, media_type=MEDIA_TYPES["spec"], headers=headers)


def spec_routes(page: SpecPage) -> list[Route]:
    """Return the routes; they belong before NiceGUI's mount."""
    return [Route("/spec", page.page), Route("/spec.md", page.markdown)]
