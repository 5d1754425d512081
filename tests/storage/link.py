"""A TCP link to a server that a test can freeze (half-open), slow down, cut, mend, or make lose replies."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress

from tests.support.faults.upstream import Upstream
from tests.support.waiting import eventually

CHUNK = 65536


class Link:
    """Forwards connections to the server at `url` (see `Upstream`); use `Link.url` instead."""

    def __init__(self, url: str) -> None:
        self._upstream = Upstream(url)
        self._running = asyncio.Event()
        self._running.set()
        self._refusing = False
        self._losing = False
        self._quick = asyncio.Event()
        self._quick.set()
        self._slice_bytes, self._pause_seconds = CHUNK, 0.0
        self.lost_replies = 0
        self._writers: set[asyncio.StreamWriter] = set()
        self._server: asyncio.Server | None = None

    @property
    def url(self) -> str:
        return self._upstream.through(self._server)

    def freeze(self) -> None:
        """Nothing passes in either direction, and nobody is told."""
        self._running.clear()

    def cut(self, *, refuse: bool = False) -> None:
        """Ends every connection; `refuse`: new ones too, until `mend`."""
        self._refusing = refuse
        for writer in self._writers:
            writer.transport.abort()

    def lose_replies(self) -> None:
        """Requests still arrive; what the server answers is thrown away and counted."""
        self._losing = True

    def slow_down(self, *, slice_bytes: int = CHUNK, pause_seconds: float) -> None:
        """Cut the traffic into slices, each sent after a pause."""
        self._slice_bytes, self._pause_seconds = slice_bytes, pause_seconds
        self._quick.clear()

    def mend(self) -> None:
        self._refusing = self._losing = False
        self._slice_bytes = CHUNK
        self._quick.set()
        self._running.set()

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        if self._refusing:
            writer.transport.abort()
            return
        try:
            there_reader, there_writer = await self._upstream.connect()
        except OSError:  # the server is away
            writer.transport.abort()
            return
        both = {writer, there_writer}
        self._writers |= both
        try:
            async with asyncio.TaskGroup() as tasks:
                tasks.create_task(self.pump(reader, there_writer))
                tasks.create_task(self.pump(there_reader, writer, replies=True))
        finally:
            self._writers -= both
            for each in both:
                each.transport.abort()

    async def pump(
        self,
        reader: asyncio.StreamReader,
        writer: asyncio.StreamWriter,
        *,
        replies: bool = False,
    ) -> None:
        with suppress(OSError):
            while chunk := await reader.read(CHUNK):
                await self._running.wait()
                if replies and self._losing:
                    self.lost_replies += 1
                    continue
                await self._pass_on(writer, chunk)
        writer.transport.abort()

    async def _pass_on(self, writer: asyncio.StreamWriter, chunk: bytes) -> None:
        while chunk:
            slice_, chunk = chunk[: self._slice_bytes], chunk[self._slice_bytes :]
            if not self._quick.is_set():
                with suppress(TimeoutError):
                    async with asyncio.timeout(self._pause_seconds):
                        await self._quick.wait()
            writer.write(slice_)
            await writer.drain()


@asynccontextmanager
async def link_to(url: str) -> AsyncIterator[Link]:
    """A link that works until the block ends."""
    link = Link(url)
    link._server = await asyncio.start_server(link._serve, "127.0.0.1", 0)
    try:
        yield link
    finally:
        link._server.close()
        link.mend()
        link.cut(refuse=True)
        await eventually(lambda: not link._writers)
