"""`nest web` and `nest worker`: one process each, until SIGTERM.

With `end_with_stdin` they also stop when their standard input closes, which happens when the supervisor
at the other end dies for any reason, and signal once a second that they are alive
(`app.programs.lifeline`).

The commands pass in the ASGI application or the coroutine of the worker: only the process that runs it
imports it, so the worker does not load the pages.
"""

import asyncio
import faulthandler
import gc
import resource
import signal
import socket
from collections.abc import Callable, Coroutine, Iterator, Sequence
from contextlib import contextmanager
from types import FrameType
from typing import TYPE_CHECKING, Final

import uvicorn
import uvloop
from starlette.types import ASGIApp

from app.logs.setup import only_our_handler
from app.programs.lifeline import Beat, watch_stdin
from app.settings.settings import Settings
from app.web_server import WebServer
from realtime.connections.signs_of_life import PONG_SECONDS
from realtime.connections.timing import Timing
from realtime.transports.http.connections import HttpConnections
from realtime.transports.http.uvicorn_protocol import http_protocol
from realtime.transports.websocket.uvicorn_protocol import NestWebSocketProtocol

if TYPE_CHECKING:
    from app.web import Web  # for its type only: the worker does not load it

NICEGUI_FRAME_LIMIT_BYTES = 1_048_576  # NiceGUI's socket needs this much; ours have lower bounds
DESCRIPTORS = 16_384
"""Descriptors for a web process: with 14 kB per connection, a flood that uses all takes 230 MB."""

TIMING: Final = Timing()
KEEP_ALIVE_SECONDS = 75  # longer than the proxy's, so that the proxy closes first


def web_config(
    settings: Settings, app: ASGIApp, connections: HttpConnections, timing: Timing = TIMING
) -> uvicorn.Config:
    """Uvicorn's configuration: one process, never `workers`, because NiceGUI keeps pages in memory.

    The client of a request through trusted proxies is the right-most address in `X-Forwarded-For`
    that does not belong to one of them, for every route and transport.
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
        ws_ping_interval=timing.ping_seconds,
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


def serve_web(
    settings: Settings,
    web_of: Callable[[Settings], "Web"],
    *,
    end_with_stdin: bool,
    listen_fds: Sequence[int] = (),
) -> int:
    """Serve what `web_of` builds until SIGINT or SIGTERM; returns the exit code.

    `listen_fds` are inherited sockets that listen already; without them HOST and PORT are used.
    """
    raise_descriptor_limit()
    web = web_of(settings)  # reads the limit of descriptors
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

    # uvicorn raises the signal again after it has stopped; without this it would kill us.
    for sign in (signal.SIGINT, signal.SIGTERM):
        signal.signal(sign, _already_handled)
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        runner.run(serve())
    return 1 if server.lifespan.should_exit else web.end.exit_code


def raise_descriptor_limit() -> None:
    """Raise the soft limit, usually 1,024 for programs that use select: a connection is a descriptor."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = DESCRIPTORS if hard == resource.RLIM_INFINITY else min(DESCRIPTORS, hard)
    if soft != resource.RLIM_INFINITY and soft < wanted:
        resource.setrlimit(resource.RLIMIT_NOFILE, (wanted, hard))


def spare_what_stays() -> None:
    """Keep the garbage collector from scanning all imported objects again and again.

    Handling an op makes no reference cycles, so a search every 700 allocations only costs: about a
    tenth of the processor time and the longest pauses. `app.memory` collects the cycles of pages and
    floods when the process has grown.
    """
    gc.collect()
    gc.freeze()
    gc.set_threshold(50_000, 20, 50)


def run_worker(
    settings: Settings,
    worker: Callable[[Settings], Coroutine[None, None, None]],
    *,
    end_with_stdin: bool,
) -> int:
    """Run the worker until SIGINT or SIGTERM, then cancel it once; returns the exit code."""
    only_our_handler()

    async def work() -> None:
        loop = asyncio.get_running_loop()
        task = asyncio.current_task()
        assert task is not None  # noqa: S101 - this code runs in a task
        stopping = asyncio.Event()

        def stop() -> None:
            if not stopping.is_set():
                stopping.set()
                task.cancel()

        for sign in (signal.SIGINT, signal.SIGTERM):
            loop.add_signal_handler(sign, stop)
        try:
            with _tied_to_stdin(end_with_stdin, stop=stop, serving=lambda: True):
                await worker(settings)
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
    """During the block: stop when standard input closes, and signal over it that we are alive.

    SIGABRT, with which the supervisor ends a hanging process, first writes every thread's stack.
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
    """Ignore a signal that was already obeyed."""
