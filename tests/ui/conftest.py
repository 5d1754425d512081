"""One server with the screens for all tests of a worker, and browsers on it.

NiceGUI is global in a process, therefore one application serves every test; each test takes a
house of its own.
"""

import threading
from collections.abc import AsyncIterator, Callable, Iterator
from concurrent.futures import Future
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import count
from typing import TypeVar

import pytest
import uvicorn
from nicegui import ui
from playwright.sync_api import Browser, BrowserContext, Page
from starlette.requests import Request

from realtime.transports.http.uvicorn_protocol import http_protocol
from realtime.transports.websocket.uvicorn_protocol import NestWebSocketProtocol
from tests.support.programs.browser import running_browser
from tests.support.programs.http_server import http_connections
from tests.support.programs.ports import free_port
from tests.ui.double.app import build_app
from tests.ui.double.product import House
from tests.ui.double.world import World
from ui.live.client import PageClient

T = TypeVar("T")
_numbers = count(1)


@dataclass
class Served:
    """The running server. `do` runs a function on its event loop and returns the result."""

    url: str
    world: World
    do: Callable[[Callable[[], object]], object]

    def house(self) -> House:
        return self.world.house(f"H{next(_numbers)}")


@pytest.fixture(scope="session")
def running() -> Iterator[Served]:
    world = World()
    port = free_port()
    server = uvicorn.Server(
        uvicorn.Config(
            build_app(world, dev=True),
            host="127.0.0.1",
            port=port,
            log_config=None,  # its handler would keep a stream of the first test
            log_level="error",
            http=http_protocol(http_connections()),
            ws=NestWebSocketProtocol,
            timeout_graceful_shutdown=1,
        )
    )
    thread = threading.Thread(target=server.run, daemon=True)
    thread.start()
    started = threading.Event()
    while not server.started:
        started.wait(0.02)
        assert thread.is_alive(), "the server did not start"

    def do(function: Callable[[], object]) -> object:
        from nicegui import core

        done: Future[object] = Future()
        assert core.loop is not None
        core.loop.call_soon_threadsafe(lambda: done.set_result(function()))
        return done.result(20)

    yield Served(f"http://127.0.0.1:{port}", world, do)
    server.should_exit = True
    thread.join(20)


@pytest.fixture
def served(running: Served) -> Iterator[Served]:
    """The server, which says nothing to the next test that this one had it say."""
    yield running
    running.world.forget_answers()


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    """One for all tests of a module, and no async tests in such a module."""
    with running_browser() as browser:
        yield browser


Visit = Callable[..., Page]


@contextmanager
def visiting(browser: Browser, served: Served) -> Iterator[Visit]:
    contexts: list[BrowserContext] = []
    problems: list[str] = []

    def visit(
        path: str,
        *,
        person: str | None = "Anna Leitner",
        width: int = 1440,
        height: int = 900,
        scheme: str = "light",
        locale: str = "de-AT",
        admin: bool = False,
        moving: bool = False,
        context: BrowserContext | None = None,
    ) -> Page:
        if context is None:
            context = browser.new_context(
                viewport={"width": width, "height": height},
                color_scheme="dark" if scheme == "dark" else "light",
                locale=locale,
                reduced_motion="no-preference" if moving else "reduce",
            )
            contexts.append(context)
            cookies = {"person": person, "admin": "yes" if admin else None}
            context.add_cookies(
                [{"name": n, "value": v, "url": served.url} for n, v in cookies.items() if v]
            )
        page = context.new_page()
        page.set_default_timeout(30_000)
        page.on("pageerror", lambda error: problems.append(str(error)))
        page.goto(served.url + path)
        return page

    yield visit
    for context in contexts:
        context.close()
    served.world.people.clear()  # what a page says while it closes may come late, about nobody now
    assert problems == []


@pytest.fixture
def visit(browser: Browser, served: Served) -> Iterator[Visit]:
    """Open a page as somebody in a browser of their own; script errors fail the test."""
    with visiting(browser, served) as opened:
        yield opened


@pytest.fixture
async def place() -> AsyncIterator[ui.element]:
    """An element of a page that no browser has open."""
    client = PageClient(
        ui.page("/place"),
        request=Request({"type": "http", "path": "/place", "query_string": b"", "headers": []}),
        client_id="place",
    )
    with client:  # no longer: what follows runs in another task
        element = ui.element("main")
    yield element
    client.delete()
