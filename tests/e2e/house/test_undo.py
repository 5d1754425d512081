"""Undo and redo between two browsers on two web processes (UN1, UN2, UN5, UN9)."""

import re

import pytest
from playwright.sync_api import expect

from tests.e2e.conftest import Visitors
from tests.e2e.screen import Screen
from tests.e2e.stage import Stage

pytestmark = pytest.mark.e2e


def possible(screen: Screen, *, undo: bool, redo: bool) -> None:
    for kind, can in (("undo", undo), ("redo", redo)):
        button = screen.page.get_by_test_id(kind)
        expect(button).to_have_attribute("aria-disabled", str(not can).lower())


def test_undo_names_who_was_there_since_and_can_be_done_anyway(
    visitors: Visitors, stage: Stage
) -> None:
    anna = visitors.owner(stage.one)
    bert = visitors.invited(anna, stage.two)
    bert.introduce("Bert Thaler")
    anna.choose("nest", "nest120")
    bert.shows_total(241_900)
    bert.choose("nest", "nest140")
    anna.shows_total(277_500)

    anna.page.get_by_test_id("undo").click()
    notice = anna.category("nest").locator(".notice.refused")
    expect(notice).to_contain_text("Bert Thaler hat „Größe“ inzwischen geändert")
    expect(notice.locator(".repairs .button")).to_contain_text(re.compile(r"−\s€\s106\.800"))
    anna.shows_total(277_500)
    bert.shows_total(277_500)

    notice.locator(".repairs .button").click()
    for screen in (anna, bert):
        screen.shows_total(170_700)
        screen.shows_chosen("nest", "nest80")
    expect(notice).to_have_count(0)
    expect(bert.page.locator(".history li").first).to_contain_text("rückgängig gemacht: Größe")
    possible(anna, undo=False, redo=True)

    anna.page.get_by_test_id("redo").click()
    for screen in (anna, bert):
        screen.shows_total(277_500)
    possible(anna, undo=True, redo=False)
    assert stage.version(anna.code) == 4


def test_each_takes_back_their_own_by_key(visitors: Visitors, stage: Stage) -> None:
    anna = visitors.owner(stage.one)
    bert = visitors.invited(anna, stage.two)
    possible(anna, undo=False, redo=False)
    possible(bert, undo=False, redo=False)
    anna.choose("nest", "nest100")
    bert.shows_total(206_300)
    bert.choose("innenverkleidung", "fichte")
    anna.shows_total(207_800)
    anna.page.keyboard.press("Control+z")
    for screen in (anna, bert):
        screen.shows_total(172_000)
        screen.shows_chosen("innenverkleidung", "fichte")
    bert.page.keyboard.press("Control+z")
    anna.shows_total(170_700)
    anna.page.keyboard.press("Control+Shift+Z")
    bert.shows_total(206_300)
    bert.page.keyboard.press("Control+y")
    anna.shows_total(207_800)


def test_undo_is_known_on_another_process(visitors: Visitors, stage: Stage) -> None:
    anna = visitors.owner(stage.one)
    anna.choose("nest", "nest120")
    anna.shows_total(241_900)
    anna.shows_status("saved")
    anna.page.goto(f"{stage.two.url}/c/{anna.code}")
    anna.opened()
    possible(anna, undo=True, redo=False)
    anna.page.get_by_test_id("undo").click()
    anna.shows_total(170_700)
