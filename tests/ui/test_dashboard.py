"""A shared dashboard when there is nothing to show: each time it says why, and what to do."""

from typing import Any

import pytest
from playwright.sync_api import expect

from tests.ui.conftest import Visit

pytestmark = pytest.mark.e2e

API = "**/api/analytics/shared"
RANGE = {"start": None, "end": "2026-11-26T06:00:00Z", "zone": "Asia/Tokyo", "bots": "none"}
SHARED = {
    "name": "<b>Woche</b>",
    "expires_at": "2026-12-01T06:00:00Z",
    "figures": {
        "breakdown": {"range": RANGE, "stored_through": "1795672800000-0", "rows": []},
        "unknown-to-this-page": {"range": RANGE, "rows": []},
    },
}


@pytest.mark.parametrize("fragment", ["", "#", "#<script>", "#" + "x" * 300])
def test_what_is_no_link_is_not_even_asked_for(visit: Visit, fragment: str) -> None:
    page = visit("/dashboard" + fragment)
    message = page.get_by_test_id("dashboard-message")
    expect(message).to_contain_text("Bitte die Person, die ihn geschickt hat")
    expect(message.get_by_role("link", name="Zur Startseite")).to_be_visible()


def test_an_outage_is_no_ended_link(visit: Visit) -> None:
    page = visit("/dashboard", width=390, height=844, scheme="dark")
    away = {"error": {"code": "unavailable", "message": {"de": "Weg.", "en": "Away."}}}
    gone = {"error": {"code": "dashboard_link_unusable", "message": {"de": "Aus.", "en": "Over."}}}
    answers: list[tuple[int, dict[str, Any]]] = [(503, away), (200, SHARED), (401, gone)]
    asked: list[str] = []

    def answer(route: Any) -> None:
        asked.append(route.request.headers["authorization"])
        status, body = answers.pop(0)
        route.fulfill(status=status, json=body)

    page.route(API, answer)
    page.evaluate("location.hash = '#token_of-a-link'")
    message = page.get_by_test_id("dashboard-message")
    expect(message).to_contain_text("Der Link ist in Ordnung")
    message.get_by_role("button").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("<b>Woche</b>")
    about = page.get_by_test_id("dashboard-about")
    expect(about).to_contain_text("Seit Beginn bis 26.11.26, 15:00, Zeiten in Asia/Tokyo")
    expect(page.locator(".analytics section")).to_have_count(1)
    page.evaluate("location.hash = '#another-token'")
    expect(message).to_contain_text("zeigt nichts mehr")
    assert asked == ["Bearer token_of-a-link"] * 2 + ["Bearer another-token"]
