"""axe-core: nothing serious or critical on any screen, light and dark, desktop and phone."""

from typing import Any

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Page, expect

from tests.ui.configurator.test_configurator import open_house, option, total
from tests.ui.conftest import Served, Visit
from tests.ui.staff.service_sample import sample, service

pytestmark = pytest.mark.e2e
SCREENS = [(1440, 900, "light"), (390, 844, "dark")]


STILL = """() => !document.querySelector('[class*=-enter-active], [class*=-leave-active]')
    && document.getAnimations().every((each) => each.playState !== 'running')"""


def violations(page: Page) -> list[str]:
    """What axe finds once nothing on the page fades in or out any more."""
    page.wait_for_function(STILL)
    results: Any = Axe().run(page).response
    return [
        f"{violation['id']}: {node['html'][:120]} {node['failureSummary'][:200]}"
        for violation in results["violations"]
        if violation["impact"] in {"serious", "critical"}
        for node in violation["nodes"]
    ]


@pytest.mark.parametrize(("width", "height", "scheme"), SCREENS)
@pytest.mark.parametrize(
    "path",
    ["/", "/?lang=en", "/join", "/developers", "/developers?lang=en", "/spec", "/gibt-es-nicht"],
)
def test_public_pages(visit: Visit, path: str, width: int, height: int, scheme: str) -> None:
    page = visit(path, width=width, height=height, scheme=scheme)
    assert violations(page) == []


@pytest.mark.parametrize(("width", "height", "scheme"), SCREENS)
def test_configurator(served: Served, visit: Visit, width: int, height: int, scheme: str) -> None:
    house = served.house()
    page = open_house(visit, house, width=width, height=height, scheme=scheme)
    bert = open_house(visit, house, person="Bert Thaler")
    option(page, "nest", "nest160").click()
    total(page, "€ 313.100")
    option(page, "fenster", "aluminium").click()
    option(page, "pvanlage", "pv_panels").click()
    expect(page.locator(".stepper")).to_have_count(2)
    field = bert.locator("#category-pvanlage .stepper input")
    field.fill("16")
    field.press("Enter")
    expect(page.locator("#category-pvanlage .current")).to_contain_text("16")
    option(bert, "nest", "nest80").click()
    expect(page.locator(".notice.adjusted")).to_be_visible()
    assert violations(page) == []
    for sheet in ("Aufstellung", "Anfragen", "Einladen"):
        page.get_by_role("button", name=sheet, exact=True).click()
        expect(page.get_by_role("dialog")).to_be_visible()
        assert violations(page) == []
        page.keyboard.press("Escape")
        expect(page.get_by_role("dialog")).to_have_count(0)


@pytest.mark.parametrize(("width", "height", "scheme"), SCREENS)
def test_live_view(served: Served, visit: Visit, width: int, height: int, scheme: str) -> None:
    page = visit("/admin", admin=True, width=width, height=height, scheme=scheme)
    expect(page.locator(".status")).to_contain_text("verbunden")
    assert violations(page) == []
    live = served.world.live_frame()
    live["alerts"] = [{"kind": kind, "value": 2, "limit": 1} for kind in ("lag", "dead")]
    live["rooms"] = [{"code": "H1", "total_cents": 1, "people": ["Anna"], "version": 1}]
    entry = {"event_id": "axe", "event_type": "selection", "category": "nest", "session_id": "s"}
    for frame in (live, {"type": "activity", "entries": [entry]}):
        served.do(lambda frame=frame: served.world.show_admins(frame))  # type: ignore[misc]
    page.locator(".columns summary").click()
    expect(page.get_by_role("alert")).to_contain_text("Schwelle")
    assert violations(page) == []
    page.locator(".columns summary").click()
    page.locator('[data-event="axe"] .line-button').click()
    page.get_by_role("button", name="Sitzung verfolgen").click()
    expect(page.get_by_role("dialog")).to_contain_text("nicht erreichbar")
    assert violations(page) == []


@pytest.mark.parametrize(("width", "height", "scheme"), SCREENS)
def test_service_page(served: Served, visit: Visit, width: int, height: int, scheme: str) -> None:
    answers = sample("Ein Text, wie er kommen kann")
    page = service(
        served,
        visit,
        lambda _, path, __: (200, answers[path]),
        width=width,
        height=height,
        scheme=scheme,
    )
    page.get_by_test_id("letter").get_by_role("button").click()
    expect(page.get_by_test_id("payload")).to_be_visible()
    assert violations(page) == []
    page.get_by_test_id("drop").click()
    expect(page.get_by_role("button", name="Behalten")).to_be_focused()
    assert violations(page) == []
    page.keyboard.press("Escape")
    expect(page.locator(".q-dialog")).to_have_count(0)
    assert page.evaluate("document.documentElement.scrollWidth") == width
    for section in ("jobs", "ledger", "audit"):
        page.locator(f'.tabs a[href="#{section}"]').click()
        expect(page.locator("table.stack").first).to_be_visible()
        assert violations(page) == []
        assert page.evaluate("document.documentElement.scrollWidth") == width
    page.locator('.tabs a[href="#privacy"]').click()
    page.get_by_test_id("subject").fill("anna@haus.example")
    page.keyboard.press("Enter")
    expect(page.get_by_test_id("erase")).to_be_visible()
    assert violations(page) == []
