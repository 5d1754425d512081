"""The stage of measurements: two web processes, a worker, PostgreSQL, Valkey, perhaps a browser."""

import os
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

import aiohttp
import psutil
from playwright.async_api import Browser, BrowserContext, async_playwright

from app.doctor.browser import find_browser
from realtime.people.cookies import Cookies
from tests.faults.load.houses import house_of
from tests.faults.load.ledger import Json
from tests.faults.load.stand import Stand
from tests.support.programs.browser import PERSON

BROWSER_ARGUMENTS = ["--no-sandbox", "--disable-gpu"]


class NoBrowserError(Exception):
    """There is no Chromium on this machine."""


@dataclass(slots=True, kw_only=True)
class Stage:
    """The surroundings of a measurement. `quick` asks for a short look instead of a figure to keep.

    `facts` are figures that were found during the preparation, the same for all runs.
    """

    stand: Stand
    http: aiohttp.ClientSession
    quick: bool
    browser_pid: int | None = field(default=None)
    facts: dict[str, float] = field(default_factory=dict)

    def roots(self) -> dict[str, int]:
        """The roots of the trees of processes, by name."""
        named = {name: process.pid for name, process in self.stand.processes.items()}
        for name, server in (("postgresql", self.stand.postgres), ("valkey", self.stand.valkey)):
            if server.pid is not None:
                named[name] = server.pid
        if self.browser_pid is not None:
            named["browser"] = self.browser_pid
        return named

    async def house(self, *, people: int = 2, url: str | None = None) -> tuple[Json, list[str]]:
        """A new house and the tokens of people who may edit it."""
        return await house_of(url or self.stand.urls[0], self.http, people)

    @asynccontextmanager
    async def browser(self) -> AsyncIterator[Browser]:
        """A Chromium that runs during the block. Raises NoBrowserError."""
        path = find_browser(os.environ)
        if path is None:
            raise NoBrowserError("no Chromium: set CHROME_PATH, or run `make test` once")
        async with async_playwright() as playwright:
            launched = await playwright.chromium.launch(
                executable_path=path, args=BROWSER_ARGUMENTS
            )
            self.browser_pid = _driver_pid()
            try:
                yield launched
            finally:
                self.browser_pid = None
                await launched.close()


def _driver_pid() -> int:
    """The process that Playwright started; the browser is below it."""
    (driver,) = [
        child
        for child in psutil.Process().children()
        if any("playwright" in part for part in child.cmdline())
    ]
    return int(driver.pid)


async def visitor(browser: Browser, url: str, cookies: dict[str, str]) -> BrowserContext:
    """A new browser context with these cookies, at desktop size."""
    context = await browser.new_context(
        viewport={"width": 1440, "height": 900}, locale="de-AT", user_agent=PERSON
    )
    await context.add_cookies(
        [{"name": name, "value": value, "url": url} for name, value in cookies.items()]
    )
    return context


async def person(browser: Browser, url: str, token: str) -> BrowserContext:
    """The browser context of a person with this token."""
    return await visitor(browser, url, {Cookies().person: token})
