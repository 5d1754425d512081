"""Captions follow the language, the drawing does not."""

import re

import pytest

from configurator.preview.scene.keys import parse_path
from configurator.preview.svg.rendering import render
from configurator.text import Language

PATHS = (
    "v2/exterior/nest120.holzlattung.pv10.fichte20",
    "v2/interior/nest120.fichte.parkett",
    "v2/pv/nest120.holzlattung.pv10",
    "v2/pv/nest120.holzlattung",
    "v2/fenster/nest120.holzlattung.fichte20",
    "v2/fenster/nest120.holzlattung",
)
GERMAN = re.compile(r"Module\b|Fenster|Hülle|Giebel|Platz|Noch|kein|Öffnung|Dach|\d,\d")


def words(path: str, language: Language) -> str:
    drawn = render(parse_path(path), language)
    return " ".join(re.findall(r"<(?:title|desc|text|tspan)[^>]*>([^<]*)", drawn))


@pytest.mark.parametrize("path", PATHS)
def test_an_english_picture_speaks_english(path: str) -> None:
    assert 'lang="en"' in render(parse_path(path), "en")
    assert GERMAN.search(words(path, "de"))
    assert not GERMAN.search(words(path, "en"))


@pytest.mark.parametrize("path", PATHS)
def test_only_the_words_differ(path: str) -> None:
    shapes = [
        re.findall(r"<path[^>]*>", render(parse_path(path), language)) for language in ("de", "en")
    ]
    assert shapes[0] == shapes[1]
