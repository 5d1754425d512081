"""Admins run the product on real processes: from a broken entry to a stored event."""

import json
import re

import pytest
import redis
from playwright.sync_api import Page, expect

from configurator.activity.interaction import encode_event
from storage.redis.activity.keys import EVENTS
from tests.e2e.conftest import Visitors
from tests.e2e.stage import Stage
from tests.support.activity import event
from tests.support.waiting import eventually_blocking

pytestmark = pytest.mark.e2e

SOON_MS = 30_000


def open_service(admin: Page, tab: str = "letters") -> None:
    admin.goto(re.sub(r"/admin.*", f"/admin/service#{tab}", admin.url))


def test_a_broken_entry_is_mended_sent_again_and_stored(stage: Stage, admin: Page) -> None:
    good = json.loads(encode_event(event("mended", element_id="here")))
    broken = {**good, "interaction": {**good["interaction"], "eventType": 7, "category": "<b>"}}
    with redis.Redis.from_url(stage.servers.redis_url) as client:
        client.xadd(EVENTS, {"s": "", "e": json.dumps(broken)})
    open_service(admin)
    letter = admin.get_by_test_id("letter")
    expect(letter).to_have_count(1, timeout=SOON_MS)
    expect(letter).to_contain_text("Fehlendes Feld oder falscher Typ: interaction.eventType")
    letter.get_by_role("button").click()
    payload = admin.get_by_test_id("payload")
    expect(payload).to_have_value(re.compile(r'"category": "<b>"'))

    admin.get_by_test_id("send").click()  # as it is, it is refused again
    expect(admin.get_by_test_id("sent")).to_contain_text("wieder nicht", timeout=SOON_MS)
    expect(letter).to_have_count(1)
    letter.get_by_role("button").click()
    payload.fill(payload.input_value().replace("<b>", ""))
    admin.get_by_test_id("fix").click()
    alert = admin.get_by_role("dialog").get_by_role("alert")
    expect(alert).to_contain_text("falscher Typ: interaction.eventType")
    payload.fill(json.dumps(good, indent=2))
    admin.get_by_test_id("fix").click()
    expect(admin.get_by_test_id("sent").first).to_contain_text("gespeichert", timeout=SOON_MS)
    expect(admin.get_by_test_id("empty")).to_be_visible()
    stored = stage.value(
        "SELECT element_id FROM interactions WHERE event_id = $1", good["event_id"]
    )
    assert stored == "here"

    open_service(admin, "ledger")
    expect(admin.get_by_test_id("balance")).to_contain_text("Geht auf")
    expect(admin.get_by_test_id("reasons")).to_contain_text("Fehlendes Feld oder falscher Typ")
    open_service(admin, "audit")
    expect(admin.get_by_test_id("audit")).to_contain_text("Nicht Gespeichertes geändert")


def test_a_job_is_done_now_and_somebody_is_forgotten(
    visitors: Visitors, stage: Stage, admin: Page
) -> None:
    open_service(admin, "jobs")
    expect(admin.get_by_test_id("leader")).to_contain_text("worker", timeout=SOON_MS)
    row = admin.get_by_test_id("job").filter(has_text="Alle Tage nachzählen")
    runs = "SELECT count(*) FROM job_runs WHERE job = 'audit all days'"
    before = stage.value(runs)
    row.get_by_role("button").click()
    expect(admin.get_by_role("status").first).to_contain_text("angefordert")
    eventually_blocking(lambda: stage.value(runs) > before, 30, why="it was done")

    anna = visitors.owner()
    anna.introduce("Anna Leitner")
    anna.choose("nest", "nest120")
    person = str(stage.value("SELECT owner_id FROM configurations WHERE code = $1", anna.code))
    anna.page.close()
    open_service(admin, "privacy")
    admin.get_by_test_id("subject").fill(person)
    admin.get_by_role("button", name="Nachsehen").click()
    expect(admin.get_by_test_id("known")).to_contain_text(re.compile(r"Häuser\s*1"))
    with admin.expect_download() as download:
        admin.get_by_test_id("download").click()
    assert json.loads(download.value.path().read_text())["person"]["name"] == "Anna Leitner"
    expect(admin.get_by_test_id("erase-now")).to_be_disabled()
    admin.get_by_test_id("confirm").fill(person)
    admin.get_by_test_id("erase-now").click()
    expect(admin.get_by_test_id("receipt")).to_contain_text(re.compile(r"Häuser\s*1"))
    assert stage.value("SELECT count(*) FROM people WHERE id = $1", person) == 0
