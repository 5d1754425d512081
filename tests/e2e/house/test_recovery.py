"""A page is a function of what is stored: reload, second tab, killed processes, away servers."""

import re

import pytest
from playwright.sync_api import Page, expect

from tests.e2e.conftest import Visitors, is_whole
from tests.e2e.screen import Screen
from tests.e2e.stage import Stage

pytestmark = pytest.mark.e2e


def test_reload_and_second_tab_show_the_same_house(visitors: Visitors, stage: Stage) -> None:
    anna = visitors.owner()
    anna.introduce("Anna Leitner")
    anna.choose("nest", "nest120")
    anna.choose("innenverkleidung", "fichte")
    anna.shows_total(243_600)
    anna.page.reload()
    anna.opened()
    second = Screen(anna.page.context.new_page())
    second.page.goto(f"{stage.two.url}/c/{anna.code}")
    second.opened()
    for tab in (anna, second):
        tab.shows_total(243_600)
        tab.shows_chosen("nest", "nest120")
        tab.shows_chosen("innenverkleidung", "fichte")
        expect(tab.page.locator("button.people .face")).to_have_text(["AL"])
    second.choose("nest", "nest100")
    anna.shows_total(207_800)
    anna.page.goto(stage.one.url)
    anna.page.get_by_role("link", name=re.compile("weiter", re.IGNORECASE)).click()
    anna.opened().shows_total(207_800)


def test_a_killed_web_process_comes_back_without_a_reload(visitors: Visitors, stage: Stage) -> None:
    anna = visitors.owner(stage.one)
    bert = visitors.invited(anna, stage.two)
    anna.choose("nest", "nest120")
    bert.shows_total(241_900)
    anna.shows_status("saved")
    anna.page.evaluate("window.neverLoadedAgain = true")
    stage.one.kill()
    anna.shows_status("offline")
    bert.choose("innenverkleidung", "fichte")
    bert.shows_total(243_600)
    anna.choose("gebaeudehuelle", "trapezblech")
    anna.shows_status("offline")
    expect(anna.page.get_by_test_id("status")).to_contain_text("noch nicht gespeichert: 1")
    anna.shows_total(241_900)

    stage.one.start().ready_blocking(40)
    for screen in (anna, bert):
        screen.shows_total(162_500 + 2 * 33_800, within_ms=30_000)
        screen.shows_chosen("gebaeudehuelle", "trapezblech")
    anna.shows_status("saved")
    expect(anna.page.locator("button.people .face")).to_have_count(2)
    assert stage.version(anna.code) == 3
    anna.choose("nest", "nest80")
    bert.shows_total(162_500)
    assert anna.page.evaluate("window.neverLoadedAgain === true")


def test_a_postgres_that_is_away_is_reported_and_made_up_for_once(
    visitors: Visitors, stage: Stage
) -> None:
    """(CL3, CL4)"""
    if stage.servers.postgres is None:
        pytest.skip("the database is not ours to kill")
    anna = visitors.owner(stage.one)
    bert = visitors.invited(anna, stage.two)
    anna.choose("nest", "nest120")
    bert.shows_total(241_900)
    anna.shows_status("saved")
    version = stage.version(anna.code)
    stage.servers.postgres.kill()
    anna.claims()
    anna.choose("nest", "nest160")
    anna.shows_status("retrying")
    status = anna.page.get_by_test_id("status")
    expect(status).to_contain_text("nicht gespeichert, wird wiederholt")
    anna.shows_total(241_900)
    bert.shows_total(241_900)
    expect(anna.option("nest", "nest160")).to_have_class(re.compile("pending"))

    stage.servers.revive()
    for screen in (anna, bert):
        screen.shows_total(313_100, within_ms=30_000)
    anna.shows_status("saved")
    assert stage.version(anna.code) == version + 1
    for name, words, cents in anna.claimed()[1:]:
        stored = cents == "31310000"
        assert stored or (name != "saved" and not re.search(r"(?<!nicht )gespeichert$", words)), (
            name,
            words,
            cents,
        )


def test_a_visitor_while_postgres_is_away_is_told_and_then_let_in(
    visitors: Visitors, stage: Stage
) -> None:
    """A page loads by itself once it can; a form is sent again only by its person."""
    if stage.servers.postgres is None:
        pytest.skip("the database is not ours to kill")
    anna = visitors.owner(stage.one)
    newcomer = visitors.stranger()
    newcomer.goto(stage.one.url)
    stage.servers.postgres.kill()
    second = Screen(anna.page.context.new_page())
    second.page.goto(f"{stage.two.url}/c/{anna.code}")
    expect(second.page.get_by_role("heading", level=1)).to_have_text("Gleich wieder da")
    newcomer.locator("#begin button").first.click()
    expect(newcomer.get_by_role("heading", level=1)).to_have_text("Noch kein neues Haus")
    expect(newcomer.locator("main")).to_contain_text("kein neues Haus anlegen")

    stage.servers.revive()
    expect(second.page.locator(".category")).to_have_count(8, timeout=30_000)
    second.opened()
    is_whole(stage.one)
    newcomer.get_by_role("button", name="Noch einmal versuchen").click()
    Screen(newcomer).opened()


def test_redis_away_edits_go_on_and_reach_the_other(visitors: Visitors, stage: Stage) -> None:
    """(PS2)"""
    if stage.servers.valkey is None:
        pytest.skip("the server is not ours to kill")
    anna = visitors.owner(stage.one)
    bert = visitors.invited(anna, stage.two)
    stage.servers.valkey.kill()
    anna.choose("nest", "nest120")
    anna.shows_total(241_900)
    anna.shows_status("saved")
    bert.shows_total(241_900)
    bert.choose("innenverkleidung", "fichte")
    bert.shows_total(243_600)
    anna.shows_total(243_600)
    stage.servers.revive()
    anna.choose("nest", "nest80")
    bert.shows_total(172_000)
    assert stage.version(anna.code) == 3


def test_a_restarted_web_process_keeps_the_live_view(visitors: Visitors, stage: Stage) -> None:
    page = visitors.stranger()
    page.goto(stage.admin_link(stage.two))
    page.locator("#link-button").click()
    page.wait_for_url("**/admin")
    expect(page.locator(".status")).to_contain_text("verbunden")
    stage.two.kill()
    expect(page.locator(".status")).to_contain_text("keine Verbindung, Zahlen sind von")
    stage.two.start().ready_blocking(40)
    expect(page.locator(".status")).to_contain_text("verbunden", timeout=30_000)
    anna = visitors.owner(stage.one)
    expect(page.locator(".house", has_text=anna.code)).to_be_visible()


def test_the_live_view_names_the_store_that_is_away(
    visitors: Visitors, stage: Stage, admin: Page
) -> None:
    """Its figures miss what other processes report, or what is counted, until it is back."""
    if stage.servers.valkey is None or stage.servers.postgres is None:
        pytest.skip("the servers are not ours to kill")
    visitors.owner(stage.one)
    status, online = admin.locator(".status"), admin.get_by_test_id("number-online")
    expect(status).to_have_text("verbunden")
    expect(online).to_have_text("1")
    stage.servers.valkey.kill()
    expect(status).to_contain_text("Redis antwortet nicht", timeout=30_000)
    expect(admin.locator(".alerts")).to_contain_text("unvollständig")
    stage.servers.revive()
    expect(status).to_have_text("verbunden", timeout=30_000)
    expect(online).to_have_text("1", timeout=30_000)
    stage.servers.postgres.kill()
    expect(status).to_contain_text("PostgreSQL antwortet nicht", timeout=30_000)
    stage.servers.revive()
    expect(status).to_have_text("verbunden", timeout=30_000)


def test_a_restored_house_says_what_is_gone(visitors: Visitors, stage: Stage) -> None:
    """(CL15, JN4) The open page says it, the other person reads it, and a tab that loads again does, too."""
    anna = visitors.owner(stage.one)
    bert = visitors.invited(anna, stage.two, locale="en-GB")
    anna.choose("nest", "nest120")
    bert.shows_total(241_900)
    kept = "SELECT {} FROM configurations WHERE code = $1"
    selection = stage.value(kept.format("selection::text"), anna.code)
    cents = stage.value(kept.format("total_cents"), anna.code)
    anna.choose("nest", "nest160")
    bert.shows_total(313_100)
    anna.shows_status("saved")
    bert.category("grundstueckscheck").scroll_into_view_if_needed()
    expect(bert.category("nest")).not_to_be_in_viewport()
    stage.value(  # what `nest restore` leaves, for this house only
        "WITH begun AS (UPDATE deployment SET epoch = gen_random_uuid(),"
        " restored_to = '2026-11-03 10:00 UTC'), gone AS (DELETE FROM operations"
        " WHERE version > 1 AND configuration_id = (SELECT id FROM configurations WHERE code = $1))"
        " UPDATE configurations SET head = 1, selection = $2::text::jsonb, total_cents = $3"
        " WHERE code = $1 RETURNING 1",
        anna.code,
        selection,
        cents,
    )
    toast = bert.page.locator('[data-toast="restored"]')  # bert looks at what is further down
    expect(toast).to_contain_text("3 November 2026")
    for screen, words in (
        (anna, ("Aus einer Sicherung wiederhergestellt", "3. November 2026")),
        (bert, ("Restored from a backup", "3 November 2026")),
    ):
        screen.shows_total(241_900)
        for each in words:
            expect(screen.page.get_by_test_id("restored")).to_contain_text(each)
        screen.shows_status("saved")
    anna.choose("innenverkleidung", "fichte")
    bert.shows_total(243_600)
    bert.choose("fussboden", "kalkstein_kanafar")
    anna.shows_chosen("fussboden", "kalkstein_kanafar")
    assert stage.version(anna.code) == 3
    notice = anna.page.get_by_test_id("restored")
    notice.get_by_role("button").click()
    expect(notice).to_have_count(0)
    anna.page.reload()
    anna.opened()
    expect(notice).to_have_count(0)
