"""The live view of admins, fed by houses on another web process."""

import re

import httpx
import pytest
from playwright.sync_api import Page, expect

from realtime.people.principal import token_sha256
from tests.e2e.conftest import Visitors
from tests.e2e.screen import Screen
from tests.e2e.stage import Stage

pytestmark = pytest.mark.e2e


def test_a_link_opens_once(visitors: Visitors, stage: Stage) -> None:
    link = stage.admin_link(stage.one)
    scanner = visitors.stranger()  # of a mail server: runs scripts, presses nothing
    scanner.goto(link, wait_until="networkidle")
    page = visitors.stranger()
    page.goto(link)
    page.locator("#link-button").click()
    page.wait_for_url("**/admin")
    expect(page.get_by_test_id("number-online")).to_be_visible()
    page.reload()
    expect(page.get_by_test_id("number-online")).to_be_visible()
    late = visitors.stranger()
    late.goto(link)
    late.locator("#link-button").click()
    expect(late.locator("#link-text")).to_contain_text(re.compile("nicht mehr|schon"))
    late.goto(f"{stage.one.url}/admin")
    expect(late.locator("h1")).to_have_text("Nur für Admins")


def test_without_a_session_there_is_no_data(visitors: Visitors, stage: Stage) -> None:
    anna = visitors.owner()
    anna.introduce("Anna Leitner")
    page = visitors.stranger()
    for process in (stage.one, stage.two):
        answer = page.goto(f"{process.url}/admin")
        assert answer is not None
        assert answer.status == 401
        content = page.content()
        assert anna.code not in content
        assert "Anna" not in content
        assert page.locator(".numbers").count() == 0
        looked = page.goto(f"{process.url}/c/{anna.code}?as=admin")
        assert looked is not None
        assert looked.status == 401
        expect(page.locator("h1")).to_have_text("Nur für Admins")
        expect(page.locator("main")).to_contain_text("nest admin-link")
        assert "170.700" not in page.content()


def test_activity_numbers_and_houses_are_live(
    visitors: Visitors, stage: Stage, admin: Page
) -> None:
    expect(admin.locator(".status")).to_contain_text("verbunden")
    anna = visitors.owner(stage.one)
    anna.introduce("Anna Leitner")
    row = admin.locator(".house", has_text=anna.code)
    expect(row).to_contain_text("€\u00a0170.700")
    expect(row).to_contain_text("Anna Leitner")
    bert = visitors.invited(anna, stage.two)
    bert.introduce("Bert Thaler")
    expect(row).to_contain_text("Bert Thaler")
    expect(admin.get_by_test_id("number-online")).to_have_text("2")
    expect(admin.get_by_test_id("number-rooms")).to_have_text("1")
    expect(admin.get_by_test_id("number-value")).to_have_text("€\u00a0170.700")

    anna.choose("nest", "nest120")
    expect(row).to_contain_text("€\u00a0241.900")
    expect(admin.get_by_test_id("number-value")).to_have_text("€\u00a0241.900")
    line = admin.locator(".line", has_text="Nest. 120").filter(has_text=anna.code).first
    expect(line).to_contain_text("Größe")
    line.locator(".line-button").click()
    expect(admin.locator(".line .raw pre")).to_contain_text(anna.code)
    expect(admin.get_by_test_id("lag")).to_contain_text(re.compile("gespeichert"))

    with admin.expect_popup() as popup:
        line.get_by_role("link", name="Haus ansehen").click()
    looking = Screen(popup.value).opened()
    expect(looking.page.locator(".notice.readonly")).to_contain_text("Als Admin")
    looking.shows_total(241_900)
    looking.option("nest", "nest160").click(force=True)
    expect(looking.option("nest", "nest160")).to_have_attribute("aria-disabled", "true")
    expect(looking.page.get_by_role("button", name="Anfragen")).to_have_count(0)
    bert.choose("nest", "nest100")
    looking.shows_total(206_300)
    assert stage.version(anna.code) == 2
    people = anna.page.locator("button.people")
    expect(people).to_have_accessible_name(re.compile("Admin"))  # nobody is watched in secret
    looking.page.close()
    expect(people.locator(".face")).to_have_text(["AL", "BT"])

    bert.page.close()
    expect(row).not_to_contain_text("Bert Thaler")
    expect(admin.get_by_test_id("number-online")).to_have_text("1")


def test_a_house_says_how_to_sign_in_after_a_sign_out(
    visitors: Visitors, stage: Stage, admin: Page
) -> None:
    """The browser that signed out has no cookie any more; the answer is the same for no house."""
    anna = visitors.owner()
    house = f"{stage.one.url}/c/{anna.code}?as=admin"
    looking = admin.goto(house)
    assert looking is not None
    assert looking.status == 200
    nothing = admin.goto(f"{stage.one.url}/c/7K3M9QXA?as=admin")
    assert nothing is not None
    assert nothing.status == 404  # the session is open: it is the house that is not there
    admin.goto(f"{stage.one.url}/admin/service#sessions")
    admin.get_by_test_id("sign-out").click()
    expect(admin.locator("h1")).to_have_text("Nur für Admins")
    for address in (house, f"{stage.one.url}/c/7K3M9QXA?as=admin"):
        answer = admin.goto(address)
        assert answer is not None
        assert answer.status == 401
        expect(admin.locator("h1")).to_have_text("Nur für Admins")
        expect(admin.locator("main")).to_contain_text("nest admin-link")
        expect(admin.locator("body")).not_to_contain_text("170.700")


def test_the_audit_says_once_which_pages_were_opened(stage: Stage, admin: Page) -> None:
    """However often they are loaded again; HEAD opens none."""
    (token,) = [each["value"] for each in admin.context.cookies() if "admin" in each["name"]]
    session = token_sha256(token).hex()[:12]
    for path in ("/admin", "/admin/analytics", "/admin/service"):
        for _ in range(2):
            admin.goto(stage.two.url + path)
            expect(admin.locator("h1").first).to_be_visible()
    httpx.head(f"{stage.one.url}/admin", headers={"authorization": f"Bearer {token}"})
    lines = (
        "SELECT string_agg(subject, ' ' ORDER BY id) FROM admin_actions"
        " WHERE action = 'pages.open' AND actor LIKE '%' || $1"
    )
    assert stage.value(lines, session) == "/admin /admin/analytics /admin/service"


def test_an_admin_ends_all_other_sign_ins_after_a_question(
    visitors: Visitors, stage: Stage, admin: Page
) -> None:
    other = visitors.stranger()
    other.goto(stage.admin_link(stage.one))
    other.locator("#link-button").click()
    expect(other.get_by_test_id("number-online")).to_be_visible()
    admin.goto(f"{stage.two.url}/admin/service#sessions")
    mine = admin.get_by_test_id("session").filter(has_text="Deine Anmeldung")
    expect(mine).to_contain_text(re.compile(r"Chrome auf \w+ 127\.0\.0\.0/24"))
    ending = admin.get_by_test_id("end-others")
    ending.click()
    question = admin.get_by_role("alertdialog")
    question.get_by_role("button", name="Doch nicht").click()
    expect(other.get_by_test_id("number-online")).to_be_visible()
    ending.click()
    question.get_by_role("button", name="Alle anderen beenden").click()
    expect(other.locator("h1")).to_have_text("Die Anmeldung ist zu Ende")
    expect(admin.get_by_test_id("session")).to_have_count(1)
    expect(mine).to_be_visible()


def test_every_tab_ends_with_the_session(visitors: Visitors, stage: Stage, admin: Page) -> None:
    """Also those on the process that did not hear the log-out itself, and in a browser that keeps
    the cookie, as somebody who copied it would."""
    anna = visitors.owner(stage.one)
    anna.introduce("Anna Leitner")
    expect(admin.locator(".house", has_text=anna.code)).to_be_visible()
    tabs = [admin]
    for process, path, shown in (
        (stage.one, f"/c/{anna.code}?as=admin", ".notice.readonly"),
        (stage.two, "/admin/analytics", "h1"),
        (stage.two, "/admin/service", "h1"),
    ):
        tabs.append(admin.context.new_page())
        tabs[-1].goto(process.url + path)
        expect(tabs[-1].locator(shown).first).to_be_visible()
    (token,) = [each["value"] for each in admin.context.cookies() if "admin" in each["name"]]
    bearer = {"authorization": f"Bearer {token}"}
    done = httpx.post(f"{stage.one.url}/api/admin/logout", headers=bearer)
    assert done.status_code == 200
    for tab in tabs:
        expect(tab.locator("h1")).to_have_text("Die Anmeldung ist zu Ende")
        expect(tab.locator("main")).to_contain_text("nest admin-link")
        assert anna.code not in tab.locator("body").inner_text()
    anna.choose("nest", "nest120")
    for tab in tabs:
        assert "170.700" not in tab.content()
        assert tab.evaluate("typeof window.socket") == "undefined"
