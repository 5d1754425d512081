"""The configurator's sentences about a change: every operation, category and language."""

import json
import re
import subprocess
from collections.abc import Iterator
from functools import cache
from itertools import product
from pathlib import Path

import msgspec
import pytest

from configurator.catalogue.selection import Choice
from configurator.operations import reasons
from configurator.operations.intents import Clear, Select, SetQuantity
from configurator.operations.outcomes import Adjusted, Conflict, Rejected, evaluate
from configurator.operations.outcomes import OpOutcome as AnyOutcome
from configurator.text import Text
from tests.configurator.nest_haus import CATALOGUE
from tests.support.programs.node import find_node
from ui.texts import Texts

SCRIPT = Path(__file__).parents[1] / "js" / "sentences.mjs"
GERMAN = re.compile(
    r"[äöüß]|\b(Du|hast|hat|und|von|auf|jetzt|vorher|gewählt|Auswahl)\b", re.IGNORECASE
)
TWICE = re.compile(
    r"\b([\w-]{4,}(?: [\w-]+)*)\W+(?:(?:auf|to|wieder|is|jetzt|now|hat|Du hast|chose|you chose|Bert hat)\W+)?\1\b(?!-)"
)


def fits(text: str, language: str) -> str:
    """The mistake in a sentence; empty if there is none."""
    if re.search(r"[{}]|undefined|null|NaN|\[object|  |\s[.,;:]|[,.;:]$|^[^\w„“]", text):
        return "a hole"
    if TWICE.search(text.replace("\u00a0", " ")):
        return "the same twice"
    if re.search(r"\b1\s(Module|panels)\b|\b12\s(Modul|panel)\b(?!s)", text):
        return "one and many"
    if re.search(r"\d,\d(?!\d\d)" if language == "en" else r"\d\.\d(?!\d\d)", text):
        return "the decimal sign of the other language"
    if language == "en" and GERMAN.search(text):
        return "German"
    return "" if len(text) < 140 else "long"


@cache
def sentences() -> list[dict[str, str]]:
    asked = {"catalogue": msgspec.to_builtins(CATALOGUE.public()), "texts": dict(Texts().entries())}
    done = subprocess.run(
        [find_node().program, SCRIPT],
        input=json.dumps(asked),
        capture_output=True,
        text=True,
        check=True,
        timeout=60,
    )
    return [json.loads(line) for line in done.stdout.splitlines()]


def test_every_sentence_of_every_change_reads_well() -> None:
    said = sentences()
    assert len(said) > 2_000
    wrong = {(s["about"], s["text"], w) for s in said if (w := fits(s["text"], s["language"]))}
    assert sorted(wrong)[:20] == []


@pytest.mark.parametrize(
    ("language", "category", "about", "text"),
    [
        ("de", "nest", "select", "Größe: Du hast Nest.\u00a0120 gewählt"),
        ("de", "pvanlage", "select", "Photovoltaik: Du hast die Menge von 12 auf 1 Modul geändert"),
        ("de", "grundstueckscheck", "select", "Du hast Grundstücks-Check gewählt"),
        (
            "de",
            "grundstueckscheck",
            "undo",
            "Du hast rückgängig gemacht: Grundstücks-Check wieder gewählt",
        ),
        ("de", "pvanlage", "select", "Photovoltaik: Bert hat 12 Module gewählt"),
        ("en", "pvanlage", "choice", "1 panel"),
        ("de", "grundstueckscheck", "choice", "gewählt"),
        ("de", "fenster", "select", "Fenster: Bert hat die Auswahl entfernt"),
        ("en", "fenster", "without", "No windows"),
        ("en", "pvanlage", "without", "No solar power"),
        ("de", "pvanlage", "without", "Ohne Photovoltaik"),
        ("en", "grundstueckscheck", "select", "Bert chose Plot check"),
    ],
)
def test_some_as_they_are_read(language: str, category: str, about: str, text: str) -> None:
    said = {
        s["text"]
        for s in sentences()
        if (s["language"], s["category"], s["about"]) == (language, category, about)
    }
    assert text in said, sorted(said)


def refusals() -> Iterator[AnyOutcome]:
    """The outcomes of every choice with every quantity, and of leaving each category out."""
    smallest, full = CATALOGUE.defaults, CATALOGUE.defaults
    for category in CATALOGUE.categories:
        if category.id not in full:
            amount = category.quantity.default if category.quantity else None
            full = full.with_choice(
                category.id, Choice(option=category.options[0].id, quantity=amount)
            )
    for selection, category in product((smallest, full), CATALOGUE.categories):
        yield evaluate(CATALOGUE, selection, Clear(category=category.id))
        yield evaluate(CATALOGUE, selection, Select(category=category.id, option="none_such"))
        for amount in (-1, 1, 9, 99, 1_000):
            yield evaluate(CATALOGUE, selection, SetQuantity(category=category.id, quantity=amount))
            for option in category.options:
                asked = Select(category=category.id, option=option.id, quantity=amount)
                yield evaluate(CATALOGUE, selection, asked)


def test_every_reason_and_every_way_out_reads_well() -> None:
    texts: set[Text] = {reasons.nothing_to_undo().text, reasons.nothing_to_redo().text}
    for outcome in refusals():
        texts |= {reason.text for reason in outcome.reasons}
        if isinstance(outcome, Rejected | Conflict):
            texts |= {repair.text for repair in outcome.repairs}
        assert not isinstance(outcome, Adjusted) or outcome.reasons
    texts |= {reasons.changed_meanwhile(category, "Bert").text for category in CATALOGUE.categories}
    assert len(texts) > 30
    wrong = [
        (text, why)
        for each in texts
        for language, text in (("de", each.de), ("en", each.en))
        if (why := fits(text.rstrip("."), language)) and why != "long"
    ]
    assert wrong == []


def test_the_views_are_called_as_in_the_catalogue() -> None:
    for view in CATALOGUE.views:
        assert Texts().of("en", f"view.{view.id}") == view.name.en
        assert Texts().of("de", f"view.{view.id}") == view.name.de
