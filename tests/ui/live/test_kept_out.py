"""Pages for a visitor who is kept out say why, and name a way on: no cookies, a dead link."""

import pytest
from playwright.sync_api import Page, expect

from tests.ui.conftest import Served, Visit

pytestmark = pytest.mark.e2e
BLOCKED = """Object.defineProperty(Document.prototype, 'cookie', {get: () => '', set: () => {}})"""


@pytest.fixture
def blocked(visit: Visit) -> Page:
    page = visit("/imprint", person=None, width=390, height=844)
    page.add_init_script(BLOCKED)
    return page


@pytest.mark.parametrize(
    ("language", "title", "sentence"),
    [
        ("de", "Ohne Cookies geht es nicht", "Erlaube sie für diese Seite"),
        ("en", "This does not work without cookies", "Allow cookies for this page"),
    ],
)
def test_at_a_house_of_ones_own(
    served: Served, blocked: Page, language: str, title: str, sentence: str
) -> None:
    houses = len(served.world.houses)
    blocked.goto(f"{served.url}/c/{served.house().code}?lang={language}")
    expect(blocked.locator("h1")).to_have_text(title)
    expect(blocked.locator("main")).to_contain_text(sentence)
    expect(blocked.locator("#again")).to_be_visible()
    assert len(served.world.houses) == houses + 1, "nothing was made but what the test made"


def test_at_an_invitation_that_is_not_used_up(served: Served, blocked: Page) -> None:
    sent: list[str] = []
    blocked.on("request", lambda request: sent.append(request.method))
    blocked.goto(f"{served.url}/join#{'a' * 32}")
    blocked.locator("#link-button").click()
    expect(blocked.locator("#link-text")).to_contain_text("lässt keine Cookies zu")
    assert set(sent) == {"GET"}


def test_a_link_that_opens_nothing_leads_on(visit: Visit) -> None:
    page = visit("/join#bad", width=320, height=640)
    expect(page.locator("h1")).to_have_text("In diesem Link fehlt ein Stück")
    expect(page.locator("#link-button")).to_be_hidden()
    expect(page.locator("#link-home")).to_be_visible()


def test_with_cookies_the_house_is_private(served: Served, visit: Visit) -> None:
    page = visit(f"/c/{served.house().code}", person=None)
    expect(page.locator("h1")).to_have_text("Dieses Haus ist privat")
    expect(page.locator("#again")).to_be_hidden()
