"""Our HTTP server, without the product: an application that says what it was asked, in a thread."""

import asyncio
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import cast

import uvicorn
from starlette.types import ASGIApp, Receive, Scope, Send
from uvicorn.middleware.proxy_headers import ProxyHeadersMiddleware

from realtime.transports.http.connections import HttpConnections, HttpDeadlines, Proxies
from realtime.transports.http.uvicorn_protocol import http_protocol
from realtime.transports.websocket.uvicorn_protocol import NestWebSocketProtocol
from tests.support.programs.ports import free_port

MANY = 100_000


async def echo(scope: Scope, receive: Receive, send: Send) -> None:
    """Answers with method, path, body and what the application sees of an upgrade."""
    if scope["type"] == "websocket":
        await receive()
        await send({"type": "websocket.accept"})
        while (await receive())["type"] != "websocket.disconnect":
            pass
        return
    body = b""
    more = True
    while more:
        message = await receive()
        body += message.get("body", b"")
        more = message.get("more_body", False)
    names = {name for name, _ in scope["headers"]}
    seen = b"upgrade" if b"upgrade" in names else b"plain"
    text = b" ".join((scope["method"].encode(), scope["path"].encode(), body, seen))
    headers = [(b"content-length", str(len(text)).encode())]
    await send({"type": "http.response.start", "status": 200, "headers": headers})
    await send({"type": "http.response.body", "body": text})


def http_connections(
    *,
    in_all: int = MANY,
    per_network: int = MANY,
    trusted: tuple[str, ...] = (),
    deadlines: HttpDeadlines | None = None,
) -> HttpConnections:
    """Connections as in an installation, but with limits of the test."""
    proxies = ProxyHeadersMiddleware(echo, list(trusted)).trusted_hosts  # type: ignore[arg-type]
    return HttpConnections(
        in_all=in_all,
        per_network=per_network,
        proxies=cast("Proxies", proxies),
        clock=time.monotonic,
        deadlines=deadlines,
    )


@contextmanager
def echoing(
    connections: HttpConnections | None = None, *, app: ASGIApp = echo, idle_seconds: int = 75
) -> Iterator[int]:
    """The port on which it answers, until the block ends."""
    port = free_port()
    server = uvicorn.Server(
        uvicorn.Config(
            app,
            host="127.0.0.1",
            port=port,
            http=http_protocol(connections or http_connections()),
            ws=NestWebSocketProtocol,
            lifespan="off",
            timeout_keep_alive=idle_seconds,
            log_config=None,
            log_level="critical",
        )
    )
    thread = threading.Thread(target=server.run, daemon=True)
    thread.start()
    waiting = threading.Event()
    while not server.started:
        waiting.wait(0.01)
        assert thread.is_alive()
    yield port
    server.should_exit = True
    thread.join(5)


async def send_steadily(
    writer: asyncio.StreamWriter, piece: bytes, *, times: int, every_seconds: float
) -> None:
    """Send as somebody on a slow line does."""
    for _ in range(times):
        await asyncio.sleep(every_seconds)
        writer.write(piece)
        await writer.drain()


async def read_steadily(reader: asyncio.StreamReader, at_once: int, *, every_seconds: float) -> int:
    """Read to the end as somebody on a slow line does; the number of bytes."""
    n_bytes = 0
    while read := await reader.read(at_once):
        n_bytes += len(read)
        await asyncio.sleep(every_seconds)
    return n_bytes
