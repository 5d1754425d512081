"""Tabs through HAProxy while one web process after the other is stopped: what was typed stays."""

import re
import signal
from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, expect

from tests.e2e.conftest import Visitors
from tests.e2e.screen import Screen
from tests.e2e.stage import Stage
from tests.support.programs.browser import running_browser
from tests.support.programs.processes import Process
from tests.support.waiting import eventually_blocking

pytestmark = pytest.mark.e2e

TYPED = {
    "#inquiry-name": "Anna Leitner",
    "#inquiry-email": "anna@example.at",
    "#inquiry-message": "Geht das auch mit Keller?",
}


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with running_browser() as browser:
        yield browser


@pytest.fixture
def visitors(browser: Browser, stage: Stage) -> Iterator[Visitors]:
    opened = Visitors(browser, stage)
    yield opened
    for context in opened.contexts:
        context.close()
    assert opened.problems == []


def begin_inquiry(tab: Screen) -> None:
    tab.page.get_by_role("button", name=re.compile("Anfrage")).first.click()
    for field, text in TYPED.items():
        tab.page.locator(field).fill(text)


def shows_what_was_typed(tab: Screen) -> None:
    for field, text in TYPED.items():
        expect(tab.page.locator(field)).to_have_value(text)


def is_live(tab: Screen, other: Screen, option: str, total: int) -> None:
    """The choice of somebody else is seen."""
    other.choose("nest", option)
    for each in (other, tab):
        each.shows_total(total, within_ms=30_000)


def test_an_inquiry_that_is_being_written_survives_a_rolling_restart(
    visitors: Visitors, stage: Stage, proxy: Process
) -> None:
    """(CN9, CL3)"""
    anna = visitors.owner(proxy)
    bert = visitors.invited(anna, proxy)
    begin_inquiry(anna)
    for process, option, total in (
        (stage.one, "nest120", 241_900),
        (stage.two, "nest100", 206_300),
    ):
        process.signal(signal.SIGTERM)
        assert process.wait() == 0
        is_live(anna, bert, option, total)
        shows_what_was_typed(anna)
        process.start().ready_blocking()
    anna.page.locator("#inquiry-consent").check()
    anna.page.locator("dialog .primary").click()
    expect(anna.page.get_by_test_id("inquiry-reference")).to_be_visible()
    assert stage.value("SELECT count(*) FROM inquiries WHERE email = $1", "anna@example.at") == 1


def test_a_page_without_any_process_comes_back_by_itself(
    visitors: Visitors, stage: Stage, proxy: Process
) -> None:
    for process in (stage.one, stage.two):
        process.signal(signal.SIGTERM)
    assert (stage.one.wait(), stage.two.wait()) == (0, 0)
    page = visitors.stranger()

    def told() -> bool:
        return page.goto(proxy.url) is not None and "Gleich wieder da" in page.content()

    eventually_blocking(told, 20, why="the proxy knows that nobody is there")
    stage.two.start()
    expect(page.locator('form[action="/start"] button')).to_be_visible(timeout=60_000)
