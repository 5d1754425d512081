"""The configurator as a person uses it, and what a test may expect of it."""

import re
from typing import Any
from urllib.parse import urlsplit

from playwright.sync_api import Locator, Page, expect

SAVED_WITHIN_MS = 25_000  # an outage, the longest pause between two attempts, a busy machine

CLAIMS = """
{
    let before = '';
    const note = () => {
        const status = document.querySelector('[data-testid=status]');
        const total = document.querySelector('[data-testid=total]');
        const now = [status?.dataset.status, status?.innerText, total?.dataset.cents];
        if (status && JSON.stringify(now) !== before) {
            before = JSON.stringify(now);
            window.claim(...now);
        }
    };
    new MutationObserver(note).observe(document,
        {subtree: true, childList: true, attributes: true, characterData: true});
    note();
}
"""
"""A script that tells `window.claim` every status, in its words, and total that the page shows."""


class Screen:
    """One tab with a house open."""

    def __init__(self, page: Page) -> None:
        self.page = page

    @property
    def code(self) -> str:
        return urlsplit(self.page.url).path.removeprefix("/c/")

    def opened(self) -> "Screen":
        """Wait until the house is there and its changes can be sent."""
        expect(self.page.locator(".category")).to_have_count(8)
        expect(self.page.get_by_test_id("status")).to_have_attribute("data-status", "saved")
        self.page.wait_for_function("window.socket && window.socket.connected")
        return self

    def category(self, category: str) -> Locator:
        return self.page.locator(f"#category-{category}")

    def option(self, category: str, option: str) -> Locator:
        return self.category(category).locator(f'[data-option="{option}"]')

    def choose(self, category: str, option: str) -> None:
        self.option(category, option).click()

    def quantity(self, category: str, text: str) -> None:
        """Type a quantity."""
        field = self.category(category).locator(".stepper input")
        field.fill(text)
        field.press("Enter")

    def shows_chosen(self, category: str, option: str) -> None:
        expect(self.option(category, option)).to_have_attribute("aria-checked", "true")

    def shows_current(self, category: str, text: str) -> None:
        expect(self.category(category).locator(".current")).to_contain_text(text)

    def shows_total(self, euros: int, *, within_ms: int = 15_000) -> None:
        """The total as it is stored, as it is written and as it is read out."""
        total = self.page.get_by_test_id("total")
        expect(total).to_have_attribute("data-cents", str(euros * 100), timeout=within_ms)
        written = re.compile(rf"^€.?{euros // 1000}[.,]{euros % 1000:03d}$")
        expect(total.locator("[aria-hidden]")).to_have_text(written)

    def total_euros(self) -> int:
        cents = self.page.get_by_test_id("total").get_attribute("data-cents")
        return int(cents or 0) // 100

    def shows_status(self, name: str, *, within_ms: int = SAVED_WITHIN_MS) -> None:
        status = self.page.get_by_test_id("status")
        expect(status).to_have_attribute("data-status", name, timeout=within_ms)

    def picture(self) -> str:
        """The address of the picture that is shown."""
        shown = self.page.locator(".picture img.shown")
        expect(shown).to_have_count(1)
        return shown.get_attribute("src") or ""

    def shows_other_picture(self, than: str) -> str:
        """Wait for a picture that is loaded and not `than`; its address."""
        shown = self.page.locator(".picture img.shown")
        expect(shown).not_to_have_attribute("src", than)
        expect(shown).to_have_count(1)
        self.page.wait_for_function(
            "[...document.querySelectorAll('.picture img.shown')].every((i) => i.naturalWidth > 0)"
        )
        return shown.get_attribute("src") or ""

    def introduce(self, name: str) -> None:
        """Tell the others a name, the way a person does it."""
        self.page.locator("button.people").click()
        self.page.locator("#own-name").fill(name)
        self.page.get_by_role("button", name=re.compile("Namen sichern|Save name")).click()
        expect(self.page.locator("dialog")).to_have_count(0)
        expect(self.page.locator("button.people")).to_have_accessible_name(
            re.compile(re.escape(name))
        )

    def invitation(self) -> str:
        """The fragment of a new invitation link, as shown to the person who invites."""
        self.page.get_by_role("button", name="Einladen").click()
        self.page.get_by_role("button", name="Link erstellen").click()
        link = self.page.locator("#invite-link")
        expect(link).to_have_value(re.compile(r"/join#.{16,}"))
        fragment = link.input_value().partition("#")[2]
        self.page.keyboard.press("Escape")
        expect(self.page.locator("dialog")).to_have_count(0)
        return fragment

    def claims(self) -> None:
        """Write down every status and total this page shows from now on, see `claimed`."""
        self.page.evaluate(
            f"""() => {{
                window.claimed = [];
                window.claim = (...now) => window.claimed.push(now);
                {CLAIMS}
            }}"""
        )

    def claimed(self) -> list[list[Any]]:
        """Every [status, words, total in cents] since `claims`, in order."""
        found: list[list[Any]] = self.page.evaluate("window.claimed")
        return found
