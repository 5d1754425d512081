"""The analytics page in a browser: what its address asks for, lists that are searched, a replay."""

import re
from typing import Any

import pytest
from playwright.sync_api import Page, expect

from tests.ui.conftest import Served, Visit
from tests.ui.look.test_accessibility import violations
from tests.ui.staff.analytics_sample import SESSION, answers
from tests.ui.staff.analytics_sample import visit as listed
from tests.ui.staff.service_sample import sample
from tests.ui.staff.test_admin import PAYLOADS

pytestmark = pytest.mark.e2e
TABS = ("choices", "ways", "visitors", "sessions", "overview")


def analytics(served: Served, visit: Visit, found: dict[str, Any], query: str, **how: Any) -> Page:
    """Open the page on these answers, which a test may change."""

    def answer(_: str, place: str, __: Any) -> tuple[int, Any]:
        said = found[place.removeprefix("analytics/")]
        return said if isinstance(said, tuple) else (200, said)

    api = served.world.admin_api
    api.answers = answer
    api.read.clear()
    page = visit(f"/admin/analytics{query}", admin=True, **how)
    expect(page.locator(".analytics main")).to_have_attribute("aria-busy", "false")
    return page


def queries(served: Served, name: str) -> list[dict[str, str]]:
    return [query for place, query in served.world.admin_api.read if place == f"analytics/{name}"]


def test_what_strangers_sent_is_text_in_every_part(served: Served, visit: Visit) -> None:
    page = analytics(served, visit, answers(PAYLOADS[0]), "?lang=de")
    for tab in TABS:
        link = page.locator(f'.tabs a[href*="tab={tab}"], .tabs a:has-text("Überblick")').last
        link.click()
        expect(link).to_have_attribute("aria-current", "page")
        expect(page.locator(".analytics section").first).to_be_visible()
        expect(page.locator(".analytics main")).to_have_attribute("aria-busy", "false")
        assert violations(page) == []
    assert page.evaluate("window.hacked") is None
    assert page.locator("img[src=x]").count() == 0


@pytest.mark.parametrize("query", ["?lang=en", ""])
def test_links_between_pages_of_staff_keep_the_language_of_the_address(
    served: Served, visit: Visit, query: str
) -> None:
    found = {f"analytics/{name}": answer for name, answer in answers().items()} | sample("Anna")
    page = analytics(served, visit, answers(), query)
    served.world.admin_api.answers = lambda _, place, __: (200, found[place])
    language = "en-GB" if query else "de"
    for place in ("service", "", "analytics", "", "service", "analytics"):
        path = f"/admin/{place}".removesuffix("/")
        page.locator(f'header a[href="{path}{query}"]').click()
        expect(page).to_have_url(f"{served.url}{path}{query}")
        expect(page.locator("html")).to_have_attribute("lang", language)


def test_a_tab_is_a_link_that_is_followed_in_place(served: Served, visit: Visit) -> None:
    page = analytics(served, visit, answers(), "?lang=en&timeRange=30d")
    page.evaluate("window.same = true")
    page.locator(".tabs").get_by_role("link", name="Ways").click()
    expect(page.get_by_test_id("figure-paths")).to_be_visible()
    expect(page.get_by_test_id("figure-kpis")).to_have_count(0)
    assert page.url.endswith("/admin/analytics?lang=en&tab=ways&timeRange=30d")
    assert page.evaluate("window.same")
    with page.context.expect_page() as other:
        page.locator(".tabs").get_by_role("link", name="Visitors").click(modifiers=["Control"])
    expect(other.value.get_by_test_id("figure-retention")).to_be_visible()
    expect(page.get_by_test_id("figure-paths")).to_be_visible()
    page.go_back()
    expect(page.get_by_test_id("figure-kpis")).to_be_visible()
    expect(page).to_have_url(re.compile(r"/admin/analytics\?lang=en&timeRange=30d$"))
    assert page.evaluate("window.same")


def test_a_control_asks_for_its_figures_and_their_files(served: Served, visit: Visit) -> None:
    page = analytics(served, visit, answers(), "")
    assert queries(served, "series") == [
        {"timeRange": "7d", "tz": "Europe/Vienna", "compare": "previous"}
    ]
    page.get_by_label("Vergleich").select_option("year")
    page.get_by_label("Von").fill("2026-03-01")
    expect(page).to_have_url(re.compile(r"\?from=2026-03-01&compare=year$"))
    page.get_by_test_id("figure-funnel").get_by_label("Aufgeteilt nach").select_option("device")
    link = page.get_by_test_id("figure-funnel").get_by_role("link", name="JSON")
    expect(link).to_have_attribute("href", re.compile("from=2026-03-01.*by=device"))
    expect(page.locator(".analytics main")).to_have_attribute("aria-busy", "false")
    asked = {"from": "2026-03-01", "tz": "Europe/Vienna", "by": "device"}
    assert queries(served, "funnel")[-1] == asked
    page.get_by_role("button", name="Alles").click()
    expect(page.get_by_label("Vergleich")).to_be_disabled()
    expect(page.get_by_label("Von")).to_have_value("")
    expect(page).to_have_url(re.compile(r"\?timeRange=all&by=device$"))


def test_figures_that_cannot_be_read_go_and_come_again(served: Served, visit: Visit) -> None:
    found = answers()
    detail = "from: too_long: The range is longer than 400 days."
    error = {"code": "query_unusable", "detail": detail, "field": "from", "reason": "too_long"}
    refused = (400, {"error": error})
    page = analytics(served, visit, dict.fromkeys(found, refused), "?from=2020-01-01")
    problem = page.get_by_role("alert").filter(has_text="konnte nicht geladen werden")
    expect(problem).to_contain_text("Der Zeitraum ist länger als 400 Tage.")
    expect(page.locator(".analytics section")).to_have_count(0)
    served.world.admin_api.answers = lambda _, place, __: (
        200,
        found[place.removeprefix("analytics/")],
    )
    problem.get_by_role("button").click()
    expect(page.get_by_test_id("kpi-sessions")).to_have_text("412")
    expect(problem).to_be_hidden()


AWAY = (503, {"error": {"code": "unavailable"}})
AGAIN = "document.dispatchEvent(new Event('visibilitychange'))"


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_a_refused_figure_says_why_in_its_place_until_it_can_be_read(
    served: Served, visit: Visit, scheme: str
) -> None:
    found = answers()
    series, found["series"] = found["series"], AWAY
    page = analytics(served, visit, found, "?lang=en", scheme=scheme)
    refused, chart = (
        page.get_by_test_id("figure-series"),
        page.get_by_test_id("figure-series").locator(".chart"),
    )
    expect(refused.get_by_role("alert")).to_have_text(
        "This could not be loaded: A service does not answer just now. Try again in a moment."
    )
    expect(chart).to_be_hidden()
    expect(page.get_by_test_id("unit")).to_be_hidden()
    expect(page.get_by_test_id("kpi-sessions")).to_have_text("412")
    expect(page.get_by_test_id("figure-funnel").locator(".chart")).to_be_visible()
    expect(page.get_by_role("alert").filter(has_text="loaded before")).to_have_count(0)
    assert violations(page) == []

    found["series"] = series
    page.evaluate(AGAIN)
    expect(chart).to_be_visible()
    expect(refused.get_by_role("alert")).to_be_hidden()
    drawn = "document.querySelector('[data-testid=figure-series] .chart').firstElementChild"
    page.wait_for_function(f"{drawn}.getBoundingClientRect().width > 300")
    page.get_by_role("button", name="30 days").click()
    expect(page).to_have_url(re.compile("timeRange=30d"))
    expect(chart).to_be_visible()


def test_a_figure_of_another_range_is_not_kept_for_one_that_is_refused(
    served: Served, visit: Visit
) -> None:
    found = answers()
    page = analytics(served, visit, found, "?lang=en")
    found["kpis"] = AWAY
    expect(page.get_by_test_id("kpi-sessions")).to_be_visible()
    page.get_by_role("button", name="30 days").click()
    expect(page.get_by_test_id("figure-kpis").get_by_role("alert")).to_be_visible()
    expect(page.get_by_test_id("kpi-sessions")).to_be_hidden()
    page.evaluate(AGAIN)
    expect(page.get_by_test_id("kpi-sessions")).to_be_hidden()
    expect(page.get_by_role("alert").filter(has_text="loaded before")).to_have_count(0)


def test_the_page_loads_again_when_a_session_of_an_admin_has_ended(
    served: Served, visit: Visit
) -> None:
    found = answers()
    page = analytics(served, visit, found, "?lang=en")
    expect(page.get_by_test_id("kpi-sessions")).to_be_visible()
    # Once: a page that is told again loads again.
    once = [(401, {"error": {"code": "admins_only"}})]

    def answer(_: str, place: str, __: Any) -> tuple[int, Any]:
        name = place.partition("/")[2]
        return once.pop() if once and name == "kpis" else (200, found[name])

    served.world.admin_api.answers = answer
    page.evaluate("window.same = true")
    with page.expect_navigation():
        page.evaluate(AGAIN)
    assert page.evaluate("window.same") is None


def test_a_unit_that_the_range_does_not_have_counts_as_not_given(
    served: Served, visit: Visit
) -> None:
    found, api = answers(), served.world.admin_api
    detail = "unit: is one of month"
    refused = {"error": {"code": "query_unusable", "detail": detail, "field": "unit"}}

    def answer(_: str, place: str, __: Any) -> tuple[int, Any]:
        _, query = api.read[-1]
        return (400, refused) if "unit" in query else (200, found[place.partition("/")[2]])

    api.answers = answer
    page = visit("/admin/analytics?timeRange=all&unit=hour", admin=True)
    expect(page.get_by_test_id("kpi-sessions")).to_have_text("412")
    expect(page).to_have_url(re.compile(r"\?timeRange=all$"))
    expect(page.get_by_test_id("unit")).to_have_value("hour")
    expect(page.get_by_role("alert").filter(has_text="geladen")).to_have_count(0)


def test_a_list_is_searched_and_sorted_by_the_api(served: Served, visit: Visit) -> None:
    found = answers()
    page = analytics(served, visit, found, "?tab=sessions")
    rows = page.get_by_test_id("sessions").locator("tbody tr")
    expect(rows).to_have_count(14)
    expect(page.get_by_test_id("abandoned").locator("tbody tr")).to_have_count(12)
    search = page.get_by_test_id("sessions-search")
    found["sessions"] = {**found["sessions"], "rows": [listed(3)], "next": None}
    search.get_by_label("Suche").fill("haus03")
    expect(rows).to_have_count(1)
    search.get_by_label("Status").select_option("EXPIRED")
    search.get_by_label("Wert ab").fill("250.000")
    page.get_by_test_id("sessions").get_by_role("button", name="Wert").click()
    expect(page.get_by_test_id("sessions").locator("[aria-sort=descending]")).to_contain_text(
        "Wert"
    )
    link = page.get_by_test_id("figure-sessions").get_by_role("link", name="CSV")
    expect(link).to_have_attribute("href", re.compile("value_min_cents=25000000.*format=csv"))
    last = queries(served, "sessions")[-1]
    assert last == {
        "timeRange": "7d",
        "tz": "Europe/Vienna",
        "q": "haus03",
        "value_min_cents": "25000000",
        "status": "EXPIRED",
        "sort": "value_cents",
        "direction": "desc",
        "limit": "100",
    }
    found["sessions"] = answers()["sessions"]
    search.get_by_role("button", name="Suche leeren").click()
    expect(rows).to_have_count(14)
    expect(search.get_by_label("Suche")).to_have_value("")


def test_a_list_goes_on_where_its_page_ended(served: Served, visit: Visit) -> None:
    found = answers()
    page = analytics(served, visit, found, "?tab=sessions")
    figure = page.get_by_test_id("figure-sessions")
    expect(figure.locator("tbody tr")).to_have_count(14)
    last = [listed(n) for n in range(20, 23)]
    found["sessions"] = {"rows": last, "next": None, "stored_through": "1764064800000-0"}
    figure.get_by_role("button", name="Weitere 100 laden").click()
    expect(figure.locator("tbody tr")).to_have_count(17)
    expect(figure.get_by_role("button", name="Weitere 100 laden")).to_be_hidden()
    expect(figure.get_by_test_id("list-through")).to_contain_text("Interaktionen gespeichert bis")
    assert queries(served, "sessions")[-1]["cursor"] == "next"


def test_a_replay_has_an_address_and_plays_by_itself(served: Served, visit: Visit) -> None:
    found = answers()
    found["sessions"] = {**found["sessions"], "rows": [listed(0xCD)]}
    page = analytics(served, visit, found, "?tab=sessions", width=390, height=844, scheme="dark")
    play = page.get_by_test_id("sessions").get_by_role("link", name="Abspielen")
    play.click()
    player = page.get_by_role("dialog", name="Sitzung 0000abcd")
    expect(player.get_by_test_id("replay-price")).to_have_text("€\u00a0170.700")
    assert page.url.endswith(f"/admin/analytics?tab=sessions&replay={SESSION}")
    assert violations(page) == []
    served.world.admin_api.answers = None  # no step waits for the server
    player.get_by_test_id("replay-forward").click()
    expect(player.locator(".told")).to_contain_text("Größe Nest. 120 · 12\u00a0s")
    player.get_by_test_id("replay-forward").click()
    expect(player.get_by_test_id("replay-price")).to_have_text("€\u00a0210.000")
    expect(player.get_by_test_id("replay-verified")).to_have_text(
        "mit gleichem Ergebnis nachgerechnet"
    )
    player.get_by_test_id("replay-play").click()
    expect(player.get_by_test_id("replay-position")).to_have_text("Schritt 3 von 3")
    player.get_by_role("slider").press("Home")
    expect(player.locator(".told")).to_contain_text("Beginn")
    page.keyboard.press("Escape")
    expect(player).to_have_count(0)
    expect(play).to_be_focused()
    expect(page).to_have_url(re.compile(r"\?tab=sessions$"))


def test_nothing_moves_while_somebody_reads(served: Served, visit: Visit) -> None:
    found = answers()
    page = analytics(served, visit, found, "")
    expect(page.get_by_test_id("kpi-sessions")).to_have_text("412")
    opened = page.get_by_test_id("figure-series").locator("summary")
    opened.click()
    found["kpis"]["rows"][1]["value"] = 413
    before = len(queries(served, "kpis"))
    page.evaluate(AGAIN)
    opened.click()
    page.evaluate(AGAIN)
    expect(page.get_by_test_id("kpi-sessions")).to_have_text("413")
    assert len(queries(served, "kpis")) == before + 1
    found["prices"]["open"]["n"] = 15
    found["kpis"] = AWAY
    page.evaluate(AGAIN)
    expect(page.get_by_role("alert").filter(has_text="letzte Stand")).to_be_visible()
    expect(page.get_by_test_id("kpi-sessions")).to_have_text("413")
    expect(page.get_by_test_id("figure-kpis").get_by_role("alert")).to_be_hidden()
