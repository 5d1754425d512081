"""The page of one browser tab in this process: NiceGUI's `Client`, made for the socket that asked for it."""

import asyncio
from typing import Final

from nicegui import Client, ui
from starlette.requests import Request
from typing_extensions import override

from ui.page_outbox import PageOutbox

RECONNECT_TIMEOUT_S: Final = 30.0
"""A page whose browser is away is kept this long; one that comes back later is built again."""


class PageClient(Client):
    """A page under the id that its browser knows. What it holds is let go of when it is deleted.

    ``credentials`` are the tokens that it was built for: a socket that shows others is not its own.
    ``built`` says, once the page is built, whether that went well.
    """

    outbox: PageOutbox

    def __init__(
        self, page: ui.page, *, request: Request, client_id: str, credentials: tuple[str, ...] = ()
    ) -> None:
        super().__init__(page, request=request)
        del Client.instances[self.id]
        self.id = client_id
        Client.instances[client_id] = self
        self.credentials: tuple[str, ...] | None = credentials
        self.built: asyncio.Future[bool] = asyncio.get_running_loop().create_future()
        self.outbox.stop()
        self.outbox = PageOutbox(self)

    def go_on_from(self, message_id: int) -> None:
        """The next message for the browser has this number, unless those it missed are here.

        The browser asks for messages that it missed and that are not here by its position.
        """
        outbox = self.outbox
        kept = {number for number, _, _ in outbox.message_history}
        if message_id != outbox.next_message_id and message_id not in kept:
            outbox.message_history.clear()
            outbox.next_message_id = message_id

    @property
    def sockets(self) -> int:
        """How many sockets the page has, one whose end is not noticed yet among them."""
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
        """A socket of the page is here: what was said meanwhile goes out."""
        await super().handle_handshake(socket_id, tab_id, old_tab_id, document_id, next_message_id)
        self.outbox.go_on()

    @override
    def delete(self) -> None:
        """Delete the page and whatever would hold it in a cycle, so that its memory is free at once."""
        super().delete()
        self.connect_handlers.clear()
        self.disconnect_handlers.clear()
        self.delete_handlers.clear()
        self.storage.clear()
        self.outbox.messages.clear()
        self.outbox.message_history.clear()


def delete_now(client: Client) -> None:
    """Delete a page, also one whose browser is away just now.

    NiceGUI deletes such a page after a while by itself, and fails where it is gone already.
    """
    if client.is_deleted:
        return
    for document_id in list(client._delete_tasks):  # noqa: SLF001 - it has no public name
        client._cancel_delete_task(document_id)  # noqa: SLF001
    client.delete()
