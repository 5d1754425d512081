"""A PostgreSQL that answers with errors of one's choice for a while: a proxy before the real one.

It speaks as much of the protocol as it needs to put an ErrorResponse in the place of an answer. The
server is left in the state that the client expects: what was begun there is ended by the Sync that
follows, or rolled back by the client.
"""

import asyncio
from collections import Counter
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager, suppress
from itertools import cycle

from tests.support.faults.pump import pump
from tests.support.faults.upstream import Upstream

SSL_REQUEST, GSS_REQUEST, CANCEL_REQUEST = 80877103, 80877104, 80877102

PASSED_ON = frozenset(b"SXCpdcf")
"""Sync, Terminate, Close, passwords, and rows of a COPY that has begun."""


def error_response(sqlstate: str, *, fatal: bool) -> bytes:
    """An ErrorResponse as PostgreSQL writes it."""
    severity = "FATAL" if fatal else "ERROR"
    fields = [f"S{severity}", f"V{severity}", f"C{sqlstate}", "Mthe test says so", ""]
    body = b"".join(field.encode() + b"\0" for field in fields)
    return b"E" + (len(body) + 4).to_bytes(4, "big") + body


class FaultyPostgres:
    """Forwards to the server at `url`, a postgresql:// of a host or of `?host=<directory>`."""

    def __init__(self, url: str) -> None:
        self._upstream = Upstream(url)
        self._server: asyncio.Server | None = None
        self._states: cycle[str] | None = None
        self._at_login = False
        self._writers: set[asyncio.StreamWriter] = set()
        self.answered: Counter[str] = Counter()
        """The number of answers with each SQLSTATE."""

    @property
    def url(self) -> str:
        """Connect here instead."""
        return self._upstream.through(self._server)

    def fail(self, states: Sequence[str]) -> None:
        """Answer every statement from now on with an error, the next of `states` each time."""
        self._states, self._at_login = cycle(states), False

    def refuse_logins(self, states: Sequence[str]) -> None:
        """Every connection ends, and each new one is refused with the next of `states`."""
        self._states, self._at_login = cycle(states), True
        for writer in list(self._writers):
            writer.transport.abort()

    def mend(self) -> None:
        """Everything reaches the server again."""
        self._states = None

    def _error(self, *, fatal: bool) -> bytes:
        assert self._states is not None
        state = next(self._states)
        self.answered[state] += 1
        return error_response(state, fatal=fatal)

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with suppress(OSError, asyncio.IncompleteReadError):
            startup = await self._startup(reader, writer)
            if self._states is not None and self._at_login:
                writer.write(self._error(fatal=True))
                await writer.drain()
            else:
                await self._forward(startup, reader, writer)
        writer.close()

    async def _startup(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> bytes:
        """The first message of a session, after any wish for encryption was declined."""
        while True:
            length = await reader.readexactly(4)
            body = await reader.readexactly(int.from_bytes(length, "big") - 4)
            if int.from_bytes(body[:4], "big") not in (SSL_REQUEST, GSS_REQUEST):
                return length + body
            writer.write(b"N")

    async def _forward(
        self, startup: bytes, reader: asyncio.StreamReader, writer: asyncio.StreamWriter
    ) -> None:
        there_reader, there = await self._upstream.connect()
        self._writers |= {writer, there}
        there.write(startup)
        try:
            async with asyncio.TaskGroup() as tasks:
                answers = tasks.create_task(pump(there_reader, writer))
                with suppress(OSError, asyncio.IncompleteReadError):
                    await self._messages(reader, writer, there)
                answers.cancel()
        finally:
            self._writers -= {writer, there}
            there.transport.abort()

    async def _messages(
        self,
        reader: asyncio.StreamReader,
        writer: asyncio.StreamWriter,
        there: asyncio.StreamWriter,
    ) -> None:
        failed = False  # until the next Sync, as in PostgreSQL
        while True:
            head = await reader.readexactly(5)
            kind = head[:1]
            body = await reader.readexactly(int.from_bytes(head[1:], "big") - 4)
            if kind == b"S":
                failed = False
            elif failed:
                continue
            elif self._states is not None and not self._at_login and _is_asked(kind, body):
                writer.write(self._error(fatal=False))
                failed = kind != b"Q"
                if failed:
                    continue
                head, body = b"S\0\0\0\4", b""  # so that the server says it is ready
            there.write(head + body)
            await there.drain()


def _is_asked(kind: bytes, body: bytes) -> bool:
    """Whether the message asks for something; one that only ends a transaction always passes."""
    return kind[0] not in PASSED_ON and not (kind == b"Q" and body.startswith(b"ROLLBACK"))


@asynccontextmanager
async def faulty_postgres(url: str) -> AsyncIterator[FaultyPostgres]:
    """A proxy that forwards everything until told otherwise, while the block lasts."""
    proxy = FaultyPostgres(url)
    proxy._server = await asyncio.start_server(proxy._serve, "127.0.0.1", 0)
    try:
        yield proxy
    finally:
        proxy._server.close()
        proxy.refuse_logins(["57P01"])
