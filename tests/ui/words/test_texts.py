"""Every sentence exists in both languages, with the same places, and every asked key exists."""

import re
from collections.abc import Mapping
from pathlib import Path

from app.chance import Chance
from app.settings.settings import parse_settings
from app.worker import jobs_of
from storage.postgres.engine import Database
from ui.texts import Texts
from workers.schedule import CHORES

ROOT = Path(__file__).parents[3]
UI = ROOT / "ui"
NO_KEY = re.compile(r"\W+")
ACTION = re.compile(r"""\b(?:action|look)="([a-z_]+\.[a-z_]+)\"""")
PLACES = re.compile(r"\{\w+\}")
ASKED = re.compile(r"""\bt\(\s*["']([\w.]+)["']\s*[,)]""")
GROUP = re.compile(r"""(?:texts=|prefix in \(|, |\()f?["']([a-z]+(?:\.[a-z]\w*)*\.)(?:\{\w|["'])""")
"""The first part of a key whose last part is the name of something: `service.why.{kind}`."""
TEXTS = Texts().entries()
SOURCES = [*UI.rglob("*.js"), *UI.rglob("*.html")]


def test_both_languages_say_it_with_the_same_places() -> None:
    """All texts in one test: as a test each they are a fifth of all tests, and their reports."""
    assert len(TEXTS) > 1000
    assert [key for key, entry in TEXTS.items() if not _in_both_languages(entry)] == []


def _in_both_languages(entry: Mapping[str, str]) -> bool:
    return (
        set(entry) == {"de", "en"}
        and all(text.strip() for text in entry.values())
        and set(PLACES.findall(entry["de"])) == set(PLACES.findall(entry["en"]))
    )


def test_every_key_that_a_screen_asks_for_exists() -> None:
    assert len(SOURCES) > 100
    asked = {
        (key, str(source.relative_to(UI)))
        for source in SOURCES
        for key in ASKED.findall(source.read_text("utf-8"))
        if not key.endswith(".")
    }
    assert len(asked) > 100
    assert sorted(each for each in asked if each[0] not in TEXTS) == []


def test_every_group_of_keys_has_texts() -> None:
    """A word of a group that is gone would be shown as the id that it explains."""
    groups = {
        group
        for layer in ("realtime", "ui")
        for source in (ROOT / layer).rglob("*.py")
        for group in GROUP.findall(source.read_text("utf-8"))
    }
    assert {"service.action.", "service.why.", "sheet.part."} <= groups
    # A section of a page names its texts without the name of the page.
    assert [group for group in groups if not any(f".{group}" in f".{key}" for key in TEXTS)] == []


def test_every_job_and_chore_has_a_name_for_people_and_every_name_a_job() -> None:
    settings = parse_settings({"DATABASE_URL": "postgresql://x@y/z"})
    jobs = jobs_of(Database(settings.database_url), settings, Chance())
    names = [*CHORES, *(job.name for job in jobs)]
    keys = {f"service.job.{NO_KEY.sub('_', name)}" for name in names}
    assert len(keys) > 12
    assert keys == {key for key in TEXTS if key.startswith("service.job.")}


def test_every_action_in_the_audit_has_words() -> None:
    actions = {
        action
        for layer in ("app", "realtime", "storage")
        for source in (ROOT / layer).rglob("*.py")
        for action in ACTION.findall(source.read_text("utf-8"))
    }
    assert {"links.create", "ledger.look", "backup.restore"} <= actions
    assert [a for a in actions if f"service.action.{a.replace('.', '_')}" not in TEXTS] == []


def test_places_are_filled() -> None:
    text = Texts().of("en", "price.same")
    assert text == "same price"
    assert Texts().of("de", "category.without", category="Fenster") == "Ohne Fenster"


def test_nothing_says_error_or_invalid() -> None:
    for key, entry in TEXTS.items():
        for text in entry.values():
            assert not re.search(r"\b(error|invalid|fehler|ungültig)\b", text, re.IGNORECASE), key
