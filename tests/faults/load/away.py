"""PostgreSQL that is away for a while: stopped, so that it refuses, or frozen, so that it says nothing."""

import signal
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from typing import Literal

import psutil

from app.programs.server_process import EmbeddedServer

How = Literal["stopped", "frozen"]


@asynccontextmanager
async def away(server: EmbeddedServer, how: How) -> AsyncIterator[None]:
    """Keep the server away until the block ends."""
    if how == "stopped":
        server.kill()
        try:
            yield
        finally:
            await server.start_async()
        return
    assert server.pid is not None
    postmaster = psutil.Process(server.pid)
    # Stop the postmaster first, and after it whatever it has started: nothing new comes then.
    postmaster.suspend()
    processes = [postmaster, *postmaster.children(recursive=True)]
    for each in processes[1:]:
        _send(each, signal.SIGSTOP)
    try:
        yield
    finally:
        for each in processes:
            _send(each, signal.SIGCONT)


def _send(process: psutil.Process, sign: signal.Signals) -> None:
    with suppress(psutil.NoSuchProcess):  # a connection that ended meanwhile
        process.send_signal(sign)
