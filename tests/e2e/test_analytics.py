"""The analytics page, over a house that was edited in a browser."""

import csv
import io
import re

import pytest
from playwright.sync_api import Page, expect

from tests.e2e.conftest import Visitors
from tests.ui.test_accessibility import violations

pytestmark = pytest.mark.e2e

SOON_MS = 30_000
"""Other tests load the machine while eight figures are read."""


def test_figures_lists_and_a_replay_of_what_was_done(visitors: Visitors, admin: Page) -> None:
    anna = visitors.owner()
    anna.introduce("Anna Leitner")
    anna.choose("nest", "nest120")
    anna.choose("fussboden", "schiefer_massiv")
    expect(admin.locator(".line", has_text="Schiefer massiv").first).to_be_visible(timeout=SOON_MS)
    expect(admin.get_by_test_id("lag")).to_contain_text(re.compile("gespeichert"))

    admin.goto(admin.url.rstrip("/") + "/analytics")
    expect(admin.get_by_test_id("kpi-sessions")).to_have_text(re.compile("^[1-9]"), timeout=SOON_MS)
    expect(admin.locator(".chart svg")).to_have_count(3, timeout=SOON_MS)
    row = admin.get_by_test_id("sessions").locator("tbody tr", has_text=anna.code)
    expect(row).to_have_count(1)

    with admin.expect_download() as download:
        admin.locator('a[href*="/options?"]').click()
    table = list(csv.reader(io.StringIO(download.value.path().read_text("utf-8-sig"))))
    assert ["nest", "nest120"] in [line[:2] for line in table]

    assert violations(admin) == []
    row.get_by_role("button").click()
    price = admin.get_by_test_id("replay-price")
    expect(price).to_have_text("€\u00a0165.100", timeout=SOON_MS)
    assert violations(admin) == []
    forward = admin.get_by_test_id("replay-forward")
    while forward.is_enabled():
        forward.click()
    expect(price).not_to_have_text("€\u00a0165.100")
    expect(admin.locator(".player")).not_to_contain_text("weicht ab")
    admin.get_by_role("button", name="Schließen").click()
    expect(admin.locator(".player")).to_have_count(0)


def test_without_a_session_there_is_nothing(visitors: Visitors) -> None:
    anna = visitors.owner()
    page = visitors.stranger()
    answer = page.goto(re.sub(r"/c/.*", "/admin/analytics", anna.page.url))
    assert answer is not None
    assert answer.status == 401
    assert page.locator(".numbers").count() == 0
