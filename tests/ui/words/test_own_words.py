"""Whatever the system itself writes as a reason, a place or a kind has words in both languages."""

import json
import re
from pathlib import Path
from typing import Final, get_args

import asyncpg
import pytest

from app.parts.catalogue import current_catalogue
from configurator.activity.untrusted import SENTENCES
from configurator.activity.visitor import Objection
from configurator.operations.intents import Operation
from configurator.text import Language
from realtime.sheets.words import SheetWords
from storage.postgres.failures import Failure, describe, failure
from ui.assets import DIRECTORY

ROOT: Final = Path(__file__).parents[3]
TEXTS: Final = json.loads((ROOT / "ui" / "texts.json").read_text("utf-8"))
WORDS: Final = SheetWords(TEXTS, current_catalogue)
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


@pytest.mark.parametrize("language", get_args(Language))
def test_every_reason_of_a_dead_letter_is_one_entry_in_words(language: Language) -> None:
    postgresql = refused_by_postgresql()
    assert "InvalidTextRepresentationError" in postgresql
    assert len(postgresql) > 20
    ours = {*SENTENCES, *get_args(Objection), "erased", "expired", "DataError", "OverflowError"}
    said = {kind: WORDS.word("service.why.", kind, language) for kind in ours | postgresql}
    assert [kind for kind, words in said.items() if words == kind] == []
    assert all(" " in words for words in said.values())
    assert len(set(said.values())) == len(said), "two entries of a filter look the same"


def test_every_place_that_the_page_tells_of_has_words() -> None:
    scripts = [path.read_text("utf-8") for path in DIRECTORY.rglob("*.js")]
    places = {place for script in scripts for place in TRACKED.findall(script)}
    assert {"inquiry", "view", "page"} <= places
    for place in places:
        assert set(TEXTS[f"admin.place.{place}"]) >= {"de", "en"}


def test_every_kind_of_op_has_words() -> None:
    kinds = {str(each.__struct_config__.tag) for each in get_args(Operation)}
    assert "set_quantity" in kinds
    assert [each for each in sorted(kinds) if f"admin.value.{each}" not in TEXTS] == []
    as_choices = {"select", "set_quantity", "clear", "apply"}
    assert [each for each in sorted(kinds - as_choices) if f"asked.{each}" not in TEXTS] == []


def test_every_kind_of_what_happens_to_the_system_has_words() -> None:
    kinds = set(
        NOTED.findall((ROOT / "realtime/activity/live/system_events.py").read_text("utf-8"))
    )
    assert {"alert", "alert_over", "store_away", "job_failed", "worker_ended"} <= kinds
    lines = (DIRECTORY / "js" / "live" / "lines.js").read_text("utf-8")
    shown = set(re.findall(r'"(\w+)"', lines.partition("SYSTEM = ")[2].partition("]")[0]))
    assert shown == kinds
    for kind in kinds:
        assert set(TEXTS[f"admin.system.{kind}"]) >= {"de", "en"}
    for alert in ("lag", "online", "dead", "restarts", "jobs"):
        assert set(TEXTS[f"admin.alert.{alert}"]) >= {"de", "en"}
