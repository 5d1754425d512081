"""Somebody signs out on a computer that others use, and comes back in another browser."""

import pytest
from playwright.sync_api import Page, expect

from tests.e2e.conftest import Visitors
from tests.e2e.screen import Screen
from tests.e2e.stage import Stage
from tests.support.waiting import eventually_blocking
from tests.ui.look.test_accessibility import violations

pytestmark = pytest.mark.e2e
GONE = "Du bist hier nicht mehr angemeldet"
UNSENT = "Nicht gespeichert oder abgeschickt und jetzt gelöscht: 1."


def test_a_device_is_forgotten_and_the_link_back_opens_the_house(
    visitors: Visitors, stage: Stage
) -> None:
    anna = visitors.owner(stage.one)
    anna.choose("nest", "nest120")
    page, code = anna.page, anna.code
    other = page.context.new_page()
    other.goto(f"{stage.one.url}/c/{code}")
    expect(other.locator("button.people")).to_be_visible()
    page.locator("button.people").click()
    page.get_by_test_id("forget").click()
    page.get_by_test_id("way-back-make").click()
    link = page.locator("#way-back").input_value()
    page.get_by_test_id("forget-sure").click()
    for tab in (page, other):
        expect(tab.locator(".single h1")).to_have_text(GONE)
        assert code not in tab.content()
        keeps_nothing(tab)
    assert [each["name"] for each in page.context.cookies() if "person" in each["name"]] == []
    gone = page.goto(f"{stage.one.url}/c/{code}")
    assert gone is not None
    assert gone.status == 404
    home = visitors.stranger()
    home.goto(link)
    expect(home.locator("h1")).to_have_text("Willkommen zurück")
    home.locator("#link-button").click()
    home.wait_for_url(f"**/c/{code}")
    expect(home.locator(".notice.readonly")).to_have_count(0)
    late = visitors.stranger()
    late.goto(link)
    late.locator("#link-button").click()
    expect(late.locator("#link-text")).to_contain_text("gilt nicht mehr")


def test_changes_in_another_tab_are_counted_before_they_are_lost(
    visitors: Visitors, stage: Stage
) -> None:
    anna = visitors.owner(stage.one)
    page, code = anna.page, anna.code
    other = second_tab(anna, stage)
    page.locator("button.people").click()
    page.get_by_test_id("forget").click()
    expect(page.get_by_test_id("forget-sure")).to_have_text("Ohne Link vergessen")
    expect(page.get_by_test_id("forget-waiting")).to_have_count(0)
    edit_offline(other)
    page.get_by_test_id("forget-sure").click()
    waiting = page.get_by_test_id("forget-waiting")
    expect(waiting).to_contain_text("noch nicht gespeichert oder abgeschickt: 1.")
    expect(page.get_by_test_id("forget-sure")).to_have_text("Trotzdem vergessen")
    expect(page.get_by_test_id("forget-sure")).to_be_enabled()
    other.page.evaluate("window.dispatchEvent(new Event('online'))")
    other.shows_status("saved")
    assert stage.version(code) == 1
    page.get_by_role("button", name="Abbrechen").click()
    page.get_by_test_id("forget").click()
    expect(page.get_by_test_id("forget-sure")).to_have_text("Ohne Link vergessen")
    expect(waiting).to_have_count(0)
    page.get_by_test_id("forget-sure").click()
    expect(page.locator(".single h1")).to_have_text(GONE)


def test_a_tab_that_was_offline_keeps_nothing_of_who_was_forgotten_meanwhile(
    visitors: Visitors, stage: Stage
) -> None:
    anna = visitors.owner(stage.one)
    code = anna.code
    hearing, deaf, late = (second_tab(anna, stage) for _ in range(3))
    for tab in (hearing, deaf, late):
        edit_offline(tab)
    for tab in (deaf, late):  # as a tab that was frozen
        tab.page.goto(f"{stage.one.url}/imprint")
    anna.page.locator("button.people").click()
    anna.page.get_by_test_id("forget").click()
    expect(anna.page.get_by_test_id("forget-waiting")).to_contain_text("abgeschickt: 1.")
    anna.page.get_by_test_id("forget-sure").click()
    for tab in (anna, hearing):
        expect(tab.page.locator(".single h1")).to_have_text(GONE)
    expect(hearing.page.locator("#unsent")).to_have_text(UNSENT)
    expect(anna.page.locator("#unsent")).to_be_hidden()

    gone = deaf.page.goto(f"{stage.one.url}/c/{code}")
    assert gone is not None
    assert gone.status == 404
    expect(deaf.page.locator(".single h1")).to_have_text(GONE)
    expect(deaf.page.locator("#unsent")).to_have_text(UNSENT)
    for tab in (anna, hearing, deaf):
        keeps_nothing(tab.page)
    deaf.page.reload()
    expect(deaf.page.locator(".single h1")).to_have_text("Dieses Haus ist privat")

    deaf.page.goto(stage.one.url)
    deaf.page.locator('form[action="/start"] button').click()
    deaf.page.wait_for_url("**/c/*")
    deaf.opened()
    late.page.goto(f"{stage.one.url}/c/{code}")
    expect(late.page.locator(".single h1")).to_have_text(
        "Dieser Browser gehört jetzt jemand anderem"
    )
    expect(late.page.locator("#unsent")).to_have_text(UNSENT)
    assert late.page.evaluate("Object.keys(sessionStorage)") == ["nest-owner"]


def test_a_browser_whose_token_ended_elsewhere_keeps_nothing(
    visitors: Visitors, stage: Stage
) -> None:
    """The cookie is there and nobody's, as after the link back was used in another browser."""
    anna = visitors.owner(stage.one)
    code = anna.code
    edit_offline(anna)
    link = way_back(anna)
    home = visitors.stranger()
    home.goto(link)
    home.locator("#link-button").click()
    home.wait_for_url(f"**/c/{code}")
    gone = anna.page.reload()
    assert gone is not None
    assert gone.status == 404
    expect(anna.page.locator(".single h1")).to_have_text(GONE)
    expect(anna.page.locator("#unsent")).to_have_text(UNSENT)
    keeps_nothing(anna.page)
    assert [each["name"] for each in anna.page.context.cookies() if "person" in each["name"]] == []


TAKEN = {
    "de": ("Dieser Browser gehört zu Anna Leitner", "auf diesem Gerät vergessen?", "noch nicht"),
    "en": ("This browser belongs to Anna Leitner", "on this device?", "Not saved"),
}


@pytest.mark.parametrize("language", TAKEN)
def test_a_link_back_in_somebody_elses_browser_offers_to_forget_them(
    visitors: Visitors, stage: Stage, language: str
) -> None:
    heading, sure, lost = TAKEN[language]
    bert = visitors.owner(stage.one)
    anna = visitors.owner(stage.one)
    anna.introduce("Anna Leitner")
    anna.page.context.add_cookies(
        [{"name": "nest_language", "value": language, "url": stage.one.url}]
    )
    edit_offline(anna)
    annas_house, berts_house = anna.code, bert.code
    page = anna.page.context.new_page()
    page.goto(way_back(bert))
    page.locator("#link-button").click()
    expect(page.locator("h1")).to_have_text(heading)
    page.locator('[data-part="begin"]').click()
    expect(page.locator('[data-part="title"]')).to_contain_text(sure)
    expect(page.locator('[data-part="title"]')).to_be_focused()
    expect(page.locator('[data-part="waiting"]')).to_contain_text(lost)
    expect(page.locator('[data-part="waiting"]')).to_contain_text(" 1.")
    page.locator('[data-part="keep"]').click()
    expect(page.locator('[data-part="begin"]')).to_be_focused()
    assert stage.version(annas_house) == 0
    page.locator('[data-part="begin"]').click()
    page.locator('[data-part="make"]').click()
    assert violations(page) == []
    back = page.locator("#taken-link")
    expect(back).to_be_visible()
    annas = back.input_value()
    page.locator('[data-part="forget"]').click()
    page.wait_for_url(f"**/c/{berts_house}")
    Screen(page).opened()
    expect(bert.page.locator(".single h1")).to_have_text(GONE)
    home = visitors.stranger()
    home.goto(annas)
    home.locator("#link-button").click()
    home.wait_for_url(f"**/c/{annas_house}")


def test_a_link_back_in_the_browser_of_its_person_just_opens_the_house(
    visitors: Visitors, stage: Stage
) -> None:
    anna = visitors.owner(stage.one)
    anna.choose("nest", "nest120")
    anna.shows_status("saved")
    link = way_back(anna)
    page = anna.page.context.new_page()
    page.goto(link)
    page.locator("#link-button").click()
    page.wait_for_url(f"**/c/{anna.code}")
    Screen(page).opened().shows_chosen("nest", "nest120")


def keeps_nothing(page: Page) -> None:
    """The script of the page that came has removed everything."""
    eventually_blocking(
        lambda: page.evaluate("localStorage.length + sessionStorage.length") == 0,
        why="nothing is kept",
    )


def way_back(screen: Screen) -> str:
    """A new link back of this person."""
    screen.page.locator("button.people").click()
    screen.page.get_by_test_id("forget").click()
    screen.page.get_by_test_id("way-back-make").click()
    return screen.page.locator("#way-back").input_value()


def second_tab(screen: Screen, stage: Stage) -> Screen:
    """The same house in another tab of the same browser."""
    page = screen.page.context.new_page()
    page.goto(f"{stage.one.url}/c/{screen.code}")
    return Screen(page).opened()


def edit_offline(screen: Screen) -> None:
    """A change that waits in a tab without a connection."""
    screen.page.evaluate("window.socket.disconnect()")
    screen.shows_status("offline")
    screen.choose("nest", "nest120")
    expect(screen.page.get_by_test_id("status")).to_contain_text("noch nicht gespeichert: 1")
