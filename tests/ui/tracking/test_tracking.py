"""The interactions of a visit, and that none is sent without consent."""

from typing import Any

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.support.waiting import eventually_blocking
from tests.ui.configurator.test_configurator import open_house, option, total
from tests.ui.conftest import Served, Visit

pytestmark = pytest.mark.e2e


def told(served: Served, category: str) -> list[dict[str, Any]]:
    return [
        e["interaction"] for e in served.world.tracked if e["interaction"]["category"] == category
    ]


@pytest.fixture(autouse=True)
def _nothing_told(served: Served) -> None:
    served.world.tracked.clear()
    served.world.visits.clear()


def settle(page: Page) -> None:
    page.wait_for_function(
        "!Object.keys(localStorage).some((key) => /^nest-track:/.test(key))", timeout=20_000
    )


def test_a_choice_is_told_with_its_price_and_version(served: Served, visit: Visit) -> None:
    house = served.house()
    page = open_house(visit, house, person="Track Person")
    other = open_house(visit, house, person="Second Person")
    served.world.track_answers[:] = [503]
    option(page, "nest", "nest100").click()
    total(page, "€ 206.300")
    total(other, "€ 206.300")
    eventually_blocking(lambda: len(told(served, "nest")) >= 3)
    settle(page)
    mine = {each["eventType"]: each for each in told(served, "nest")}
    assert list(mine)[:3] == ["click", "selection", "saved"]
    assert mine["selection"]["selectionValue"] == "nest100"
    assert mine["selection"]["previousValue"] == "nest80"
    assert mine["selection"]["deviceInfo"]["type"] == "desktop"
    assert mine["selection"]["totalCents"] == 20_630_000
    assert mine["selection"]["changeCents"] == 20_630_000 - 17_070_000
    assert mine["selection"]["version"] == 1

    def joined() -> list[dict[str, Any]]:
        return [e for e in served.world.tracked if e["interaction"]["eventType"] == "join"]

    eventually_blocking(lambda: len(joined()) >= 2, why="both tabs tell that they have joined")
    assert len(joined()) == 2
    assert len({entry["tab"] for entry in joined()}) == 2
    assert served.world.visits[-1]["language"] == "de-AT"


def test_leaving_tells_time_and_vitals(served: Served, visit: Visit) -> None:
    page = open_house(visit, served.house())
    option(page, "nest", "nest100").click()
    total(page, "€ 206.300")
    began = page.evaluate("performance.now()")
    page.wait_for_function("(began) => performance.now() > began + 600", arg=began)
    page.goto("about:blank")

    def vitals() -> dict[str, Any]:
        return {e["props"]["name"]: e["props"] for e in told(served, "page")}

    def spent_ms() -> list[int]:
        return [e["timeSpent"] for e in told(served, "nest") if e["eventType"] == "time_spent"]

    eventually_blocking(lambda: {"LCP", "CLS"} <= set(vitals()), why="the vitals are told")
    eventually_blocking(spent_ms, why="the time is told")
    assert all(v["rating"] in {"good", "needs-improvement", "poor"} for v in vitals().values())
    assert min(spent_ms()) >= 500


def test_a_script_that_fails_is_told_without_its_stack(served: Served, visit: Visit) -> None:
    page = open_house(visit, served.house())
    page.evaluate(
        "window.dispatchEvent(new ErrorEvent('error', { message: 'x is not a function' }))"
    )

    def failures() -> list[dict[str, Any]]:
        return [each for each in told(served, "page") if each["eventType"] == "error"]

    eventually_blocking(lambda: bool(failures()))
    assert [each["props"] for each in failures()] == [
        {"code": "script_failed", "message": "x is not a function"}
    ]


def test_nothing_is_told_or_kept_when_the_browser_refuses(
    served: Served, visit: Visit, browser: Browser
) -> None:
    context = browser.new_context(locale="de-AT")
    context.add_init_script(
        "Object.defineProperty(Navigator.prototype, 'globalPrivacyControl', { value: true })"
    )
    context.add_cookies([{"name": "person", "value": "Gpc", "url": served.url}])
    page = open_house(visit, served.house(), context=context)
    option(page, "nest", "nest100").click()
    total(page, "€ 206.300")
    expect(page.locator(".choices-foot")).to_contain_text("wie dein Browser es verlangt")
    page.goto("about:blank")
    page.goto(f"{served.url}/join")
    assert page.evaluate("[...Object.keys(localStorage)].filter((k) => /track/.test(k))") == []
    assert served.world.tracked == []
    context.close()


def test_the_answer_can_be_changed(served: Served, visit: Visit) -> None:
    page = open_house(visit, served.house())
    expect(page.locator(".consent")).to_have_count(0)
    link = page.get_by_test_id("consent")
    expect(link).to_have_text("Messung: an")
    link.click()
    expect(page.locator(".consent strong")).to_have_text("Wir zählen mit")
    expect(page.get_by_role("button", name="Weiter messen")).to_be_visible()
    page.get_by_role("button", name="Ohne Messung").click()
    expect(link).to_have_text("Messung: aus")
    link.click()
    expect(page.locator(".consent strong")).to_have_text("Dürfen wir mitzählen?")
    page.get_by_role("button", name="Ohne Messung").click()
    cookie = next(c for c in page.context.cookies() if c["name"] == "nest_consent")
    assert cookie["value"] == "none"
    served.world.tracked.clear()
    option(page, "nest", "nest100").click()
    total(page, "€ 206.300")
    page.goto("about:blank")
    assert [e for e in served.world.tracked if e["interaction"]["eventType"] == "selection"] == []


def test_the_page_of_the_house_reports_the_referrer(served: Served, visit: Visit) -> None:
    house = served.house()
    page = visit("/join", person="Gast")
    page.route("http://search.example/**", lambda route: route.fulfill(body="<a>x</a>"))
    page.goto("http://search.example/find?q=secret")
    page.evaluate("(to) => { location.href = to; }", f"{served.url}/")
    page.wait_for_url(f"{served.url}/")
    page.goto(f"{served.url}/c/{house.code}")
    expect(page.locator(".category")).to_have_count(8)
    eventually_blocking(lambda: any("referrer" in each for each in served.world.visits), 15)
    told_of = {each["referrer"] for each in served.world.visits if "referrer" in each}
    assert told_of == {"http://search.example/"}
