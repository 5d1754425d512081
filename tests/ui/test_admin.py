"""The live view in a real browser."""

from typing import Any

import pytest
from playwright.sync_api import expect

from tests.ui.conftest import Served, Visit

pytestmark = pytest.mark.e2e

PAYLOADS = [
    "<img src=x onerror=window.hacked=1>",
    "<script>window.hacked=1</script>",
    "{{constructor.constructor('window.hacked=1')()}}",
    "javascript:window.hacked=1",
    "\u202etxt.exe",
]


def entry(number: int, **fields: Any) -> dict[str, Any]:
    return {
        "event_id": f"e{number}",
        "session_id": "s1",
        "event_type": "click",
        "category": "nest",
        "received_at": "2026-11-23T10:00:00Z",
        **fields,
    }


def show(served: Served, *entries: dict[str, Any]) -> None:
    frame = {"type": "activity", "entries": list(entries), "skipped": 0}
    served.do(lambda: served.world.show_admins(frame))


@pytest.fixture
def page(served: Served, visit: Visit) -> Any:
    served.world.tracked.clear()
    opened = visit("/admin", admin=True)
    expect(opened.locator(".status")).to_contain_text("verbunden")
    return opened


def test_fields_of_strangers_are_text(served: Served, page: Any) -> None:
    for index, payload in enumerate(PAYLOADS):
        names = ("event_type", "category", "element_id", "selection_value", "session_id", "code")
        show(served, entry(index, **dict.fromkeys(names, payload)))
    live = served.world.live_frame()
    live["rooms"] = [{"code": PAYLOADS[0], "total_cents": 1, "people": PAYLOADS, "version": 1}]
    served.do(lambda: served.world.show_admins(live))
    expect(page.locator(".line")).to_have_count(len(PAYLOADS))
    for line in range(len(PAYLOADS)):
        page.locator(".line-button").nth(line).click()
    expect(page.locator(".houses tbody")).to_contain_text(PAYLOADS[0])
    assert page.evaluate("window.hacked") is None
    assert page.locator("img[src=x]").count() == 0
    assert page.locator('a[href^="javascript"]').count() == 0


def test_pausing_loses_nothing(served: Served, page: Any) -> None:
    show(served, entry(1))
    expect(page.locator(".line")).to_have_count(1)
    page.get_by_test_id("pause").click()
    show(served, *(entry(number) for number in range(2, 302)))
    expect(page.get_by_test_id("pause")).to_contain_text("300")
    expect(page.locator(".line")).to_have_count(1)
    page.get_by_test_id("pause").click()
    expect(page.locator(".kept")).to_contain_text("301")


def test_what_is_read_is_not_pushed(served: Served, page: Any) -> None:
    show(served, entry(1, selection_value="nest100"))
    page.locator(".line-button").first.click()
    expect(page.locator(".raw pre")).to_contain_text('"nest100"')
    before = page.locator('[data-event="e1"]').bounding_box()
    show(served, *(entry(number) for number in range(2, 30)))
    expect(page.locator(".floating")).to_contain_text("28")
    assert page.locator('[data-event="e1"]').bounding_box() == before
    page.locator(".floating").click()
    expect(page.locator(".line")).to_have_count(29)


def test_filters(served: Served, page: Any) -> None:
    show(
        served,
        entry(1, category="fenster", selection_value="fichte"),
        entry(2, event_type="selection", session_id="s2"),
        entry(3),
    )
    page.get_by_test_id("filter-text").fill("fichte")
    expect(page.locator(".line")).to_have_count(1)
    page.get_by_role("button", name="Filter leeren").click()
    page.get_by_label("Sitzung").select_option("s2")
    expect(page.locator(".line")).to_have_count(1)


def test_numbers_move_in_place_and_the_lag_is_always_there(served: Served, page: Any) -> None:
    live = served.world.live_frame()
    live |= {"online": 1234, "value_on_screens_cents": 26_429_000}
    served.do(lambda: served.world.show_admins(live))
    expect(page.get_by_test_id("number-online")).to_have_text("1.234")
    expect(page.get_by_test_id("number-value")).to_have_text("€\u00a0264.290")
    expect(page.get_by_test_id("lag")).to_contain_text("alles gespeichert")
    live["lag"] = {"events": 12, "seconds": 3.5}
    served.do(lambda: served.world.show_admins(live))
    expect(page.get_by_test_id("lag")).to_contain_text("12 Ereignisse, 3,5 s zurück")
    expect(page.get_by_test_id("lag")).to_contain_text("gespeichert bis")


def test_a_house_opens_read_only(served: Served, visit: Visit, page: Any) -> None:
    house = served.house()
    show(served, entry(1, code=house.code))
    page.locator(".line-button").first.click()
    with page.expect_popup() as popup:
        page.get_by_role("link", name="Haus ansehen").click()
    opened = popup.value
    expect(opened.locator(".notice.readonly")).to_contain_text("Als Admin")
