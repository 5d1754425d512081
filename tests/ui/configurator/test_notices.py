"""Notices on a phone, where most of the page is out of sight: toasts, and the live region."""

from uuid import uuid4

import pytest
from playwright.sync_api import Page, expect

from configurator.protocol.codes import CODES
from tests.ui.configurator.test_configurator import open_house, option, status
from tests.ui.conftest import Served, Visit

pytestmark = pytest.mark.e2e
PHONE = {"width": 390, "height": 844}
UNCOVERED = """(notice) => {
  const box = notice.getBoundingClientRect();
  return [box.top + 4, box.bottom - 4].every((y) => notice.contains(document.elementFromPoint(box.left + 30, y)));
}"""


def uncovered(page: Page, selector: str) -> None:
    """Wait until nothing is in front of it: the bar and the question tell their height a frame later."""
    page.wait_for_function(f"({UNCOVERED})(document.querySelector({selector!r}))")


def refuse(page: Page, quantity: str, top: int) -> None:
    """Type a number that does not fit, with the stepper so far from the top of the screen."""
    field = page.locator("#category-pvanlage .stepper input")
    field.evaluate("(e, top) => scrollBy(0, e.getBoundingClientRect().top - top)", top)
    field.fill(quantity)
    field.press("Enter")


def test_a_refusal_is_seen_wherever_the_stepper_stands(served: Served, visit: Visit) -> None:
    page = open_house(visit, served.house(), **PHONE)
    option(page, "pvanlage", "pv_panels").click()
    expect(page.locator("#category-pvanlage .stepper")).to_be_visible()
    toast, notice = page.locator(".toast.own"), page.locator("#category-pvanlage .notice.refused")
    seen = (
        f"""() => [...document.querySelectorAll('.toast.own, .notice.refused')].some({UNCOVERED})"""
    )
    for quantity, top in (("97", 700), ("99", 420), ("98", 240)):
        refuse(page, quantity, top)
        expect(notice).to_contain_text(f"gewünscht: {quantity}")
        page.wait_for_function(seen)
    expect(toast).to_contain_text("Das passt so nicht zusammen")
    expect(toast).to_contain_text("höchstens 8 Module, gewünscht: 98. Nimm höchstens 8")
    expect(page.get_by_test_id("announcement")).to_contain_text("gewünscht: 98")
    toast.get_by_role("button", name="Ansehen").click()
    expect(toast).to_have_count(0)
    uncovered(page, ".notice.refused")
    notice.get_by_role("button", name="So lassen").click()
    expect(option(page, "pvanlage", "pv_panels")).to_be_focused()


@pytest.mark.parametrize(("width", "height"), [(320, 640), (390, 844), (700, 800)])
def test_notices_stand_above_the_question_for_consent(
    served: Served, visit: Visit, width: int, height: int
) -> None:
    house = served.house()
    anna = open_house(visit, house)
    bert = open_house(visit, house, person="Bert Thaler", width=width, height=height)
    bert.get_by_test_id("consent").click()
    question, news = bert.locator(".consent"), bert.locator(".toast.news")
    option(anna, "planungspaket", "pro").click()
    expect(news).to_be_visible()
    uncovered(bert, ".toast.news")
    uncovered(bert, ".consent")
    bert.set_viewport_size({"width": 320, "height": 256})
    expect(question).to_have_css("position", "static")
    bert.set_viewport_size({"width": width, "height": height})
    question.get_by_role("button", name="Ohne Messung").click()
    expect(question).to_have_count(0)
    room = "innerHeight - document.querySelector('.toasts').getBoundingClientRect().bottom"
    bar = "document.querySelector('.pricebar').offsetHeight"
    bert.wait_for_function(f"{room} - {bar} < 20")  # the bar tells its height a frame later


def test_a_choice_that_changes_nothing_is_not_shown_to_others(served: Served, visit: Visit) -> None:
    house = served.house()
    anna = open_house(visit, house)
    bert = open_house(visit, house, person="Bert Thaler", width=390, height=844)
    option(anna, "planungspaket", "pro").click()
    expect(bert.locator(".toast.news")).to_have_count(1)
    bert.locator(".toast.news").get_by_role("button", name="Schließen").click()
    tab = next(each for each in house.tabs if each.person.name == "Anna Leitner")
    operation = {"kind": "select", "category": "planungspaket", "option": "pro"}
    message = {"op_id": str(uuid4()), "operation": operation}
    served.do(lambda: house.op(tab, message))
    option(anna, "nest", "nest120").click()
    expect(bert.locator(".toast.news")).to_have_count(1)
    expect(bert.get_by_test_id("announcement")).to_contain_text("Größe")
    bert.locator(".people").click()
    changes = bert.locator(".sheet .history li")
    expect(changes).to_have_count(2)
    expect(changes.filter(has_text="noch einmal")).to_have_count(0)


def test_a_question_that_was_answered_in_one_tab_is_answered_in_every_one(
    served: Served, visit: Visit
) -> None:
    house = served.house()
    one = open_house(visit, house)
    two = open_house(visit, house, context=one.context)
    for tab in (one, two):
        tab.get_by_test_id("consent").click()
        expect(tab.locator(".consent")).to_be_visible()
    one.locator(".consent").get_by_role("button", name="Ohne Messung").click()
    for tab in (one, two):
        expect(tab.locator(".consent")).to_have_count(0)
    expect(two.get_by_test_id("consent")).to_have_text(one.get_by_test_id("consent").inner_text())


def test_a_guest_is_not_told_of_an_invitation_that_they_cannot_make(
    served: Served, visit: Visit
) -> None:
    house = served.house()
    served.world.roles["Gast Fichte"] = "editor"
    guest = open_house(visit, house, person="Gast Fichte")
    expect(guest.get_by_test_id("history").first).to_contain_text("Jede Änderung erscheint hier")
    owner = open_house(visit, house)
    expect(owner.get_by_test_id("history").first).to_contain_text("deinen Einladungslink")


@pytest.mark.parametrize("path", ["/c/BAR", "/admin", "/admin/analytics", "/admin/service"])
def test_no_page_shows_the_loading_bar_of_a_library(
    served: Served, visit: Visit, path: str
) -> None:
    """A page socket that fell back to polling moves it as long as it polls."""
    served.world.house("BAR")
    page = visit(path, admin=path.startswith("/admin"))
    shown = """() => {
        const bar = document.body.appendChild(document.createElement("div"));
        bar.className = "q-loading-bar";
        return getComputedStyle(bar).display;
    }"""
    assert page.evaluate(shown) == "none"


def test_toasts_leave_a_low_phone_its_choices(served: Served, visit: Visit) -> None:
    """Two of them covered all that can be chosen; the next one shows when the first is closed."""
    house = served.house()
    anna = open_house(visit, house, width=320, height=640)
    bert = open_house(visit, house, person="Bert Thaler")
    option(anna, "fussboden", "schiefer_massiv").click()
    expect(option(bert, "fussboden", "schiefer_massiv")).to_have_attribute("aria-checked", "true")
    option(bert, "fussboden", "parkett").click()
    expect(anna.locator(".toast.over")).to_be_visible()
    option(bert, "planungspaket", "pro").click()
    expect(anna.locator(".toast")).to_have_count(2)
    shown = anna.locator(".toast").filter(visible=True)
    expect(shown).to_have_count(1)
    expect(shown).to_contain_text("Planung Pro")
    shown.get_by_role("button", name="Schließen").click()
    expect(shown).to_contain_text("hat deine Wahl geändert")


@pytest.mark.parametrize("height", [640, 900])
def test_every_choice_that_somebody_overwrites_is_told(
    served: Served, visit: Visit, height: int
) -> None:
    house = served.house()
    anna = open_house(visit, house, width=390, height=height)
    bert = open_house(visit, house, person="Bert Thaler")
    for category, chosen in (("gebaeudehuelle", "fassadenplatten_weiss"), ("planungspaket", "pro")):
        option(anna, category, chosen).click()
        expect(option(bert, category, chosen)).to_have_attribute("aria-checked", "true")
    option(bert, "gebaeudehuelle", "trapezblech").click()
    option(bert, "planungspaket", "basis").click()
    over = anna.locator(".toast.over")
    expect(over).to_have_count(2)
    shown = over.filter(visible=True)
    expect(shown).to_have_count(1 if height < 800 else 2)
    expect(shown.last).to_contain_text("Planungspaket: jetzt Planung Basis, vorher Planung Pro")
    shown.last.get_by_role("button", name="Schließen").click()
    expect(shown).to_have_count(1)
    expect(shown).to_contain_text("jetzt Trapezblech, vorher Fassadenplatten weiß")

    # Once more: told as it is now, beside what was chosen here; put back as it was, it is not lost.
    option(bert, "gebaeudehuelle", "holzlattung").click()
    expect(shown).to_contain_text("jetzt Holzlattung Lärche Natur, vorher Fassadenplatten weiß")
    expect(over).to_have_count(1)
    option(bert, "gebaeudehuelle", "fassadenplatten_weiss").click()
    expect(over).to_have_count(0)


def test_a_toast_goes_when_what_it_says_no_longer_holds(served: Served, visit: Visit) -> None:
    """Anna chose without a connection; her choice came after Bert's."""
    house = served.house()
    anna = open_house(visit, house, **PHONE)
    bert = open_house(visit, house, person="Bert Thaler")
    house.refuses["Anna Leitner"] = {
        "code": "too_many_requests",
        "retryable": True,
        "message": {"de": "", "en": ""},
        "retry_after_ms": 100,
    }
    option(anna, "gebaeudehuelle", "trapezblech").click()
    status(anna, "retrying")
    option(bert, "gebaeudehuelle", "fassadenplatten_weiss").click()
    news = anna.locator(".toast.news")
    expect(news).to_contain_text("Bert Thaler hat Fassadenplatten weiß")
    news.get_by_role("button", name="Schließen").focus()  # so it does not go by itself
    house.refuses.clear()
    expect(option(bert, "gebaeudehuelle", "trapezblech")).to_have_attribute("aria-checked", "true")
    expect(news).to_have_count(0)
    expect(anna.locator(".toast.own")).to_contain_text(
        "Deine Wahl gilt, sie kam nach der von Bert Thaler"
    )
    expect(anna.locator(".toast.own")).to_contain_text(
        "jetzt Trapezblech, vorher Fassadenplatten weiß"
    )
    expect(bert.locator(".toast.over")).to_contain_text("vorher Fassadenplatten weiß")
    option(bert, "gebaeudehuelle", "fassadenplatten_weiss").click()
    expect(bert.locator(".toast.over")).to_have_count(0)


def test_changes_of_others_are_shown_with_their_price(served: Served, visit: Visit) -> None:
    house = served.house()
    anna = open_house(visit, house)
    bert = open_house(visit, house, person="Bert Thaler", **PHONE)
    option(anna, "planungspaket", "pro").click()
    news = bert.locator(".toast.news")
    expect(news).to_contain_text("Planungspaket: Anna Leitner hat Planung Pro gewählt")
    expect(news).to_contain_text("+\u00a0€\u00a018.900")
    uncovered(bert, ".toast.news")
    option(anna, "nest", "nest100").click()
    expect(news).to_contain_text("Größe: Anna Leitner hat Nest.\u00a0100 gewählt")
    expect(news).to_contain_text("2 Änderungen zusammen: +\u00a0€\u00a054.500")
    expect(anna.locator(".toast")).to_have_count(0)

    option(bert, "fussboden", "schiefer_massiv").click()
    expect(option(anna, "fussboden", "schiefer_massiv")).to_have_attribute("aria-checked", "true")
    expect(anna.locator(".history li").first).to_contain_text("Bert Thaler")
    expect(anna.locator(".toast")).to_have_count(0)
    option(anna, "fussboden", "parkett").click()
    over = bert.locator(".toast.over")
    expect(over).to_contain_text("Anna Leitner hat deine Wahl geändert")
    expect(over).to_contain_text("Fußboden: jetzt Parkett Eiche, vorher Schiefer massiv")
    expect(bert.get_by_test_id("announcement")).to_contain_text("deine Wahl geändert")
    assert (
        bert.locator(
            "[aria-live]:not(.sr-only), .toasts [role='status'], .toasts [role='alert']"
        ).count()
        == 0
    )

    bert.locator(".people").click()
    changes = bert.get_by_role("dialog").locator(".history li")
    expect(changes).to_have_count(4)
    expect(changes.last).to_contain_text("+\u00a0€\u00a018.900")


def test_a_viewer_who_taps_is_told_where_the_thumb_is(served: Served, visit: Visit) -> None:
    served.world.roles["Zuschauer Drei"] = "viewer"
    house = served.house()
    page = open_house(visit, house, person="Zuschauer Drei", **PHONE)
    pro = option(page, "planungspaket", "pro")
    pro.scroll_into_view_if_needed()
    pro.click(force=True)
    toast = page.locator(".toast.own")
    expect(toast).to_contain_text("Du siehst zu.")
    expect(toast).to_contain_text("Bitte um eine Einladung zum Bearbeiten")
    uncovered(page, ".toast.own")
    expect(page.get_by_test_id("announcement")).to_contain_text("Du siehst zu.")
    key = toast.get_attribute("data-toast")
    option(page, "planungspaket", "plus").click(force=True)
    expect(toast).to_have_attribute("data-toast", str(key))  # once, however often one taps
    toast.get_by_role("button", name="Schließen").click()
    expect(toast).to_have_count(0)
    assert house.heard == []


def test_a_refused_person_sees_the_reason_where_the_thumb_is(served: Served, visit: Visit) -> None:
    house = served.house()
    page = open_house(visit, house, **PHONE)
    served.do(house.tabs[-1].revoke)
    status(page, "gone")
    option(page, "planungspaket", "pro").scroll_into_view_if_needed()
    option(page, "planungspaket", "pro").click(force=True)
    expect(page.locator(".toast.own")).to_contain_text("Bitte um eine neue Einladung")


def test_the_end_is_told_with_what_was_not_saved_where_the_thumb_is(
    served: Served, visit: Visit
) -> None:
    """The box that says so is above the screen."""
    house = served.house()
    page = open_house(visit, house, **PHONE, locale="en-GB")
    house.refuse_next = [
        {
            "code": "not_saved",
            "message": {"de": "…", "en": "…"},
            "retryable": True,
            "retry_after_ms": 60_000,
        }
    ]
    pro = option(page, "planungspaket", "pro")
    pro.scroll_into_view_if_needed()
    pro.click()
    status(page, "retrying")
    served.do(house.tabs[-1].revoke)
    toast = page.locator('[data-toast="ended"]')
    expect(toast).to_contain_text("Your access to this house has ended")
    expect(toast).to_contain_text("This was not saved: Planning package: Planning Pro.")
    uncovered(page, '[data-toast="ended"]')
    expect(page.locator(".status-short")).to_have_text("not saved: 1")
    pro.click(force=True)
    expect(page.locator(".toast")).to_have_count(1)
    page.get_by_test_id("ended").scroll_into_view_if_needed()
    page.get_by_role("button", name="Try again").click()
    status(page, "saved")
    expect(toast).to_have_count(0)


def test_the_focus_goes_where_what_had_it_belongs(served: Served, visit: Visit) -> None:
    house = served.house()
    page = open_house(visit, house)
    option(page, "pvanlage", "pv_panels").click()
    field = page.locator("#category-pvanlage .stepper input")
    field.fill("0")
    field.press("Enter")
    expect(page.locator("#category-pvanlage .stepper")).to_have_count(0)
    none = page.locator('#category-pvanlage [data-option=""]')
    expect(none).to_be_focused()
    expect(none).to_have_attribute("aria-checked", "true")


def test_a_name_that_cannot_be_taken_is_reported(served: Served, visit: Visit) -> None:
    """(PR6)"""
    house = served.house()
    page = open_house(visit, house, **PHONE)
    page.locator(".people").click()
    dialog = page.get_by_role("dialog")
    field, save = (
        dialog.get_by_label("So sehen dich die anderen"),
        dialog.get_by_role("button", name="Namen sichern"),
    )
    field.fill("\u3164\u2800")
    save.click()
    expect(dialog.locator("#own-name-hint")).to_contain_text("nichts zu sehen")
    field.fill("A" * 35)
    expect(dialog.locator("#own-name-hint")).to_have_text("35 von 40 Zeichen")
    field.fill("A" * 47)
    save.click()
    expect(dialog.locator("#own-name-hint")).to_contain_text("Das sind 47 Zeichen")
    expect(field).to_be_focused()
    for code in ("name_reserved", "not_saved", "too_many_requests"):
        text = CODES[code].text
        message = {"de": text.de, "en": text.en}
        retryable = {"retryable": True} if CODES[code].retryable else {}
        house.refuse_next = [{"code": code, "message": message, **retryable}]
        field.fill("Anna Leitner")
        save.click()
        expect(dialog.locator("#own-name-hint")).to_have_text(text.de)
        expect(field).to_have_value("Anna Leitner")
    field.fill("🦊 Anna\u202e \U0001fae9")
    save.click()
    expect(dialog).to_have_count(0)
    expect(page.locator(".people .face").first).to_have_text("AN")
