"""By default, no interaction is sent before the visitor has agreed."""

import json
from collections.abc import Iterator
from typing import Any

import pytest
from playwright.sync_api import Page, Request, expect

from configurator.activity.event_ids import session_uuid
from tests.e2e.conftest import Visitors
from tests.e2e.screen import Screen
from tests.e2e.stage import Stage
from tests.support.programs.processes import Process, web
from tests.support.waiting import eventually_blocking

pytestmark = pytest.mark.e2e


@pytest.fixture(scope="module")
def asking(stage: Stage) -> Iterator[Process]:
    """A web process beside the others that asks first."""
    urls = (stage.database_url, stage.servers.redis_url)
    with web(*urls, NEST_CONSENT="asked", NEST_NODE="asking") as process:
        yield process.ready_blocking(40)


class Told:
    """The requests with which a page reports its visit."""

    def __init__(self, page: Page) -> None:
        self.batches: list[dict[str, Any]] = []
        page.on("request", self._keep)

    def _keep(self, request: Request) -> None:
        if "/track-interaction" in request.url:
            self.batches.append(json.loads(request.post_data or "{}"))

    def choices(self) -> list[str]:
        """The reported selections."""
        interactions = [
            each["interaction"] for batch in self.batches for each in batch["interactions"]
        ]
        return [each["selectionValue"] for each in interactions if each["eventType"] == "selection"]


def kept(page: Page) -> list[str]:
    """The interactions that wait in the browser."""
    found: list[str] = page.evaluate("Object.keys(localStorage).filter((key) => /track/.test(key))")
    return found


def test_nothing_is_sent_before_yes_and_everything_after(
    visitors: Visitors, stage: Stage, asking: Process
) -> None:
    anna = visitors.owner(asking)
    page, told = anna.page, Told(anna.page)
    bar = page.get_by_role("region", name="Dürfen wir mitzählen?")
    expect(bar).to_be_visible()
    anna.choose("nest", "nest120")
    anna.shows_total(241_900)
    page.reload()
    anna.opened()
    expect(bar).to_be_visible()
    expect(page.get_by_test_id("consent")).to_have_text("Messung: aus")
    assert (told.batches, kept(page)) == ([], [])
    assert [each for each in page.context.cookies() if each["name"] == "nest_consent"] == []

    bar.get_by_role("button", name="Einverstanden").click()
    expect(bar).to_have_count(0)
    expect(page.get_by_test_id("consent")).to_have_text("Messung: an")
    with page.expect_request(lambda request: '"selection"' in (request.post_data or "")):
        anna.choose("nest", "nest80")
    anna.shows_total(170_700)
    assert told.choices() == ["nest80"]
    session = told.batches[0]["sessionId"]

    def stored() -> list[str]:
        found = stage.value(
            "SELECT array_agg(selection_value) FROM interactions"
            " WHERE session_id::text = $1 AND event_type = 'selection'",
            str(session_uuid(session)),
        )
        return list(found or [])

    eventually_blocking(lambda: stored() == ["nest80"], 30, why="it is stored, and only it")
    page.reload()
    anna.opened()
    expect(bar).to_have_count(0)


def test_after_no_nothing_is_sent_and_it_is_not_asked_again(
    visitors: Visitors, asking: Process
) -> None:
    bert = visitors.owner(asking)
    page, told = bert.page, Told(bert.page)
    bar = page.get_by_role("region", name="Dürfen wir mitzählen?")
    bar.get_by_role("button", name="Ohne Messung").click()
    expect(bar).to_have_count(0)
    bert.choose("nest", "nest120")
    bert.shows_total(241_900)
    page.reload()
    Screen(page).opened()
    expect(bar).to_have_count(0)
    page.goto(f"{asking.url}/")
    assert (told.batches, kept(page)) == ([], [])
