"""Every page on the narrowest phone, with letters of the usual size and of twice that size."""

from typing import Any

import pytest
from playwright.sync_api import Page, expect

from tests.ui.configurator.test_configurator import open_house, option
from tests.ui.conftest import Served, Visit
from tests.ui.staff.analytics_sample import AT, answers
from tests.ui.staff.service_sample import sample, service
from tests.ui.staff.test_analytics import analytics

pytestmark = pytest.mark.e2e
NARROW = {"width": 320, "height": 640}
TWICE = "document.documentElement.style.fontSize = '200%'"
CUT = """() => {
  const found = [];
  if (document.documentElement.scrollWidth > innerWidth) found.push(`the page is ${document.documentElement.scrollWidth} wide`);
  const texts = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  for (let node = texts.nextNode(); node; node = texts.nextNode()) {
    const of = node.parentElement;
    if (!node.data.trim() || ['SCRIPT', 'STYLE', 'NOSCRIPT', 'OPTION'].includes(of.tagName) || !of.checkVisibility()) continue;
    const range = document.createRange();
    range.selectNodeContents(node);
    for (const box of range.getClientRects()) {
      let [cut, scrolls] = [box.right > innerWidth + 1 || box.left < -1, false];
      for (let up = of; up !== document.body; up = up.parentElement) {
        const { overflowX, clipPath } = getComputedStyle(up);
        const room = up.getBoundingClientRect();
        scrolls ||= overflowX === 'auto' || overflowX === 'scroll' || clipPath !== 'none' || up.matches('.sr-only, .skip, .status');
        cut ||= ['hidden', 'clip'].includes(overflowX) && (box.right > room.right + 1.5 || box.left < room.left - 1.5);
      }
      if (box.width > 1 && cut && !scrolls) found.push(`${of.className}: ${node.data.trim().slice(0, 40)}`);
    }
  }
  return [...new Set(found)];
}"""
"""Words beyond the edge of the screen or of a box that hides them; not what one can scroll to."""


def uncut(page: Page) -> None:
    assert page.evaluate(CUT) == []
    page.evaluate(TWICE)
    page.evaluate("() => new Promise((done) => requestAnimationFrame(() => setTimeout(done)))")
    assert page.evaluate(CUT) == []


@pytest.mark.parametrize(
    "path", ["/", "/?lang=en", "/join", "/privacy", "/imprint", "/nowhere", "/c/NO", "/developers"]
)
def test_public_pages(visit: Visit, path: str) -> None:
    uncut(visit(path, **NARROW))


@pytest.mark.parametrize("locale", ["de-AT", "en-GB"])
def test_the_configurator_and_its_sheets(served: Served, visit: Visit, locale: str) -> None:
    page = open_house(visit, served.house(), locale=locale, **NARROW)
    option(page, "pvanlage", "pv_panels").click()
    expect(page.locator("#category-pvanlage .stepper")).to_be_visible()
    uncut(page)
    for sheet in ("breakdown-button", "primary", "invite", "people"):
        page.locator(f".pricebar .{sheet}, .topbar .{sheet}").evaluate("(button) => button.click()")
        expect(page.get_by_role("dialog")).to_be_visible()
        uncut(page)
        page.keyboard.press("Escape")
        expect(page.get_by_role("dialog")).to_have_count(0)


LONG = "https://" + "a-very-long-name-" * 6 + ".example/" + "path" * 30


@pytest.mark.parametrize("tab", ["overview", "choices", "ways", "visitors", "sessions", "sharing"])
def test_figures(served: Served, visit: Visit, tab: str) -> None:
    """Texts of strangers without a place to break them are broken somewhere."""
    page = analytics(served, visit, answers(LONG), f"?tab={tab}", **NARROW)
    expect(page.locator(".analytics section").first).to_be_visible()
    expect(page.locator(".analytics main")).to_have_attribute("aria-busy", "false")
    uncut(page)
    leads_to_the_privacy_notice(page)


@pytest.mark.parametrize("by", ["device", "referrer"])
def test_a_dashboard(served: Served, visit: Visit, by: str) -> None:
    figures = {
        name: answer
        for name, answer in answers(LONG).items()
        if "/" not in name and "range" in answer
    }
    figures["breakdown"] = figures["breakdown"] | {"by": by}
    shared = {"name": LONG[:120], "expires_at": AT, "figures": figures}
    served.world.shared_api.answers = lambda _: (200, shared)
    page = visit("/dashboard#token_of-a-link", **NARROW)
    expect(page.get_by_test_id("figure-breakdown")).to_be_visible()
    uncut(page)


def test_a_dashboard_without_a_link(visit: Visit) -> None:
    page = visit("/dashboard", **NARROW)
    expect(page.get_by_test_id("dashboard-message")).to_contain_text("Bitte die Person")
    uncut(page)
    leads_to_the_privacy_notice(page)


def test_the_live_view(served: Served, visit: Visit) -> None:
    page = visit("/admin", admin=True, **NARROW)
    expect(page.locator(".status")).to_contain_text("verbunden")
    entry: dict[str, Any] = {
        "event_id": "narrow",
        "event_type": "selection",
        "category": "pvanlage",
        "session_id": "s",
        "selection_value": "pv_panels",
        "previous_selection": "pv_panels",
    }
    served.do(lambda: served.world.show_admins({"type": "activity", "entries": [entry]}))
    expect(page.locator('[data-event="narrow"]')).to_contain_text("Photovoltaik-Module")
    uncut(page)
    leads_to_the_privacy_notice(page)


def test_service_page(served: Served, visit: Visit) -> None:
    answers = sample("Ein Text, wie er kommen kann")
    page = service(served, visit, lambda _, path, __: (200, answers[path]), **NARROW)
    for section in ("letters", "jobs", "ledger", "audit", "privacy"):
        tab = page.locator(f'.tabs a[href="#{section}"]')
        tab.evaluate("(tab) => tab.click()")
        expect(tab).to_have_attribute("aria-current", "page")
        expect(page.locator(".staff h2")).to_be_visible()
        uncut(page)
    leads_to_the_privacy_notice(page)


def leads_to_the_privacy_notice(page: Page) -> None:
    link = page.locator(".legal-foot").get_by_role("link", name="Datenschutz")
    expect(link).to_have_attribute("href", "/privacy")
