"""Admins run the product in a real browser, on answers that a server may give."""

from typing import Any

import pytest
from playwright.sync_api import expect

from tests.ui.conftest import Served, Visit
from tests.ui.staff.service_sample import letter, sample, service
from tests.ui.staff.test_admin import PAYLOADS

pytestmark = pytest.mark.e2e

SECTIONS = {
    "jobs": "job",
    "ledger": "reasons",
    "audit": "audit",
    "sessions": "session",
    "letters": "letter",
}


def test_entries_of_strangers_are_shown_as_text(served: Served, visit: Visit) -> None:
    shown = PAYLOADS[0]
    answers = sample(shown)
    page = service(served, visit, lambda _, path, __: (200, answers[path]))
    warnings = page.locator(".alerts")
    expect(warnings).to_contain_text("3-mal von selbst geendet")
    expect(warnings).to_contain_text("Worker w-2 hat um")
    for section, part in SECTIONS.items():
        page.locator(f'.tabs a[href="#{section}"]').click()
        expect(page.get_by_test_id(part).first).to_contain_text(shown)
        expect(page.locator(".staff h2")).to_be_focused()
    page.get_by_test_id("letter").get_by_role("button").click()
    expect(page.get_by_test_id("payload")).to_have_value(shown)
    page.keyboard.press("Escape")
    page.locator('.tabs a[href="#privacy"]').click()
    page.get_by_test_id("subject").fill(shown)
    page.get_by_role("button", name="Nachsehen").click()
    expect(page.get_by_test_id("known")).to_contain_text(shown)
    assert page.evaluate("window.hacked") is None
    assert page.locator("img[src=x]").count() == 0


FIREFOX = "Mozilla/5.0 (X11; Linux x86_64; rv:145.0) Gecko/20100101 Firefox/145.0"


def test_sign_ins_are_ended_after_a_question_and_one_signs_out(
    served: Served, visit: Visit
) -> None:
    answers = sample(FIREFOX)
    asked: list[tuple[str, Any]] = []

    def answer(method: str, path: str, body: Any) -> tuple[int, Any]:
        if method == "GET":
            return 200, answers[path]
        asked.append((path, body))
        if path.startswith("sessions/end"):
            del answers["sessions"]["sessions"][1:2]
        return 200, {"ended": 1, "done": True}

    page = service(served, visit, answer)
    page.locator('.tabs a[href="#sessions"]').click()
    rows = page.get_by_test_id("session")
    expect(rows.first).to_contain_text("Deine Anmeldung")
    expect(rows.last).to_contain_text(
        "Ohne Namen bbbbbbbbbbbb"
    )  # in words that do not run together
    expect(rows.last).to_contain_text("falls unbenutzt")
    expect(rows.last).to_contain_text("Firefox auf Linux 192.0.2.0/24")
    expect(rows.first.get_by_role("button")).to_have_count(0)
    third = {**answers["sessions"]["sessions"][1], "id": "c" * 12}
    answers["sessions"]["sessions"].append(third)
    end = rows.nth(1).get_by_role("button", name="Anmeldung bbbbbbbbbbbb beenden")
    end.click()
    question = page.get_by_role("alertdialog", name="Diese Anmeldung beenden?")
    expect(question.get_by_role("button", name="Doch nicht")).to_be_focused()
    question.get_by_role("button", name="Doch nicht").click()
    expect(end).to_be_focused()
    assert asked == []
    end.click()
    question.get_by_role("button", name="Beenden").click()
    expect(page.get_by_role("status")).to_have_text("Beendet: 1")
    expect(rows).to_have_count(2)
    expect(page.locator(".staff h2")).to_be_focused()
    others = page.get_by_test_id("end-others")
    others.click()
    question = page.get_by_role("alertdialog", name="Alle Anmeldungen außer deiner beenden?")
    question.get_by_role("button", name="Doch nicht").press("Escape")
    expect(others).to_be_focused()
    others.click()
    assert [path for path, _ in asked] == ["sessions/end"]
    question.get_by_role("button", name="Alle anderen beenden").click()
    expect(rows).to_have_count(1)
    expect(others).to_be_hidden()
    with page.expect_navigation():
        page.get_by_test_id("sign-out").click()
    assert asked == [
        ("sessions/end", {"id": "b" * 12}),
        ("sessions/end-others", None),
        ("logout", None),
    ]


def test_an_action_that_fails_is_reported_in_words_and_the_list_is_read_again(
    served: Served, visit: Visit
) -> None:
    answers = sample("x")
    kept = [letter(2), letter(1)]
    asked: list[tuple[str, str, Any]] = []

    def answer(method: str, path: str, body: Any) -> tuple[int, Any]:
        if method != "GET":
            asked.append((method, path, body))
        if path.endswith("/drop") and kept:
            kept.pop(0)
            return 200, {"dropped": True}
        if method == "POST":
            return 503, {"error": {"code": "not_saved"}}
        if path == "dead-letters":
            kinds = {"wrong_type": len(kept)}
            return 200, {"letters": kept, "before": None, "total": len(kept), "kinds": kinds}
        if path == "dead-letters/1-0" and len(kept) == 1:
            return 404, {"error": {"code": "page_not_found"}}
        if path.startswith("dead-letters/"):
            return 200, {**answers["dead-letters/1-0"], "letter": kept[0], "pretty": '{"n": 1.0}'}
        return 200, answers[path]

    page = service(served, visit, answer)
    rows = page.get_by_test_id("letter")
    expect(rows).to_have_count(2)
    rows.first.get_by_role("button").first.click()
    page.get_by_test_id("send").click()
    expect(page.get_by_role("dialog").get_by_role("alert")).to_contain_text(
        "noch nicht gespeichert"
    )
    page.get_by_test_id("payload").fill("{}")
    expect(page.get_by_test_id("send")).to_be_disabled()
    page.get_by_role("button", name="Änderung zurücknehmen").click()
    page.get_by_test_id("drop").click()
    expect(page.get_by_role("button", name="Behalten")).to_be_focused()
    page.get_by_role("button", name="Behalten").click()
    page.get_by_test_id("drop").click()
    page.get_by_role("button", name="Ja, verwerfen").click()
    expect(page.get_by_test_id("told")).to_have_text("Verworfen.")
    expect(rows).to_have_count(1)
    rows.first.get_by_role("button").click()  # somebody else was faster
    expect(page.locator("section").get_by_role("alert")).to_contain_text("nicht mehr")
    assert [(method, path) for method, path, _ in asked] == [
        ("POST", "dead-letters/2-0/redrive"),
        ("POST", "dead-letters/2-0/drop"),
    ]


def test_a_server_that_is_away_is_reported_and_the_page_stays(served: Served, visit: Visit) -> None:
    answers = sample("x")
    page = service(served, visit, lambda _, path, __: (200, answers[path]))
    expect(page.get_by_test_id("letter")).to_be_visible()
    page.context.set_offline(True)
    page.evaluate("window.socket.io.engine.close()")
    away = page.get_by_role("alert").last
    expect(away).to_contain_text("antwortet nicht")
    expect(page.get_by_test_id("letter")).to_be_visible()
    page.context.set_offline(False)
    expect(away).to_be_empty()


def test_a_store_that_is_away_is_reported(served: Served, visit: Visit) -> None:
    page = service(served, visit, lambda *_: (503, {"error": {"code": "unavailable"}}))
    expect(page.get_by_role("alert").first).to_contain_text("ein Dienst nicht antwortet")
    expect(page.get_by_test_id("read-at")).to_be_empty()


def test_text_typed_into_a_letter_survives_a_reload(served: Served, visit: Visit) -> None:
    answers = sample("x")
    page = service(served, visit, lambda _, path, __: (200, answers[path]))
    page.get_by_test_id("letter").get_by_role("button").click()
    page.get_by_test_id("payload").fill('{"half": "typed')
    page.reload()
    page.get_by_test_id("letter").get_by_role("button").click()
    expect(page.get_by_test_id("payload")).to_have_value('{"half": "typed')
    expect(page.get_by_test_id("fix")).to_be_enabled()
    page.get_by_role("button", name="Änderung zurücknehmen").click()
    expect(page.get_by_test_id("payload")).to_have_value("x")
    page.reload()
    page.get_by_test_id("letter").get_by_role("button").click()
    expect(page.get_by_test_id("payload")).to_have_value("x")


def test_the_former_address_leads_to_the_page(served: Served, visit: Visit) -> None:
    answers = sample("x")
    page = service(served, visit, lambda _, path, __: (200, answers[path]))
    page.goto(f"{served.url}/admin/operations#jobs")
    expect(page).to_have_url(f"{served.url}/admin/service#jobs")
    expect(page.get_by_test_id("job").first).to_be_visible()


def test_only_admins_get_in(served: Served, visit: Visit) -> None:
    page = visit("/admin/service")
    expect(page.locator("h1")).to_have_text("Nur für Admins")
