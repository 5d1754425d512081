"""Real browser tabs: somebody clicks in them, and everything that they claim is written down."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from random import Random
from typing import Any, Final
from uuid import UUID

import asyncpg
from playwright.async_api import Browser, Frame, Page, Response, async_playwright
from playwright.async_api import Error as PlaywrightError

from realtime.api.tracking import TRACK_MANY_PATH
from tests.e2e.screen import CLAIMS
from tests.faults.load.editors import CHOICES
from tests.faults.load.ledger import Ledger
from tests.faults.load.pace import Pace
from tests.support.programs.browser import ARGUMENTS, PERSON, required_browser
from tests.support.waiting import eventually

CLICK_SECONDS: Final = (1.0, 4.0)
CLICK_MS: Final = 1_000
OPENED_MS: Final = 40_000
TOLD_MS: Final = 15_000
NEWER_TOLD_MS: Final = 60_000
PUT_BACK: Final = "auf den Stand vom"
SAVED: Final = "saved"


@dataclass(frozen=True, slots=True)
class Claim:
    """A look at a tab, by the loop time: its status, in words, and the total."""

    at: float
    status: str
    words: str
    total_cents: str


@dataclass  # without slots: Playwright notes its wrappers of our methods on the object
class Tab:
    """One tab with a house of its own. `navigations`: how often it loaded since it was
    opened; `refused`: how many of its reports of interactions were not taken; `told_of`: how many
    restores of a backup it was asked to tell of.
    """

    page: Page
    random: Random
    code: str = ""
    navigations: int = 0
    refused: int = 0
    told_of: int = 0
    claims: list[Claim] = field(default_factory=list)

    async def opened(self, url: str) -> None:
        """Begin a house, and wait until it is there."""
        await self.page.expose_function("claim", self._claim)
        await self.page.add_init_script(CLAIMS)
        await self.page.goto(url)
        await self.page.locator('form[action="/start"] button').click()
        await self.page.wait_for_url("**/c/*")
        self.code = self.page.url.partition("/c/")[2].partition("?")[0]
        await self.page.wait_for_selector(
            f'[data-testid=status][data-status="{SAVED}"]', timeout=OPENED_MS
        )
        await self.page.wait_for_function("window.socket && window.socket.connected")
        self.navigations = 0
        self.page.on("framenavigated", self._navigated)
        self.page.on("response", self._answered)

    @property
    def origin(self) -> str:
        """The address of the product."""
        return self.page.url.partition("/c/")[0]

    async def click_until(self, over: asyncio.Event) -> None:
        """Choose something every few seconds, whatever the tab says."""
        pace = Pace(over)
        while not over.is_set():
            await pace.rest(self.random.uniform(*CLICK_SECONDS))
            category = self.random.choice(("nest", "gebaeudehuelle", "fussboden"))
            option = self.random.choice(CHOICES[category])
            with suppress(PlaywrightError):  # it is away, or loads
                await self.page.locator(f'#category-{category} [data-option="{option}"]').click(
                    timeout=CLICK_MS
                )

    def _claim(self, status: str | None, words: str | None, total_cents: str | None) -> None:
        shown = Claim(Pace.now(), status or "", words or "", total_cents or "")
        self.claims.append(shown)

    def _navigated(self, frame: Frame) -> None:
        self.navigations += frame.parent_frame is None

    def _answered(self, response: Response) -> None:
        self.refused += TRACK_MANY_PATH in response.url and not response.ok


@asynccontextmanager
async def tabs_of(url: str, count: int, random: Random) -> AsyncIterator[list[Tab]]:
    """This number of tabs, each of a new person, until the block ends."""
    if not count:
        yield []
        return
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(
            executable_path=required_browser(), args=list(ARGUMENTS)
        )
        try:
            yield [await _tab(browser, url, Random(random.random())) for _ in range(count)]
        finally:
            await browser.close()


async def _tab(browser: Browser, url: str, random: Random) -> Tab:
    context = await browser.new_context(locale="de-AT", user_agent=PERSON, reduced_motion="reduce")
    tab = Tab(await context.new_page(), random)
    await tab.opened(url)
    return tab


async def compare(tabs: Sequence[Tab], ledger: Ledger, database_url: str) -> None:
    """Every total that was shown as saved is that of a stored version; at the end it is the newest."""
    connection = await asyncpg.connect(database_url)
    try:
        for tab in tabs:
            await _compare(tab, ledger, connection)
    finally:
        await connection.close()


async def _compare(tab: Tab, ledger: Ledger, connection: asyncpg.Connection) -> None:
    house: Any = await connection.fetchrow(
        "SELECT id, total_cents, (SELECT array_agg(total_cents) FROM operations"
        " WHERE configuration_id = id AND version IS NOT NULL) AS totals"
        " FROM configurations WHERE code = $1",
        tab.code,
    )
    ledger.of_tabs.add(UUID(str(house["id"])))
    newest = str(house["total_cents"])
    status = tab.page.get_by_test_id("status")
    total = tab.page.get_by_test_id("total")

    async def shows_the_newest() -> bool:
        shown = await status.get_attribute("data-status"), await total.get_attribute("data-cents")
        return shown == (SAVED, newest)

    try:
        await eventually(shows_the_newest, 30, why=f"a tab is saved and at {newest} cents")
    except (AssertionError, PlaywrightError) as problem:
        ledger.problems.append(f"the tab of {tab.code}: {problem}")
    stored = {*map(str, house["totals"] or ()), *ledger.totals_of_tabs.get(tab.code, ())}
    first = next(claim.total_cents for claim in tab.claims if claim.total_cents)
    for claim in tab.claims:
        true = claim.total_cents in {first, *stored, ""} or ledger.is_being_restored(claim.at)
        if claim.status == SAVED and not true:
            ledger.problems.append(f"the tab of {tab.code} claimed what is not stored: {claim}")


@asynccontextmanager
async def newcomer(others: Sequence[Tab]) -> AsyncIterator[Tab | None]:
    """Somebody who begins a house in the browser of the others; None where nobody can now."""
    browser = others[0].page.context.browser if others else None
    if browser is None:
        yield None
        return
    tab: Tab | None = None
    with suppress(PlaywrightError):
        tab = await _tab(browser, others[0].origin, Random(others[0].code))
    yield tab
    for context in browser.contexts:
        if context not in {other.page.context for other in others}:
            await context.close()


async def tell_of_what_is_newer(tab: Tab, ledger: Ledger) -> None:
    """A tab whose person and house are newer than a backup says that they are gone."""
    try:
        await tab.page.get_by_text(PUT_BACK).first.wait_for(timeout=NEWER_TOLD_MS)
    except PlaywrightError as problem:
        ledger.problems.append(
            f"a tab that is newer than the backup says nothing of a restore, at {tab.page.url}:"
            f" {problem.message[:200]}"
        )


async def tell_of_restores(tabs: Sequence[Tab], ledger: Ledger) -> None:
    """Each tab that was open at a restore says so, until somebody closes that."""
    for tab in tabs:
        if tab.told_of == len(ledger.restores):
            continue
        tab.told_of = len(ledger.restores)
        notice = tab.page.get_by_test_id("restored")
        try:
            await notice.wait_for(timeout=TOLD_MS)
            await notice.get_by_role("button").click(timeout=TOLD_MS)
        except PlaywrightError as problem:
            ledger.problems.append(
                f"the tab of {tab.code} says nothing of a restore; it loaded {tab.navigations} times:"
                f" {problem.message[:200]}"
            )
