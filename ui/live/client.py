"""The page of one browser tab in this process: a `Client` of NiceGUI, made for the tab's socket."""

import asyncio
from typing import Any, Final

from nicegui import Client, ui
from starlette.requests import Request
from typing_extensions import override

from ui.live.outbox import PageOutbox

RECONNECT_TIMEOUT_S: Final = 30.0
"""Seconds for which a page is kept whose browser is away; if it comes back later, the page is built
again."""


class PageClient(Client):
    """A page under the id that its browser knows. Its deletion releases everything that it holds.

    ``credentials`` are the tokens that it was built for: a socket with other tokens is not its own;
    None: it belongs only to the socket that it was built for.
    ``built`` completes when the page is built, with whether that worked.
    """

    outbox: PageOutbox

    def __init__(
        self,
        page: ui.page,
        *,
        request: Request,
        client_id: str,
        credentials: tuple[str, ...] | None = (),
    ) -> None:
        super().__init__(page, request=request)
        del Client.instances[self.id]
        self.id = client_id
        Client.instances[client_id] = self
        self.credentials = credentials
        self.built: asyncio.Future[bool] = asyncio.get_running_loop().create_future()
        self.outbox.stop()
        self.outbox = PageOutbox(self)
        _unmark_main(self)

    def go_on_from(self, message_id: int) -> None:
        """Number the next message like this, unless the messages that it missed are here.

        For missed messages that are not here, the browser asks with its position.
        """
        outbox = self.outbox
        kept = {number for number, _, _ in outbox.message_history}
        if message_id != outbox.next_message_id and message_id not in kept:
            outbox.message_history.clear()
            outbox.next_message_id = message_id

    @property
    def sockets(self) -> int:
        """The number of sockets of the page, including one whose end was not noticed yet."""
        return len(self._socket_to_document_id)

    @override
    async def handle_handshake(
        self,
        socket_id: str,
        tab_id: str,
        old_tab_id: str | None,
        document_id: str,
        next_message_id: int | str | None,
    ) -> None:
        """Attach a socket of the page, and send the messages that waited for it."""
        await super().handle_handshake(socket_id, tab_id, old_tab_id, document_id, next_message_id)
        self.outbox.go_on()

    @override
    def handle_event(self, msg: dict[str, Any]) -> None:
        """Pass on an event of the browser, unless its element was built again since.

        A page that was built again for its browser has other listeners. An action on the page
        before is not carried out; its element is still on the screen as it was.
        """
        sender = self.elements.get(msg["id"])
        if sender is not None and msg["listener_id"] in sender._event_listeners:  # noqa: SLF001
            super().handle_event(msg)

    @override
    def delete(self) -> None:
        """Delete the page and what would keep it in a cycle, so that its memory is free at once."""
        super().delete()
        self.connect_handlers.clear()
        self.disconnect_handlers.clear()
        self.delete_handlers.clear()
        self.storage.clear()
        self.outbox.messages.clear()
        self.outbox.message_history.clear()


def _unmark_main(client: Client) -> None:
    """Make NiceGUI's box around the page a `<div>`: it is a `<main>`, and our pages have their own."""
    around = next(each for each in client.elements.values() if each.tag == "q-page")
    around.tag = "div"
    around.classes("q-page")


def delete_now(client: Client) -> None:
    """Delete a page, even if its browser is away just now.

    NiceGUI itself deletes such a page after a while, and fails if it is deleted already.
    """
    if client.is_deleted:
        return
    for document_id in list(client._delete_tasks):  # noqa: SLF001 - it has no public name
        client._cancel_delete_task(document_id)  # noqa: SLF001
    client.delete()
