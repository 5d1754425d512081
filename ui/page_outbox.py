"""Messages of a page to its browser, sent when there is one.

NiceGUI's own outbox is a task for each page that looks once a second whether there is anything, and ten
times a second while the browser is away. With this one a page that is quiet costs no processor time, and
what is said while the browser is away goes out as soon as it is back.
"""

import weakref
from collections import deque

from nicegui import Client, background_tasks, core
from nicegui.outbox import Message, Outbox
from typing_extensions import override

from ui.page_history import PageHistory


class PageOutbox(Outbox):
    """NiceGUI's outbox without its task: one is begun for what waits, and ends once that is sent."""

    def __init__(self, client: Client) -> None:  # not the original's: it begins the task
        self._client = weakref.ref(client)
        self.updates = weakref.WeakValueDictionary()
        self.messages = deque()
        self.message_history = PageHistory()
        self.next_message_id = 0
        self._loaded_components = set()
        self._should_stop = False
        self._sends = False

    def go_on(self) -> None:
        """Send what waits, if the browser is there."""
        client = self._client()
        if client is not None and self._may_send(client) and not self._sends:
            self._sends = True
            _ = background_tasks.create(self._send_all(client), name="page outbox")

    def _may_send(self, client: Client) -> bool:
        there = client.has_socket_connection and not self._should_stop
        return there and bool(self.messages or self.updates)

    @override
    def _set_enqueue_event(self) -> None:
        """Called by NiceGUI whenever something was added."""
        self.go_on()

    async def _send_all(self, client: Client) -> None:
        try:
            while self._may_send(client):
                try:
                    await self._emit(self._taken(client))
                except Exception as error:  # noqa: BLE001 - NiceGUI logs it; the next message is sent
                    core.app.handle_exception(error)
        finally:
            self._sends = False

    def _taken(self, client: Client) -> Message:
        """The next message: how elements are now, before what is to be done with them."""
        if not self.updates:
            return self.messages.popleft()
        numbers = list(self.updates)
        self.updates.clear()
        elements = {number: client.elements.get(number) for number in numbers}
        now = {
            number: None if element is None else element._to_dict()  # noqa: SLF001 - NiceGUI's
            for number, element in elements.items()
        }
        return (client.id, "update", now)
