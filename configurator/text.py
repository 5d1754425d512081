"""A text for people in German and English, the two languages of the product."""

from typing import Final, Literal

import msgspec

Language = Literal["de", "en"]

LANGUAGES: Final[tuple[Language, ...]] = ("de", "en")


class Text(msgspec.Struct, frozen=True, kw_only=True):
    """A text for people, in both languages."""

    de: str
    en: str

    def of(self, language: Language) -> str:
        """The text in one of the languages."""
        return self.de if language == "de" else self.en
