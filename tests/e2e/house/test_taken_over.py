"""A tab whose web process is gone goes on at another one, without being loaded again."""

import re
from collections.abc import Iterator

import pytest
from playwright.sync_api import Page, expect

from tests.e2e.conftest import Visitors
from tests.e2e.screen import Screen
from tests.e2e.stage import Stage
from tests.support.faults.switch import Switch, running_switch
from tests.support.programs.processes import Process

pytestmark = pytest.mark.e2e


@pytest.fixture
def balancer(stage: Stage) -> Iterator[Switch]:
    """The address that browsers know; it leads to process one."""
    with running_switch(stage.one.url) as switch:
        yield switch


def is_the_same_page(page: Page) -> bool:
    return bool(page.evaluate("window.neverLoadedAgain === true"))


def owner_at(visitors: Visitors, url: str) -> Screen:
    page = visitors.stranger()
    page.goto(url)
    page.locator('form[action="/start"] button').click()
    page.wait_for_url("**/c/*")
    page.evaluate("window.neverLoadedAgain = true")
    return Screen(page).opened()


def cut_off(page: Page, balancer: Switch, to: Process) -> None:
    """End the sockets of an admin's page; the next ones lead to the other process."""
    page.evaluate("window.neverLoadedAgain = true; window.cut = false")
    page.evaluate("window.socket.on('disconnect', () => { window.cut = true; })")
    balancer.lead_to(to.url)
    balancer.cut()


def is_taken_over(page: Page) -> None:
    page.wait_for_function("window.cut && window.socket.connected")
    assert is_the_same_page(page)


def moved(balancer: Switch, away: Process, to: Process) -> None:
    balancer.lead_to(to.url)
    away.kill()
    balancer.cut()


def test_a_tab_goes_on_with_what_was_typed_and_missed(
    visitors: Visitors, stage: Stage, balancer: Switch
) -> None:
    """The tab goes there and back: the killed process starts again without knowing the tab."""
    anna = owner_at(visitors, balancer.url)
    bert = visitors.invited(anna, stage.two)
    anna.page.get_by_role("button", name="Anfrage").first.click()
    field = anna.page.get_by_role("dialog").get_by_role("textbox").first
    field.fill("Anna Lechner")
    moved(balancer, stage.one, stage.two)
    bert.choose("nest", "nest120")
    anna.shows_total(241_900, within_ms=30_000)
    anna.shows_status("saved")
    stage.one.start().ready_blocking(40)
    balancer.lead_to(stage.one.url)
    balancer.cut()
    bert.choose("nest", "nest160")
    anna.shows_total(313_100, within_ms=30_000)
    assert field.input_value() == "Anna Lechner"
    anna.page.keyboard.press("Escape")
    anna.choose("nest", "nest80")
    bert.shows_total(170_700)
    expect(bert.page.locator("button.people .face")).to_have_count(2)
    assert is_the_same_page(anna.page)
    assert stage.version(anna.code) == 3


JOINED = "Object.values(mounted_app.$refs).some((part) => part?.room?.accessChanges > 1)"
"""The tab has the answer to its join, after the snapshot in the HTML. Nothing on the screen says that."""


def test_a_person_who_lost_access_keeps_the_page_and_is_told(
    visitors: Visitors, stage: Stage, balancer: Switch
) -> None:
    """The process that the guest's tab returns to never had it, and it may not see the house."""
    anna = visitors.owner(stage.two)
    page = visitors.stranger(width=390, height=844, locale="en")
    page.goto(f"{balancer.url}/join#{anna.invitation()}")
    page.locator("#link-button").click()
    page.wait_for_url(f"**/c/{anna.code}")
    page.evaluate("window.neverLoadedAgain = true")
    bert = Screen(page).opened()
    page.wait_for_function(JOINED)
    stage.one.kill()
    balancer.cut()
    bert.choose("nest", "nest160")
    bert.shows_status("offline")
    page.locator("button.people").click()
    page.locator("#own-name").fill("Bert Tha")
    anna.page.get_by_role("button", name="Einladen").click()
    guest = anna.page.locator("[data-person]").filter(
        has=anna.page.get_by_role("button", name="entfernen")
    )
    guest.get_by_role("button", name="entfernen").click()
    guest.get_by_role("button", name="entfernen").click()
    expect(guest).to_have_count(0)
    balancer.lead_to(stage.two.url)
    bert.shows_status("gone")
    ended = page.get_by_test_id("ended")
    expect(ended).to_contain_text("Your access to this house has ended")
    expect(ended).to_contain_text("You see it as it was")
    expect(ended).to_contain_text("This was not saved:Size: Nest.\u00a0160")
    assert page.locator("#own-name").input_value() == "Bert Tha"
    assert is_the_same_page(page)
    assert stage.version(anna.code) == 0
    page.context.clear_cookies()
    balancer.cut()
    page.wait_for_function("window.neverLoadedAgain === undefined")
    expect(page.locator("h1")).to_have_text("You are no longer signed in here")


def test_the_live_view_goes_on_without_a_gap(
    visitors: Visitors, stage: Stage, balancer: Switch
) -> None:
    page = visitors.stranger()
    page.goto(stage.admin_link(stage.one).replace(stage.one.url, balancer.url))
    page.locator("#link-button").click()
    page.wait_for_url("**/admin")
    expect(page.locator(".status")).to_contain_text("verbunden")
    cut_off(page, balancer, stage.two)
    anna = visitors.owner(stage.one)
    anna.choose("nest", "nest120")
    is_taken_over(page)
    expect(page.locator(".status")).to_contain_text("verbunden")
    expect(page.locator(".house", has_text=anna.code)).to_be_visible()
    expect(page.locator(".line", has_text=anna.code).first).to_be_visible()
    assert is_the_same_page(page)


@pytest.mark.parametrize("path", ["/admin/analytics", "/admin/service"])
def test_the_page_of_an_admin_stays_and_ends_with_their_session(
    visitors: Visitors, stage: Stage, balancer: Switch, path: str
) -> None:
    page = visitors.stranger()
    page.goto(stage.admin_link(stage.one).replace(stage.one.url, balancer.url))
    page.locator("#link-button").click()
    page.wait_for_url("**/admin")
    page.goto(balancer.url + path)
    page.wait_for_function("window.socket && window.socket.connected")
    cut_off(page, balancer, stage.two)
    is_taken_over(page)
    page.evaluate("void fetch('/api/admin/logout', { method: 'POST' })")
    page.wait_for_function("window.neverLoadedAgain === undefined")
    # The second where the page is loaded again before its browser has dropped the cookie.
    expect(page.locator("h1")).to_have_text(re.compile("Nur für Admins|Die Anmeldung ist zu Ende"))
