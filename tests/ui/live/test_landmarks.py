"""The landmarks of live pages."""

import pytest
from playwright.sync_api import expect

from tests.ui.conftest import Served, Visit

pytestmark = pytest.mark.e2e


@pytest.mark.parametrize(
    "path", ["/admin", "/admin/analytics", "/admin/service", "/dashboard", "/c/{house}"]
)
def test_a_page_has_one_main_part(served: Served, visit: Visit, path: str) -> None:
    page = visit(path.format(house=served.house().code), admin=path.startswith("/admin"))
    expect(page.locator(".nicegui-content main")).to_be_visible()
    expect(page.locator("main")).to_have_count(1)
