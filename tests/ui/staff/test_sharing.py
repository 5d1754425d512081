"""Links to dashboards and scheduled files on the analytics page, on answers that a server may give."""

from typing import Any
from uuid import UUID

import pytest
from playwright.sync_api import Page, expect

from tests.ui.conftest import Served, Visit
from tests.ui.look.test_accessibility import violations
from tests.ui.staff.test_admin import PAYLOADS

pytestmark = pytest.mark.e2e

TOKEN = "token_of-a-link_with_many_characters"
SCHEDULE = str(UUID(int=100))
PLACE = "/admin/analytics?tab=sharing&timeRange=30d&bots=only&tz=Asia%2FTokyo"


def link(number: int, **changed: Any) -> dict[str, Any]:
    return {
        "id": str(UUID(int=number)),
        "name": f"Link {number}",
        "views": ["kpis", "a figure of another release"],
        "query": {},
        "created_at": "2026-11-01T10:00:00Z",
        "expires_at": "2199-12-20T20:00:00Z",
        "revoked_at": None,
    } | changed


def made_file(day: int, **changed: Any) -> dict[str, Any]:
    return {
        "id": str(UUID(int=day)),
        "schedule_id": SCHEDULE,
        "due_at": f"2026-11-{day}T06:00:00Z",
        "made_at": f"2026-11-{day}T20:00:00Z",
        "first_day": f"2026-11-{day}",
        "last_day": f"2026-11-{day}",
        "rows": day,
        "bytes": 100,
        "problem": None,
        "delivered_at": None,
    } | changed


def schedule() -> dict[str, Any]:
    return {
        "schedule": {
            "id": SCHEDULE,
            "name": PAYLOADS[0],
            "view": "paths",
            "query": {},
            "days": 1,
            "hour": 6,
            "weekday": None,
            "zone": "Europe/Vienna",
            "next_due_at": "2026-12-01T05:00:00Z",
        },
        "files": [
            made_file(16, delivered_at="2026-11-16T21:00:00Z"),
            made_file(15),
            made_file(14, problem="file_too_large"),
        ],
    }


class Api:
    """Links and schedules, and what was asked of them."""

    def __init__(self) -> None:
        self.links: list[dict[str, Any]] = [link(1, expires_at="2026-11-02T20:00:00Z"), link(2)]
        self.schedules = [schedule()]
        self.refusal: dict[str, str] | None = None
        self.done: list[tuple[str, Any]] = []

    def answer(self, method: str, place: str, body: Any) -> tuple[int, Any]:
        if method == "POST":
            self.done.append((place, body))
            if self.refusal is not None:
                return 400, {"error": self.refusal}
            return 200, self.carried_out(place, body)
        if place == "analytics/links":
            return 200, {"links": self.links}
        some = {"schedules_max": 1, "files_kept": 30, "delivered": True}
        return 200, {"schedules": self.schedules, **some}

    def carried_out(self, place: str, body: Any) -> Any:
        match place.split("/"):
            case [_, "links"]:
                self.links.append(link(len(self.links) + 1, name=body["name"]))
                return {"link": self.links[-1], "token": TOKEN}
            case [_, "links", each, "revoke"]:
                ended = next(one for one in self.links if one["id"] == each)
                ended["revoked_at"] = "2026-11-26T20:00:00Z"
                return {"revoked": True}
            case [_, "schedules"]:
                return schedule()["schedule"]
            case _:
                self.schedules.clear()
                return {"removed": True}


def sharing(served: Served, visit: Visit, api: Api, **how: Any) -> Page:
    served.world.admin_api.answers = api.answer
    return visit(PLACE, admin=True, **how)


def test_a_link_is_made_copied_and_ended(served: Served, visit: Visit) -> None:
    api = Api()
    page = sharing(served, visit, api)
    form, links = page.get_by_test_id("link-form"), page.get_by_test_id("links")
    cards = links.locator("li")
    expect(cards.nth(0)).to_contain_text("gültig bis 21.12.99, 05:00")
    expect(cards.nth(0)).to_contain_text("Kennzahlen, a figure of another release")
    expect(cards.nth(1)).to_contain_text("abgelaufen am 03.11.26, 05:00")
    expect(cards.nth(1).get_by_role("button")).to_have_count(0)
    expect(form).to_contain_text("Der Link zeigt, was oben gewählt ist: 30 Tage.")
    make = form.get_by_role("button", name="Link erstellen")
    for name in ("Kennzahlen", "Verlauf", "Weg zur Anfrage", "Beliebte Optionen"):
        form.get_by_label(name).uncheck()
    expect(make).to_be_disabled()
    form.get_by_label("Wege durch die Auswahl").check()
    form.get_by_label("Name").fill(" Vorstand ")
    form.get_by_label("Gültig").select_option("90")
    make.click()
    address = page.get_by_test_id("link-address")
    expect(address).to_have_value(f"{served.url}/dashboard#{TOKEN}")
    expect(form.get_by_label("Name")).to_have_value("")
    page.context.grant_permissions(["clipboard-read", "clipboard-write"])
    page.get_by_role("button", name="Kopieren").click()
    expect(page.get_by_role("button", name="Kopiert")).to_be_visible()
    assert page.evaluate("navigator.clipboard.readText()").endswith(TOKEN)
    made = cards.filter(has_text="Vorstand")
    made.get_by_role("button", name="Beenden").click()
    question = page.get_by_role("alertdialog", name="Wer den Link hat, sieht danach nichts mehr.")
    question.get_by_role("button", name="Doch nicht").press("Enter")
    expect(made.get_by_role("button", name="Beenden")).to_be_focused()
    made.get_by_role("button", name="Beenden").click()
    question.get_by_role("button", name="Beenden").click()
    expect(made).to_contain_text("beendet am 27.11.26, 05:00")
    expect(made.get_by_role("heading")).to_be_focused()
    expect(address).to_be_hidden()
    query = {"timeRange": "30d", "bots": "only", "tz": "Asia/Tokyo", "limit": "100"}
    wish = {"name": "Vorstand", "views": ["paths"], "query": query, "days": 90}
    revoked = f"analytics/links/{UUID(int=3)}/revoke"
    assert api.done == [("analytics/links", wish), (revoked, None)]


def test_a_refusal_is_shown_beside_the_form(served: Served, visit: Visit) -> None:
    api = Api()
    api.links = []
    api.refusal = {"code": "query_unusable", "field": "from", "reason": "too_long"}
    page = sharing(served, visit, api)
    form = page.get_by_test_id("link-form")
    expect(page.get_by_text("Noch kein Link.")).to_be_visible()
    form.get_by_label("Name").fill("Vorstand")
    form.get_by_role("button", name="Link erstellen").click()
    expect(form.get_by_role("alert")).to_have_text("Der Zeitraum ist länger als 400 Tage.")
    expect(form.get_by_label("Name")).to_have_value("Vorstand")
    expect(page.get_by_test_id("link-address")).to_be_hidden()
    api.refusal = None
    form.get_by_role("button", name="Link erstellen").click()
    expect(page.get_by_test_id("link-address")).to_be_visible()
    expect(form.get_by_role("alert")).to_be_hidden()


def test_a_schedule_has_its_files_and_is_removed(served: Served, visit: Visit) -> None:
    api = Api()
    page = sharing(served, visit, api, locale="en-GB", scheme="dark", width=390, height=844)
    form, plans = page.get_by_test_id("schedule-form"), page.get_by_test_id("schedules")
    make = form.get_by_role("button", name="Add schedule")
    expect(make).to_be_disabled()
    expect(form).to_contain_text("There can be no more than 1 schedules.")
    expect(form).to_contain_text("the time zone chosen above: Asia/Tokyo")
    plan = plans.locator("li")
    expect(plan.get_by_role("heading")).to_have_text(PAYLOADS[0])
    expect(plan).to_contain_text(
        "Ways through the choices over the day before, every day at 06:00 (Europe/Vienna), CSV"
    )
    expect(plan).to_contain_text("Next file: 01/12/2026, 06:00")
    rows = plan.locator("tbody tr")
    expect(rows).to_contain_text(["sent", "ready", "too large"])
    expect(rows.nth(0)).to_contain_text("17/11/2026, 05:00")
    expect(rows.nth(2).get_by_role("link")).to_have_count(0)
    to = rows.nth(1).get_by_role("link", name="Download")
    expect(to).to_have_attribute("href", f"/api/admin/analytics/files/{UUID(int=15)}")
    assert violations(page) == []
    plan.get_by_role("button", name="Remove").click()
    page.get_by_role("alertdialog").get_by_role("button", name="Remove").click()
    expect(plan).to_have_count(0)
    expect(page.get_by_text("No schedule yet.")).to_be_visible()
    form.get_by_label("Name").fill("Every Sunday")
    form.get_by_label("What").select_option("funnel")
    form.get_by_label("File").select_option("csv")
    form.get_by_label("About").select_option("30")
    form.get_by_label("When").select_option("7")
    form.get_by_role("combobox", name="Time", exact=True).select_option("23")
    make.click()
    expect(form.get_by_label("Name")).to_have_value("")
    assert api.done[0] == (f"analytics/schedules/{SCHEDULE}/remove", None)
    assert api.done[1][1] == {
        "name": "Every Sunday",
        "view": "funnel",
        "query": {"bots": "only", "format": "csv", "lang": "en"},
        "days": 30,
        "hour": 23,
        "weekday": 7,
        "zone": "Asia/Tokyo",
    }
    assert page.evaluate("window.hacked") is None
