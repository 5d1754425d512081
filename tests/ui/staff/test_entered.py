"""Entries in a page for staff survive the end of the process that built the page."""

import re
from collections.abc import Callable
from functools import partial

import pytest
from nicegui import Client
from playwright.sync_api import Page, expect

from tests.support.waiting import eventually_blocking
from tests.ui.conftest import Served, Visit
from tests.ui.staff.analytics_sample import answers
from tests.ui.staff.service_sample import sample, service
from tests.ui.staff.test_analytics import analytics, queries
from tests.ui.staff.test_sharing import Api, sharing
from ui.live.client import delete_now
from ui.staff.frame import StaffFrame
from ui.staff.select import KeepingSelectBox

pytestmark = pytest.mark.e2e


def another_process(served: Served, page: Page) -> None:
    """Forget the page and cut its connection: the next socket finds a process that does not know it."""
    client = Client.instances[page.evaluate("window.clientId")]
    page.evaluate("window.firstSocket = window.socket.id")
    served.do(lambda: delete_now(client))
    page.evaluate("window.socket.io.engine.close()")
    page.wait_for_function("window.socket.connected && window.socket.id !== window.firstSocket")


def test_a_search_goes_on_in_another_process(served: Served, visit: Visit) -> None:
    page = analytics(served, visit, answers("x"), "?tab=sessions&lang=de")
    search = page.get_by_test_id("sessions-search")
    search.get_by_label("Suche").fill("C7EYVX30")
    search.get_by_label("Gerät").select_option("mobile")
    expect(search.get_by_role("button", name="Suche leeren")).to_be_visible()
    served.world.admin_api.read.clear()

    another_process(served, page)

    expect(search.get_by_label("Suche")).to_have_value("C7EYVX30")
    expect(search.get_by_label("Gerät")).to_have_value("mobile")
    expect(search.get_by_role("button", name="Suche leeren")).to_be_visible()
    expect(page.get_by_test_id("abandoned-search").get_by_label("Suche")).to_have_value("")
    # The list of sessions was asked for both only when its file is: a typed word seeks after a pause.
    csv = page.get_by_test_id("figure-sessions").get_by_role("link", name="CSV")
    expect(csv).to_have_attribute("href", re.compile("(?=.*q=C7EYVX30)(?=.*device=mobile)"))
    asked = queries(served, "sessions")[-1]
    assert (asked["q"], asked["device"]) == ("C7EYVX30", "mobile")


def test_forms_are_as_they_were_in_another_process(served: Served, visit: Visit) -> None:
    page = sharing(served, visit, Api())
    form = page.get_by_test_id("link-form")
    form.get_by_label("Name").fill("Für Jakob")
    form.get_by_label("Preise").check()
    page.get_by_test_id("schedule-form").get_by_label("Uhrzeit").select_option("9")

    another_process(served, page)

    expect(form.get_by_label("Name")).to_have_value("Für Jakob")
    expect(form.get_by_label("Preise")).to_be_checked()
    expect(page.get_by_test_id("schedule-form").get_by_label("Uhrzeit")).to_have_value("9")
    expect(page.get_by_test_id("schedule-form").get_by_label("Name")).to_have_value("")


def test_a_pick_stays_in_sight_while_it_is_on_its_way(served: Served, visit: Visit) -> None:
    """Another update came first and showed the value before; then the process ended."""
    page = sharing(served, visit, Api())
    hour = page.get_by_test_id("schedule-form").get_by_label("Uhrzeit")
    expect(hour).to_have_value("6")
    client = Client.instances[page.evaluate("window.clientId")]
    page.evaluate("void (window.socket.emit = () => window.socket)")  # what is sent arrives nowhere
    hour.select_option("9")
    served.do(lambda: client.run_javascript("document.title = 'Before'"))
    served.do(lambda: frame_of(client).update())
    served.do(lambda: client.run_javascript("document.title = 'After'"))
    expect(page).to_have_title("After")
    expect(hour).to_have_value("9")
    page.evaluate("void delete window.socket.emit")

    another_process(served, page)

    expect(page.get_by_test_id("schedule-form")).to_be_visible()
    expect(hour).to_have_value("9")
    eventually_blocking(lambda: hours_of(page) == ["9"])


def frame_of(client: Client) -> StaffFrame:
    return next(each for each in client.elements.values() if isinstance(each, StaffFrame))


def hours_of(page: Page) -> list[str]:
    """The hours that Python has for new schedules."""
    elements = Client.instances[page.evaluate("window.clientId")].elements.values()
    lists = [each for each in list(elements) if isinstance(each, KeepingSelectBox)]
    return [each.chosen for each in lists if each.props["label"] == "Uhrzeit"]


def test_a_form_is_kept_when_the_zone_changes(served: Served, visit: Visit) -> None:
    page = sharing(served, visit, Api())
    name = page.get_by_test_id("link-form").get_by_label("Name")
    name.fill("Für Jakob")
    page.get_by_label("Zeitzone").select_option("Europe/Berlin")
    expect(page.get_by_test_id("schedule-form")).to_contain_text("Europe/Berlin")
    expect(name).to_have_value("Für Jakob")


def test_the_focus_returns_to_the_field_that_somebody_types_into(
    served: Served, visit: Visit
) -> None:
    found = sample("x")
    page = service(served, visit, lambda _, path, __: (200, found[path]))
    page.locator('.tabs a[href="#privacy"]').click()
    page.get_by_test_id("subject").fill("anna@example.org")

    another_process(served, page)

    expect(page.get_by_test_id("subject")).to_have_value("anna@example.org")
    expect(page.get_by_test_id("subject")).to_be_focused()


def test_a_heading_that_comes_late_leaves_the_focus_to_who_types(
    served: Served, visit: Visit, monkeypatch: pytest.MonkeyPatch
) -> None:
    late: list[Callable[[], None]] = []
    focus_heading = StaffFrame.focus_heading
    monkeypatch.setattr(
        StaffFrame, "focus_heading", lambda *told: late.append(partial(focus_heading, *told))
    )
    found = sample("x")
    page = service(served, visit, lambda _, path, __: (200, found[path]))
    page.locator('.tabs a[href="#privacy"]').click()
    page.get_by_test_id("subject").fill("anna@example.org")
    client = Client.instances[page.evaluate("window.clientId")]

    served.do(late[0])
    served.do(lambda: client.run_javascript("window.afterTheHeading = true"))
    page.wait_for_function("window.afterTheHeading")

    expect(page.get_by_test_id("subject")).to_be_focused()
