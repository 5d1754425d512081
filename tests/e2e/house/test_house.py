"""One person and a house: refused wishes, reset, inquiry, keyboard, phone, language."""

import re

import pytest
from playwright.sync_api import expect

from tests.e2e.conftest import Visitors
from tests.e2e.stage import Stage
from tests.support.keys import press_quickly

pytestmark = pytest.mark.e2e


def test_too_many_panels_are_refused_with_a_way_out(visitors: Visitors, stage: Stage) -> None:
    anna = visitors.owner()
    bert = visitors.invited(anna)
    anna.choose("pvanlage", "pv_panels")
    anna.shows_current("pvanlage", "8")
    anna.choose("nest", "nest120")
    anna.shows_total(241_900 + 8 * 390)
    version = stage.version(anna.code)

    anna.quantity("pvanlage", "99")
    notice = anna.category("pvanlage").locator(".notice.refused")
    expect(notice).to_contain_text("12")
    expect(notice).to_contain_text("Nest.\u00a0120")
    anna.shows_status("saved")
    anna.shows_total(241_900 + 8 * 390)
    expect(anna.category("pvanlage").locator(".stepper input")).to_have_value("8")
    assert stage.version(anna.code) == version

    repair = notice.locator(".repairs .button").first
    expect(repair).to_contain_text("€")
    repair.click()
    expect(notice).to_have_count(0)
    for screen in (anna, bert):
        screen.shows_total(241_900 + 12 * 390)
        screen.shows_current("pvanlage", "12")
    assert stage.version(anna.code) == version + 1


def test_reset_asks_first_and_reaches_everybody(visitors: Visitors, stage: Stage) -> None:
    anna = visitors.owner()
    bert = visitors.invited(anna)
    bert.choose("nest", "nest160")
    anna.shows_total(313_100)
    anna.page.get_by_role("button", name="Haus auf den Anfang zurücksetzen").click()
    anna.page.get_by_role("button", name="Behalten").click()
    assert stage.version(anna.code) == 1
    anna.page.get_by_role("button", name="Haus auf den Anfang zurücksetzen").click()
    anna.page.get_by_role("button", name="Haus zurücksetzen").click()
    for screen in (anna, bert):
        screen.shows_total(170_700)
    expect(bert.page.locator(".history li").first).to_contain_text("auf den Anfang zurückgesetzt")


def test_an_inquiry_needs_consent_and_is_confirmed(visitors: Visitors, stage: Stage) -> None:
    anna = visitors.owner()
    anna.choose("nest", "nest120")
    anna.shows_total(241_900)
    anna.page.get_by_role("button", name="Anfragen").click()
    anna.page.locator("#inquiry-name").fill("Anna Leitner")
    anna.page.locator("#inquiry-email").fill("anna@example.at")
    send = anna.page.get_by_role("button", name="Haus sichern und Anfrage senden")
    send.click()
    expect(anna.page.locator("#missing-consent")).to_contain_text("Ohne deine Zustimmung")
    asked = "SELECT count(*) FROM inquiries i JOIN configurations c ON c.id = configuration_id WHERE code = $1"
    assert stage.value(asked, anna.code) == 0

    anna.page.locator("#inquiry-consent").check()
    send.click()
    reference = anna.page.get_by_test_id("inquiry-reference")
    expect(reference).to_have_text(re.compile(r"\S{6,}"))
    expect(anna.page.locator(".confirmation")).to_contain_text("€\u00a0241.900")
    assert stage.value(asked, anna.code) == 1
    session = (
        "SELECT {} FROM sessions s JOIN configurations c ON c.id = configuration_id WHERE code = $1"
    )
    assert stage.value(session.format("s.status"), anna.code) == "COMPLETED"
    assert stage.value(session.format("order_value_cents"), anna.code) == 241_900_00
    anna.page.get_by_role("button", name="Weiter planen").click()
    anna.choose("nest", "nest100")
    anna.shows_total(206_300)


def test_arrow_keys_choose_for_the_other_browser_too(visitors: Visitors, stage: Stage) -> None:
    anna = visitors.owner()
    bert = visitors.invited(anna)
    anna.option("nest", "nest80").focus()
    press_quickly(anna.page, "ArrowDown", "ArrowDown")
    expect(anna.option("nest", "nest120")).to_be_focused()
    bert.shows_total(241_900)
    assert stage.version(anna.code) == 1
    anna.page.keyboard.press("End")
    anna.page.keyboard.press("Space")
    bert.shows_total(313_100)


def test_english_for_one_of_two(visitors: Visitors) -> None:
    anna = visitors.owner()
    john = visitors.invited(anna, locale="en-GB")
    expect(john.page.locator("html")).to_have_attribute("lang", re.compile("^en"))
    expect(john.page.get_by_role("button", name="Breakdown")).to_be_visible()
    john.choose("nest", "nest100")
    for screen in (anna, john):
        screen.shows_total(206_300)
    expect(john.page.get_by_test_id("total").locator("[aria-hidden]")).to_have_text("€206,300")
    anna.page.get_by_role("button", name="English").first.click()
    expect(anna.page.locator("#category-nest h2")).to_contain_text("Size")
    expect(anna.page.locator(".history li").first).to_contain_text("chose Nest.")
    anna.page.reload()
    anna.opened()
    expect(anna.page.get_by_role("button", name="Breakdown")).to_be_visible()
    assert not re.search(r"Größe|Gebäudehülle|gewählt|inklusive", anna.page.inner_text(".nest"))


def test_a_phone_shows_everything_in_its_width(visitors: Visitors) -> None:
    anna = visitors.owner()
    phone = visitors.invited(anna, width=390, height=844, has_touch=True, is_mobile=True)
    phone.option("nest", "nest120").tap()
    for screen in (anna, phone):
        screen.shows_total(241_900)
    wide = "document.documentElement.scrollWidth - document.documentElement.clientWidth"
    assert phone.page.evaluate(wide) <= 0
    phone.page.get_by_role("button", name="Aufstellung").tap()
    expect(phone.page.get_by_role("dialog")).to_be_in_viewport(ratio=1)
    assert phone.page.evaluate(wide) <= 0
    phone.page.goto(phone.page.url.partition("/c/")[0])
    expect(phone.page.get_by_role("link", name=re.compile("weiter", re.IGNORECASE))).to_be_visible()
    assert phone.page.evaluate(wide) <= 0
