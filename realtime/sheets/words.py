"""The words of sheets: headings, what an id means, and the names of the catalogue, in both languages."""

import re
from collections.abc import Callable, Mapping
from typing import Final, Literal

from configurator.catalogue_model import Catalogue, Category, Text

Language = Literal["de", "en"]
LANGUAGES: Final = ("de", "en")
NO_CHOICE: Final = "none"
_ERROR: Final = re.compile(r"[A-Z][A-Za-z]*(Error|Exception)")
_NO_VALUES: Final = {"": "unknown", "(other)": "other"}


class Words:
    """`texts` are sentences by key and language, `catalogue` gives the one that is on sale."""

    def __init__(
        self, texts: Mapping[str, Mapping[str, str]], catalogue: Callable[[], Catalogue]
    ) -> None:
        self._texts = texts
        self._catalogue = catalogue

    def said(self, key: str, language: Language) -> str | None:
        """The text of a key; None where there is none."""
        found = self._texts.get(key)
        return None if found is None else found[language]

    def title(self, key: str, language: Language, **values: object) -> str:
        """The heading of a column; the key itself where it has none."""
        text = self.said(f"sheet.{key}", language) or key
        for name, value in values.items():
            text = text.replace("{" + name + "}", str(value))
        return text

    def figure(self, name: str, language: Language) -> str:
        """What a figure or list is called on the page."""
        return (
            self.said(f"analytics.{name}", language)
            or self.said(f"operations.tab.{name}", language)
            or name
        )

    def word(self, prefix: str, code: str, language: Language) -> str:
        """What an id means; the id itself where there is no word for it, an error's name in words."""
        known = _NO_VALUES.get(code, code.replace(".", "_"))
        said = self.said(prefix + known, language)
        if said is None and _ERROR.fullmatch(code):
            said = (self.said(f"{prefix}error", language) or code).replace("{name}", code)
        return said or code

    def category(self, category: str, language: Language) -> str:
        """The name of a category, or of a place that is none."""
        found = self._category(category)
        if found is not None:
            return _in(found.name, language)
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
        name = _in(named[0].name, language)
        return f"{name} × {quantity}" if quantity else name

    def _category(self, category: str) -> Category | None:
        found = [each for each in self._catalogue().categories if each.id == category]
        return found[0] if found else None


def _in(text: Text, language: Language) -> str:
    return text.de if language == "de" else text.en
