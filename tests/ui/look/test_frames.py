"""The page with the frames of a busy or strict server (CL1, CL2, CL3, CL5, SN4)."""

import re
from typing import Any

import pytest
from playwright.sync_api import Page, expect

from tests.configurator.nest_haus import CATALOGUE
from tests.support.waiting import eventually_blocking
from tests.ui.configurator.test_configurator import open_house, option, status, total
from tests.ui.conftest import Served, Visit
from tests.ui.double.product import House, Tab

pytestmark = pytest.mark.e2e


def tab_of(house: House, name: str = "Anna Leitner") -> Tab:
    return next(tab for tab in house.tabs if tab.person.name == name)


def has_sent(page: Page, kind: str, times: int) -> None:
    """The page has sent as many messages of this type; the drawer counts every frame."""
    page.locator(".dev-toggle").click()
    frames = page.locator(".dev-frames summary", has_text=re.compile(f"→ {kind} "))
    expect(frames).to_have_count(times)
    page.locator(".dev-toggle").click()


def test_several_ops_of_one_flush_are_all_told(served: Served, visit: Visit) -> None:
    house = served.house()
    anna = open_house(visit, house)
    bert = open_house(visit, house, person="Bert Thaler")
    status(anna, "saved")
    served.do(lambda: setattr(house, "held", []))
    option(bert, "nest", "nest100").click()
    option(bert, "innenverkleidung", "fichte").click()
    option(bert, "fussboden", "schiefer_massiv").click()
    eventually_blocking(lambda: len(house.heard) >= 3)
    served.do(house.flush)
    expected = house.total_cents()
    for page in (anna, bert):
        shown = page.get_by_test_id("total")
        expect(shown).to_have_attribute("data-cents", str(expected))
        expect(page.locator(".history li")).to_have_count(3)
        status(page, "saved")
    expect(anna.get_by_test_id("announcement")).to_contain_text("Schiefer massiv")
    has_sent(anna, "join", 1)


def test_a_position_that_is_newer_is_caught_up_with(served: Served, visit: Visit) -> None:
    house = served.house()
    anna = open_house(visit, house)
    bert = open_house(visit, house, person="Bert Thaler")
    status(anna, "saved")
    lost = tab_of(house)
    lost.deaf = True
    option(bert, "nest", "nest100").click()
    total(bert, "€ 206.300")
    lost.deaf = False
    served.do(house.tell_position)
    total(anna, "€ 206.300")
    expect(anna.locator(".history li")).to_have_count(1)
    served.do(house.tell_position)
    option(bert, "nest", "nest120").click()
    total(anna, "€ 241.900")
    has_sent(anna, "join", 2)


def test_another_epoch_is_taken_as_a_whole(served: Served, visit: Visit) -> None:
    house = served.house()
    anna = open_house(visit, house)
    option(anna, "nest", "nest120").click()
    total(anna, "€ 241.900")

    def restore() -> None:
        house.epoch = "0195ffff-0000-7000-8000-000000000000"
        house.log.clear()
        house.selection = CATALOGUE.defaults
        house.tell_position()

    served.do(restore)
    total(anna, "€ 170.700")


def test_a_page_that_asks_too_much_waits_and_loses_nothing(served: Served, visit: Visit) -> None:
    house = served.house()
    page = open_house(visit, house)
    house.refuses["Anna Leitner"] = {
        "code": "too_many_requests",
        "message": {"de": "Das war zu viel auf einmal.", "en": "Too much at once."},
        "retryable": True,
        "retry_after_ms": 100,
    }
    option(page, "nest", "nest100").click()
    status(page, "retrying")
    option(page, "nest", "nest120").click()
    expect(option(page, "nest", "nest120")).to_have_class(re.compile("pending"))
    house.refuses.clear()
    total(page, "€ 241.900")
    status(page, "saved")
    kinds = [frame["changes"][0]["after"]["option"] for frame in house.log]
    assert kinds == ["nest100", "nest120"]
    assert {*house.refused} == {house.log[0]["op_id"]}


def test_only_some_of_many_are_listed(served: Served, visit: Visit) -> None:
    house = served.house()
    house.strangers = 12
    page = open_house(visit, house)
    expect(page.locator(".people .face")).to_have_text(["AL", "+12"])
    expect(page.locator(".people")).to_have_accessible_name(re.compile("13 hier: .*12 weitere"))
    page.locator(".people").click()
    expect(page.locator(".people-list li")).to_have_count(2)
    expect(page.locator(".people-list")).to_contain_text("12 weitere")


def test_another_role_is_shown_at_once(served: Served, visit: Visit) -> None:
    house = served.house()
    page = open_house(visit, house)
    option(page, "nest", "nest100").click()
    total(page, "€ 206.300")

    def assign(role: str) -> None:
        tab_of(house).role = role
        house.tell_presence()

    served.do(lambda: assign("viewer"))
    expect(page.locator(".notice.readonly")).to_be_visible()
    expect(page.get_by_test_id("undo")).to_have_count(0)
    served.do(lambda: assign("editor"))
    expect(page.get_by_test_id("undo")).to_be_visible()


def test_the_end_of_access_is_reported_and_nothing_is_forgotten(
    served: Served, visit: Visit
) -> None:
    house = served.house()
    page = open_house(visit, house)
    option(page, "nest", "nest100").click()
    total(page, "€ 206.300")
    refusal: dict[str, Any] = {
        "code": "not_saved",
        "message": {"de": "…", "en": "…"},
        "retryable": True,
        "retry_after_ms": 60_000,
    }
    house.refuse_next = [refusal]
    option(page, "fenster", "aluminium").click()
    status(page, "retrying")
    served.do(tab_of(house).revoke)
    ended = page.get_by_test_id("ended")
    expect(ended).to_contain_text("Dein Zugang zu diesem Haus wurde beendet")
    expect(ended).to_contain_text("Fenster: Aluminium")
    status(page, "gone")
    expect(page.get_by_test_id("status")).to_contain_text("nicht gespeichert: 1")
    total(page, "€ 206.300")
    expect(page.get_by_test_id("undo")).to_have_count(0)
    option(page, "nest", "nest120").click(force=True)
    assert house.version == 1
    page.get_by_role("button", name="Noch einmal versuchen").click()
    expect(ended).to_have_count(0)
    status(page, "saved")
    assert house.version == 2
