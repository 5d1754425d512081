"""The common parts of the pages that NiceGUI builds."""

import asyncio
from functools import partial
from typing import Final

from nicegui import Client
from starlette.requests import Request
from starlette.responses import Response

from configurator.people.roles import Permission
from realtime.people.principal import Staff
from ui.live.client import delete_now
from ui.ports import OpenSessions, Visitors
from ui.public.messages import MessagePages

LEAVE_WITHIN_S: Final = 0.5
"""Seconds that a page has to read that its session has ended."""
# NiceGUI's own script reads sessionStorage before any other script runs. Where the browser forbids
# sessionStorage, even its name throws, and the page would stay empty. This stand-in keeps values
# for as long as the page lives. Its items are properties, because NiceGUI reads and writes them
# that way.
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
    request: Request, visitors: Visitors, messages: MessagePages, needs: Permission
) -> Staff | Response:
    """The member of staff who may see the page; for others, the page to answer with.

    The audit records that the page was opened; HEAD opens none. Raises StorageUnavailable.
    """
    staff = await visitors.admin_of(request)
    if staff is not None and staff.may(needs):
        if request.method != "HEAD":
            await visitors.looked(request, staff)
        return staff
    return await sign_in_needed(request, visitors, messages)


async def let_in(
    request: Request, client: Client, visitors: Visitors, needs: Permission
) -> Staff | None:
    """The member of staff whose socket may have the page, which ends with their session, or None.

    The audit records it as for GET; both together are one line (`realtime.people.looks`). Raises
    StorageUnavailable.
    """
    staff = await visitors.admin_of(request)
    if staff is None or not staff.may(needs):
        return None
    end_with_session(client, staff, visitors.sessions)
    await visitors.looked(request, staff)
    return staff


async def sign_in_needed(request: Request, visitors: Visitors, messages: MessagePages) -> Response:
    """The page that says how to sign in as an admin. Raises StorageUnavailable."""
    over = await visitors.was_admin(request)
    return messages.session_over(request) if over else messages.admins_only(request)


def end_with_session(client: Client, admin: Staff, sessions: OpenSessions) -> None:
    """Have the page leave the screen when the admin's session ends, and delete it here.

    The browser loads the address again, and is told there that the session has ended.
    """
    session = admin.session_sha256
    over = partial(load_again, client)
    sessions.hold(session, over)
    client.on_delete(lambda: sessions.release(session, over))


def sign_out(client: Client) -> None:
    """Tell the page that its visitor is signed out, and delete it here.

    The page goes to `/signed-out`, or stays if a restore is the reason.
    """
    _end(client, 'window.dispatchEvent(new Event("signedout"))')


def load_again(client: Client) -> None:
    """Have the browser load the address of the page again, and delete the page here."""
    _end(client, "window.location.reload()")


def _end(client: Client, last_words: str) -> None:
    if client.is_deleted:
        return
    _ = client.run_javascript(last_words)
    asyncio.get_running_loop().call_later(LEAVE_WITHIN_S, delete_now, client)
