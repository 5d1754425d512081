"""What the pages that NiceGUI builds have in common."""

import copy
from typing import Final

from nicegui import ui
from starlette.requests import Request
from starlette.responses import HTMLResponse, Response

from storage.errors import StorageUnavailable
from ui.language import Language
from ui.pages.messages import MessagePages
from ui.ports import Visitors

BUILD_WITHIN_S: Final = 10.0
# NiceGUI's own script reads sessionStorage before anything else runs; where the browser forbids it,
# already its name throws and the page would stay empty. What is kept there then lives as long as the
# page. The stand-in has items as properties, because that is how NiceGUI reads and writes them.
STORAGE_FOR_ALL: Final = """<script>
for (const name of ["localStorage", "sessionStorage"]) {
  try { void window[name].length; } catch {
    Object.defineProperty(window, name, { configurable: true, value: Object.create({
      getItem(key) { return this[key] ?? null; },
      setItem(key, text) { this[key] = String(text); },
      removeItem(key) { delete this[key]; },
      key(i) { return Object.keys(this)[i] ?? null; },
      get length() { return Object.keys(this).length; },
    }) });
  }
}
</script>"""


async def turned_away(
    request: Request, visitors: Visitors, messages: MessagePages
) -> Response | None:
    """None for an admin; else the page to answer with, and the one being built is gone."""
    try:
        if await visitors.admin_of(request):
            return None
        message = messages.admins_only(request)
    except StorageUnavailable:
        message = messages.later(request)
    ui.context.client.delete()
    return message


def only_headers(request: Request) -> Response | None:
    """The answer to HEAD: as for GET, without a page that nobody will open; None for GET."""
    if request.method != "HEAD":
        return None
    ui.context.client.delete()
    answer = HTMLResponse(headers={"cache-control": "no-store"})
    del answer.headers["content-length"]  # that of the page is not known
    return answer


def speak(language: Language) -> None:
    """Give this one page the visitor's language (html lang, NiceGUI's own texts)."""
    client = ui.context.client
    client.page = copy.copy(client.page)
    client.page.language = "de" if language == "de" else "en-GB"
