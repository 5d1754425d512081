"""The analytics page, over a house that was edited in a browser; a shared dashboard; a made file."""

import re
from collections.abc import Callable
from datetime import UTC, datetime
from time import monotonic
from uuid import uuid4

import pytest
from playwright.sync_api import Page, expect

from app.parts.analytics import sheets_of, views_over
from app.parts.catalogue import current_catalogue
from realtime.activity.figures.recent import Recent
from realtime.activity.figures.scheduled_csv import ScheduledCsv
from storage.postgres.activity.interactions import Interactions
from storage.postgres.analytics.schedules import Schedules
from storage.postgres.engine import Database
from tests.e2e.conftest import Visitors
from tests.e2e.screen import Screen
from tests.e2e.stage import Stage
from tests.realtime.sheets.reading import book, table
from tests.support.programs.servers import apart
from tests.support.waiting import eventually_blocking
from tests.ui.look.test_accessibility import violations

pytestmark = pytest.mark.e2e

SOON_MS = 30_000
"""Other tests load the machine while figures are read."""


def open_tab(page: Page, name: str, *figures: str) -> None:
    """Turn to a part of the page, wait for its figures, and see that everybody can read it."""
    link = page.locator(".tabs").get_by_role("link", name=name, exact=True)
    link.click()
    expect(link).to_have_attribute("aria-current", "page")
    for figure in figures:
        expect(page.get_by_test_id(f"figure-{figure}")).to_be_visible(timeout=SOON_MS)
    expect(page.locator(".analytics main")).to_have_attribute("aria-busy", "false")
    assert violations(page) == []


def choices_are_stored(stage: Stage, screen: Screen, number: int) -> None:
    """Wait until the worker has stored that so many choices were made in this house."""
    query = (
        "SELECT count(*) FROM interactions JOIN sessions ON sessions.id = session_id"
        " JOIN configurations AS house ON house.id = configuration_id"
        " WHERE code = $1 AND event_type = 'selection'"
    )
    eventually_blocking(
        lambda: stage.value(query, screen.code) >= number, 30, why="choices are stored"
    )


def test_figures_lists_and_a_replay_of_what_was_done(
    visitors: Visitors, admin: Page, stage: Stage
) -> None:
    anna = visitors.owner()
    anna.introduce("Anna Leitner")
    anna.choose("nest", "nest120")
    anna.choose("fussboden", "schiefer_massiv")
    expect(admin.locator(".line", has_text="Schiefer massiv").first).to_be_visible(timeout=SOON_MS)
    choices_are_stored(stage, anna, 2)

    admin.goto(admin.url.rstrip("/") + "/analytics")
    expect(admin.get_by_test_id("kpi-sessions")).to_have_text(re.compile("^[1-9]"), timeout=SOON_MS)
    expect(admin.locator(".chart svg")).to_have_count(3, timeout=SOON_MS)
    assert violations(admin) == []

    admin.get_by_test_id("unit").select_option("week")
    expect(admin.get_by_test_id("unit")).to_have_value("week")
    expect(admin.get_by_test_id("nothing-before")).to_contain_text("niemand")
    expect(admin).to_have_url(re.compile("unit=week"))

    open_tab(admin, "Auswahl", "options", "combinations", "steps")
    expect(admin.get_by_test_id("combinations")).to_contain_text("Nest. 120")
    with admin.expect_download() as download:
        admin.locator('a[href*="/options?"][href*="format=csv"]').click()
    lines = table(download.value.path().read_text("utf-8"), ";")
    assert lines[0][:3] == ["Kategorie", "Kategorie, Kennung", "Option"]
    assert ["Größe", "nest", "Nest. 120", "nest120"] in [line[:4] for line in lines]
    with admin.expect_download() as download:
        admin.get_by_role("link", name="Kombinationen als Excel-Datei herunterladen").click()
    assert book(download.value.path().read_bytes()).cell(1, 1).value == "Größe"
    with admin.expect_download() as download:
        admin.get_by_role("link", name="Kategorien als JSON herunterladen").click()
    assert download.value.suggested_filename == "steps.json"

    open_tab(admin, "Wege", "paths", "journeys", "signals")
    expect(admin.get_by_test_id("paths")).to_contain_text(re.compile("Größe.*→.*Fußboden"))
    open_tab(admin, "Publikum", "retention", "breakdown", "catalogues")
    expect(admin.get_by_test_id("retention")).to_contain_text("1")
    admin.get_by_role("button", name="24 h").click()  # she came by the start page
    open_tab(admin, "Überblick", "kpis", "funnel")
    expect(admin.get_by_test_id("kpi-landing_views")).to_have_text(re.compile("^[1-9]"))
    expect(admin.get_by_test_id("figure-funnel")).to_contain_text("Anfrage gesendet")

    open_tab(admin, "Sitzungen", "sessions")
    row = admin.get_by_test_id("sessions").locator("tbody tr", has_text=anna.code)
    expect(row).to_have_count(1)
    expect(admin.get_by_test_id("list-through").last).to_contain_text(
        "Interaktionen gespeichert bis"
    )
    with admin.expect_download() as download:
        admin.get_by_test_id("figure-sessions").get_by_role("link", name="CSV").click()
    assert anna.code in download.value.path().read_text("utf-8-sig")
    search = admin.get_by_test_id("sessions-search")
    search.get_by_label("Suche").fill("nobody-is-called-that")
    expect(admin.get_by_test_id("figure-sessions")).to_contain_text("Dazu passt keine Sitzung.")
    search.get_by_label("Suche").fill(anna.code[:6].lower())
    expect(row).to_have_count(1)
    admin.get_by_test_id("sessions").get_by_role("button", name="Wert").click()
    expect(row).to_have_count(1)
    row.get_by_role("link", name="Abspielen").click()
    expect(admin).to_have_url(re.compile(r"replay=[0-9a-f-]{36}"))
    admin.reload()  # the address is that of the replay
    price = admin.get_by_test_id("replay-price")
    expect(price).to_have_text("€\u00a0170.700", timeout=SOON_MS)
    assert violations(admin) == []
    forward = admin.get_by_test_id("replay-forward")
    while forward.is_enabled():
        forward.click()
    expect(price).not_to_have_text("€\u00a0170.700")
    expect(admin.locator(".told")).not_to_contain_text(re.compile(r"\b(page|selection|view)\b"))
    expect(admin.locator(".player")).not_to_contain_text("weicht ab")
    admin.get_by_role("button", name="Schließen").click()
    expect(admin.locator(".player")).to_have_count(0)


def test_the_query_stays_in_the_address(visitors: Visitors, admin: Page) -> None:
    visitors.owner()
    admin.goto(admin.url.rstrip("/") + "/analytics?timeRange=1y&tab=ways&tz=Mars%2FX")
    expect(admin.get_by_test_id("figure-paths")).to_be_visible(timeout=SOON_MS)
    admin.get_by_test_id("zone").select_option("Asia/Kolkata")  # Chromium lists Asia/Calcutta
    expect(admin.get_by_test_id("through")).to_contain_text("Asia/Kolkata", timeout=SOON_MS)
    admin.get_by_test_id("zone").select_option("Asia/Tokyo")
    admin.get_by_role("button", name="24 h").click()
    expect(admin.get_by_test_id("through")).to_contain_text("Asia/Tokyo", timeout=SOON_MS)
    expect(admin).to_have_url(re.compile(r"/analytics\?tab=ways&timeRange=24h&tz=Asia%2FTokyo$"))
    admin.reload()
    expect(admin.get_by_test_id("through")).to_contain_text("Asia/Tokyo", timeout=SOON_MS)
    expect(admin.get_by_role("button", name="24 h")).to_have_attribute("aria-pressed", "true")
    expect(admin.get_by_test_id("zone")).to_have_value("Asia/Tokyo")
    assert "Asia%2FTokyo" in str(admin.locator('a[href*="format=csv"]').first.get_attribute("href"))


def test_the_funnel_has_the_steps_that_were_chosen(visitors: Visitors, admin: Page) -> None:
    """Chosen by keyboard on a phone, in the page's address, and the same after a reload."""
    visitors.owner().choose("nest", "nest160")
    admin.set_viewport_size({"width": 375, "height": 812})
    admin.goto(admin.url.rstrip("/") + "/analytics?timeRange=24h")
    editor = admin.get_by_test_id("funnel-steps")
    expect(editor).to_be_visible(timeout=SOON_MS)
    expect(admin.get_by_test_id("funnel-window")).to_contain_text("bis 1 Tag nach")
    editor.locator("summary").press("Enter")
    names = editor.locator("li > span")
    expect(names).to_have_count(5)
    for name in ("In 2 Kategorien gewählt", "Etwas gewählt", "Anfrage geöffnet"):
        button = editor.get_by_role("button", name=f"{name} entfernen")
        button.focus()
        button.press("Enter")
        expect(button).to_have_count(0)
        expect(editor.locator("[data-direction=out]:focus")).to_have_count(
            1
        )  # that of the next step
    expect(names).to_have_text(["Sitzung begonnen", "Anfrage gesendet"])
    add = editor.get_by_label("Schritt hinzufügen")
    add.select_option(label="Fußboden")
    add.select_option(label="Größe")
    expect(names).to_have_text(["Sitzung begonnen", "Fußboden", "Größe", "Anfrage gesendet"])
    up = editor.get_by_role("button", name="Größe nach oben")
    up.focus()
    up.press("Space")
    expect(names).to_have_text(["Sitzung begonnen", "Größe", "Fußboden", "Anfrage gesendet"])
    expect(up).to_be_focused()
    expect(editor.get_by_role("status")).to_have_text("Größe ist jetzt Schritt 2 von 4.")
    editor.get_by_label("Zeitfenster").select_option(label="1 Stunde")
    expect(admin.get_by_test_id("funnel-window")).to_contain_text("bis 1 Stunde nach")
    assert violations(admin) == []
    assert admin.evaluate("document.documentElement.scrollWidth") <= 375

    asked = "steps=began%2Cnest%2Cfussboden%2Ccompleted&window=60"
    expect(admin).to_have_url(re.compile(rf"/analytics\?timeRange=24h&{re.escape(asked)}$"))
    for link in admin.get_by_test_id("figure-funnel").locator("a[download]").all():
        expect(link).to_have_attribute("href", re.compile(re.escape(asked)))
    admin.reload()
    expect(admin.get_by_test_id("funnel-window")).to_contain_text("1 Stunde", timeout=SOON_MS)
    rows = admin.get_by_test_id("figure-funnel").locator("tbody th")
    expect(rows).to_have_text(["Sitzung begonnen", "Größe", "Fußboden", "Anfrage gesendet"])
    admin.goto(f"{admin.url}&lang=en")
    expect(admin.get_by_test_id("funnel-window")).to_contain_text("1 hour", timeout=SOON_MS)
    editor.locator("summary").click()
    expect(names).to_have_text(["Session begun", "Size", "Floor", "Sent the inquiry"])
    editor.get_by_role("button", name="Reset").click()
    expect(names).to_have_count(5)
    expect(admin).to_have_url(re.compile(r"/analytics\?lang=en&timeRange=24h$"))


def test_a_link_shows_its_figures_until_it_is_ended(
    visitors: Visitors, admin: Page, stage: Stage
) -> None:
    anna = visitors.owner()
    anna.choose("nest", "nest140")
    choices_are_stored(stage, anna, 1)
    admin.goto(admin.url.rstrip("/") + "/analytics?tab=sharing&timeRange=30d")
    form = admin.get_by_test_id("link-form")
    form.get_by_label("Name").fill("Für den Vorstand")
    for figure in ("Preise", "Kombinationen", "Wege durch die Auswahl"):
        form.get_by_label(figure).check()
    form.get_by_label("Beliebte Optionen").uncheck()
    form.get_by_role("button").click()
    address = admin.get_by_test_id("link-address")
    expect(address).to_have_value(re.compile(r"^http://[^/]+/dashboard#[\w-]{20,}$"))
    token = address.input_value().partition("#")[2]
    assert violations(admin) == []

    guest = visitors.stranger(width=390, height=844)
    asked: list[dict[str, str]] = []
    guest.on("request", lambda request: asked.append({"url": request.url, **request.headers}))
    guest.on("websocket", lambda socket: asked.append({"url": socket.url}))
    guest.goto(f"{stage.one.url}/dashboard#{token}")
    expect(guest.get_by_role("heading", level=1)).to_have_text("Für den Vorstand", timeout=SOON_MS)
    expect(guest.get_by_test_id("kpi-sessions")).to_have_text(re.compile("^[1-9]"))
    expect(guest.locator(".chart svg")).to_have_count(3)
    expect(guest.get_by_test_id("combinations")).to_contain_text("Nest. 140")
    expect(guest.get_by_test_id("figure-options")).to_have_count(0)
    assert guest.locator("form, select").count() == 0
    with guest.expect_download() as download:
        guest.get_by_role("button", name="Preise als Excel-Datei herunterladen").click()
    assert book(download.value.path().read_bytes()).cell(1, 1).value == "Preise"
    assert violations(guest) == []
    assert any(each["url"].startswith("ws") for each in asked)
    told = [each for each in asked if any(token in value for value in each.values())]
    (file,) = told
    assert file["url"] == f"{stage.one.url}/api/analytics/shared/prices?format=xlsx&lang=de"
    assert token not in file.get("referer", "")

    link = admin.get_by_test_id("links").locator("li", has_text="Für den Vorstand")
    link.get_by_role("button", name="Beenden").click()
    admin.get_by_test_id("yes").click()
    expect(admin.get_by_test_id("links")).to_contain_text("beendet am")
    message = guest.get_by_test_id("dashboard-message")
    guest.evaluate("document.dispatchEvent(new Event('visibilitychange'))")  # it is read again
    expect(message).to_contain_text("zeigt nichts mehr")
    guest.reload()
    expect(message).to_contain_text("zeigt nichts mehr")
    assert guest.locator(".numbers").count() == 0
    assert violations(guest) == []
    assert all(token not in process.log for process in (stage.one, stage.two))


def test_a_scheduled_file_is_there_to_download(
    visitors: Visitors, admin: Page, stage: Stage
) -> None:
    visitors.owner()
    admin.goto(admin.url.rstrip("/") + "/analytics?tab=sharing")
    form = admin.get_by_test_id("schedule-form")
    form.get_by_label("Name").fill("Montagsbericht")
    form.get_by_label("Was").select_option("paths")
    form.get_by_label("Datei").select_option("csv")
    form.get_by_role("button").click()
    plan = admin.get_by_test_id("schedules").locator("li", has_text="Montagsbericht")
    expect(plan).to_contain_text(
        "Wege durch die Auswahl über die 7 ganzen Tage davor, jede Woche am Montag"
    )
    expect(plan).to_contain_text("Noch keine Datei")
    due = stage.value("SELECT next_due_at FROM analytics_schedules WHERE name = 'Montagsbericht'")
    apart(lambda: make_files(stage.database_url, lambda: due))
    admin.reload()
    with admin.expect_download() as download:
        plan.get_by_role("link", name="Herunterladen").click()
    assert re.fullmatch(r"paths-\d{4}-\d\d-\d\d\.csv", download.value.suggested_filename)
    assert download.value.path().read_text("utf-8-sig").startswith("Schritt 1;")
    assert violations(admin) == []


async def make_files(database_url: str, now: Callable[[], datetime]) -> None:
    """Make the due files, as the leading worker does at this time."""
    async with Database(database_url) as database:
        scheduled = ScheduledCsv(
            schedules=Schedules(database),
            views=views_over(
                database,
                categories=tuple,
                stored_through=Interactions(database).stored_through,
                recent=Recent(clock=monotonic),
                now=lambda: datetime.now(UTC),
            ),
            sheets=sheets_of(current_catalogue, now),
            post=None,
            now=now,
            new_id=uuid4,
        )
        assert (await scheduled.run())["files"] == 1


def test_without_a_session_there_is_nothing(visitors: Visitors) -> None:
    anna = visitors.owner()
    page = visitors.stranger()
    answer = page.goto(re.sub(r"/c/.*", "/admin/analytics", anna.page.url))
    assert answer is not None
    assert answer.status == 401
    assert page.locator(".numbers").count() == 0
