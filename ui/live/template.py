"""NiceGUI's HTML page, changed so that a visitor sees the server's own first paint first.

Unchanged, the page paints nothing until Quasar's style sheets (200 kB) are loaded, and then shows
an English sentence about ES modules until Vue has started. Here the first paint
(`ui.pages.first_paint`) is first in the body, and the style sheets after it delay only what follows
them. The sentence is removed: the first paint says the same in the visitor's language. Each script
of the template carries the nonce of its request; nothing that is inserted does.

The source of the template is changed once. If a piece is not as expected (in another version of
NiceGUI), the start fails and names it.
"""

import re
from typing import Final

from jinja2 import BaseLoader, FunctionLoader
from nicegui.client import templates

from ui.security_headers import NONCE

PAGE: Final = "index.html"
_STYLES: Final = re.compile(r" *<style>\s*@layer theme,.*?</style>\n", re.DOTALL)
_BODY: Final = "<body>\n"
_ADDED: Final = "{{ body_html | safe }}\n"
_FALLBACK: Final = re.compile(
    r" *<style>\s*#esm-fallback \{.*?</style>\s*<div id=\"esm-fallback\">.*?</div>\n", re.DOTALL
)
_SCRIPT: Final = re.compile(r"<script(?=[\s>])")
SCRIPTS: Final = 13
"""The number of scripts in the template, including those for style engines that are off."""


class PageTemplateUnknownError(Exception):
    """The template of NiceGUI is not the one that is changed here."""


def put_first_paint_first() -> None:
    """Change the template of this process; a second call changes nothing."""
    loader = templates.env.loader
    if isinstance(loader, FunctionLoader):
        return
    assert isinstance(loader, BaseLoader)  # noqa: S101 - NiceGUI loads from its folder
    original = loader
    changed = rearranged(original.get_source(templates.env, PAGE)[0])

    def load(name: str) -> str:
        return changed if name == PAGE else original.get_source(templates.env, name)[0]

    templates.env.loader = FunctionLoader(load)
    if templates.env.cache is not None:
        templates.env.cache.clear()


def rearranged(source: str) -> str:
    """The template with our body first, then the style sheets, a nonce for each script, no sentence.

    Raises PageTemplateUnknownError.
    """
    styles = _STYLES.search(source)
    if styles is None or source.count(_BODY) != 1 or source.count(_ADDED) != 1:
        raise PageTemplateUnknownError("style sheets or body")
    if not _FALLBACK.search(source):
        raise PageTemplateUnknownError("esm-fallback")
    if len(_SCRIPT.findall(source)) != SCRIPTS:
        raise PageTemplateUnknownError("scripts")
    without = _FALLBACK.sub("", source.replace(styles[0], "").replace(_ADDED, ""))
    stamped = _SCRIPT.sub(f"<script nonce=\"{{{{ request.scope['{NONCE}'] }}}}\"", without)
    return stamped.replace(_BODY, f"{_BODY}{_ADDED}{styles[0]}")
