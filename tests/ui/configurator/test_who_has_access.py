"""Ending somebody's access while the store is away: the answer is where it was pressed, and true."""

import pytest
from playwright.sync_api import Page, Route, expect

from configurator.protocol.codes import CODES
from tests.ui.configurator.test_configurator import open_house
from tests.ui.conftest import Served, Visit
from tests.ui.double.app import ACCESS, GUEST, LINK

pytestmark = pytest.mark.e2e

WAYS = {
    "person": (
        f'[data-person="{GUEST["id"]}"]',
        "still has access",
        f"{GUEST['name']} was removed",
    ),
    "link": (f'[data-link="{LINK}"]', "still open", "The link has ended"),
}


def away(route: Route) -> None:
    text = CODES["not_saved"].text
    error = {"code": "not_saved", "message": {"de": text.de, "en": text.en}, "retryable": True}
    route.fulfill(status=503, json={"error": error})


def ask_for_the_end(page: Page, entry: str) -> None:
    """Press, and once more in the question."""
    page.locator(f"{entry} .entry .text-button").click()
    page.locator(f"{entry} .sure .danger").last.click()


@pytest.mark.parametrize("what", WAYS)
def test_an_end_of_unknown_outcome_is_shown_in_its_place_until_the_list_is_read(
    served: Served, visit: Visit, what: str
) -> None:
    entry, still, _ = WAYS[what]
    page = open_house(visit, served.house(), locale="en-GB", width=390, height=844)
    page.get_by_role("button", name="Invite").click()
    expect(page.locator(entry)).to_be_visible()
    for address in ("**/access", "**/participants/*", "**/share-links/*"):
        page.route(address, away)
    ask_for_the_end(page, entry)
    problem = page.locator(f"{entry} .sure .problem")
    expect(problem).to_contain_text("we do not know whether")
    expect(problem).to_be_in_viewport()
    expect(page.locator(".sheet .problem")).to_have_count(2)  # the other one: the list is not read
    page.unroute("**/access")
    expect(problem).to_contain_text(still)
    expect(page.locator(".sheet .problem")).to_have_count(1)
    page.locator(f"{entry} .sure").get_by_role("button", name="Change nothing").click()
    expect(page.locator(".sheet .problem")).to_have_count(0)


@pytest.mark.parametrize("what", WAYS)
def test_an_end_that_was_carried_out_without_an_answer_is_told_as_one(
    served: Served, visit: Visit, what: str
) -> None:
    entry, _, done = WAYS[what]
    page = open_house(visit, served.house(), locale="en-GB")
    page.get_by_role("button", name="Invite").click()
    expect(page.locator(entry)).to_be_visible()
    nobody = {**ACCESS, "links": [], "link_count": 0, "participants": ACCESS["participants"][:1]}
    page.route("**/access", lambda route: route.fulfill(json=nobody))
    page.route("**/participants/*", lambda route: route.abort())
    page.route("**/share-links/*", lambda route: route.abort())
    ask_for_the_end(page, entry)
    expect(page.locator(".sheet [role=status]", has_text=done)).to_have_count(1)
    expect(page.locator(entry)).to_have_count(0)
    expect(page.locator(".sheet .problem")).to_have_count(0)


def test_a_guest_who_cannot_leave_just_now_reads_so_inside_the_question(
    served: Served, visit: Visit
) -> None:
    house = served.house()
    served.world.roles["Gast Fichte"] = "editor"
    bert = open_house(visit, house, person="Gast Fichte", locale="en-GB", width=390, height=844)
    bert.locator(".people").click()
    bert.get_by_role("button", name="Leave this house").click()
    bert.route("**/participants/*", away)
    bert.get_by_role("button", name="Leave house").click()
    expect(bert.locator(".leave .sure .problem")).to_have_text(
        "No answer came just now. Try again in a moment."
    )
    bert.get_by_role("button", name="Stay in this house").click()
    expect(bert.locator(".leave .problem")).to_have_count(0)
