"""The live view in a real browser."""

import re
from functools import partial
from typing import Any

import pytest
from nicegui import Client
from playwright.sync_api import expect

from tests.support.waiting import eventually_blocking
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
    served.world.asked.clear()
    served.world.past.clear()
    opened = visit("/admin", admin=True)
    expect(opened.locator(".status")).to_contain_text("verbunden")
    return opened


def test_fields_of_strangers_are_text(served: Served, page: Any) -> None:
    for index, payload in enumerate(PAYLOADS):
        names = ("event_type", "category", "element_id", "selection_value", "session_id", "code")
        show(served, entry(index, **dict.fromkeys(names, payload)))
    live = served.world.live_frame()
    live["rooms"] = [
        {"code": p, "total_cents": 1, "people": PAYLOADS, "version": 1, "preview": p}
        for p in PAYLOADS
    ]
    live["processes"] = [dict.fromkeys(live["processes"][0], PAYLOADS[0])]
    system = {"id": "x", "at": "now", "kind": PAYLOADS[0], "subject": PAYLOADS[1]}
    served.do(lambda: served.world.show_admins({"type": "system", "entries": [system]}))
    served.do(lambda: served.world.show_admins(live))
    expect(page.locator(".line")).to_have_count(len(PAYLOADS) + 1)
    for line in range(len(PAYLOADS)):
        page.locator(".line-button").nth(line).click()
    expect(page.locator(".house").first).to_contain_text(PAYLOADS[0])
    assert page.evaluate("window.hacked") is None
    assert page.locator("img[src=x]").count() == 0
    assert page.locator('a[href^="javascript"]').count() == 0


def test_pausing_loses_nothing(served: Served, page: Any) -> None:
    show(served, entry(1))
    expect(page.locator(".line")).to_have_count(1)
    page.get_by_test_id("pause").click()
    eventually_blocking(lambda: served.world.asked)
    show(served, *(entry(number) for number in range(2, 302)))
    expect(page.get_by_test_id("pause")).to_contain_text("300")
    expect(page.locator(".line")).to_have_count(1)
    page.get_by_test_id("pause").click()
    expect(page.locator(".kept")).to_contain_text("301")
    assert [asked["type"] for asked in served.world.asked] == ["pause", "follow"]


def test_lines_that_are_being_read_do_not_move(served: Served, page: Any) -> None:
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
    page.locator(".filters").get_by_label("Sitzung").select_option("s2")
    expect(page.locator(".line")).to_have_count(1)


def test_numbers_move_in_place_and_the_lag_is_always_there(served: Served, page: Any) -> None:
    live = served.world.live_frame()
    live |= {"online": 1234, "value_on_screens_cents": 26_429_000}
    served.do(lambda: served.world.show_admins(live))
    expect(page.get_by_test_id("number-online")).to_have_text("1.234")
    expect(page.get_by_test_id("number-value")).to_have_text("€\u00a0264.290")
    expect(page.get_by_test_id("lag")).to_contain_text("0 warten")
    live["lag"] = {"events": 12, "seconds": 3.5}
    served.do(lambda: served.world.show_admins(live))
    expect(page.get_by_test_id("lag")).to_contain_text("12 warten, 3,5 s zurück")
    expect(page.get_by_test_id("lag")).to_contain_text("gespeichert bis")


def test_a_house_opens_read_only(served: Served, visit: Visit, page: Any) -> None:
    house = served.house()
    show(served, entry(1, code=house.code))
    page.locator(".line-button").first.click()
    with page.expect_popup() as popup:
        page.get_by_role("link", name="Haus ansehen").click()
    opened = popup.value
    expect(opened.locator(".notice.readonly")).to_contain_text("Als Admin")


def test_a_search_reaches_what_is_stored(served: Served, page: Any) -> None:
    show(served, entry(1))
    expect(page.locator(".line")).to_have_count(1)
    old = {"at": "2026-11-22T10:00:00Z", "category": "fenster", "selection_value": "fichte"}
    served.world.past.append(entry(0, **old))
    page.get_by_test_id("filter-text").fill("fichte")
    expect(page.locator(".line")).to_contain_text("Fichte")
    (asked,) = [asked for asked in served.world.asked if asked["type"] == "history"]
    wish = {"text": "fichte", "also": ["fichte"], "type": "", "category": "", "session": ""}
    assert asked["wish"] == wish
    assert asked["before"] == "2026-11-23T10:00:00.000Z"
    expect(page.locator(".older")).to_contain_text("Nichts Älteres")


def test_columns_are_picked_and_stay(served: Served, page: Any) -> None:
    show(served, entry(1, version=7, change_cents=-95_000))
    expect(page.locator(".line .price")).to_contain_text("− €\u00a0950".replace(" ", "\u00a0"))
    expect(page.locator(".line .version")).to_have_count(0)
    page.locator(".columns summary").click()
    page.get_by_label("Stand").check()
    page.get_by_label("Preisänderung").uncheck()
    expect(page.locator(".line .version")).to_have_text("7")
    page.reload()
    expect(page.locator(".status")).to_contain_text("verbunden")
    show(served, entry(1, version=7))
    expect(page.locator(".line .version")).to_have_text("7")
    expect(page.locator(".line .price")).to_have_count(0)


def test_a_session_is_followed_from_its_beginning(served: Served, page: Any) -> None:
    stored = {
        "id": "e1",
        "eventType": "join",
        "category": "room",
        "timestamp": "2026-11-23T09:59:00Z",
    }
    body = {"success": True, "data": {"interactionCount": 3, "interactions": [stored]}}
    page.route("**/api/admin/sessions/*/timeline", lambda route: route.fulfill(json=body))
    show(served, entry(2))
    page.locator(".line-button").first.click()
    page.get_by_role("button", name="Sitzung verfolgen").click()
    drawer = page.get_by_role("dialog")
    expect(drawer.locator("li")).to_have_count(1)
    expect(drawer).to_contain_text("3 Ereignisse")
    show(served, entry(4, session_id="another"), entry(5, event_type="inquiry"))
    expect(drawer.locator("li")).to_have_count(2)
    expect(drawer.locator("li").last).to_contain_text("Anfrage")
    page.keyboard.press("Escape")
    expect(drawer).to_have_count(0)


def test_more_than_a_screen_can_show_is_counted(served: Served, page: Any) -> None:
    frames = [[entry(n) for n in range(begin, begin + 500)] for begin in range(0, 5000, 500)]

    def flood() -> None:
        for entries in frames:
            frame = {"type": "activity", "entries": entries, "skipped": 0}
            served.world.show_admins(frame)

    page.evaluate("window.requestAnimationFrame = (draw) => { window.draw = draw; return 1; }")
    client = Client.instances[page.evaluate("window.clientId")]
    served.do(flood)
    served.do(lambda: client.run_javascript("window.flooded = true"))
    page.wait_for_function("window.flooded", polling=50)
    page.evaluate("window.draw()")
    expect(page.get_by_test_id("skipped")).to_contain_text("2.000 Ereignisse")


def test_a_threshold_is_a_banner_and_the_system_is_on_the_time_line(
    served: Served, page: Any
) -> None:
    live = served.world.live_frame()
    live["alerts"] = [{"kind": "dead", "value": 3, "limit": 0}]
    served.do(lambda: served.world.show_admins(live))
    expect(page.get_by_role("alert")).to_contain_text("nicht speichern lassen: 3 (Schwelle 0)")
    gone = {
        "id": "system-1",
        "at": "2026-11-23T10:00:00Z",
        "kind": "process_gone",
        "subject": "two",
    }
    served.do(lambda: served.world.show_admins({"type": "system", "entries": [gone]}))
    expect(page.locator(".line.system")).to_contain_text("Prozess two ist weg")
    at = "2026-11-23T10:00:01Z"
    entries = [
        {"kind": "job_done", "subject": "make partitions", "detail": {"made": 3, "days": {}}},
        {"kind": "job_failed", "subject": "new job", "detail": {"reason": "interrupted"}},
        {
            "kind": "worker_stopped",
            "subject": "worker-1",
            "detail": {"unreadable": 101, "of_last": 500},
        },
    ]
    for number, each in enumerate(entries):
        frame = {"type": "system", "entries": [{"id": f"job-{number}", "at": at, **each}]}
        served.do(lambda frame=frame: served.world.show_admins(frame))  # type: ignore[misc]
    lines = page.locator(".line.system")
    expect(lines.nth(2)).to_contain_text("Tage anlegen: 3 Tage angelegt")
    expect(lines.nth(1)).to_contain_text("Nicht geschafft: new job, mittendrin unterbrochen")
    expect(lines.nth(0)).to_contain_text("worker-1 hat angehalten: 101 der letzten 500")


@pytest.mark.parametrize(("width", "height"), [(1440, 900), (390, 844)])
def test_the_status_says_which_store_is_away_until_it_is_back(
    served: Served, page: Any, width: int, height: int
) -> None:
    """A picture that other processes and the counts are missing from is not called whole."""
    status = page.locator(".status")
    live = served.world.live_frame()
    page.set_viewport_size({"width": width, "height": height})
    alert = page.get_by_role("alert")
    numbers, head = page.locator(".numbers"), page.locator(".topbar")
    before = [each.bounding_box() for each in (numbers, head)]
    for away, said, not_said, incomplete in (
        (["redis"], "Redis antwortet nicht", "PostgreSQL", "nicht: Die Zahlen zu Menschen"),
        (["postgresql", "redis"], "Redis antwortet nicht", "verbunden", "nicht: Sitzungen"),
        (["postgresql"], "PostgreSQL antwortet nicht", "Redis", "nicht: Sitzungen"),
        ([], "verbunden", "antwortet nicht", ""),
        (["<b>x</b>", 1], "verbunden", "x", ""),
    ):
        served.do(partial(served.world.show_admins, {**live, "away": away}))
        expect(status).to_contain_text(said)
        expect(status).not_to_contain_text(not_said)
        expect(alert).to_contain_text(incomplete)
        where = [each.bounding_box() for each in (numbers, head)]
        assert where == before, "nothing that is being read moves"
        inside = "document.documentElement.scrollWidth <= innerWidth"
        assert page.evaluate(inside), "nothing sticks out"


def test_an_event_about_a_store_has_the_name_of_the_store(served: Served, page: Any) -> None:
    for number, store in enumerate(("postgresql", "redis")):
        event = {"at": "2026-11-23T10:00:00Z", "kind": "store_away", "subject": store}
        frame = {"type": "system", "entries": [{"id": f"store-{number}", **event}]}
        served.do(partial(served.world.show_admins, frame))
    lines = page.locator(".line.system")
    for name in ("PostgreSQL", "Redis"):
        expect(lines.filter(has_text=re.compile(f"{name} antwortet nicht"))).to_have_count(1)


def test_one_of_a_thing_is_named_in_the_singular(served: Served, page: Any) -> None:
    live = served.world.live_frame()
    live["processes"] = [{**live["processes"][0], "rooms": 1, "connections": 1}]
    served.do(partial(served.world.show_admins, {**live, "room_count": 1}))
    expect(page.locator(".numbers .rooms")).to_contain_text("1offenes Haus")
    process = page.locator(".processes li")
    expect(process).to_contain_text("1Haus")
    expect(process).to_contain_text("1Verbindung")
    live["processes"][0].update(rooms=2, connections=2)
    served.do(partial(served.world.show_admins, {**live, "room_count": 2}))
    expect(page.locator(".numbers .rooms")).to_contain_text("2offene Häuser")
    expect(process).to_contain_text("2Häuser")
    expect(process).to_contain_text("2Verbindungen")


def test_a_picture_that_does_not_load_says_so_and_comes_back(served: Served, page: Any) -> None:
    page.route("**/preview/**", lambda route: route.abort())
    previews: Any = served.world.house("PICTURE").derived().previews
    room = {"code": "H1", "total_cents": 1, "people": ["Anna"], "version": 1}
    room["preview"] = previews["exterior"]
    served.do(partial(served.world.show_admins, {**served.world.live_frame(), "rooms": [room]}))
    picture = page.locator(".house-picture")
    expect(picture).to_contain_text("Das Bild lädt gerade nicht")
    expect(picture.locator("img")).to_have_count(0)
    page.unroute("**/preview/**")
    expect(picture).not_to_contain_text("Bild", timeout=15_000)
    page.wait_for_function("document.querySelector('.house-picture img')?.naturalWidth > 0")
