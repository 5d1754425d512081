"""The configurator in a real browser, against a live configuration that speaks the real frames."""

import json
import re
from typing import Any

import httpx
import pytest
from playwright.sync_api import Page, expect

from tests.support.waiting import eventually_blocking
from tests.ui.conftest import Served, Visit
from tests.ui.double.product import House

pytestmark = pytest.mark.e2e


def open_house(visit: Visit, house: House, **how: Any) -> Page:
    before = len(house.tabs)
    page = visit(f"/c/{house.code}", **how)
    expect(page.locator(".category")).to_have_count(8)
    page.wait_for_function("window.did_handshake === true")
    eventually_blocking(lambda: len(house.tabs) > before, why="the tab has joined")
    return page


def option(page: Page, category: str, option_id: str) -> Any:
    return page.locator(f'#category-{category} [data-option="{option_id}"]')


def total(page: Page, text: str) -> None:
    expect(page.get_by_test_id("total").locator(".sr-only")).to_contain_text(text)


def status(page: Page, name: str) -> None:
    expect(page.get_by_test_id("status")).to_have_attribute("data-status", name)


def test_a_click_is_the_same_house_on_both_screens(served: Served, visit: Visit) -> None:
    house = served.house()
    anna = open_house(visit, house)
    bert = open_house(visit, house, person="Bert Thaler", width=390, height=844)
    total(anna, "€ 170.700")
    option(anna, "nest", "nest120").click()
    total(anna, "€ 241.900")
    total(bert, "€ 241.900")
    status(anna, "saved")
    expect(option(bert, "nest", "nest120")).to_have_attribute("aria-checked", "true")
    shown = bert.locator(".picture img.shown")
    expect(shown).to_have_attribute("src", re.compile(r"/preview/v2/exterior/nest120\."))
    expect(shown).to_have_attribute("alt", re.compile(r"Nest\.\s120 von außen"))
    expect(option(bert, "nest", "nest120").locator(".last-by")).to_contain_text("AL")
    expect(bert.get_by_test_id("announcement")).to_contain_text(
        "Größe: Anna Leitner hat Nest.\u00a0120 gewählt"
    )


def test_an_adjustment_is_shown_to_everybody(served: Served, visit: Visit) -> None:
    house = served.house()
    anna = open_house(visit, house)
    bert = open_house(visit, house, person="Bert Thaler")
    option(anna, "nest", "nest160").click()
    option(anna, "pvanlage", "pv_panels").click()
    field = anna.locator("#category-pvanlage .stepper input")
    field.fill("14")
    field.press("Enter")
    expect(anna.locator("#category-pvanlage .current")).to_contain_text("14")
    option(bert, "nest", "nest80").click()
    for page in (anna, bert):
        notice = page.locator("#category-pvanlage .notice.adjusted")
        expect(notice).to_contain_text("14 auf 8")
    expect(anna.locator("#category-pvanlage .notice")).to_contain_text("Bert Thaler")
    expect(anna.get_by_test_id("announcement")).to_contain_text("Photovoltaik: von 14 auf 8 Module")
    anna.get_by_role("button", name="Verstanden").click()
    expect(anna.locator(".notice.adjusted")).to_have_count(0)


def test_the_breakdown_sums_to_the_total(served: Served, visit: Visit) -> None:
    page = open_house(visit, served.house())
    page.get_by_role("button", name="Aufstellung").click()
    dialog = page.get_by_role("dialog")
    expect(dialog.get_by_test_id("breakdown-total")).to_have_text("€\u00a0170.700")
    amounts = dialog.locator("tbody td").all_inner_texts()
    euros = [int(re.sub(r"\D", "", text) or 0) for text in amounts]
    assert sum(euros) == 170_700
    page.keyboard.press("Escape")
    expect(dialog).to_have_count(0)
    expect(page.get_by_role("button", name="Aufstellung")).to_be_focused()


def test_not_saved_is_reported_and_repeated_with_the_same_op(served: Served, visit: Visit) -> None:
    """(CL3, CL4)"""
    house = served.house()
    page = open_house(visit, house)
    house.refuses["Anna Leitner"] = {
        "code": "not_saved",
        "message": {"de": "Noch nicht gespeichert.", "en": "Not saved yet."},
        "retryable": True,
        "retry_after_ms": 100,
    }
    option(page, "gebaeudehuelle", "trapezblech").click()
    status(page, "retrying")
    expect(page.get_by_test_id("status")).to_contain_text("nicht gespeichert, wird wiederholt")
    expect(option(page, "gebaeudehuelle", "trapezblech")).to_have_class(re.compile("pending"))
    eventually_blocking(lambda: len(house.refused) >= 2, why="it is asked for again")
    total(page, "€ 170.700")
    house.refuses.clear()
    total(page, "€ 161.100")
    status(page, "saved")
    assert {*house.refused} == {entry["op_id"] for entry in house.log}
    assert house.version == 1


def test_pending_changes_survive_a_reload(served: Served, visit: Visit) -> None:
    """(CL3)"""
    house = served.house()
    page = open_house(visit, house)
    refusal = {
        "code": "not_saved",
        "message": {"de": "…", "en": "…"},
        "retryable": True,
        "retry_after_ms": 60_000,
    }
    house.refuse_next = [refusal]
    option(page, "fussboden", "parkett").press("ArrowRight")
    status(page, "retrying")
    kept = page.evaluate(f"sessionStorage.getItem('nest-pending-{house.id}')")
    op_id = json.loads(kept)[0]["op_id"]
    page.reload()
    total(page, "€ 176.400")
    status(page, "saved")
    assert [entry["op_id"] for entry in house.log] == [op_id]


def test_ops_missed_offline_are_asked_for(served: Served, visit: Visit) -> None:
    """(CL2)"""
    house = served.house()
    anna = open_house(visit, house)
    bert = open_house(visit, house, person="Bert Thaler")
    status(anna, "saved")
    anna.evaluate("window.socket.disconnect()")
    status(anna, "offline")
    option(bert, "nest", "nest100").click()
    total(bert, "€ 206.300")
    option(anna, "innenverkleidung", "fichte").click()
    expect(anna.get_by_test_id("status")).to_contain_text("offline, noch nicht gespeichert: 1")
    total(anna, "€ 170.700")
    anna.evaluate("window.dispatchEvent(new Event('online'))")
    total(anna, "€ 207.800")
    total(bert, "€ 207.800")
    status(anna, "saved")


def test_a_gap_is_never_painted_over(served: Served, visit: Visit) -> None:
    """(CL1, CL2)"""
    house = served.house()
    anna = open_house(visit, house)
    bert = open_house(visit, house, person="Bert Thaler")
    status(anna, "saved")
    lost = next(tab for tab in house.tabs if tab.person.name == "Anna Leitner")
    lost.deaf = True
    option(bert, "nest", "nest100").click()
    total(bert, "€ 206.300")
    lost.deaf = False
    option(bert, "innenverkleidung", "fichte").click()
    total(anna, "€ 207.800")
    expect(anna.locator(".history li")).to_have_count(2)


def test_a_refusal_offers_the_way_out(served: Served, visit: Visit) -> None:
    house = served.house()
    page = open_house(visit, house)
    option(page, "pvanlage", "pv_panels").click()
    expect(page.locator("#category-pvanlage .stepper")).to_be_visible()
    operation = {"kind": "set_quantity", "category": "pvanlage", "quantity": 12}
    ask(page, operation)
    notice = page.locator("#category-pvanlage .notice.refused")
    expect(notice).to_contain_text("8")
    repairs = notice.locator(".repairs .button")
    expect(repairs.first).to_contain_text("€")
    repairs.first.click()
    expect(notice).to_have_count(0)
    status(page, "saved")


def ask(page: Page, operation: dict[str, Any]) -> None:
    """Ask for something that the controls would not let through, as a stale screen might."""
    page.evaluate(
        """(operation) => {
            const refs = Object.values(mounted_app.$refs);
            refs.find((ref) => ref.receiveFrame).actions.submit(operation);
        }""",
        operation,
    )


def test_reset_asks_first(served: Served, visit: Visit) -> None:
    house = served.house()
    page = open_house(visit, house)
    option(page, "nest", "nest120").click()
    total(page, "€ 241.900")
    page.get_by_role("button", name="Haus auf den Anfang zurücksetzen").click()
    page.get_by_role("button", name="Behalten").click()
    assert house.version == 1
    page.get_by_role("button", name="Haus auf den Anfang zurücksetzen").click()
    page.get_by_role("button", name="Haus zurücksetzen").click()
    total(page, "€ 170.700")


def test_an_inquiry_is_sent_and_confirmed(served: Served, visit: Visit) -> None:
    page = open_house(visit, served.house())
    page.get_by_role("button", name="Anfragen").click()
    page.get_by_role("button", name="Haus sichern und Anfrage senden").click()
    expect(page.locator("#inquiry-name")).to_be_focused()
    page.locator("#inquiry-name").fill("Anna <b>Leitner</b>")
    page.locator("#inquiry-email").fill("anna@example.at")
    page.locator("#inquiry-consent").check()
    page.get_by_role("button", name="Haus sichern und Anfrage senden").click()
    expect(page.get_by_test_id("inquiry-reference")).to_have_text(re.compile("N-2026-"))
    expect(page.locator(".confirmation .big")).to_contain_text("Anna <b>Leitner</b>")
    sent = served.world.inquiries[-1]
    assert sent["consent"] is True
    assert re.fullmatch(r"[0-9a-f]{8}-[0-9a-f]{4}-7.*", sent["inquiry_id"])


def test_the_invitation_can_be_taken_without_a_clipboard(served: Served, visit: Visit) -> None:
    page = open_house(visit, served.house())
    page.evaluate(
        "() => void (navigator.clipboard.writeText = () => Promise.reject(new Error('no')))"
    )
    page.get_by_role("button", name="Einladen").click()
    page.get_by_role("button", name="Link erstellen").click()
    link = page.locator("#invite-link")
    expect(link).to_have_value(re.compile(r"/join#0123456789abcdef"))
    expect(page.get_by_role("dialog")).to_contain_text("Der Link ist markiert")
    expect(link).to_be_focused()


def test_joining_by_the_link(served: Served, visit: Visit) -> None:
    served.world.house("HANG")
    page = visit("/join/#%3C0123456789abcdef0123456789abcdef%3E.%E0%A4%A", person=None)
    assert "/join/#" in page.url  # only the button redeems
    page.get_by_role("button", name="Haus öffnen").click()
    page.wait_for_url("**/c/HANG")
    expect(page.locator(".category")).to_have_count(8)
    page.go_back()
    assert "#" not in page.url
    page = visit("/join#falsch", person=None)
    expect(page.locator("h1")).to_have_text("In diesem Link fehlt ein Stück")
    expect(page.locator("#link-button")).to_be_hidden()
    assert page.url.endswith("#falsch")
    page.evaluate("location.hash = 'fedcba9876543210fedcba9876543210'")
    page.get_by_role("button", name="Haus öffnen").click()
    expect(page.locator("#link-text")).to_contain_text("gilt nicht mehr")
    expect(page.locator("h1")).to_have_text("Diese Einladung öffnet kein Haus")
    assert page.url.endswith("#fedcba9876543210fedcba9876543210")


def test_a_viewer_sees_and_cannot_change(served: Served, visit: Visit) -> None:
    house = served.house()
    served.world.roles["Zuschauer Eins"] = "viewer"
    page = open_house(visit, house, person="Zuschauer Eins")
    expect(page.locator(".notice.readonly")).to_contain_text("zum Ansehen geteilt")
    expect(page.get_by_role("button", name="Einladen")).to_have_count(0)
    option(page, "nest", "nest120").click(force=True)
    expect(option(page, "nest", "nest120")).to_have_attribute("aria-disabled", "true")
    assert house.version == 0


def test_a_guest_changes_the_house_and_speaks_for_nobody(served: Served, visit: Visit) -> None:
    """Invitations and inquiries are refused to guests, so the page does not offer them."""
    served.world.roles["Gast Eins"] = "editor"
    house = served.house()
    page = open_house(visit, house, person="Gast Eins")
    option(page, "nest", "nest120").click()
    total(page, "€ 241.900")
    expect(page.get_by_role("button", name="Einladen")).to_have_count(0)
    expect(page.get_by_role("button", name="Anfragen")).to_have_count(0)
    first = httpx.get(f"{served.url}/c/{house.code}", headers={"cookie": "person=Gast Eins"}).text
    assert "Anfragen" not in first.split('id="first"')[1].split("</footer>")[0]


def test_language_changes_in_place_and_is_remembered(served: Served, visit: Visit) -> None:
    page = open_house(visit, served.house())
    page.get_by_role("button", name="English").first.click()
    expect(page.get_by_role("button", name="Breakdown")).to_be_visible()
    expect(page.locator("html")).to_have_attribute("lang", "en")
    total(page, "€170,700")
    page.reload()
    expect(page.get_by_role("button", name="Breakdown")).to_be_visible()


@pytest.mark.parametrize(("width", "height"), [(1440, 900), (390, 844), (320, 640)])
def test_nothing_is_wider_than_the_screen(
    served: Served, visit: Visit, width: int, height: int
) -> None:
    page = open_house(visit, served.house(), width=width, height=height)
    wide = page.evaluate("document.documentElement.scrollWidth - window.innerWidth")
    assert wide <= 0
    bar = page.locator(".pricebar").bounding_box()
    assert bar is not None
    assert bar["y"] + bar["height"] <= height + 1
    right = page.locator(".pricebar .primary").bounding_box()
    assert right is not None
    assert right["x"] + right["width"] <= width


def test_targets_are_large_enough_on_a_phone(served: Served, visit: Visit) -> None:
    page = open_house(visit, served.house(), width=390, height=844)
    small = page.evaluate(
        """() => [...document.querySelectorAll('button, input, .button')]
            .filter((el) => el.offsetParent && !el.closest('.dev'))
            .map((el) => [el.outerHTML.slice(0, 60), el.getBoundingClientRect()])
            .filter(([, box]) => box.height < 43.5)
            .map(([text, box]) => `${text} ${box.height}`)"""
    )
    assert small == []


def test_a_name_is_text(served: Served, visit: Visit) -> None:
    house = served.house()
    anna = open_house(visit, house)
    evil = "<img src=x onerror=alert(1)>"
    mallory = open_house(visit, house, person="Mallory")
    anna.on("dialog", lambda dialog: pytest.fail(dialog.message))
    mallory.locator(".people").click()
    mallory.locator("#own-name").fill(evil)
    mallory.get_by_role("button", name="Namen sichern").click()
    option(mallory, "nest", "nest100").click()
    expect(anna.locator(".history li").first).to_contain_text(evil)
    anna.locator(".people").click()
    expect(anna.locator(".people-list")).to_contain_text(evil)
    assert anna.locator("img[src=x]").count() == 0


def test_somebody_who_left_is_not_shown(served: Served, visit: Visit) -> None:
    house = served.house()
    anna = open_house(visit, house)
    bert = open_house(visit, house, person="Bert Thaler")
    expect(anna.locator(".people .face")).to_have_count(2)
    bert.goto("about:blank")
    expect(anna.locator(".people .face")).to_have_count(1)


def test_the_drawer_shows_frames_and_exports(served: Served, visit: Visit) -> None:
    page = open_house(visit, served.house())
    option(page, "nest", "nest100").click()
    total(page, "€ 206.300")
    page.locator(".dev-toggle").click()
    expect(page.locator(".dev-body")).to_contain_text("= total")
    expect(page.locator(".dev-frames summary", has_text="outcome")).to_have_count(1)
    with page.expect_download() as download:
        page.get_by_role("button", name="Export session as JSON").click()
    exported = json.loads(download.value.path().read_text("utf-8"))
    assert exported["room"]["version"] == 1
    assert {frame["type"] for frame in exported["frames"]} >= {"join", "op", "ops", "outcome"}


def test_the_strip_on_a_phone_shows_which_floor_was_chosen(served: Served, visit: Visit) -> None:
    """Stones of the same price: only the picture tells them apart."""
    page = open_house(visit, served.house(), width=390, height=844)
    strips = []
    for stone in ("kalkstein_kanafar", "schiefer_massiv"):
        option(page, "fussboden", stone).click()
        expect(page.locator(f'.picture img.shown[src*="{stone}"]')).to_be_visible()
        expect(page.locator(".picture img")).to_have_count(1)
        strips.append(page.locator(".picture img").screenshot())
    assert strips[0] != strips[1]
