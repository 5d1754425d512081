"""An owner sees who has access and ends it; a removed person reads it on their screen at once."""

from playwright.sync_api import expect

from tests.e2e.conftest import Visitors
from tests.e2e.stage import Stage


def test_the_owner_removes_a_guest_who_is_told_and_stays_out(
    stage: Stage, visitors: Visitors
) -> None:
    """(AU9, AU11) On another process; neither the old link nor a new browser opens the house."""
    anna = visitors.owner()
    bert = visitors.invited(anna, stage.two)
    bert.introduce("Bert Thaler")
    old = anna.invitation()
    anna.page.get_by_role("button", name="Einladen").click()
    guest = anna.page.locator("[data-person]", has_text="Bert Thaler")
    expect(guest).to_contain_text("gerade hier")
    expect(anna.page.locator("[data-link]")).to_have_count(2)
    guest.get_by_role("button", name="Bert Thaler entfernen").click()
    expect(guest.get_by_role("button", name="Nichts ändern")).to_be_focused()
    guest.get_by_role("checkbox").check()
    guest.get_by_role("button", name="Bert Thaler entfernen").click()
    expect(bert.page.get_by_test_id("ended")).to_contain_text("Dein Zugang zu diesem Haus wurde")
    expect(guest).to_have_count(0)
    expect(anna.page.locator("[data-link]")).to_have_count(0)
    expect(anna.page.get_by_role("heading", name="Wer Zugang hat")).to_be_focused()
    stranger = visitors.stranger()
    stranger.goto(f"{stage.one.url}/join#{old}")
    stranger.locator("#link-button").click()
    expect(stranger.locator("#link-text")).to_contain_text("gilt nicht")
