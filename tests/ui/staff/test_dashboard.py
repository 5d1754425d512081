"""A shared dashboard: what it shows, when there is nothing to show, and whose its sockets are."""

from typing import Any

import pytest
from playwright.sync_api import Page, expect

from configurator.protocol.codes import Refused
from tests.ui.conftest import Served, Visit
from ui.dashboard.shown import ShownDashboards

pytestmark = pytest.mark.e2e

RANGE = {"start": None, "end": "2026-11-26T06:00:00Z", "zone": "Asia/Tokyo", "bots": "none"}
SHARED: dict[str, Any] = {
    "name": "<b>Woche</b>",
    "expires_at": "2026-12-01T06:00:00Z",
    "figures": {
        "breakdown": {
            "range": RANGE,
            "stored_through": "1795672800000-0",
            "by": "device",
            "rows": [],
        },
        "unknown-to-this-page": {"range": RANGE, "rows": []},
    },
}
AWAY = {"error": {"code": "unavailable", "message": {"de": "Weg.", "en": "Away."}}}
GONE = {"error": {"code": "dashboard_link_unusable", "message": {"de": "Aus.", "en": "Over."}}}


def look_again(page: Page) -> None:
    """Send the event with which a browser asks for new figures, each minute and in a tab that is shown again."""
    page.evaluate("document.dispatchEvent(new Event('visibilitychange'))")


@pytest.mark.parametrize("fragment", ["", "#", "#<script>", "#" + "x" * 300])
def test_a_text_that_is_not_a_link_is_not_looked_up(
    served: Served, visit: Visit, fragment: str
) -> None:
    asked: list[str] = []

    def answer(token: str) -> tuple[int, Any]:
        asked.append(token)
        return 200, SHARED

    served.world.shared_api.answers = answer
    page = visit("/dashboard" + fragment)
    message = page.get_by_test_id("dashboard-message")
    expect(message).to_contain_text("Bitte die Person, die ihn geschickt hat")
    expect(message.get_by_role("link", name="Zur Startseite")).to_be_visible()
    assert asked == []


def test_an_outage_is_not_shown_as_an_ended_link(served: Served, visit: Visit) -> None:
    answers: list[tuple[int, dict[str, Any]]] = [(503, AWAY), (200, SHARED), (401, GONE)]
    asked: list[str] = []

    def answer(token: str) -> tuple[int, Any]:
        asked.append(token)
        return answers.pop(0)

    served.world.shared_api.answers = answer
    page = visit("/dashboard#token_of-a-link", width=390, height=844, scheme="dark")
    message = page.get_by_test_id("dashboard-message")
    expect(message).to_contain_text("Der Link ist in Ordnung")
    message.get_by_role("button").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("<b>Woche</b>")
    about = page.get_by_test_id("dashboard-about")
    expect(about).to_contain_text(
        "Seit Beginn bis 26.11.26, 15:00, Zeiten in Asia/Tokyo. Dieser Link gilt bis 01.12.26, 15:00."
    )
    expect(page.locator(".analytics section")).to_have_count(1)
    page.evaluate("location.hash = '#another-token'")
    expect(message).to_contain_text("zeigt nichts mehr")
    assert asked == ["token_of-a-link"] * 2 + ["another-token"]


def test_a_link_that_ends_while_somebody_looks_shows_nothing_more(
    served: Served, visit: Visit
) -> None:
    """Figures stay while the API is away, and go when the link has ended."""
    answers: list[tuple[int, dict[str, Any]]] = [(200, SHARED), (503, AWAY), (401, GONE)]
    served.world.shared_api.answers = lambda _: answers.pop(0)
    page = visit("/dashboard?lang=en#token_of-a-link")
    figure = page.get_by_test_id("figure-breakdown")
    expect(figure).to_be_visible()
    look_again(page)
    expect(page.get_by_role("alert").first).to_contain_text("What is shown here was loaded before")
    expect(figure).to_be_visible()
    look_again(page)
    expect(page.get_by_test_id("dashboard-message")).to_contain_text("no longer shows anything")
    expect(figure).to_have_count(0)
    expect(page.get_by_role("heading", level=1)).to_have_text("Dashboard")
    look_again(page)
    page.evaluate("location.hash = '#'")
    assert answers == []


def test_no_more_dashboards_show_figures_than_a_process_can_hold() -> None:
    shown = ShownDashboards(most=2)
    for page in ("first", "second", "first"):
        shown.add(page)
    with pytest.raises(Refused, match="pages_full"):
        shown.add("third")
    shown.remove("third")
    shown.remove("first")
    shown.remove("first")
    shown.add("third")
    with pytest.raises(Refused, match="pages_full"):
        shown.add("first")
