"""One house, two browsers, two web processes."""

import re

import pytest
from playwright.sync_api import expect

from tests.e2e.conftest import Visitors
from tests.e2e.stage import Stage

pytestmark = pytest.mark.e2e


def test_a_click_is_a_new_total_and_picture_on_the_other_screen(
    visitors: Visitors, stage: Stage
) -> None:
    anna = visitors.owner(stage.one)
    bert = visitors.invited(anna, stage.two)
    assert stage.one.url in anna.page.url
    assert stage.two.url in bert.page.url
    anna.shows_total(170_700)
    before = bert.picture()

    anna.choose("nest", "nest120")
    for screen in (anna, bert):
        screen.shows_total(241_900)
        screen.shows_chosen("nest", "nest120")
    after = bert.shows_other_picture(before)
    assert "/exterior/" in after
    assert anna.shows_other_picture(before) == after

    bert.choose("gebaeudehuelle", "trapezblech")
    for screen in (anna, bert):
        screen.shows_total(228_300)
        screen.shows_chosen("gebaeudehuelle", "trapezblech")
    last = anna.shows_other_picture(after)
    assert bert.shows_other_picture(after) == last
    assert stage.version(anna.code) == 2
    assert stage.stored_total_cents(anna.code) == 228_300_00


def test_both_see_who_is_here_and_where(visitors: Visitors) -> None:
    anna = visitors.owner()
    anna.introduce("Anna Leitner")
    bert = visitors.invited(anna)
    bert.introduce("Bert Thaler")
    for screen in (anna, bert):
        people = screen.page.locator("button.people")
        expect(people.locator(".face")).to_have_text(["AL", "BT"][:: 1 if screen is anna else -1])
        expect(people).to_have_accessible_name(re.compile(r"^2 hier: .*(Anna|Bert)"))

    bert.choose("fussboden", "schiefer_massiv")
    visitors_here = anna.category("fussboden").locator(".visitors")
    expect(visitors_here).to_contain_text("Hier schaut gerade: Bert Thaler")
    expect(anna.option("fussboden", "schiefer_massiv").locator(".last-by")).to_contain_text(
        "gewählt von Bert Thaler"
    )
    expect(anna.page.locator(".history li").first).to_contain_text(
        "Fußboden: Bert Thaler hat Schiefer massiv gewählt"
    )
    anna.page.locator("button.people").click()
    expect(anna.page.locator(".people-list")).to_contain_text("bei Fußboden")
    expect(anna.page.locator(".people-list")).to_contain_text("Eigentümer:in")
    anna.page.keyboard.press("Escape")

    bert.page.close()
    expect(anna.page.locator("button.people .face")).to_have_text(["AL"])


def test_an_adjustment_is_announced_to_the_other(visitors: Visitors, stage: Stage) -> None:
    anna = visitors.owner()
    anna.introduce("Anna Leitner")
    bert = visitors.invited(anna)
    anna.choose("nest", "nest140")
    bert.shows_total(277_500)
    anna.choose("pvanlage", "pv_panels")
    anna.shows_current("pvanlage", "8")
    anna.quantity("pvanlage", "14")
    bert.shows_current("pvanlage", "14")
    bert.shows_total(277_500 + 14 * 390)

    anna.choose("nest", "nest80")
    for screen in (anna, bert):
        screen.shows_total(170_700 + 8 * 390)
        screen.shows_current("pvanlage", "8")
        expect(screen.category("pvanlage").locator(".notice.adjusted")).to_contain_text("8")
    expect(bert.category("pvanlage").locator(".notice.adjusted")).to_contain_text("Anna Leitner")
    announcement = bert.page.get_by_test_id("announcement")
    expect(announcement).to_contain_text("Photovoltaik: von 14 auf 8 Module angepasst")
    expect(announcement).to_contain_text("173.820")


def test_the_breakdown_sums_to_the_total(visitors: Visitors) -> None:
    anna = visitors.owner()
    bert = visitors.invited(anna)
    anna.choose("nest", "nest120")
    anna.choose("innenverkleidung", "fichte")
    anna.choose("fenster", "aluminium")
    anna.choose("pvanlage", "pv_panels")
    anna.choose("planungspaket", "plus")
    total = 166_400 + 2 * 35_800 + 20 * 700 + 8 * 390 + 13_900
    for screen in (anna, bert):
        screen.shows_total(total)
        screen.page.get_by_role("button", name="Aufstellung").click()
        sheet = screen.page.get_by_role("dialog")
        expect(sheet.get_by_test_id("breakdown-total")).to_have_text(re.compile(r"€.269\.020"))
        amounts = sheet.locator("tbody td").all_inner_texts()
        assert sum(int(re.sub(r"\D", "", text) or 0) for text in amounts) == total


def test_edits_at_the_same_time_end_in_the_same_house(visitors: Visitors, stage: Stage) -> None:
    anna = visitors.owner()
    bert = visitors.invited(anna)
    for mine, theirs in (("nest100", "fichte"), ("nest120", "kiefer"), ("nest140", "fichte")):
        anna.choose("nest", mine)
        bert.choose("innenverkleidung", theirs)
    for screen in (anna, bert):
        screen.shows_total(172_000 + 3 * 35_800)
        screen.shows_status("saved")
    bert.page.get_by_role("button", name="Außen").click()
    for screen in (anna, bert):
        expect(screen.page.locator(".picture img.shown")).to_have_attribute(
            "src", re.compile("/exterior/nest140.holzlattung")
        )
    assert stage.version(anna.code) == 6
