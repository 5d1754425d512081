"""One browser tab's traffic between NiceGUI and a connection.

    browser --$emit--> hear(text) --queue--> one task --> connection.receive(text)
    connection --> show(frame) --run_method--> browser

Messages of a tab are handled one at a time and in order. If the queue is full a message is dropped:
the browser sends it again with the same op_id until it is answered. While the browser is away,
frames are kept up to a limit and then dropped: on each connect the browser asks for the frames that
it missed. A tab that stays away leaves the room, so nobody is shown as present who is not. A page
whose connection ends is told why, and is then deleted with its socket.
"""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Final

import structlog
from nicegui import Client, background_tasks

from configurator.protocol.code import Code
from realtime.delivery.inbox import Inbox
from ui.components.screens import Screen
from ui.live.socket import FLOODED, end_page, tell_signs_of_life

log = structlog.get_logger()

QUEUE_MESSAGES_MAX: Final = 256
AWAY_FRAMES_MAX: Final = 64
AWAY_AFTER_S: Final = 12.0


class Conversation:
    """The conversation of one page, from `start` to the end of the page's client."""

    def __init__(self, count_dropped: Callable[[], None]) -> None:
        """`count_dropped` is called for each message and frame that a full queue refuses."""
        self._incoming: Inbox[str | None] = Inbox()
        self._early: list[str] = []
        self._screen: Screen | None = None
        self._client: Client | None = None
        self._away = False
        self._ended = False
        self._over = False
        self._count_dropped = count_dropped

    def hear(self, text: str) -> None:
        """Take a message from the browser."""
        if self._ended:
            return
        if len(self._incoming) < QUEUE_MESSAGES_MAX:
            self._incoming.put_nowait(text)
        else:
            self._count_dropped()

    def send(self, frame: str) -> None:
        """Queue a frame for the browser; never blocks."""
        if self._over:
            return
        if self._screen is None or self._client is None:
            self._early.append(frame)
            return
        if self._client.is_deleted:
            return
        away = not self._client.has_socket_connection
        if away and len(self._client.outbox.messages) >= AWAY_FRAMES_MAX:
            self._count_dropped()
            return
        with self._client:
            self._screen.show(frame)

    def hang_up(self, code: Code) -> None:
        """End the page, after the frames that it was sent; safe to call twice."""
        if self._client is None or self._ended:
            return
        self._ended = True
        log.info("page_ended", code=code.name)
        _ = background_tasks.create(end_page(self._client, code), name="page end")

    def start(
        self,
        screen: Screen,
        *,
        receive: Callable[[str], Awaitable[object]],
        close: Callable[[], Awaitable[None]],
        leave: str | None,
        heard: Callable[[], None] = lambda: None,
    ) -> None:
        """Begin to pass texts. `leave` is the message to send for a tab that stays away.

        `heard` is called for every sign of life of the browser.
        """
        client = screen.client
        self._screen, self._client = screen, client
        client.storage[FLOODED] = self._flooded
        task = background_tasks.create(self._run(receive, leave), name="page conversation")

        async def end() -> None:
            task.cancel()
            self._over = True
            self._screen = self._client = None
            await close()

        def came() -> None:
            heard()
            tell_signs_of_life(client, heard)
            self._came(back=True)

        client.on_connect(came)
        client.on_disconnect(lambda: self._came(back=client.has_socket_connection))
        client.on_delete(end)
        early, self._early = self._early, []
        for frame in early:
            self.send(frame)

    def _flooded(self, frame: str) -> None:
        """Tell the page that its socket sends too much, and ignore all further messages."""
        if not self._ended:
            self._ended = True
            self.send(frame)

    def _came(self, *, back: bool) -> None:
        self._away = not back
        if len(self._incoming) < QUEUE_MESSAGES_MAX:
            self._incoming.put_nowait(None)

    async def _run(self, receive: Callable[[str], Awaitable[object]], leave: str | None) -> None:
        while True:
            patience = AWAY_AFTER_S if self._away and leave is not None else None
            try:
                async with asyncio.timeout(patience):
                    text = await self._incoming.get()
            except TimeoutError:
                if self._away and leave is not None:
                    self._away = False
                    await receive(leave)
                continue
            if text is not None:
                await receive(text)
