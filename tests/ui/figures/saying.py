"""The words of figures over the catalogue of the tests, and what elements say."""

from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

import msgspec
from nicegui import ui
from nicegui.elements.mixins.text_element import TextElement

from configurator.text import Language
from tests.configurator.nest_haus import CATALOGUE
from ui.figures.names import CatalogueNames
from ui.figures.words import FigureWords
from ui.texts import Texts
from ui.words import Words

NOW = datetime(2026, 11, 25, 10, 0, 5, tzinfo=UTC)
NAMES = CatalogueNames(msgspec.json.encode(CATALOGUE.public()).decode())
TEXTS = Texts()


def figure_words(language: Language = "de", zone: str = "Europe/Vienna") -> FigureWords:
    return FigureWords(Words(TEXTS, language, lambda: NOW), NAMES, zone)


def shown(element: ui.element) -> Iterator[ui.element]:
    """The elements inside of one that can be seen, in their order."""
    for child in element.default_slot.children:
        if child.visible:
            yield child
            yield from shown(child)


def texts(element: ui.element) -> list[str]:
    """The texts inside an element, without those of tables and charts."""
    return [each.text for each in shown(element) if isinstance(each, TextElement) and each.text]


def tables(element: ui.element) -> dict[str, list[list[str]]]:
    """The tables inside of an element by what tests find them by, each with its head and its rows."""
    return {
        str(each.props["called"]): _lines(msgspec.json.decode(each.props["content"]))
        for each in shown(element)
        if "content" in each.props
    }


def drawings(element: ui.element) -> list[dict[str, Any]]:
    """The drawings of the charts inside an element."""
    return [
        msgspec.json.decode(each.props["drawing"])
        for each in shown(element)
        if "drawing" in each.props
    ]


def cells(element: ui.element, called: str, column: str) -> list[Any]:
    """The cells of one column of a table, with what they sort by and draw."""
    for each in shown(element):
        if each.props.get("called") == called:
            content = msgspec.json.decode(each.props["content"])
            place = [found["name"] for found in content["columns"]].index(column)
            return [row["cells"][place] for row in content["rows"]]
    raise AssertionError(called)


def _lines(content: Any) -> list[list[str]]:
    head = [column["label"] for column in content["columns"]]
    rows = [
        [cell if isinstance(cell, str) else cell["text"] for cell in row["cells"]]
        for row in content["rows"]
    ]
    return [head, *rows]
