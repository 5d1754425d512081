"""Figures in a real browser: on the page of a shared dashboard, which has nothing else."""

from typing import Any

import pytest
from playwright.sync_api import Locator, Page, expect

from tests.ui.conftest import Served, Visit
from tests.ui.look.test_accessibility import violations
from tests.ui.staff.analytics_sample import answers
from ui.figures.listed import FIGURES

pytestmark = pytest.mark.e2e


def figures() -> dict[str, Any]:
    """An answer for each figure."""
    found = answers()
    return {figure.name: found[figure.name] for figure in FIGURES}


def shared(served: Served, visit: Visit, shown: dict[str, Any], **how: Any) -> Page:
    """Open a dashboard that shows these figures, now and whenever it is read again."""
    said = {"name": "Woche", "expires_at": "2026-12-01T06:00:00Z", "figures": shown}
    served.world.shared_api.answers = lambda _: (200, said)
    page = visit("/dashboard#token", **how)
    expect(page.locator(".chart svg").first).to_be_visible()
    return page


def read_again(page: Page) -> None:
    page.evaluate("document.dispatchEvent(new Event('visibilitychange'))")


def first_cells(table: Locator) -> Locator:
    return table.locator("tbody th")


def test_a_table_is_sorted_by_keyboard_and_stays_as_it_is_when_figures_are_read_again(
    served: Served, visit: Visit
) -> None:
    shown = figures()
    page = shared(served, visit, shown)
    table = page.get_by_test_id("options")
    expect(table.locator("[aria-sort=descending]")).to_have_text("Sitzungen ↓")
    expect(first_cells(table).first).to_have_text("Nest. 80")
    head = table.get_by_role("button", name="Option", exact=False).first
    head.focus()
    head.press("Enter")
    expect(table.locator("[aria-sort=ascending]")).to_have_text("Option ↑")
    expect(first_cells(table).first).to_have_text("https://example.org/haus")
    more = page.get_by_test_id("figure-options").get_by_role("button", name="Alle 17 zeigen")
    more.click()
    expect(first_cells(table)).to_have_count(17)
    opened = page.get_by_test_id("figure-series").locator("details")
    opened.locator("summary").click()
    head.focus()

    shown["kpis"]["rows"][0]["value"] = 4711
    shown["options"]["rows"][0]["sessions"] = 99
    read_again(page)
    expect(page.get_by_test_id("kpi-landing_views")).to_have_text("4.711")
    expect(table).to_contain_text("99")
    expect(head).to_be_focused()
    expect(first_cells(table).first).to_have_text("https://example.org/haus")
    expect(first_cells(table)).to_have_count(17)
    expect(opened).to_have_attribute("open", "")


def test_ways_unfold(served: Served, visit: Visit) -> None:
    page = shared(served, visit, figures(), locale="en-GB")
    ways = page.get_by_test_id("paths").locator("li")
    expect(ways).to_have_count(10)
    expect(ways.nth(1)).to_contain_text("Size")
    button = page.get_by_test_id("figure-paths").get_by_role("button", expanded=False)
    expect(button).to_have_text("Show all 12")
    button.click()
    expect(ways).to_have_count(12)
    expect(page.get_by_test_id("figure-paths").get_by_role("button", expanded=True)).to_be_visible()


def test_charts_follow_the_colours_of_the_page_and_have_their_tables_on_paper(
    served: Served, visit: Visit
) -> None:
    page = shared(served, visit, figures())
    line = page.locator(".figure-series .chart path[stroke-width='2']").first
    expect(line).to_have_attribute("stroke", "#9a4f1c")
    page.emulate_media(color_scheme="dark")
    expect(line).to_have_attribute("stroke", "#e39a5f")
    series = page.get_by_test_id("figure-series").locator("details")
    prices = page.get_by_test_id("figure-prices").locator("details")
    prices.locator("summary").click()
    page.emulate_media(media="print", color_scheme="dark")
    expect(line).to_have_attribute("stroke", "#9a4f1c")
    expect(series).to_have_attribute("open", "")
    expect(series.locator("tbody tr")).to_have_count(24)
    page.emulate_media(media="screen", color_scheme="dark")
    expect(line).to_have_attribute("stroke", "#e39a5f")
    expect(series).not_to_have_attribute("open", "")
    expect(prices).to_have_attribute("open", "")


def test_a_series_of_one_interval_has_a_symbol_for_each_line(served: Served, visit: Visit) -> None:
    shown = figures()
    series = shown["series"]
    rows = series["rows"][:1]
    shown["series"] = {**series, "rows": rows, "compared": None, "pairs": None}
    page = shared(served, visit, shown)
    points = """box => [...box.querySelectorAll("path")]
        .map(path => path.getBoundingClientRect())
        .filter(each => each.width > 0 && each.width <= 10)
        .filter(each => each.top > box.getBoundingClientRect().top + 24).length"""
    page.wait_for_function(f"({points})(document.querySelector('.figure-series .chart')) === 3")


@pytest.mark.parametrize(
    ("width", "scheme", "locale"), [(1440, "dark", "de-AT"), (375, "light", "en-GB")]
)
def test_everybody_can_read_every_figure(
    served: Served, visit: Visit, width: int, scheme: str, locale: str
) -> None:
    page = shared(served, visit, figures(), width=width, height=812, scheme=scheme, locale=locale)
    expect(page.locator(".analytics main section")).to_have_count(13)
    expect(page.locator(".chart svg")).to_have_count(3)
    for chart in page.locator(".chart").all():
        assert chart.get_attribute("aria-label")
    assert violations(page) == []
    assert page.evaluate("document.documentElement.scrollWidth") <= width
