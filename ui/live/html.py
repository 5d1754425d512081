"""The HTML that NiceGUI makes of a page, made once and filled in for every answer.

NiceGUI builds a page with all its elements for every request, and spends 3 ms on escaping its
texts. Here it builds one page of each kind and language at the start, with slots for the parts that
differ between answers; an answer joins the pieces. If a slot is not found exactly where it is
expected (in another version of NiceGUI), the start fails and names the slot.
"""

import copy
import html
import re
from collections import Counter
from collections.abc import Callable, Mapping
from typing import Final

import msgspec
from nicegui import core, ui
from starlette.requests import Request

from configurator.text import Language
from ui.live.client import PageClient
from ui.live.template import PageTemplateUnknownError
from ui.security_headers import NONCE

_SLOT: Final = re.compile(r"nest-slot-([a-z]+)")
_ONCE: Final = frozenset({"body", "head", "props", "query", "title"})
_encode: Final = msgspec.json.Encoder().encode


class PageHtml:
    """The HTML of one kind of page in one language, and its number of NiceGUI elements."""

    def __init__(self, source: str, elements: int = 0) -> None:
        """Raises PageTemplateUnknownError unless each slot is there, and once."""
        self.elements: Final = elements
        self._pieces = _SLOT.split(source)
        found = Counter(self._pieces[1::2])
        wrong = {name for name in _ONCE if found[name] != 1} | (found.keys() - _ONCE - {"nonce"})
        if wrong or not found["nonce"]:
            raise PageTemplateUnknownError(f"slots: {', '.join(sorted(wrong)) or 'nonce'}")

    @classmethod
    def of(cls, page: ui.page, screen: Callable[[], ui.element], language: Language) -> "PageHtml":
        """Have NiceGUI build the page around this screen. Raises PageTemplateUnknownError."""
        client = PageClient(spoken(page, language), request=_request(), client_id=_slot("client"))
        client.title = _slot("title")
        with client:
            screen().props[_slot("props")] = ""
            ui.add_head_html(_slot("head"))
            ui.add_body_html(_slot("body"))
        source = bytes(client.build_response(client.request).body).decode()
        elements = client.next_element_id
        client.delete()
        query = {
            **core.app.config.socket_io_js_query_params,
            "client_id": _slot("client"),
            "next_message_id": 0,
            "implicit_handshake": True,
        }
        source = source.replace(f"query: {query}", f"query: {_slot('query')}")
        return cls(source.replace(f'"{_slot("props")}":""', _slot("props")), elements)

    def filled(
        self,
        *,
        title: str,
        head: str,
        body: str,
        nonce: str,
        props: Mapping[str, object],
        query: Mapping[str, object],
    ) -> str:
        """The page with these properties of its screen, and this query in the address of its socket."""
        values = {
            "title": html.escape(title),
            "head": head,
            "body": body,
            "nonce": nonce,
            "props": _in_markup(_encode(props).decode()[1:-1]),
            "query": _encode(query).decode().replace("<", "\\u003c"),
        }
        pieces = self._pieces.copy()
        pieces[1::2] = [values[name] for name in pieces[1::2]]
        return "".join(pieces)


def spoken(page: ui.page, language: Language) -> ui.page:
    """The page in the visitor's language: the html attribute `lang`, and NiceGUI's own texts."""
    page = copy.copy(page)
    page.language = "de" if language == "de" else "en-GB"
    return page


def _slot(name: str) -> str:
    return f"nest-slot-{name}"


def _request() -> Request:
    return Request(
        {
            "type": "http",
            "method": "GET",
            "scheme": "http",
            "server": ("localhost", 80),
            "path": "/",
            "raw_path": b"/",
            "query_string": b"",
            "headers": [],
            "app": core.app,
            "router": core.app.router,
            NONCE: _slot("nonce"),
        }
    )


def _in_markup(text: str) -> str:
    """Text as NiceGUI's script reads it out of a template literal, escaped as NiceGUI does."""
    for character, entity in (
        ("&", "&amp;"),
        ("<", "&lt;"),
        (">", "&gt;"),
        ("`", "&#96;"),
        ("$", "&#36;"),
    ):
        text = text.replace(character, entity)
    return text
