"""Somebody signs out on a computer that others use, and comes back in another browser."""

import pytest
from playwright.sync_api import expect

from tests.e2e.conftest import Visitors
from tests.e2e.stage import Stage

pytestmark = pytest.mark.e2e


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
        expect(tab.locator(".single h1")).to_have_text("Dieser Browser kennt dich nicht mehr")
        assert code not in tab.content()
        assert tab.evaluate("localStorage.length + sessionStorage.length") == 0
    assert [each["name"] for each in page.context.cookies() if "person" in each["name"]] == []
    gone = page.goto(f"{stage.one.url}/c/{code}")
    assert gone is not None
    assert gone.status == 404
    home = visitors.stranger()
    home.goto(link)
    expect(home.locator("h1")).to_have_text("Willkommen zurück")
    home.locator("#door-button").click()
    home.wait_for_url(f"**/c/{code}")
    expect(home.locator(".notice.readonly")).to_have_count(0)
    late = visitors.stranger()
    late.goto(link)
    late.locator("#door-button").click()
    expect(late.locator("#door-text")).to_contain_text("gilt nicht mehr")
