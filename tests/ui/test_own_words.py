"""Whatever the system itself writes as a reason, a place or a kind has words in both languages."""

import json
import re
from pathlib import Path
from typing import Final, get_args

import asyncpg
import pytest

from app.catalogue import current_catalogue
from configurator.untrusted import SENTENCES
from configurator.visitor import Objection
from realtime.sheets.words import LANGUAGES, Language, Words
from storage.postgres.failures import Failure, describe, failure
from ui.assets import DIRECTORY

ROOT: Final = Path(__file__).parents[2]
TEXTS: Final = json.loads((ROOT / "ui" / "texts.json").read_text("utf-8"))
WORDS: Final = Words(TEXTS, current_catalogue)
TRACKED: Final = re.compile(r'\btrack\("\w+", (?:[\w.]+ \?\? )?"(\w+)"')
NOTED: Final = re.compile(r'"((?:process|store|alert|job|worker)(?:_\w+)?)"')


def refused_by_postgresql() -> set[str]:
    """The kind of every dead letter for which PostgreSQL has a name of its own."""
    found: set[str] = set()
    kinds: list[type[asyncpg.PostgresError]] = [asyncpg.PostgresError]
    while kinds:
        kind = kinds.pop()
        kinds += kind.__subclasses__()
        if kind.sqlstate and failure(kind("")) is Failure.DEFECT:
            found.add(describe(kind("")).partition(" ")[0])
    return found


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_reason_of_a_dead_letter_is_one_entry_in_words(language: Language) -> None:
    postgresql = refused_by_postgresql()
    assert "InvalidTextRepresentationError" in postgresql
    assert len(postgresql) > 20
    ours = {*SENTENCES, *get_args(Objection), "erased", "expired", "DataError", "OverflowError"}
    said = {kind: WORDS.word("operations.why.", kind, language) for kind in ours | postgresql}
    assert [kind for kind, words in said.items() if words == kind] == []
    assert all(" " in words for words in said.values())
    assert len(set(said.values())) == len(said), "two entries of a filter look the same"


def test_every_place_that_the_page_tells_of_has_words() -> None:
    scripts = [path.read_text("utf-8") for path in DIRECTORY.rglob("*.js")]
    places = {place for script in scripts for place in TRACKED.findall(script)}
    assert {"inquiry", "view", "page"} <= places
    listed = (DIRECTORY / "js" / "happened.js").read_text("utf-8")
    known = set(re.findall(r'"(\w+)"', listed.partition("PLACES = ")[2].partition("\n")[0]))
    assert places <= known
    for place in known:
        assert set(TEXTS[f"admin.place.{place}"]) >= {"de", "en"}


def test_every_kind_of_what_happens_to_the_system_has_words() -> None:
    kinds = set(NOTED.findall((ROOT / "realtime" / "system_events.py").read_text("utf-8")))
    assert {"alert", "alert_over", "store_away", "job_failed", "worker_ended"} <= kinds
    lines = (DIRECTORY / "js" / "admin" / "lines.js").read_text("utf-8")
    shown = set(re.findall(r'"(\w+)"', lines.partition("SYSTEM = ")[2].partition("\n")[0]))
    assert shown == kinds
    for kind in kinds:
        assert set(TEXTS[f"admin.system.{kind}"]) >= {"de", "en"}
    for alert in ("lag", "online", "dead", "restarts", "jobs"):
        assert set(TEXTS[f"admin.alert.{alert}"]) >= {"de", "en"}
