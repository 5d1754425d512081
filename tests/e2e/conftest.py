"""Browsers on real processes. A page's script errors fail the test that opened it."""

from collections.abc import Iterator
from typing import Any

import httpx
import pytest
from playwright.sync_api import Browser, BrowserContext, Page

from tests.e2e.screen import Screen
from tests.e2e.stage import Stage, running_stage
from tests.support.programs.browser import PERSON, running_browser
from tests.support.programs.processes import Process
from tests.support.programs.servers import Servers
from tests.support.waiting import eventually_blocking


@pytest.fixture(scope="package")
def stage(servers: Servers) -> Iterator[Stage]:
    """The running product, the same for all tests of this folder; every test has a house of its own."""
    # A busy machine lets Redis answer after 0.5 s; no test here is about a late one.
    with running_stage(servers, NEST_REDIS_DEADLINE_SECONDS="5") as running:
        yield running
        assert running.tracebacks() == []


@pytest.fixture(autouse=True)
def all_up(stage: Stage) -> None:
    """Whatever the test before has killed runs again."""
    stage.servers.revive()
    for process in (stage.one, stage.two, stage.worker):
        if not process.alive:
            process.start()
    for process in (stage.one, stage.two):
        process.ready_blocking(40)
        is_whole(process)


def is_whole(process: Process) -> None:
    """Wait until this web process uses PostgreSQL and Redis, also where they were away."""

    def uses_both() -> bool:
        found = httpx.get(f"{process.url}/readyz", timeout=30).json()
        return bool(found["ready"] and not found["degraded"])

    eventually_blocking(uses_both, 40, why=f"{process.url} uses both stores")


@pytest.fixture(scope="package")
def browser() -> Iterator[Browser]:
    """One for all tests of this folder, and no async tests in it."""
    with running_browser() as browser:
        yield browser


class Visitors:
    """Opens browsers: each person has one of their own, with its cookies."""

    def __init__(self, browser: Browser, stage: Stage) -> None:
        self._browser = browser
        self._stage = stage
        self.contexts: list[BrowserContext] = []
        self.problems: list[str] = []

    def stranger(
        self, *, width: int = 1440, height: int = 900, locale: str = "de-AT", **how: Any
    ) -> Page:
        """A new browser that nobody knows, with an empty tab."""
        context = self._browser.new_context(
            viewport={"width": width, "height": height},
            locale=locale,
            user_agent=PERSON,
            reduced_motion="reduce",
            **how,
        )
        self.contexts.append(context)
        context.set_default_timeout(15_000)
        context.on("weberror", lambda error: self.problems.append(str(error.error)))
        context.on("page", lambda page: page.on("dialog", self._unwanted))
        return context.new_page()

    def owner(self, process: Process | None = None, **how: Any) -> Screen:
        """Somebody who begins a house from the start page."""
        page = self.stranger(**how)
        page.goto((process or self._stage.one).url)
        page.locator('form[action="/start"] button').click()
        page.wait_for_url("**/c/*")
        return Screen(page).opened()

    def invited(self, by: Screen, process: Process | None = None, **how: Any) -> Screen:
        """Somebody who opens the invitation link of `by`, on the other web process."""
        page = self.stranger(**how)
        page.goto(f"{(process or self._stage.two).url}/join#{by.invitation()}")
        page.locator("#link-button").click()
        page.wait_for_url(f"**/c/{by.code}")
        return Screen(page).opened()

    def _unwanted(self, dialog: Any) -> None:
        self.problems.append(f"dialog: {dialog.message}")
        dialog.dismiss()


@pytest.fixture
def visitors(browser: Browser, stage: Stage) -> Iterator[Visitors]:
    opened = Visitors(browser, stage)
    yield opened
    for context in opened.contexts:
        context.close()
    assert opened.problems == []


@pytest.fixture
def admin(visitors: Visitors, stage: Stage) -> Page:
    """The live view on process two, entered by a one-time link."""
    page = visitors.stranger()
    page.goto(stage.admin_link(stage.two))
    page.locator("#link-button").click()
    page.wait_for_url("**/admin")
    return page
