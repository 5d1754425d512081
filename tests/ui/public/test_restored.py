"""A backup took the place of the data: those who are not in it are told that, and nothing untrue."""

from datetime import UTC, datetime, timedelta
from uuid import UUID, uuid4

import httpx
import pytest
from playwright.sync_api import expect

from storage.postgres.deployment import History
from tests.ui.configurator.test_configurator import open_house
from tests.ui.conftest import Served, Visit
from tests.ui.look.test_frames import tab_of
from ui.public.restored import SAID_FOR, in_words

pytestmark = pytest.mark.e2e

PUT_BACK = {
    "de": "Die Daten wurden auf den Stand vom {} zurückgesetzt.",
    "en": "The data were put back to the state of {}.",
}
LINK_BACK = {"de": "Mit deinem Link zum Wiederkommen", "en": "With your link back"}
SIGNED_OUT, PRIVATE = ("/signed-out?sure=1", "person=dead"), ("/c/NOHOUSE", "")


def put_back(served: Served, to: datetime | None) -> None:
    served.world.history = History(epoch=uuid4(), restored_to=to)


def page_of(served: Served, asked: tuple[str, str], language: str) -> str:
    path, cookie = asked
    headers = {"accept": "text/html", "accept-language": language, "cookie": cookie}
    return httpx.get(served.url + path, headers=headers).text


@pytest.mark.parametrize("language", ["de", "en"])
@pytest.mark.parametrize("asked", [SIGNED_OUT, PRIVATE])
def test_a_person_newer_than_the_backup_reads_why(
    served: Served, asked: tuple[str, str], language: str
) -> None:
    moment = datetime.now(UTC) - timedelta(hours=3)
    put_back(served, moment)
    page = page_of(served, asked, language)
    assert PUT_BACK[language].format(in_words(moment, language)) in page  # type: ignore[arg-type]
    assert LINK_BACK[language] not in page, "their link is gone, too"


@pytest.mark.parametrize("asked", [SIGNED_OUT, PRIVATE])
def test_without_a_recent_restore_none_is_mentioned(served: Served, asked: tuple[str, str]) -> None:
    served.world.history = None  # PostgreSQL went away in between
    pages = [page_of(served, asked, "de")]
    for to in (None, datetime.now(UTC) - SAID_FOR):
        put_back(served, to)
        pages.append(page_of(served, asked, "de"))
    for page in pages:
        assert "<h1>" in page
        assert "zurückgesetzt" not in page
        assert LINK_BACK["de"] in page


def test_the_moment_is_told_as_the_clocks_of_vienna_show_it() -> None:
    moment = datetime(2026, 11, 3, 23, 30, tzinfo=UTC)
    assert in_words(moment, "de") == "4. November 2026 um 00:30 (Wien)"
    assert in_words(moment, "en") == "4 November 2026 at 00:30 (Vienna)"


@pytest.mark.parametrize("to", [datetime(2026, 11, 3, 10, tzinfo=UTC), None])
def test_the_tab_of_a_house_that_is_newer_says_what_became_of_it(
    served: Served, visit: Visit, to: datetime | None
) -> None:
    """No invitation brings it back."""
    house = served.house()
    page = open_house(visit, house, locale="en-GB")
    put_back(served, to)
    served.do(tab_of(house).revoke)
    ended = page.get_by_test_id("ended")
    expect(ended).to_contain_text("Restored from a backup")
    expect(ended).to_contain_text("3 November 2026" if to else "an earlier state")
    expect(ended).to_contain_text("even where it said “saved”. You see it as it was.")
    expect(ended).not_to_contain_text("invitation")


def test_on_a_phone_the_toast_says_it_too(served: Served, visit: Visit) -> None:
    """The answer comes after the toast was shown."""
    house = served.house()
    page = open_house(visit, house, width=390, height=844)
    page.locator("#category-planungspaket").scroll_into_view_if_needed()
    put_back(served, None)
    page.route("**/restored", lambda _: None)
    with page.expect_request("**/restored"):
        served.do(tab_of(house).revoke)
    toast = page.locator('[data-toast="ended"]')
    expect(toast).to_contain_text("Du siehst den Stand von vorhin.")
    expect(toast).not_to_contain_text("Einladung")
    page.unroute("**/restored")  # which lets the held request go on
    expect(toast).to_contain_text("Aus einer Sicherung wiederhergestellt")
    expect(toast).not_to_contain_text("Einladung")


def test_access_that_ended_in_the_same_history_is_not_called_a_restore(
    served: Served, visit: Visit
) -> None:
    house = served.house()
    page = open_house(visit, house)
    served.world.history = History(epoch=UUID(house.epoch), restored_to=datetime.now(UTC))
    with page.expect_response("**/restored") as asked:
        served.do(tab_of(house).revoke)
    assert asked.value.ok
    expect(page.get_by_test_id("ended")).to_contain_text("Dein Zugang zu diesem Haus wurde beendet")
