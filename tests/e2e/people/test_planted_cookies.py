"""Another host of the domain plants the cookie of a person of its own, where the address is http."""

from typing import Any
from urllib.parse import urlsplit

import httpx
import pytest
from playwright.sync_api import Page, expect

from tests.e2e.conftest import Visitors
from tests.e2e.screen import Screen
from tests.e2e.stage import Stage

pytestmark = pytest.mark.e2e
HOST = "app.nest.localhost"
PLACES = {
    "domain": {"domain": ".nest.localhost", "path": "/"},
    "path": {"domain": HOST, "path": "/c"},
    "start": {"domain": ".nest.localhost", "path": "/start"},
}


def begun(page: Page, stage: Stage) -> Screen:
    """Somebody with a house under a name that is a part of a domain."""
    page.goto(f"http://{HOST}:{urlsplit(stage.one.url).port}/")
    page.locator('form[action="/start"] button').click()
    page.wait_for_url("**/c/*")
    return Screen(page).opened()


def tokens(page: Page) -> list[str]:
    return [each["value"] for each in page.context.cookies() if each["name"] == "nest_person"]


@pytest.mark.parametrize("place", PLACES)
def test_a_planted_cookie_goes_and_the_house_is_there(
    visitors: Visitors, stage: Stage, place: str
) -> None:
    mallory = begun(visitors.stranger(), stage)
    anna = begun(visitors.stranger(), stage)
    page, own = anna.page, tokens(anna.page)
    planted: Any = {"name": "nest_person", "value": tokens(mallory.page)[0], **PLACES[place]}
    page.context.add_cookies([planted])
    people = stage.value("SELECT count(*) FROM people")
    page.goto(f"http://{HOST}:{urlsplit(stage.one.url).port}/c/{anna.code}")
    anna.opened()
    expect(page.locator(".notice.readonly")).to_have_count(0)
    page.goto(f"http://{HOST}:{urlsplit(stage.one.url).port}/")
    page.locator('form[action="/start"] button').click()
    page.wait_for_url("**/c/*")
    anna.opened()
    assert tokens(page) == own
    assert stage.value("SELECT count(*) FROM people") == people


@pytest.mark.parametrize("path", ["/c/7K3M9QXA", "/signed-out"])
@pytest.mark.parametrize(
    ("language", "title"), [("de", "Ein Cookie zu viel"), ("en", "One cookie too many")]
)
def test_a_planted_cookie_that_stays_is_told_on_the_page(
    stage: Stage, path: str, language: str, title: str
) -> None:
    answer = httpx.get(
        f"{stage.one.url}{path}?cookies=one&lang={language}",
        headers={"cookie": "nest_person=a; nest_person=b", "accept": "text/html"},
    )
    assert answer.status_code == 409
    assert f"<h1>{title}</h1>" in answer.text
    assert f'href="{path}?lang={language}"' in answer.text
    assert not [each for each in answer.headers.get_list("set-cookie") if "Path=/;" in f"{each};"]
