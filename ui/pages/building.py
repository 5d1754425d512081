"""What the pages that NiceGUI builds have in common."""

import asyncio
from functools import partial
from typing import Final

from nicegui import Client
from starlette.requests import Request
from starlette.responses import Response

from realtime.principal import Principal
from ui.page_client import delete_now
from ui.pages.messages import MessagePages
from ui.ports import OpenSessions, Visitors

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
    """The admin; for others the page to answer with. That the page was opened is in the audit.

    HEAD opens none. Raises StorageUnavailable.
    """
    if admin := await visitors.admin_of(request):
        if request.method != "HEAD":
            await visitors.looked(request, admin)
        return admin
    return await sign_in_needed(request, visitors, messages)


async def let_in(request: Request, client: Client, visitors: Visitors) -> Principal | None:
    """The admin whose socket asks for the page, which ends with their session. None: nobody's.

    It is in the audit, as for GET; the same look is one line (`realtime.looks`). Raises StorageUnavailable.
    """
    if admin := await visitors.admin_of(request):
        end_with_session(client, admin, visitors.sessions)
        await visitors.looked(request, admin)
    return admin


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

    over = partial(load_again, client)
    sessions.hold(session, over)
    client.on_delete(lambda: sessions.release(session, over))


def sign_out(client: Client) -> None:
    """Tell the page that its visitor is signed out, and forget it here.

    The page goes to `/signed-out`, or stays where a restore is the reason.
    """
    _end(client, 'window.dispatchEvent(new Event("signedout"))')


def load_again(client: Client) -> None:
    """Have the browser load the address of the page again, and forget the page here."""
    _end(client, "window.location.reload()")


def _end(client: Client, last_words: str) -> None:
    if client.is_deleted:
        return
    _ = client.run_javascript(last_words)
    asyncio.get_running_loop().call_later(LEAVE_WITHIN_S, delete_now, client)
