"""`nest privacy`, as somebody in a terminal or a program uses it."""

import argparse
import asyncio
import io
import json

import pytest
from typing_extensions import override

from app.commands.people.privacy import run
from app.settings.settings import Settings, parse_settings
from storage.postgres.activity.batch_rows import Incoming
from storage.postgres.activity.interactions import Interactions
from storage.postgres.engine import Database
from tests.support.activity import counts, event
from tests.support.audited import SECRET

SUBJECT = "client_9_anna"


@pytest.fixture
def settings(database_url: str, redis_url: str) -> Settings:
    return parse_settings(
        {"DATABASE_URL": database_url, "REDIS_URL": redis_url, "NEST_AUDIT_KEY": SECRET}
    )


class Terminal(io.StringIO):
    @override
    def isatty(self) -> bool:
        return True


def asked(step: str, *, yes: bool = False) -> argparse.Namespace:
    return argparse.Namespace(step=step, subject=SUBJECT, yes=yes)


async def tracked(database_url: str) -> None:
    async with Database(database_url) as database:
        batch = [Incoming(stream_id="1-0", event=event(SUBJECT))]
        await Interactions(database).store(batch, consumer="w")


def test_export_then_erase(
    settings: Settings, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    asyncio.run(tracked(settings.database_url))
    assert run(settings, asked("export"), {}) == 0
    assert len(json.loads(capsys.readouterr().out)["interactions"]) == 1

    for stdin in (io.StringIO(SUBJECT), Terminal("client_9_ben\n")):
        monkeypatch.setattr("sys.stdin", stdin)
        assert run(settings, asked("erase"), {}) == 1
        assert capsys.readouterr().out == ""
    assert asyncio.run(counts(settings.database_url)).rows == 1

    monkeypatch.setattr("sys.stdin", Terminal(f"{SUBJECT}\n"))
    assert run(settings, asked("erase"), {}) == 0
    assert json.loads(capsys.readouterr().out)["counts"]["interactions"] == 1
    assert asyncio.run(counts(settings.database_url)).rows == 0
    assert run(settings, asked("erase", yes=True), {}) == 0


def test_a_subject_that_nobody_knows(
    settings: Settings, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(settings, asked("erase", yes=True), {}) == 1
    assert capsys.readouterr().err == "nest: nothing is known of this subject.\n"
