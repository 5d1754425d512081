"""The outbox of a page: messages to its browser, sent while the browser is connected.

NiceGUI's own outbox is a task for each page, which polls once a second, and ten times a second
while the browser is away. With this outbox a quiet page takes no processor time, and messages for
an absent browser are sent as soon as it is back.
"""

import weakref
from collections import deque

from nicegui import Client, background_tasks, core
from nicegui.outbox import Message, Outbox
from typing_extensions import override

from ui.live.history import PageHistory


class PageOutbox(Outbox):
    """NiceGUI's outbox without a permanent task: one runs only while messages wait."""

    def __init__(self, client: Client) -> None:  # the original's is not called: it starts the task
        self._client = weakref.ref(client)
        self.updates = weakref.WeakValueDictionary()
        self.messages = deque()
        self.message_history = PageHistory()
        self.next_message_id = 0
        self._loaded_components = set()
        self._should_stop = False
        self._sends = False

    def go_on(self) -> None:
        """Send the waiting messages, if the browser is connected."""
        client = self._client()
        if client is not None and self._may_send(client) and not self._sends:
            self._sends = True
            _ = background_tasks.create(self._send_all(client), name="page outbox")

    def _may_send(self, client: Client) -> bool:
        there = client.has_socket_connection and not self._should_stop
        return there and bool(self.messages or self.updates)

    @override
    def _set_enqueue_event(self) -> None:
        """NiceGUI calls this whenever a message was added."""
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
        """The next message: updates of elements go before calls on them.

        Scripts of elements that the browser does not know yet go first.
        """
        if not self.updates:
            return self.messages.popleft()
        if scripts := self._new_scripts(client):
            return (client.id, "load_js_components", {"components": scripts})
        numbers = list(self.updates)
        self.updates.clear()
        elements = {number: client.elements.get(number) for number in numbers}
        now = {
            number: None if element is None else element._to_dict()  # noqa: SLF001 - NiceGUI's
            for number, element in elements.items()
        }
        return (client.id, "update", now)

    def _new_scripts(self, client: Client) -> list[dict[str, str]]:
        """The scripts of waiting elements, each sent once in the life of the page."""
        waiting = (client.elements.get(number) for number in list(self.updates))
        components = {
            each.component.key: each.component for each in waiting if each and each.component
        }
        new = [each for key, each in components.items() if key not in self._loaded_components]
        self._loaded_components.update(each.key for each in new)
        return [{"key": each.key, "tag": each.tag} for each in new]
