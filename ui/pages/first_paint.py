"""What stands on a NiceGUI page until its scripts have built the live one: our own HTML.

It is laid out by the style sheet of the live page, with the same classes and sizes, so that nothing
moves when `js/first.js` takes it away. Without JavaScript, or in a browser that cannot run the
page, it says so in the visitor's language.
"""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final

from ui.assets import Assets
from ui.language import Language
from ui.pages.building import STORAGE_FOR_ALL
from ui.templates import Templates

SCRIPT: Final = "js/first.js"
VIEWS: Final = ("exterior", "interior", "pv", "fenster")
FIRST_VIEW: Final = VIEWS[0]
WITHOUT_CHOICES: Final = {"viewer", "admin"}
WITHOUT_INQUIRIES: Final = {*WITHOUT_CHOICES, "editor"}


@dataclass(frozen=True)
class Paint:
    """What goes into head and body of the page."""

    head: str
    body: str


@dataclass(frozen=True)
class FirstPaint:
    """Builds first paints. ``nonce`` is that of the answer, for its scripts."""

    templates: Templates
    assets: Assets

    def house(
        self,
        language: Language,
        *,
        nonce: str,
        code: str,
        frames: Sequence[str],
        stylesheet: str,
        modules: tuple[str, ...],
    ) -> Paint:
        """The house, its price and its place in the final layout, out of the page's own snapshot."""
        snapshot = _snapshot(frames)
        derived = snapshot.get("derived") or {}
        picture = derived.get("previews", {}).get(FIRST_VIEW)
        role = snapshot.get("you", {}).get("role")
        if picture and language == "en":
            picture += "?lang=en"  # as the live page asks for it: one picture, loaded once
        return self._paint(
            "first_house.html",
            language,
            nonce,
            {
                "code": code,
                "picture": picture,
                "price": derived.get("price"),
                "views": VIEWS,
                "first_view": FIRST_VIEW,
                "edits": role not in WITHOUT_CHOICES,
                "inquires": role not in WITHOUT_INQUIRIES,
            },
            stylesheet=stylesheet,
            modules=modules,
            picture=picture,
        )

    def page(
        self,
        language: Language,
        *,
        nonce: str,
        title: str,
        stylesheet: str,
        modules: tuple[str, ...],
    ) -> Paint:
        """The name of the page and that it is loading; `title` is the key of a text."""
        return self._paint(
            "first_page.html",
            language,
            nonce,
            {"title": title},
            stylesheet=stylesheet,
            modules=modules,
            picture=None,
        )

    def _paint(
        self,
        template: str,
        language: Language,
        nonce: str,
        values: dict[str, object],
        *,
        stylesheet: str,
        modules: tuple[str, ...],
        picture: str | None,
    ) -> Paint:
        """Picture and style sheets are named before the modules: what is seen is loaded first."""
        url = self.assets.url
        head = [STORAGE_FOR_ALL.replace("<script>", f'<script nonce="{nonce}">')]
        head += [
            f'<link rel="stylesheet" href="{url(name)}">' for name in ("css/tokens.css", stylesheet)
        ]
        if picture:
            head.append(f'<link rel="preload" as="image" href="{picture}" fetchpriority="high">')
        head += [f'<link rel="modulepreload" href="{url(name)}">' for name in (SCRIPT, *modules)]
        head.append('<meta name="robots" content="noindex">')
        values = {**values, "script": url(SCRIPT), "nonce": nonce}
        return Paint("\n".join(head), self.templates.text(template, language, values))


def _snapshot(frames: Sequence[str]) -> dict[str, Any]:
    """The snapshot among the first frames; {} when there is none."""
    for frame in frames:
        message: dict[str, Any] = json.loads(frame)
        if message.get("type") == "snapshot":
            return message
    return {}
