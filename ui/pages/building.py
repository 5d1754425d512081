"""What the pages that NiceGUI builds have in common."""

import asyncio
import copy
import json
from typing import Final

from nicegui import Client, ui
from starlette.requests import Request
from starlette.responses import HTMLResponse, Response

from realtime.principal import Principal
from storage.errors import StorageUnavailable
from ui.hardening import delete_now
from ui.language import Language
from ui.pages.messages import MessagePages
from ui.ports import OpenSessions, Visitors

BUILD_WITHIN_S: Final = 10.0
LEAVE_WITHIN_S: Final = 0.5
"""Seconds that a page whose session is over has for being told so."""
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


async def admitted(
    request: Request, visitors: Visitors, messages: MessagePages
) -> Principal | Response:
    """The admin; for others the page to answer with, and the one being built is gone.

    The page ends with the admin's session. That it was opened is in the audit.
    """
    client = ui.context.client
    try:
        if admin := await visitors.admin_of(request):
            end_with_session(client, admin, visitors.sessions)
            if request.method != "HEAD":
                await visitors.looked(request, admin)
            return admin
        message = await sign_in_needed(request, visitors, messages)
    except StorageUnavailable:
        message = messages.later(request)
    client.delete()
    return message


async def sign_in_needed(request: Request, visitors: Visitors, messages: MessagePages) -> Response:
    """The page that says how to sign in as an admin. Raises StorageUnavailable."""
    over = await visitors.was_admin(request)
    return messages.session_over(request) if over else messages.admins_only(request)


def end_with_session(client: Client, admin: Principal, sessions: OpenSessions) -> None:
    """Take the page off the screen when the admin's session is over, and forget it here.

    The browser loads the address again, and is told there that the session is over.
    """
    session = admin.admin_session
    assert session is not None  # noqa: S101 - there is no other way to be an admin

    def over() -> None:
        leave(client, "")

    sessions.hold(session, over)
    client.on_delete(lambda: sessions.release(session, over))


def leave(client: Client, address: str) -> None:
    """Have the browser go there, "" for the same address again, and forget the page here."""
    if client.is_deleted:
        return
    if address:
        _ = client.run_javascript(f"window.location.replace({json.dumps(address)})")
    else:
        _ = client.run_javascript("window.location.reload()")
    asyncio.get_running_loop().call_later(LEAVE_WITHIN_S, delete_now, client)


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
