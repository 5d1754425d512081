"""The words of sheets in both languages: headings, meanings of ids, names of the catalogue."""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Final

from configurator.catalogue.model import Catalogue, Category
from configurator.text import Language
from realtime.sheets.audit_words import AuditWords

NO_CHOICE: Final = "none"
_ERROR: Final = re.compile(r"[A-Z][A-Za-z]*(Error|Exception)")
_NO_KEY: Final = re.compile(r"\W", re.ASCII)
"""The characters of ids that keys of texts lack."""
_NO_VALUES: Final = {"": "unknown", "(other)": "other"}


class SheetWords:
    """The words. `texts` are sentences by key and language; `catalogue` returns the current one."""

    def __init__(
        self, texts: Mapping[str, Mapping[str, str]], catalogue: Callable[[], Catalogue]
    ) -> None:
        self._texts = texts
        self._catalogue = catalogue

    def said(self, key: str, language: Language) -> str | None:
        """The text of a key, or None."""
        found = self._texts.get(key)
        return None if found is None else found[language]

    def title(self, key: str, language: Language, **values: object) -> str:
        """The heading of a column; the key itself where it has none."""
        return _filled(self.said(f"sheet.{key}", language) or key, values)

    def figure(self, name: str, language: Language) -> str:
        """The name of a figure or list on the page."""
        return (
            self.said(f"analytics.{name}", language)
            or self.said(f"service.tab.{name}", language)
            or name
        )

    def word(self, prefix: str, code: str, language: Language) -> str:
        """The meaning of an id: its word, else the id itself; an error's name is put in words."""
        known = _NO_VALUES.get(code, _NO_KEY.sub("_", code))
        said = self.said(prefix + known, language)
        if said is None and _ERROR.fullmatch(code):
            said = (self.said(f"{prefix}error", language) or code).replace("{name}", code)
        return said or code

    def audit(self, language: Language) -> AuditWords:
        """The words for lines of the audit."""
        return AuditWords(_InLanguage(self, language))

    def category(self, category: str, language: Language) -> str:
        """The name of a category, or of a place that is not a category."""
        found = self._category(category)
        if found is not None:
            return found.name.of(language)
        for prefix in ("sheet.step.", "admin.place."):
            if (said := self.said(prefix + category, language)) is not None:
                return said
        return category

    def option(self, category: str, value: str, language: Language) -> str:
        """The name of an option, with its quantity where `value` is `option:quantity`."""
        option, _, quantity = value.partition(":")
        found = self._category(category)
        named = [each for each in found.options if each.id == option] if found else []
        if not named:
            said = self.said(f"view.{value}", language)
            if value == NO_CHOICE:
                said = self.said("sheet.choice.none", language)
            return said or value
        name = named[0].name.of(language)
        return f"{name} × {quantity}" if quantity else name

    def _category(self, category: str) -> Category | None:
        found = [each for each in self._catalogue().categories if each.id == category]
        return found[0] if found else None


@dataclass(frozen=True)
class _InLanguage:
    words: SheetWords
    language: Language

    def t(self, key: str, **values: object) -> str:
        return _filled(self.words.said(key, self.language) or key, values)

    def word(self, group: str, name: str) -> str:
        return self.words.word(f"service.{group}.", name, self.language)

    def figure(self, name: str) -> str:
        return self.words.figure(name, self.language)


def _filled(text: str, values: Mapping[str, object]) -> str:
    """The text with its `{name}` places filled."""
    for name, value in values.items():
        text = text.replace("{" + name + "}", str(value))
    return text
