"""The first paint: our own HTML on a NiceGUI page, until the scripts have built the live page.

It uses the style sheet, classes and sizes of the live page, so nothing moves when
`js/shared/first_paint.js` removes it. Without JavaScript, or in a browser that cannot run the page,
it says so in the visitor's language.
"""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final

from configurator.people.roles import Permission, Role
from configurator.text import Language
from ui.assets import Assets
from ui.pages.building import STORAGE_FOR_ALL
from ui.templates import Templates

SCRIPT: Final = "js/shared/first_paint.js"
VIEWS: Final = ("exterior", "interior", "pv", "fenster")
FIRST_VIEW: Final = VIEWS[0]


@dataclass(frozen=True)
class Paint:
    """The HTML for the head and the body of the page."""

    head: str
    body: str


@dataclass(frozen=True)
class FirstPaint:
    """Builds first paints. ``nonce`` is the nonce of the answer, for its scripts."""

    templates: Templates
    assets: Assets

    def house(
        self,
        language: Language,
        *,
        nonce: str,
        code: str,
        frames: Sequence[str],
        stylesheets: Sequence[str],
        entry: str,
    ) -> Paint:
        """The house, its price and its place in the final layout, made of the page's snapshot."""
        snapshot = _snapshot(frames)
        derived = snapshot.get("derived") or {}
        picture = derived.get("previews", {}).get(FIRST_VIEW)
        role = Role((snapshot.get("you") or {}).get("role", Role.OWNER))
        if picture and language == "en":
            # The same address as on the live page, so the picture is loaded once.
            picture += "?lang=en"
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
                "edits": role.may(Permission.EDIT),
                "inquires": role.may(Permission.INQUIRE),
            },
            stylesheets=stylesheets,
            entry=entry,
            picture=picture,
        )

    def page(
        self,
        language: Language,
        *,
        nonce: str,
        title: str,
        stylesheets: Sequence[str],
        entry: str,
    ) -> Paint:
        """The name of the page, and that it is loading. `title` is the key of a text."""
        return self._paint(
            "first_page.html",
            language,
            nonce,
            {"title": title},
            stylesheets=stylesheets,
            entry=entry,
            picture=None,
        )

    def _paint(
        self,
        template: str,
        language: Language,
        nonce: str,
        values: dict[str, object],
        *,
        stylesheets: Sequence[str],
        entry: str,
        picture: str | None,
    ) -> Paint:
        """Picture and style sheets come before the modules, so the visible parts load first."""
        url = self.assets.url
        head = [STORAGE_FOR_ALL.replace("<script>", f'<script nonce="{nonce}">')]
        head += [
            f'<link rel="stylesheet" href="{url(name)}">'
            for name in ("css/tokens.css", *stylesheets)
        ]
        if picture:
            head.append(f'<link rel="preload" as="image" href="{picture}" fetchpriority="high">')
        head += [
            f'<link rel="modulepreload" href="{url(name)}">'
            for name in (SCRIPT, *self.assets.modules_of(entry))
        ]
        head.append('<meta name="robots" content="noindex">')
        values = {**values, "script": url(SCRIPT), "nonce": nonce}
        return Paint("\n".join(head), self.templates.text(template, language, values))


def _snapshot(frames: Sequence[str]) -> dict[str, Any]:
    """The snapshot among the first frames; {} if there is none."""
    for frame in frames:
        message: dict[str, Any] = json.loads(frame)
        if message.get("type") == "snapshot":
            return message
    return {}
