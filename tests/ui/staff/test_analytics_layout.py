"""The places of controls and lists on the analytics page."""

import pytest
from playwright.sync_api import expect

from tests.ui.conftest import Served, Visit
from tests.ui.staff.analytics_sample import SESSION, answers
from tests.ui.staff.test_analytics import analytics

pytestmark = pytest.mark.e2e

LABEL_DISTANCES = """() => {
  const rows = document.querySelectorAll(":is(.asked, .fields) > :is(.select, .q-field)");
  return [...rows].map((row) => {
    const label = document.createRange();
    label.selectNodeContents(row.querySelector(":scope > span, .q-field__before"));
    const control = row.querySelector("select, .q-field__control");
    return control.getBoundingClientRect().top - label.getBoundingClientRect().bottom;
  });
}"""


@pytest.mark.parametrize(("width", "locale"), [(1440, "de-AT"), (390, "en-GB")])
@pytest.mark.parametrize("tab", ["sessions", "sharing"])
def test_labels_of_fields_and_lists_are_equally_far_from_them(
    served: Served, visit: Visit, tab: str, width: int, locale: str
) -> None:
    page = analytics(served, visit, answers(), f"?tab={tab}", width=width, locale=locale)
    expect(page.locator(".fields select").first).to_be_visible()
    distances = page.evaluate(LABEL_DISTANCES)
    assert len(distances) > 9
    assert max(distances) - min(distances) < 0.5


@pytest.mark.parametrize("locale", ["de-AT", "en-GB"])
def test_a_list_of_sessions_fits_a_laptop(served: Served, visit: Visit, locale: str) -> None:
    found = answers("www.a-referrer-with-a-long-name.example")
    for each in found["sessions"]["rows"]:
        each.update(device="desktop", client_session_id=SESSION)
    page = analytics(served, visit, found, "?tab=sessions", locale=locale)
    expect(page.get_by_test_id("sessions").locator("tbody tr")).to_have_count(14)
    over = "table => table.scrollWidth - table.closest('.scroll').clientWidth"
    assert page.get_by_test_id("sessions").evaluate(over) <= 0
