"""A printed page can be read: light, once, as wide as the paper, with the figures of every chart."""

from typing import Any

import pytest
from playwright.sync_api import Locator, Page, expect

from tests.ui.conftest import Served, Visit
from tests.ui.staff.test_dashboard import RANGE, SHARED

pytestmark = pytest.mark.e2e
PAPER = {"width": 702, "height": 1000}
COLLISIONS = """() => {
  const boxes = [...document.querySelectorAll('h1, h2, h3, p, img, figcaption, td, th, summary')]
    .filter((e) => e.checkVisibility() && !e.closest('.sr-only') && e.innerText !== '')
    .map((e) => ({ e, box: e.getBoundingClientRect() })).filter(({ box }) => box.width > 2 && box.height > 2);
  const over = (a, b) => Math.min(a.right, b.right) - Math.max(a.left, b.left) > 2 && Math.min(a.bottom, b.bottom) - Math.max(a.top, b.top) > 2;
  return boxes.flatMap((a, i) => boxes.slice(i + 1)
    .filter((b) => !a.e.contains(b.e) && over(a.box, b.box))
    .map((b) => `${a.e.tagName} ${a.e.innerText ?? ''} × ${b.e.tagName} ${b.e.innerText ?? ''}`));
}"""


def printed(page: Page, *added: Locator) -> str:
    """The page as it stands on paper, with what is only there, and its words."""
    page.set_viewport_size(PAPER)  # type: ignore[arg-type]
    page.emulate_media(media="print", color_scheme="dark")
    expect(page.locator("html")).to_have_css("background-color", "rgb(255, 255, 255)")
    for each in added:
        expect(each).to_be_visible()
    assert page.evaluate("document.documentElement.scrollWidth") <= PAPER["width"]
    assert page.evaluate(COLLISIONS) == []
    return page.locator("body").inner_text()


@pytest.mark.parametrize("path", ["/", "/privacy", "/join"])
def test_public_pages(visit: Visit, path: str) -> None:
    said = printed(visit(path, scheme="dark"))
    assert "Dein Nest beginnen" not in said
    if path == "/":
        for once in ("Ein Haus aus Holz", "295.500", "Gemeinsam planen"):
            assert said.count(once) == 1


def test_a_chart_has_its_figures_beside_it(served: Served, visit: Visit) -> None:
    steps = ["began", "nest", "opened", "completed"]
    rows: list[dict[str, Any]] = [
        {
            "part": "all",
            "step": step,
            "reached": 4321 - n,
            "of_sessions": 1,
            "of_first": 1,
            "of_previous": 1,
        }
        for n, step in enumerate(steps)
    ]
    funnel = {
        "range": RANGE,
        "stored_through": None,
        "by": "none",
        "steps": steps,
        "sessions": {"all": 9},
        "rows": rows,
        "window_minutes": 1440,
    }
    served.world.shared_api.answers = lambda _: (200, {**SHARED, "figures": {"funnel": funnel}})
    page = visit("/dashboard#token_of-a-link", scheme="dark")
    chart, table = page.locator(".chart svg"), page.locator(".as-table table")
    expect(chart).to_be_visible()
    expect(table).to_be_hidden()
    wide = chart.evaluate("(svg) => svg.getBoundingClientRect().width")
    said = printed(page, table)
    assert all(said.count(f"4.{321 - n}") for n in range(4))
    assert "Als Tabelle" not in said
    page.wait_for_function(
        "(most) => document.querySelector('.chart svg').getBoundingClientRect().width <= most",
        arg=PAPER["width"],
    )
    assert "#9a4f1c" in chart.inner_html()
    assert "#e39a5f" not in chart.inner_html()
    page.emulate_media(media="screen", color_scheme="dark")
    page.set_viewport_size({"width": 1440, "height": 900})
    expect(table).to_be_hidden()
    page.wait_for_function(
        "(wide) => document.querySelector('.chart svg').getBoundingClientRect().width === wide",
        arg=wide,
    )
    assert "#e39a5f" in chart.inner_html()
    assert "#9a4f1c" not in chart.inner_html()
