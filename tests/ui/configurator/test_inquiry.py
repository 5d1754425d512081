"""An inquiry that is being written is not lost, is sent once, and leaves a trace."""

import json
import re
from uuid import UUID, uuid4

import pytest
from playwright.sync_api import Page, Route, expect

from configurator.protocol.codes import CODES
from tests.configurator.nest_haus import CATALOGUE
from tests.ui.configurator.test_configurator import open_house, option, status
from tests.ui.conftest import Served, Visit

pytestmark = pytest.mark.e2e

SEND = "Haus sichern und Anfrage senden"


def written(page: Page, message: str) -> None:
    expect(page.locator("#inquiry-name")).to_have_value("Anna Leitner")
    expect(page.locator("#inquiry-email")).to_have_value("anna@example.at")
    expect(page.locator("#inquiry-message")).to_have_value(message)


@pytest.mark.parametrize(
    ("locale", "words"),
    [
        ("de-AT", ("Anfragen", "Haus wurde geändert", "aus einer Sicherung wiederhergestellt")),
        ("en-GB", ("Inquire", "house was changed", "restored from a backup")),
    ],
)
def test_the_open_dialog_tells_that_its_house_is_another_now(
    served: Served, visit: Visit, locale: str, words: tuple[str, str, str]
) -> None:
    """The notices of the page lie behind it."""
    open_with, changed, restored = words
    house = served.house()
    page = open_house(visit, house, locale=locale, width=390, height=844)
    bert = open_house(visit, house, person="Bert Thaler")
    page.get_by_role("button", name=open_with).click()
    page.locator("#inquiry-name").fill("Anna Leitner")
    told = page.get_by_role("dialog").get_by_role("status").get_by_test_id("inquiry-changed")
    expect(told).to_have_count(0)
    option(bert, "nest", "nest120").click()
    expect(told).to_contain_text(changed)
    expect(told).to_contain_text("241.900" if locale == "de-AT" else "241,900")

    def restore() -> None:
        house.epoch = str(uuid4())
        house.log.clear()
        house.selection = CATALOGUE.defaults
        house.tell_position()

    served.do(restore)
    expect(told).to_contain_text(restored)
    expect(told).to_contain_text("170.700" if locale == "de-AT" else "170,700")
    expect(page.locator("#inquiry-name")).to_have_value("Anna Leitner")


def test_a_typed_inquiry_survives_and_is_sent_once(served: Served, visit: Visit) -> None:
    house = served.house()
    page = open_house(visit, house)
    page.get_by_role("button", name="Photovoltaik", exact=True).first.click()
    page.get_by_role("button", name="Anfragen").click()
    expect(page.locator("#inquiry-name")).to_be_focused()
    page.keyboard.type("Anna Leitner")
    page.locator("#inquiry-email").fill("anna@example.at")
    page.locator("#inquiry-message").fill("Wann?")
    page.keyboard.press("Escape")
    expect(page.locator(".sheet")).to_have_count(0)
    page.get_by_role("button", name="Anfragen").click()
    written(page, "Wann?")
    page.mouse.click(5, 5)
    expect(page.locator(".sheet")).to_have_count(0)
    page.get_by_role("button", name="Anfragen").click()
    page.locator("#inquiry-message").fill("Wann und wo?")

    page.reload()  # as the page itself does when the server was started again
    written(page, "Wann und wo?")
    expect(page.locator("#inquiry-name")).to_be_focused()
    views = page.locator('.views [aria-pressed="true"]')
    expect(views).to_have_text("Photovoltaik")
    other = open_house(visit, house, context=page.context)
    other.get_by_role("button", name="Anfragen").click()
    written(other, "Wann und wo?")

    def lose_the_answer(route: Route) -> None:
        if route.request.method != "POST":
            return route.fallback()
        named.append(json.loads(route.request.post_data or "")["session_id"])
        route.fetch()
        return route.abort()

    named: list[str] = []
    before = len(served.world.inquiries)
    page.route("**/inquiries", lose_the_answer)
    page.locator("#inquiry-consent").check()
    expect(page.locator(".form a")).to_have_attribute("href", "/privacy")
    page.get_by_role("button", name=SEND).click()
    expect(page.locator(".form .problem")).to_contain_text("doppelt kommt deine Anfrage nicht an")
    written(page, "Wann und wo?")
    assert [bool(UUID(each)) for each in named] == [True], "the visit that the inquiry completes"
    page.unroute("**/inquiries")
    page.get_by_role("button", name=SEND).click()
    reference = page.get_by_test_id("inquiry-reference").inner_text()
    assert len(served.world.inquiries) == before + 1
    assert page.evaluate("JSON.stringify(localStorage)").find("anna@") == -1

    page.get_by_role("button", name="Weiter planen").click()
    trace = page.get_by_test_id("inquiry-sent")
    expect(trace).to_contain_text(reference)
    expect(trace).to_contain_text(re.compile(r"am \d+\. \w+"))
    expect(trace).to_contain_text("Seither ist es unverändert")
    option(page, "nest", "nest120").click()
    status(page, "saved")
    page.reload()
    expect(trace).to_contain_text(reference)
    expect(trace).to_contain_text("was seither geändert wurde, ist nicht dabei")
    page.get_by_role("button", name="Anfragen").click()
    expect(page.locator(".sheet .sent")).to_contain_text(reference)
    expect(page.locator(".sheet")).to_contain_text("noch eine Anfrage")
    expect(page.locator("#inquiry-name")).to_have_value("")
    expect(other.locator("#inquiry-name")).to_have_value("")
    expect(other.locator(".sheet .sent")).to_contain_text(reference)


def test_a_small_phone_shows_that_an_inquiry_was_not_sent(served: Served, visit: Visit) -> None:
    page = open_house(visit, served.house(), width=320, height=640)
    page.get_by_role("button", name="Anfragen").click()
    page.locator("#inquiry-name").fill("Anna Leitner")
    page.locator("#inquiry-email").fill("anna@example.at")
    page.locator("#inquiry-consent").check()
    page.route("**/inquiries", lambda route: route.abort())
    page.get_by_role("button", name=SEND).click()
    expect(page.locator(".form .problem")).to_be_in_viewport(ratio=1)


def test_other_typed_texts_and_steps_survive_a_reload(served: Served, visit: Visit) -> None:
    house = served.house()
    page = open_house(visit, house)
    option(page, "pvanlage", "pv_panels").click()
    status(page, "saved")
    page.locator("button.people").click()
    page.locator("#own-name").fill("Anna aus Graz")
    page.keyboard.press("Escape")
    field = page.locator("#category-pvanlage .stepper input")
    field.fill("7")
    page.reload()
    expect(field).to_have_value("7")
    assert house.log[-1]["operation_kind"] == "select", "nothing was asked for that is not finished"
    field.focus()
    field.blur()
    expect(page.locator("#category-pvanlage .current")).to_contain_text("7 ")
    page.locator("button.people").click()
    expect(page.locator("#own-name")).to_have_value("Anna aus Graz")
    page.keyboard.press("Escape")
    # A step that is being gathered with others when the page goes is asked for all the same.
    page.evaluate(
        """() => {
            document.querySelector('#category-pvanlage .stepper button').click();
            location.reload();
        }"""
    )
    expect(page.locator("#category-pvanlage .current")).to_contain_text("6 ")
    status(page, "saved")


def fill(page: Page, opens: str = "Anfragen") -> None:
    page.get_by_role("button", name=opens).click()
    page.locator("#inquiry-name").fill("Anna Leitner")
    page.locator("#inquiry-email").fill("anna@example.at")
    page.locator("#inquiry-consent").check()


def test_only_the_price_that_was_seen_is_sent(served: Served, visit: Visit) -> None:
    """Somebody else changes the house while the press is under way."""
    house = served.house()
    page, peer = open_house(visit, house), open_house(visit, house, person="Bert Thaler")
    fill(page)
    expect(page.locator(".form")).to_contain_text("€ 170.700")
    before = len(served.world.inquiries)

    def hold(route: Route) -> None:
        if route.request.method != "POST":
            route.fallback()

    page.route("**/inquiries", hold)
    page.get_by_role("button", name=SEND).click()
    page.wait_for_function("document.querySelector('.form button[type=submit]').disabled")
    option(peer, "nest", "nest160").click()
    status(peer, "saved")
    page.unroute("**/inquiries")  # which lets a held request go on
    expect(page.locator(".form .problem")).to_contain_text("hat sich gerade geändert")
    expect(page.locator(".form")).to_contain_text("€ 313.100")
    assert len(served.world.inquiries) == before
    page.get_by_role("button", name=SEND).click()
    expect(page.locator(".confirmation")).to_contain_text("€ 313.100")


def test_a_choice_before_the_press_is_in_the_inquiry(served: Served, visit: Visit) -> None:
    house = served.house()
    page = open_house(visit, house)
    message = {"de": "Noch nicht gespeichert.", "en": "Not saved yet."}
    refusal = {"code": "not_saved", "message": message, "retryable": True, "retry_after_ms": 100}
    house.refuses["Anna Leitner"] = refusal
    option(page, "nest", "nest160").click()
    status(page, "retrying")
    fill(page)
    send = page.get_by_role("button", name=SEND)
    expect(send).to_be_disabled()
    expect(page.locator(".form .hint").first).to_contain_text("noch nicht gespeichert")
    house.refuses.clear()
    expect(send).to_be_enabled()
    send.click()
    expect(page.locator(".confirmation")).to_contain_text("€ 313.100")


def test_without_a_connection_no_change_is_reported(served: Served, visit: Visit) -> None:
    page = open_house(visit, served.house())
    fill(page)
    page.context.set_offline(True)
    hint = page.locator(".form .hint").first
    expect(hint).to_contain_text("ohne Verbindung")
    expect(hint).not_to_contain_text("gespeichert")
    expect(page.get_by_role("button", name=SEND)).to_be_enabled()


def test_while_the_store_is_away_the_dialog_says_what_to_do(served: Served, visit: Visit) -> None:
    """Nothing in it repeats the request, and what the server says of its store is for programs."""
    page = open_house(visit, served.house(), locale="en-GB")
    fill(page, "Inquire")
    text = CODES["not_saved"].text
    error = {"code": "not_saved", "message": {"de": text.de, "en": text.en}, "retryable": True}
    page.route("**/inquiries", lambda route: route.fulfill(status=503, json={"error": error}))
    send = page.locator(".form button[type=submit]")
    send.click()
    problem = page.locator(".form .problem")
    expect(problem).to_contain_text("Your details are kept: send them again in a moment")
    expect(problem).to_contain_text("will not arrive twice")
    page.unroute("**/inquiries")
    before = len(served.world.inquiries)
    send.click()
    expect(page.locator(".confirmation")).to_be_visible()
    assert len(served.world.inquiries) == before + 1
