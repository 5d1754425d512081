"""The thin shell around ``Session``: one WebSocket at a time, opened again when it is lost."""

import asyncio
import logging
from collections.abc import Callable, Sequence
from random import Random

from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import WebSocketException
from websockets.typing import Subprotocol

from nest_haus_client.backoff import RECONNECT_LONGEST_SECONDS, delay_seconds
from nest_haus_client.connecting.credential import Credential
from nest_haus_client.core.session import Session
from nest_haus_client.errors import Refused
from nest_haus_client.events import StatusName
from nest_haus_client.messages import encode

log = logging.getLogger("nest_haus_client")

SUBPROTOCOL = Subprotocol("nest.v1")
OPEN_SECONDS = 10.0
SEND_SECONDS = 10.0
PING_SECONDS = 10.0
FRAME_BYTES_MAX = 16 * 1024 * 1024
STEADY_SECONDS = 5.0
"""After a connection that lasted this many seconds, the next pause is short again."""


class _Gone(Exception):
    """This connection has ended."""


class Connection:
    """Keeps a session connected to one of ``urls``; ``run`` is its only task.

    ``heard`` is called after everything that may have changed the session, ``tell`` whenever the
    status changes.
    """

    def __init__(
        self,
        urls: Sequence[str],
        session: Session,
        credential: Credential,
        *,
        random: Random,
        heard: Callable[[], None],
        tell: Callable[[StatusName, str | None, float | None], None],
    ) -> None:
        self._urls = [f"ws{url.removeprefix('http')}/ws" for url in urls]
        self._session = session
        self._credential = credential
        self._random = random
        self._heard = heard
        self._tell = tell
        self._work = asyncio.Event()
        self._socket: ClientConnection | None = None

    def wake(self) -> None:
        """Send the messages that were queued in the session."""
        self._work.set()

    def drop(self) -> None:
        """End the socket as a network failure would: at once, without a close frame."""
        if self._socket is not None:
            self._socket.transport.abort()

    async def run(self) -> None:
        """Connect, serve, wait, repeatedly; returns when the server rejects this client."""
        session, loop, tries, place = self._session, asyncio.get_running_loop(), 0, 0
        while True:
            self._tell("connecting", None, None)
            url = self._urls[place % len(self._urls)]
            log.debug("connecting to %s", url)
            started, why = loop.time(), "the connection ended"
            try:
                await self._serve(url)
            except* (_Gone, OSError, WebSocketException, TimeoutError) as problems:
                why = _first(problems)
            steady = session.online and loop.time() - started >= STEADY_SECONDS
            session.closed()
            self._heard()
            if session.fatal is not None:
                log.info("refused by %s: %s", url, session.fatal)
                self._tell("refused", str(session.fatal), None)
                return
            tries = 0 if steady else tries
            pause = delay_seconds(
                tries,
                self._random,
                session.retry_after_ms,
                longest_seconds=RECONNECT_LONGEST_SECONDS,
            )
            log.info("no connection to %s: %s; again in %.1f s", url, why, pause)
            self._tell("offline", why, pause)
            await asyncio.sleep(pause)
            tries, place = tries + 1, place + 1

    async def _serve(self, url: str) -> None:
        await self._identify()
        async with connect(
            url,
            subprotocols=[SUBPROTOCOL],
            compression=None,
            open_timeout=OPEN_SECONDS,
            ping_interval=PING_SECONDS,
            ping_timeout=PING_SECONDS,
            close_timeout=1.0,
            max_size=FRAME_BYTES_MAX,
        ) as socket:
            self._socket = socket
            try:
                self._session.opened(self._now())
                async with asyncio.TaskGroup() as tasks:
                    tasks.create_task(self._write(socket))
                    await self._read(socket)
            finally:
                self._socket = None

    async def _identify(self) -> None:
        refused: Refused | None = None
        try:
            async with asyncio.timeout(OPEN_SECONDS):
                token = await self._credential.fetch()
        except Refused as error:
            refused, why = error, str(error)
        except Exception as error:  # noqa: BLE001 - the user's function; called again later
            why = f"no token: {str(error) or type(error).__name__}"
        else:
            self._session.identify(token, asked_for=self._credential.asked_for)
            return
        self._session.without_token(refused)
        raise _Gone(why)

    async def _read(self, socket: ClientConnection) -> None:
        session, was_online = self._session, False
        async for text in socket:
            log.debug("heard %s", text)
            session.receive(text, self._now())
            self._heard()
            self._check(socket)
            if session.online and not was_online:
                was_online = True
                self._tell("online", None, None)
            self._work.set()
        raise _Gone(f"closed by the server: {socket.close_reason or socket.close_code}")

    async def _write(self, socket: ClientConnection) -> None:
        while True:
            self._work.clear()
            self._session.tick(self._now())
            self._heard()
            self._check(socket)
            for message in self._session.take_messages():
                log.debug("sent %s", type(message).__name__)  # not its content: hello has the token
                async with asyncio.timeout(SEND_SECONDS):
                    await socket.send(encode(message))
            try:
                async with asyncio.timeout_at(self._session.wake_at()):
                    await self._work.wait()
            except TimeoutError:
                continue

    def _check(self, socket: ClientConnection) -> None:
        ending = self._session.fatal or self._session.broken
        if ending is not None:
            socket.transport.abort()
            raise _Gone(str(ending))

    def _now(self) -> float:
        return asyncio.get_running_loop().time()


def _first(problems: BaseExceptionGroup[Exception]) -> str:
    """The text to show for a group of errors: the first one that has a text."""
    for problem in problems.exceptions:
        if isinstance(problem, BaseExceptionGroup):
            return _first(problem)
        if str(problem):
            return str(problem)
    return type(problems.exceptions[0]).__name__
