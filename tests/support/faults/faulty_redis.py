"""A Redis that answers with errors of one's choice for a while: a proxy before the real one.

In the place of a command it sends one that the server answers with that error, so the order of
answers is the server's own, also in pipelines and transactions.
"""

import asyncio
from collections import Counter
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager, suppress
from itertools import cycle

from tests.support.faults.pump import pump
from tests.support.faults.upstream import Upstream

ERROR = b"return redis.error_reply(ARGV[1])"


class FaultyRedis:
    """Forwards to the server at `url`, a redis:// or unix://."""

    def __init__(self, url: str) -> None:
        self._upstream = Upstream(url)
        self._server: asyncio.Server | None = None
        self._replies: cycle[str] | None = None
        self.answered: Counter[str] = Counter()
        """The number of times that each reply was given."""

    @property
    def url(self) -> str:
        """Connect here instead."""
        return self._upstream.through(self._server)

    def fail(self, replies: Sequence[str]) -> None:
        """Answer every command from now on with an error, the next of `replies` each time."""
        self._replies = cycle(replies)

    def mend(self) -> None:
        """Everything reaches the server again."""
        self._replies = None

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            there_reader, there = await self._upstream.connect()
        except OSError:  # the server is away
            writer.transport.abort()
            return
        try:
            async with asyncio.TaskGroup() as tasks:
                answers = tasks.create_task(pump(there_reader, writer))
                with suppress(OSError, asyncio.IncompleteReadError):
                    await self._commands(reader, there)
                answers.cancel()
        finally:
            there.transport.abort()
            writer.transport.abort()

    async def _commands(self, reader: asyncio.StreamReader, there: asyncio.StreamWriter) -> None:
        within = False  # a transaction whose MULTI has reached the server
        while True:
            words, raw = await _command(reader)
            name = words[0].upper()
            if self._replies is not None and not within:
                reply = next(self._replies)
                self.answered[reply] += 1
                raw = _written([b"EVAL", ERROR, b"0", reply.encode()])
            elif name in (b"MULTI", b"EXEC", b"DISCARD"):
                within = name == b"MULTI"
            there.write(raw)
            await there.drain()


async def _command(reader: asyncio.StreamReader) -> tuple[list[bytes], bytes]:
    """The words of the next command, and how it was written."""
    head = await reader.readuntil(b"\r\n")
    raw, words = [head], []
    for _ in range(int(head[1:-2])):
        size = await reader.readuntil(b"\r\n")
        word = await reader.readexactly(int(size[1:-2]) + 2)
        raw += [size, word]
        words.append(word[:-2])
    return words, b"".join(raw)


def _written(words: Sequence[bytes]) -> bytes:
    parts = [b"$%d\r\n%b\r\n" % (len(word), word) for word in words]
    return b"*%d\r\n%b" % (len(words), b"".join(parts))


@asynccontextmanager
async def faulty_redis(url: str) -> AsyncIterator[FaultyRedis]:
    """A proxy that forwards everything until told otherwise, while the block lasts."""
    proxy = FaultyRedis(url)
    proxy._server = await asyncio.start_server(proxy._serve, "127.0.0.1", 0)
    try:
        yield proxy
    finally:
        proxy._server.close()
