"""A web process that cannot start says why, in a sentence, whenever that turns out."""

import os
import socket
from collections.abc import Awaitable, Callable, MutableMapping
from typing import Any

import pytest
import uvicorn

from app.supervisor.exclusive import AlreadyInUseError
from app.web_server import WebServer
from realtime.connections.drain import Drain
from tests.support.programs.ports import free_port

Message = MutableMapping[str, Any]
Send = Callable[[Message], Awaitable[None]]


def server(port: int, started: Callable[[], Message]) -> WebServer:
    """One whose application calls ``started`` while it starts, and answers with that."""

    async def app(_scope: Message, receive: Callable[[], Awaitable[Message]], send: Send) -> None:
        while (await receive())["type"] == "lifespan.startup":
            await send(started())
        await send({"type": "lifespan.shutdown.complete"})

    config = uvicorn.Config(app, host="127.0.0.1", port=port, lifespan="on", log_config=None)
    return WebServer(config, Drain(), drain_seconds=0)


async def test_a_port_that_is_taken_while_the_application_starts_is_named_with_its_owner() -> None:
    """The port was free at the first check; uvicorn itself would end with 3 and no sentence."""
    port, taken = free_port(), []

    def take_the_port() -> Message:
        taken.append(socket.create_server(("127.0.0.1", port)))
        return {"type": "lifespan.startup.complete"}

    web = server(port, take_the_port)
    try:
        with pytest.raises(AlreadyInUseError) as refused:
            await web.serve()
    finally:
        taken[0].close()
    said = str(refused.value)
    assert said.startswith(f"PORT {port} on 127.0.0.1 is busy: process {os.getpid()} (")
    assert not web.started


async def test_an_application_that_does_not_start_ends_the_server_without_a_code_of_uvicorn() -> (
    None
):
    """`serve_web` makes 1 of it; uvicorn by itself ends the process with 3."""
    failed = {"type": "lifespan.startup.failed", "message": "no"}
    web = server(free_port(), lambda: dict(failed))
    await web.serve()
    assert (web.started, web.lifespan.should_exit) == (False, True)
