"""`/developers`: the protocol as a page for people, with a console that speaks it live."""

import json
import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Final

from markupsafe import Markup, escape
from nicegui import __version__ as nicegui_version
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from configurator.protocol.codes import CODES
from configurator.protocol.messages import MESSAGE_BYTES_MAX, PROTOCOL
from realtime.api.declared.sdk import SdkFile
from ui.assets import DIRECTORY
from ui.language import language_of
from ui.public.reference import ProtocolReference, reference
from ui.templates import Templates
from ui.texts import Texts

ORIGIN_IN_SNIPPETS: Final = "http://127.0.0.1:8080"
SOCKETIO_SCRIPT: Final = f"/_nicegui/{nicegui_version}/static/socket.io.min.js"
_CODE: Final = re.compile(r"`+([^`]+)`+")


@dataclass(frozen=True, slots=True, kw_only=True)
class Snippet:
    """One quick start: `key` is its id on the page; `file` is in assets/snippets."""

    key: str
    title: str
    file: str

    def text(self, origin: str) -> str:
        """The program, for this server."""
        path = DIRECTORY / "snippets" / self.file
        return path.read_text("utf-8").replace(ORIGIN_IN_SNIPPETS, origin).strip()


SNIPPETS: Final = (
    Snippet(key="python", title="Python", file="python.txt"),
    Snippet(key="javascript", title="JavaScript", file="javascript.txt"),
    Snippet(key="websocket", title="WebSocket", file="websocket.txt"),
    Snippet(key="socketio", title="Socket.IO", file="socketio.txt"),
    Snippet(key="rest", title="REST", file="rest.txt"),
)


@dataclass(frozen=True)
class DeveloperPages:
    """The page, with the parts it is built from.

    `public_origin` is like `https://nest.example`, or None.
    """

    templates: Templates
    texts: Texts
    public_origin: str | None
    _reference: ProtocolReference = field(default_factory=reference)
    sdk: Sequence[SdkFile] = ()

    async def developers(self, request: Request) -> Response:
        """`/developers`: the same for everybody, in one of two languages."""
        return self.response(request)

    def response(self, request: Request) -> Response:
        """The page itself."""
        origin = self.public_origin or f"{request.url.scheme}://{request.url.netloc}"
        return self.templates.response(
            request,
            "developers.html",
            {
                "origin": origin,
                "protocol": PROTOCOL,
                "largest": f"{MESSAGE_BYTES_MAX // 1024} kB",
                "reference": self._reference,
                "sdk": self.sdk,
                "snippets": [(each, each.text(origin)) for each in SNIPPETS],
                "codes": list(CODES.values()),
                "socketio": SOCKETIO_SCRIPT,
                "console_texts": self.texts.json_of("console."),
                "closings": _closings(),
                "code_spans": code_spans,
                "say": lambda text: getattr(text, language_of(request)),
            },
        )


def developer_routes(pages: DeveloperPages) -> Sequence[Route]:
    """Return the routes; they belong before NiceGUI's mount."""
    return [Route("/developers", pages.developers, methods=["GET", "HEAD"])]


def code_spans(text: str) -> Markup:
    """Turn backticks, which mark code in our documents, into code; the rest is plain text."""
    parts = _CODE.split(text)
    return Markup("").join(
        Markup("<code>{}</code>").format(part) if position % 2 else escape(part)
        for position, part in enumerate(parts)
    )


def _closings() -> str:
    """A sentence that lists the close codes of a socket, each with our code."""
    return json.dumps({code.close: code.name for code in CODES.values() if code.close is not None})
