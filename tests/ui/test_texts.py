"""Every sentence exists in both languages, with the same places, and every asked key exists."""

import re
from collections.abc import Mapping
from pathlib import Path

from ui.texts import Texts

ROOT = Path(__file__).parents[2]
UI = ROOT / "ui"
JOB = re.compile(r"""\bJob\(\s*name="([^"]+)\"""")
PLACES = re.compile(r"\{\w+\}")
ASKED = re.compile(r"""\bt\(\s*["']([\w.]+)["']\s*[,)]""")
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


def test_every_job_has_a_name_for_people() -> None:
    jobs = JOB.findall((ROOT / "workers" / "schedule.py").read_text("utf-8"))
    assert len(jobs) > 5
    assert [j for j in jobs if f"operations.job.{j.replace(' ', '_')}" not in TEXTS] == []


def test_places_are_filled() -> None:
    text = Texts().of("en", "price.same")
    assert text == "same price"
    assert Texts().of("de", "category.without", category="Fenster") == "Ohne Fenster"


def test_nothing_says_error_or_invalid() -> None:
    for key, entry in TEXTS.items():
        for text in entry.values():
            assert not re.search(r"\b(error|invalid|fehler|ungültig)\b", text, re.IGNORECASE), key
