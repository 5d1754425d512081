"""`nest restore` under open pages of people and houses that are newer than the backup."""

import asyncio
from argparse import Namespace
from datetime import UTC, datetime
from pathlib import Path

import pytest
from playwright.sync_api import expect

from app.backup.making import make_backup
from app.commands.data.restore import run as restore
from app.settings.settings import parse_settings
from tests.e2e.conftest import Visitors
from tests.e2e.screen import Screen
from tests.e2e.stage import Stage
from tests.support.programs.servers import apart

pytestmark = pytest.mark.e2e


def test_those_who_are_newer_than_the_backup_read_what_became_of_them(
    visitors: Visitors, stage: Stage, tmp_path: Path
) -> None:
    """(CL15) Neither an invitation nor a link back would help them."""
    anna = visitors.owner(stage.one)
    file = tmp_path / "one.backup"
    apart(lambda: make_backup(stage.database_url, file, {}))
    began = datetime.now(UTC)
    carl = visitors.owner(stage.two)
    carl.choose("nest", "nest140")
    carl.shows_status("saved")
    newer = Screen(anna.page.context.new_page())
    newer.page.goto(stage.one.url)
    newer.page.locator("#begin button").click()
    newer.page.wait_for_url("**/c/*")
    newer.opened().choose("nest", "nest160")
    newer.shows_status("saved")

    given = {
        "DATABASE_URL": stage.database_url,
        "REDIS_URL": stage.servers.redis_url,
        "NEST_AUDIT_KEY": "of-somebody-who-restores-in-a-test",
    }
    command = Namespace(file=file, replace=True, new_audit_key=True)
    settings = parse_settings(given, node="test")
    assert apart(lambda: asyncio.to_thread(restore, settings, command, {})) == 0

    for screen in (carl, newer):
        ended = screen.page.get_by_test_id("ended")
        expect(ended).to_contain_text("Dieses Haus oder dein Zugang dazu ist neuer", timeout=60_000)
        expect(ended).not_to_contain_text("Einladung")
    carl.page.wait_for_function("() => window.socket.disconnected")
    carl.shows_chosen("nest", "nest140")  # nobody else has what is on this screen
    carl.page.goto(f"{stage.two.url}/signed-out")
    told = carl.page.locator("main")
    expect(told).to_contain_text("Die Daten wurden auf den Stand vom", timeout=60_000)
    expect(told).to_contain_text(str(began.year))
    expect(told).not_to_contain_text("Mit deinem Link zum Wiederkommen")
    expect(anna.page.get_by_test_id("restored")).to_be_visible(timeout=60_000)
    newer.page.reload()
    expect(newer.page.locator("h1")).to_have_text("Dieses Haus ist privat")
    expect(newer.page.locator("main")).to_contain_text("Die Daten wurden auf den Stand vom")
