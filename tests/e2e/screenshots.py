"""Take the pictures of docs/screenshots: `python -m tests.e2e.screenshots`.

Starts PostgreSQL, Valkey, two web processes and a worker of its own. Two people plan one house, Anna
on a desktop and process one, Jakob on a phone and process two. The pictures are of what their
browsers really show; nothing is drawn or staged.
"""

import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from playwright.sync_api import Browser, Page, expect

from app.doctor.browser import find_browser
from tests.e2e.screen import Screen
from tests.e2e.stage import Stage, running_stage
from tests.support.programs.browser import PERSON, running_browser
from tests.support.programs.servers import running_servers

DIRECTORY = Path(__file__).parents[2] / "docs" / "screenshots"
TOTAL_EUROS = 166_400 + 2 * 35_800 + 20 * 700 + 10 * 390 + 13_900


def main() -> int:
    """Take all pictures, or those whose names are given."""
    if find_browser(os.environ) is None:
        print("no Chromium found: set CHROME_PATH")
        return 1
    with (
        running_servers("pictures") as servers,
        running_stage(servers) as stage,
        running_browser("--font-render-hinting=none") as browser,
    ):
        Studio(browser, stage, set(sys.argv[1:])).take_all()
    return 0


class Studio:
    """Browsers, two people, and the house they plan."""

    def __init__(self, browser: Browser, stage: Stage, wanted: set[str]) -> None:
        self.browser = browser
        self.stage = stage
        self.wanted = wanted

    def take_all(self) -> None:
        self.landing()
        self.developers()
        admin = self.admin("light")
        anna, jakob = self.two_people()
        self.neighbours()
        self.build(anna, jakob)
        self.same_moment(anna, jakob)
        self.other_views(anna)
        self.sheets(anna, jakob)
        self.admins(anna, admin)
        self.dark(anna)
        self.adjusted(anna, jakob)
        self.refused(anna)
        self.undone(anna, jakob)
        self.not_saved(anna, jakob)

    # -- the scenes --------------------------------------------------------------------------

    def landing(self) -> None:
        for name, phone in (("landing", False), ("landing-phone", True)):
            page = self.page(phone=phone)
            page.goto(self.stage.one.url)
            self.shoot(page, name)
            page.context.close()

    def developers(self) -> None:
        """The console after a few messages, with somebody in the second window."""
        if self.wanted and not any(name.startswith("developers") for name in self.wanted):
            return
        for name, phone, scheme in (
            ("developers", False, "light"),
            ("developers-dark", False, "dark"),
            ("developers-phone", True, "light"),
        ):
            page = self.page(phone=phone, scheme=scheme)
            page.goto(f"{self.stage.one.url}/developers")
            if scheme == "dark":
                page.get_by_text("Socket.IO", exact=True).first.click()
            self.converse(page)
            page.evaluate("document.getElementById('console').scrollIntoView()")
            if phone:
                page.evaluate("document.querySelector('.console-house').scrollIntoView()")
            self.shoot(page, name)
            if name == "developers":
                page.locator("#send-op > summary").click()
                page.evaluate("document.getElementById('send-join').scrollIntoView()")
                self.shoot(page, "developers-messages")
            page.context.close()

    def converse(self, page: Page) -> None:
        page.locator("#console-start").click()
        expect(page.locator("#console-state")).to_have_attribute("data-state", "open")
        with page.context.expect_page() as opened:
            page.locator("#console-second").click()
        second = Screen(opened.value).opened()
        for ready, answer in (("select", "outcome"), ("ping", "pong"), ("bad", "error")):
            before = page.locator(f'.frame[data-type="{answer}"]').count()
            page.locator(f'[data-ready="{ready}"]').click()
            expect(page.locator(f'.frame[data-type="{answer}"]')).to_have_count(before + 1)
        second.choose("gebaeudehuelle", "trapezblech")
        theirs = page.locator('.frame.in[data-type="op"]', has_text="v2")
        expect(theirs).to_have_count(1)
        page.locator('[data-ready="undo"]').click()
        expect(page.locator('.frame[data-type="outcome"]')).to_have_count(2)
        outcome = page.locator('.frame[data-type="outcome"]').last
        expect(outcome).to_contain_text("committed")
        outcome.locator("summary").first.click()
        page.bring_to_front()
        page.evaluate(
            "(log) => (log.scrollTop = log.scrollHeight)",
            page.locator("#console-log").element_handle(),
        )

    def undone(self, anna: Screen, jakob: Screen) -> None:
        """Anna takes back what Jakob has changed since: who, what, and the repair."""
        anna.choose("innenverkleidung", "kiefer")
        jakob.shows_chosen("innenverkleidung", "kiefer")
        jakob.choose("innenverkleidung", "steirische_eiche")
        anna.shows_chosen("innenverkleidung", "steirische_eiche")
        anna.page.get_by_test_id("undo").click()
        notice = anna.category("innenverkleidung").locator(".notice.refused")
        expect(notice).to_be_visible()
        self.look(anna, "interior")
        to_category(anna, "innenverkleidung")
        self.shoot(anna.page, "undo-conflict")
        self.look(jakob, "interior")
        top(jakob)
        close_toasts(jakob)
        notice.locator(".repairs .button").click()
        expect(jakob.page.locator(".toast")).to_contain_text("hat deine Wahl geändert")
        jakob.shows_chosen("innenverkleidung", "fichte")
        self.shoot(jakob.page, "undone-phone")
        anna.shows_total(TOTAL_EUROS)

    def two_people(self) -> tuple[Screen, Screen]:
        anna = Screen(self.page())
        anna.page.goto(self.stage.one.url)
        anna.page.locator('form[action="/start"] button').click()
        anna.page.wait_for_url("**/c/*")
        anna.opened().introduce("Anna Leitner")
        jakob = Screen(self.page(phone=True))
        jakob.page.goto(f"{self.stage.two.url}/join#{anna.invitation()}")
        jakob.page.locator("#link-button").click()
        jakob.page.wait_for_url("**/c/*")
        jakob.opened().introduce("Jakob Moser")
        return anna, jakob

    def neighbours(self) -> None:
        """Two more houses that are open, so that the live view has something to show."""
        for name, choices in (
            ("Mira Kofler", [("nest", "nest80"), ("gebaeudehuelle", "fassadenplatten_schwarz")]),
            ("Paul Egger", [("nest", "nest160"), ("fussboden", "schiefer_massiv")]),
        ):
            other = Screen(self.page())
            other.page.goto(self.stage.two.url)
            other.page.locator('form[action="/start"] button').click()
            other.page.wait_for_url("**/c/*")
            other.opened().introduce(name)
            for category, option in choices:
                other.choose(category, option)
                other.shows_chosen(category, option)
            other.shows_status("saved")

    def build(self, anna: Screen, jakob: Screen) -> None:
        """A finished house; the last change is Jakob's."""
        anna.choose("gebaeudehuelle", "trapezblech")
        anna.choose("nest", "nest120")
        anna.choose("innenverkleidung", "fichte")
        anna.choose("pvanlage", "pv_panels")
        anna.shows_current("pvanlage", "8")
        anna.quantity("pvanlage", "10")
        jakob.shows_current("pvanlage", "10")
        jakob.choose("fenster", "aluminium")
        jakob.shows_chosen("fenster", "aluminium")
        anna.choose("planungspaket", "plus")
        jakob.shows_chosen("planungspaket", "plus")
        jakob.choose("gebaeudehuelle", "holzlattung")
        for screen in (anna, jakob):
            screen.shows_total(TOTAL_EUROS)
            screen.shows_status("saved")

    def same_moment(self, anna: Screen, jakob: Screen) -> None:
        for screen in (anna, jakob):
            self.look(screen, "exterior")
        to_category(anna, "gebaeudehuelle")
        self.shoot(anna.page, "two-people-desktop")
        top(jakob)
        self.shoot(jakob.page, "two-people-phone")
        for screen in (anna, jakob):
            close_toasts(screen)
        to_category(jakob, "gebaeudehuelle")
        self.shoot(jakob.page, "phone-choices")

    def other_views(self, anna: Screen) -> None:
        for view, category in (
            ("interior", "innenverkleidung"),
            ("pv", "pvanlage"),
            ("fenster", "fenster"),
        ):
            self.look(anna, view)
            to_category(anna, category)
            self.shoot(anna.page, f"view-{view}")

    def sheets(self, anna: Screen, jakob: Screen) -> None:
        self.look(anna, "exterior")
        top(anna)
        with sheet(anna, "Aufstellung"):
            self.shoot(anna.page, "breakdown")
        with sheet(jakob, "Aufstellung"):
            self.shoot(jakob.page, "breakdown-phone")
        with sheet(anna, "Anfragen"):
            anna.page.locator("#inquiry-name").fill("Anna Leitner")
            anna.page.locator("#inquiry-email").fill("anna@example.at")
            anna.page.locator("#inquiry-consent").check()
            anna.page.get_by_role("button", name="Haus sichern und Anfrage senden").click()
            expect(anna.page.get_by_test_id("inquiry-reference")).to_be_visible()
            self.shoot(anna.page, "inquiry")
        anna.page.locator("button.people").click()
        self.shoot(anna.page, "people")
        anna.page.keyboard.press("Escape")

    def admins(self, anna: Screen, admin: Page) -> None:
        expect(admin.locator(".house", has_text=anna.code)).to_contain_text("Jakob Moser")
        expect(admin.locator(".line", has_text="Holzlattung").first).to_be_visible()
        expect(admin.get_by_test_id("lag")).to_contain_text("0 warten")
        self.shoot(admin, "admin")
        dark = self.admin("dark")
        expect(dark.get_by_test_id("number-online")).to_have_text("4")
        anna.choose("fussboden", "kalkstein_kanafar")
        anna.choose("fussboden", "parkett")
        anna.shows_total(TOTAL_EUROS)
        expect(dark.locator(".line", has_text="Parkett").first).to_be_visible()
        self.shoot(dark, "admin-dark")
        self.analytics(admin, anna)
        admin.goto(f"{self.stage.two.url}/admin/service")
        admin.locator(".tabs").get_by_text("Aufgaben", exact=True).click()
        expect(admin.get_by_text("Tage anlegen", exact=True)).to_be_visible()
        self.shoot(admin, "service")
        for page in (admin, dark):
            page.context.close()

    def analytics(self, admin: Page, anna: Screen) -> None:
        """Figures of this one evening, and the replay of the house."""
        admin.goto(f"{self.stage.two.url}/admin/analytics?timeRange=24h")
        expect(admin.locator(".chart svg")).not_to_have_count(0)
        self.shoot(admin, "analytics")
        admin.locator(".tabs").get_by_role("link", name="Auswahl", exact=True).click()
        expect(admin.get_by_test_id("figure-options")).to_contain_text("Nest. 120")
        self.shoot(admin, "analytics-choices")
        admin.locator(".tabs").get_by_role("link", name="Sitzungen", exact=True).click()
        visit = admin.get_by_test_id("sessions").locator("tbody tr", has_text=anna.code).last
        visit.get_by_role("link", name="Abspielen").click()
        expect(admin.get_by_test_id("replay-price")).to_contain_text("€")
        for _ in range(3):
            admin.get_by_test_id("replay-forward").click()
        self.shoot(admin, "replay")

    def dark(self, anna: Screen) -> None:
        for page, name in ((anna.page, "dark-desktop"), (self.tab(anna, phone=True), "dark-phone")):
            page.emulate_media(color_scheme="dark")
            self.look(Screen(page), "exterior")
            top(Screen(page))
            self.shoot(page, name)
            page.emulate_media(color_scheme="light")
        page.context.close()

    def adjusted(self, anna: Screen, jakob: Screen) -> None:
        jakob.choose("nest", "nest80")
        expect(anna.page.locator(".notice.adjusted")).to_be_visible()
        self.look(anna, "pv")
        close_toasts(anna)
        to_category(anna, "pvanlage")
        self.shoot(anna.page, "adjusted")
        anna.page.get_by_role("button", name="Verstanden").click()
        jakob.choose("nest", "nest120")
        anna.quantity("pvanlage", "10")
        jakob.shows_total(TOTAL_EUROS)

    def refused(self, anna: Screen) -> None:
        anna.quantity("pvanlage", "99")
        expect(anna.page.locator(".notice.refused")).to_be_visible()
        self.look(anna, "pv")
        to_category(anna, "pvanlage")
        self.shoot(anna.page, "refused")
        anna.page.get_by_role("button", name="So lassen, wie es ist").click()

    def not_saved(self, anna: Screen, jakob: Screen) -> None:
        self.look(anna, "exterior")
        top(anna)
        postgres = self.stage.servers.postgres
        assert postgres is not None
        postgres.kill()
        anna.choose("gebaeudehuelle", "fassadenplatten_weiss")
        anna.shows_status("retrying")
        self.shoot(anna.page, "not-saved")
        self.stage.servers.revive()
        anna.shows_status("saved")
        jakob.shows_chosen("gebaeudehuelle", "fassadenplatten_weiss")
        self.stage.two.kill()
        jakob.shows_status("offline")
        jakob.choose("gebaeudehuelle", "holzlattung")
        top(jakob)
        self.shoot(jakob.page, "offline-phone")
        self.stage.two.start().ready_blocking(40)
        jakob.shows_status("saved", within_ms=40_000)
        anna.shows_total(TOTAL_EUROS)

    # -- the tools ---------------------------------------------------------------------------

    def page(self, *, phone: bool = False, scheme: str = "light") -> Page:
        context = self.browser.new_context(
            viewport={"width": 390, "height": 844} if phone else {"width": 1440, "height": 900},
            device_scale_factor=2 if phone else 1,
            is_mobile=phone,
            has_touch=phone,
            color_scheme="dark" if scheme == "dark" else "light",
            locale="de-AT",
            timezone_id="Europe/Vienna",
            user_agent=PERSON,
            reduced_motion="reduce",
        )
        context.set_default_timeout(20_000)
        return context.new_page()

    def tab(self, screen: Screen, *, phone: bool) -> Page:
        """The same person on another device."""
        page = self.page(phone=phone)
        page.context.add_cookies(screen.page.context.cookies())  # type: ignore[arg-type]
        page.goto(screen.page.url)
        Screen(page).opened()
        return page

    def admin(self, scheme: str) -> Page:
        page = self.page(scheme=scheme)
        page.goto(self.stage.admin_link(self.stage.two))
        page.locator("#link-button").click()
        page.wait_for_url("**/admin")
        expect(page.locator(".status")).to_contain_text("verbunden")
        return page

    def look(self, screen: Screen, view: str) -> None:
        number = ["exterior", "interior", "pv", "fenster"].index(view)
        screen.page.locator(".views button").nth(number).click()
        shown = screen.page.locator(f'.picture img.shown[src*="/{view}/"]')
        expect(shown).to_have_count(1)
        expect(screen.page.locator(".picture img")).to_have_count(1)

    def shoot(self, page: Page, name: str) -> None:
        if self.wanted and name not in self.wanted:
            return
        page.mouse.move(0, 0)
        page.evaluate("document.activeElement?.blur()")
        page.evaluate(
            "Promise.all([...document.images].map((image) => image.decode().catch(() => {})))"
        )
        page.screenshot(path=DIRECTORY / f"{name}.png")


def top(screen: Screen) -> None:
    screen.page.evaluate("window.scrollTo(0, 0)")
    screen.page.wait_for_function("window.scrollY === 0")


def close_toasts(screen: Screen) -> None:
    """Closes the notices, as somebody does who has read them."""
    toasts = screen.page.locator(".toast")
    while toasts.count():
        toasts.last.get_by_role("button", name="Schließen").click()


def to_category(screen: Screen, category: str) -> None:
    screen.page.evaluate(
        "(id) => document.getElementById(id).scrollIntoView({block: 'start'})",
        f"category-{category}",
    )
    expect(screen.category(category).locator("h2")).to_be_in_viewport()


@contextmanager
def sheet(screen: Screen, name: str) -> Iterator[None]:
    """Inside, the sheet behind the button `name` is open."""
    screen.page.get_by_role("button", name=name, exact=True).click()
    expect(screen.page.get_by_role("dialog")).to_be_visible()
    yield
    screen.page.keyboard.press("Escape")
    expect(screen.page.locator("dialog")).to_have_count(0)


if __name__ == "__main__":
    sys.exit(main())
