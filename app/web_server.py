"""uvicorn with a graceful stop: it hands visitors over before it closes connections.

    SIGTERM → not ready, no new sockets, `Connection: close` on answers
      → `drain_seconds`: the proxy finds out, requests are answered
        → open sockets are handed over in batches (`realtime.connections.drain`)
          → uvicorn: requests under way are answered, then the lifespan of the application ends

A second SIGTERM or SIGINT ends the process at once: acknowledged ops and events are stored.
"""

import asyncio
import socket
from contextlib import suppress
from types import FrameType
from typing import Final

import structlog
import uvicorn
from typing_extensions import override

from app.supervisor.exclusive import AlreadyInUseError
from app.supervisor.listening import require_free_port
from realtime.connections.drain import Drain

log = structlog.get_logger()

AT_ONCE_SECONDS: Final = 2.0
"""Seconds to close the stores, for a process that was told twice to stop."""

CONNECTION_CLOSE: Final = (b"connection", b"close")


class WebServer(uvicorn.Server):
    """The server of one web process. `drain_seconds`: the time that its proxy needs to notice."""

    def __init__(self, config: uvicorn.Config, drain: Drain, *, drain_seconds: float) -> None:
        super().__init__(config)
        self._drain = drain
        self._drain_seconds = drain_seconds
        self._loop: asyncio.AbstractEventLoop | None = None
        self._draining: asyncio.Task[None] | None = None

    @override
    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        """Start the application, then listen; ``started`` stays false if the application cannot start.

        Raises AlreadyInUseError if another program took the port meanwhile.
        """
        try:
            await super().startup(sockets)
        except SystemExit as ended:  # uvicorn raises it if starting or listening failed
            self.should_exit = True
            if self.lifespan.should_exit:
                return
            host, port = self.config.host, self.config.port
            require_free_port(host, port)
            raise AlreadyInUseError(
                f"PORT {port} on {host} became busy before this process could listen on it",
                "Start again.",
            ) from ended

    @override
    async def main_loop(self) -> None:
        """Serve until told to stop."""
        self._loop = asyncio.get_running_loop()
        await super().main_loop()

    @override
    def handle_exit(self, sig: int, frame: FrameType | None) -> None:
        """Stop; end at once at the second signal."""
        if self.should_exit:
            self.force_exit = True
            if self._loop is not None:
                self._loop.call_soon_threadsafe(self._stop_draining)
        super().handle_exit(sig, frame)

    @override
    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        """Hand over, then stop as uvicorn does."""
        if sockets:  # other processes accept on them, too, so this one can stop accepting
            for server in self.servers:
                server.close()
        async with asyncio.TaskGroup() as tasks:
            self._draining = tasks.create_task(self._hand_over(), name="drain")
        await super().shutdown(sockets)
        if self.force_exit:  # uvicorn skips it in this case
            with suppress(TimeoutError):
                async with asyncio.timeout(AT_ONCE_SECONDS):
                    await self.lifespan.shutdown()

    async def _hand_over(self) -> None:
        if self.force_exit:
            return
        self._drain.begin(self._drain_seconds)
        log.info("draining", seconds=self._drain_seconds)
        state = self.server_state
        state.default_headers = [*state.default_headers, CONNECTION_CLOSE]
        await asyncio.sleep(self._drain_seconds)
        await self._drain.hand_over()

    def _stop_draining(self) -> None:
        if self._draining is not None:
            self._draining.cancel()
