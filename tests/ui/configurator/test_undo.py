"""Undo and redo on the page: buttons, keys, conflicts with their repair, what others read."""

import re

import pytest
from playwright.sync_api import Page, expect

from tests.ui.configurator.test_configurator import open_house, option, status, total
from tests.ui.conftest import Served, Visit

pytestmark = pytest.mark.e2e


def possible(page: Page, *, undo: bool, redo: bool) -> None:
    for kind, can in (("undo", undo), ("redo", redo)):
        expect(page.get_by_test_id(kind)).to_have_attribute("aria-disabled", str(not can).lower())


def test_undo_and_redo_by_button(served: Served, visit: Visit) -> None:
    house = served.house()
    page = open_house(visit, house)
    possible(page, undo=False, redo=False)
    option(page, "nest", "nest120").click()
    total(page, "€ 241.900")
    possible(page, undo=True, redo=False)
    page.get_by_role("button", name="Rückgängig").click()
    total(page, "€ 170.700")
    possible(page, undo=False, redo=True)
    expect(page.locator(".history li").first).to_contain_text(
        "Du hast rückgängig gemacht: Größe wieder Nest.\u00a080"
    )
    page.get_by_role("button", name="Wiederholen").click()
    total(page, "€ 241.900")
    possible(page, undo=True, redo=False)
    status(page, "saved")
    assert [frame["operation_kind"] for frame in house.log] == ["select", "undo", "redo"]


def test_a_choice_that_waits_to_be_saved_is_taken_back(served: Served, visit: Visit) -> None:
    """(CL9)"""
    house = served.house()
    page = open_house(visit, house)
    possible(page, undo=False, redo=False)
    message = {"de": "Noch nicht gespeichert.", "en": "Not saved yet."}
    refusal = {"code": "not_saved", "message": message, "retryable": True, "retry_after_ms": 100}
    house.refuses["Anna Leitner"] = refusal
    option(page, "nest", "nest120").click()
    possible(page, undo=True, redo=False)
    page.keyboard.press("Control+z")
    possible(page, undo=True, redo=True)
    house.refuses.clear()
    status(page, "saved")
    assert [frame["operation_kind"] for frame in house.log] == ["select", "undo"]
    possible(page, undo=False, redo=True)


def test_buttons_have_names_tooltips_and_keys(served: Served, visit: Visit) -> None:
    page = open_house(visit, served.house())
    undo, redo = page.get_by_test_id("undo"), page.get_by_test_id("redo")
    expect(undo).to_have_accessible_name("Rückgängig")
    expect(undo).to_have_attribute("title", "Rückgängig (Strg+Z)")
    expect(redo).to_have_attribute("title", "Wiederholen (Strg+Umschalt+Z)")
    page.get_by_role("button", name="English").first.click()
    expect(undo).to_have_accessible_name("Undo")
    expect(redo).to_have_attribute("title", "Redo (Ctrl+Shift+Z)")


def test_keys_take_back_and_leave_typing_alone(served: Served, visit: Visit) -> None:
    house = served.house()
    page = open_house(visit, house)
    option(page, "nest", "nest120").click()
    total(page, "€ 241.900")
    page.keyboard.press("Control+z")
    total(page, "€ 170.700")
    page.keyboard.press("Control+Shift+Z")
    total(page, "€ 241.900")
    page.keyboard.press("Meta+z")
    total(page, "€ 170.700")
    page.keyboard.press("Control+y")
    total(page, "€ 241.900")
    page.locator("button.people").click()
    page.locator("#own-name").fill("Anna")
    page.keyboard.press("Control+z")
    page.keyboard.press("Escape")
    option(page, "pvanlage", "pv_panels").click()
    field = page.locator("#category-pvanlage .stepper input")
    field.fill("9")
    field.press("Control+z")
    field.press("Enter")
    expect(page.locator("#category-pvanlage .stepper input")).not_to_have_class(
        re.compile("pending")
    )
    status(page, "saved")
    assert house.log[-1]["operation_kind"] != "undo"
    assert [f["operation_kind"] for f in house.log].count("undo") == 2


def test_a_conflict_says_who_and_offers_the_way_out(served: Served, visit: Visit) -> None:
    house = served.house()
    anna = open_house(visit, house)
    bert = open_house(visit, house, person="Bert Thaler")
    option(anna, "nest", "nest120").click()
    total(bert, "€ 241.900")
    option(bert, "nest", "nest140").click()
    total(anna, "€ 277.500")
    anna.get_by_test_id("undo").click()
    notice = anna.locator("#category-nest .notice.refused")
    expect(notice).to_contain_text("Rückgängig würde etwas überschreiben")
    expect(notice).to_contain_text("Bert Thaler hat „Größe“ inzwischen geändert")
    total(anna, "€ 277.500")
    anyway = notice.locator(".repairs .button")
    expect(anyway).to_have_text(
        re.compile(r"Trotzdem\s+zurücknehmen:\s+Größe:\s+Nest\.\s+80\s*−\s€\s106\.800")
    )
    anyway.click()
    for page in (anna, bert):
        total(page, "€ 170.700")
    expect(notice).to_have_count(0)
    expect(bert.locator(".history li").first).to_have_text(
        re.compile(r"Anna Leitner hat eine Änderung rückgängig gemacht: Größe wieder Nest.\s80")
    )


FREE = """(button) => {
  const box = button.getBoundingClientRect();
  return [box.top + 2, box.bottom - 2].every((y) => button.contains(document.elementFromPoint(box.left + 20, y)));
}"""


@pytest.mark.parametrize("elsewhere", [False, True])
def test_a_conflict_on_a_phone_is_where_a_thumb_can_settle_it(
    served: Served, visit: Visit, elsewhere: bool
) -> None:
    """The toast of the same refusal lay on one button, the bar with the price on the other."""
    house = served.house()
    anna = open_house(visit, house, width=375, height=740)
    bert = open_house(visit, house, person="Bert Thaler")
    option(anna, "fussboden", "schiefer_massiv").click()
    expect(option(bert, "fussboden", "schiefer_massiv")).to_have_attribute("aria-checked", "true")
    option(anna, "nest", "nest120").click()
    total(bert, "€ 250.400")
    option(bert, "nest", "nest140").click()
    expect(anna.locator(".toast.over")).to_contain_text("Größe")
    if elsewhere:  # what still holds about another category stays, and is not in the way
        option(bert, "fussboden", "parkett").click()
        expect(anna.locator(".toast.over").filter(visible=True)).to_contain_text("Fußboden")
    anna.evaluate("scrollTo(0, 0)")
    anna.get_by_test_id("undo").click()
    notice = anna.locator("#category-nest .notice.refused")
    expect(notice).to_contain_text("Rückgängig würde etwas überschreiben")
    expect(anna.get_by_test_id("announcement")).to_contain_text("Rückgängig")
    expect(anna.locator(".toast.own")).to_have_count(0)
    expect(anna.locator(".toast").filter(visible=True)).to_have_count(1 if elsewhere else 0)
    for button in notice.get_by_role("button").all():
        anna.wait_for_function(FREE, arg=button.element_handle())


def test_the_toast_of_a_refusal_goes_when_the_refusal_comes_into_sight(
    served: Served, visit: Visit
) -> None:
    house = served.house()
    anna = open_house(visit, house, width=375, height=740)
    bert = open_house(visit, house, person="Bert Thaler")
    option(anna, "nest", "nest120").click()
    total(bert, "€ 241.900")
    option(bert, "nest", "nest140").click()
    total(anna, "€ 277.500")
    anna.locator("#category-planungspaket").scroll_into_view_if_needed()
    anna.get_by_test_id("undo").click()
    expect(anna.locator(".toast.own")).to_contain_text("Rückgängig")
    anna.locator("#category-nest .notice.refused").evaluate(
        "(e) => scrollBy(0, e.getBoundingClientRect().top - 230)"
    )
    expect(anna.locator(".toast.own")).to_have_count(0)


def test_others_are_told_when_it_is_out_of_sight(served: Served, visit: Visit) -> None:
    house = served.house()
    anna = open_house(visit, house)
    bert = open_house(visit, house, person="Bert Thaler")
    option(anna, "nest", "nest100").click()
    total(bert, "€ 206.300")
    bert.locator("#category-planungspaket").scroll_into_view_if_needed()
    anna.get_by_test_id("undo").click()
    expect(bert.locator(".toast")).to_contain_text("Anna Leitner hat eine Änderung rückgängig")
    expect(bert.get_by_test_id("announcement")).to_contain_text("170.700")


def test_nothing_to_take_back_is_shown_once_and_remembered(served: Served, visit: Visit) -> None:
    house = served.house()
    house.tells_undo = False
    page = open_house(visit, house)
    possible(page, undo=True, redo=True)
    page.get_by_test_id("undo").click()
    expect(page.locator(".toast")).to_contain_text("nichts, was sich zurücknehmen lässt")
    possible(page, undo=False, redo=True)
    expect(page.locator(".notice")).to_have_count(0)


def test_viewers_have_no_buttons(served: Served, visit: Visit) -> None:
    served.world.roles["Zuschauer Zwei"] = "viewer"
    house = served.house()
    page = open_house(visit, house, person="Zuschauer Zwei")
    expect(page.get_by_test_id("undo")).to_have_count(0)
    page.keyboard.press("Control+z")
    assert house.heard == []
