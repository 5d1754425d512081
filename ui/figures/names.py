"""Ids of the catalogue, of visitors' events and of funnels in words; an unknown id stands for itself."""

import re
from collections.abc import Mapping
from functools import cache, lru_cache
from pathlib import Path
from typing import Final

import msgspec

from configurator.catalogue.selection import Choice
from configurator.text import Language, Text
from ui.words import NONE, Words

_LANGUAGES: Final = Path(__file__).parent / "languages.json"
"""The names of the languages of ISO 639-1, as the CLDR has them."""
_CODE: Final = re.compile(r"([a-z]{2,3})(?:-([A-Z]{2}))?", re.ASCII)
_QUANTITY: Final = re.compile(r"quantity:(\d{1,9})", re.ASCII)
_CHOSE: Final = re.compile(r"chose_(\d+)", re.ASCII)
_STEPS: Final[Mapping[str, str]] = {
    "began": "stepBegan",
    "chose": "stepChose",
    "opened": "stepOpened",
    "completed": "stepCompleted",
}
DEVICES: Final = ("mobile", "tablet", "desktop")
_BOUNDS: Final[Mapping[str, str]] = {
    "began": "pathBegan",
    "left": "pathLeft",
    "active": "pathActive",
    "completed": "pathCompleted",
}


class _Option(msgspec.Struct, frozen=True):
    id: str
    name: Text


class _Category(msgspec.Struct, frozen=True):
    id: str
    name: Text
    options: tuple[_Option, ...]


class _Catalogue(msgspec.Struct, frozen=True):
    categories: tuple[_Category, ...]


class CatalogueNames:
    """The names of a catalogue, from the body of `GET /api/catalogue`."""

    def __init__(self, catalogue_json: str) -> None:
        categories = msgspec.json.decode(catalogue_json, type=_Catalogue).categories
        self.categories: Final = {each.id: each.name for each in categories}
        self.options: Final = {
            (each.id, option.id): option.name for each in categories for option in each.options
        }
        self.order: Final = {each: place for place, each in enumerate(self.categories)}


@lru_cache(maxsize=2)
def names_of(catalogue_json: str) -> CatalogueNames:
    """The names of a catalogue, read once for all pages."""
    return CatalogueNames(catalogue_json)


class FigureNames:
    """The words for ids, in the language of `words`."""

    def __init__(self, catalogue: CatalogueNames, words: Words) -> None:
        self._catalogue = catalogue
        self._words = words

    @property
    def categories(self) -> tuple[str, ...]:
        """The ids of the catalogue's categories in their order."""
        return tuple(self._catalogue.categories)

    def is_category(self, category: str) -> bool:
        """Whether the catalogue has this category."""
        return category in self._catalogue.categories

    def order(self, category: str) -> int:
        """The place of a category in the catalogue, from 0; -1 if the catalogue does not have it."""
        return self._catalogue.order.get(category, -1)

    def category(self, category: str) -> str:
        """The name of a category, or of another place in which events happen."""
        found = self._catalogue.categories.get(category)
        return found.of(self._words.language) if found else self._word("admin.place", category)

    def option(self, category: str, option: str) -> str:
        """The name of an option."""
        found = self._catalogue.options.get((category, option))
        return found.of(self._words.language) if found else option

    def choice(self, category: str, chosen: Choice | None) -> str:
        """The name of the chosen option with its quantity: `Paneele × 8`; `–` for no choice."""
        if chosen is None:
            return NONE
        name = self.option(category, chosen.option)
        return name if chosen.quantity is None else f"{name}\u00a0× {chosen.quantity}"

    def event(self, kind: str) -> str:
        """The name of a type of event, such as `selection`."""
        return self._word("admin.type", kind)

    def value(self, category: str, value: str) -> str:
        """The words for the value of an event.

        A value is an option, an option with a quantity (`pv:8`), a quantity (`quantity:8`), a view,
        or the name of a control.
        """
        option, _, quantity = value.partition(":")
        if (category, option) in self._catalogue.options:
            name = self.option(category, option)
            return f"{name} × {quantity}" if quantity else name
        if many := _QUANTITY.fullmatch(value):
            return self._words.t("admin.quantity", n=many[1])
        for group in ("admin.value", "view"):
            if (said := self._word(group, value)) != value:
                return said
        return value

    def language(self, code: str) -> str:
        """The name of a language: `Deutsch (AT)` for `de-AT`."""
        match = _CODE.fullmatch(code)
        name = _languages().get(match[1]) if match else None
        if match is None or name is None:
            return code
        region = f" ({match[2]})" if match[2] else ""
        return f"{name[self._words.language]}{region}"

    def part(self, value: str, by: str) -> str:
        """The words for one part of sessions that are divided `by` device, language or referrer.

        The sessions without a value are a part, and so are those with values that are not listed.
        """
        unnamed = {"": "analytics.unknown", "(other)": "analytics.other"}
        if value in unnamed:
            return self._words.t(unnamed[value])
        match by:
            case "device":
                return self.device(value)
            case "language":
                return self.language(value)
            case _:
                return value

    def device(self, device: str) -> str:
        """The word for a kind of device."""
        return self._words.t(f"analytics.{device}") if device in DEVICES else device

    def step(self, step: str) -> str:
        """The words for a step of a journey: a category, how sessions began, or how they ended."""
        bound = _BOUNDS.get(step)
        return self._words.t(f"analytics.{bound}") if bound else self.category(step)

    def funnel_step(self, step: str) -> str:
        """The words for a step of a funnel."""
        if chose := _CHOSE.fullmatch(step):
            return self._words.t("analytics.stepChoseIn", n=chose[1])
        bound = _STEPS.get(step)
        return self._words.t(f"analytics.{bound}") if bound else self.category(step)

    def _word(self, group: str, name: str) -> str:
        key = f"{group}.{name}"
        return self._words.t(key) if key in self._words.texts.entries() else name


@cache
def _languages() -> dict[str, dict[Language, str]]:
    return msgspec.json.decode(_LANGUAGES.read_bytes(), type=dict[str, dict[Language, str]])
