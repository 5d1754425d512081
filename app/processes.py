"""`nest web` and `nest worker`: one process each, until SIGTERM.

With `end_with_stdin` they also stop when their standard input closes, which it does when the
supervisor that holds the other end is gone, however it went, and tell it once a second that they
live (`app.lifeline`).

`app.web:served_web(settings)` has the ASGI application, `app.worker:run(settings)` the coroutine of
the worker, which is cancelled once to stop. Each is imported only by the process that runs it: the
worker never pays for the page.
"""

import asyncio
import faulthandler
import gc
import resource
import signal
import socket
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from importlib import import_module
from types import FrameType

import uvicorn
import uvloop
from starlette.types import ASGIApp

from app.lifeline import Beat, watch_stdin
from app.logging import only_our_handler
from app.settings import Settings
from app.web_server import WebServer
from realtime.signs_of_life import PING_SECONDS, PONG_SECONDS
from realtime.transports.http_connections import HttpConnections
from realtime.transports.uvicorn_http import http_protocol
from realtime.transports.uvicorn_websocket import NestWebSocketProtocol

NICEGUI_FRAME_LIMIT_BYTES = 1_048_576  # its own socket needs this much; ours are bounded earlier
DESCRIPTORS = 16_384
"""Wanted for a web process: with 14 kB for each connection a flood of all of them costs 230 MB."""

KEEP_ALIVE_SECONDS = 75  # longer than the proxy's, so that the proxy closes first


def web_config(settings: Settings, app: ASGIApp, connections: HttpConnections) -> uvicorn.Config:
    """How the web process listens: one uvicorn process, never `workers` (NiceGUI keeps pages in it).

    The client of a request that came through trusted proxies is the right-most address in
    `X-Forwarded-For` that is none of theirs, for every route and transport.
    """
    return uvicorn.Config(
        app,
        host=settings.host,
        port=settings.port,
        loop="uvloop",
        http=http_protocol(connections),
        ws=NestWebSocketProtocol,
        ws_max_size=NICEGUI_FRAME_LIMIT_BYTES,
        ws_per_message_deflate=False,
        ws_ping_interval=PING_SECONDS,
        ws_ping_timeout=PONG_SECONDS,
        lifespan="on",
        log_config=None,
        access_log=False,
        proxy_headers=bool(settings.trusted_proxies),
        forwarded_allow_ips=list(settings.trusted_proxies),
        server_header=False,
        timeout_keep_alive=KEEP_ALIVE_SECONDS,
        timeout_graceful_shutdown=settings.shutdown_deadline_seconds,
    )


def serve_web(settings: Settings, *, end_with_stdin: bool, listen_fds: Sequence[int] = ()) -> int:
    """Serve until SIGINT or SIGTERM; returns the exit code.

    `listen_fds` are sockets that listen already and were inherited; without them HOST and PORT count.
    """
    raise_descriptor_limit()
    web = import_module("app.web").served_web(settings)
    config = web_config(settings, web.app, web.connections)
    only_our_handler()
    server = WebServer(config, web.drain, drain_seconds=settings.drain_seconds)
    spare_what_stays()

    sockets = [socket.socket(fileno=each) for each in listen_fds] or None

    async def serve() -> None:
        with _tied_to_stdin(
            end_with_stdin,
            stop=lambda: setattr(server, "should_exit", True),
            serving=lambda: server.started and not server.should_exit,
        ):
            await server.serve(sockets)

    # uvicorn raises the signal again when it has stopped; without this we would die of it.
    for sign in (signal.SIGINT, signal.SIGTERM):
        signal.signal(sign, _already_handled)
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        runner.run(serve())
    return 1 if server.lifespan.should_exit else web.end.exit_code


def raise_descriptor_limit() -> None:
    """Each connection is a descriptor; the usual soft limit of 1,024 is for programs that use select."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = DESCRIPTORS if hard == resource.RLIM_INFINITY else min(DESCRIPTORS, hard)
    if soft != resource.RLIM_INFINITY and soft < wanted:
        resource.setrlimit(resource.RLIMIT_NOFILE, (wanted, hard))


def spare_what_stays() -> None:
    """Keep the garbage collector from walking, again and again, through what was imported.

    Nothing on the way of an op makes reference cycles, so looking for them every 700 allocations
    only costs: about a tenth of the processor time and the longest pauses. What pages and floods
    leave is collected by `app.memory` when the process has grown.
    """
    gc.collect()
    gc.freeze()
    gc.set_threshold(50_000, 20, 50)


def run_worker(settings: Settings, *, end_with_stdin: bool) -> int:
    """Run the worker until SIGINT or SIGTERM; returns the exit code."""
    worker = import_module("app.worker")
    only_our_handler()

    async def work() -> None:
        loop = asyncio.get_running_loop()
        task = asyncio.current_task()
        assert task is not None  # noqa: S101 - we are inside one
        stopping = asyncio.Event()

        def stop() -> None:
            if not stopping.is_set():
                stopping.set()
                task.cancel()

        for sign in (signal.SIGINT, signal.SIGTERM):
            loop.add_signal_handler(sign, stop)
        try:
            with _tied_to_stdin(end_with_stdin, stop=stop, serving=lambda: True):
                await worker.run(settings)
        except asyncio.CancelledError:
            if not stopping.is_set():
                raise

    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        runner.run(work())
    return 0


@contextmanager
def _tied_to_stdin(
    tied: bool, *, stop: Callable[[], object], serving: Callable[[], bool]
) -> Iterator[None]:
    """For the length of the block: stop when standard input closes, and say over it that we live.

    SIGABRT, with which the supervisor ends what hangs, makes us write first where every thread is.
    """
    if not tied:
        yield
        return
    faulthandler.enable()
    watch_stdin(stop)
    beat = Beat(serving)
    try:
        yield
    finally:
        beat.stop()


def _already_handled(_number: int, _frame: FrameType | None) -> None:
    """Nothing is left to do for a signal that has been obeyed."""
