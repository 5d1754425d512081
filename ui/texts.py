"""All sentences of the screens in both languages: one file for Python and the browser."""

import json
from pathlib import Path
from typing import Final

from configurator.text import Language

PATH: Final = Path(__file__).parent / "texts.json"

SERVED_ALONE: Final = (
    "landing.",
    "join.",
    "adminLogin.",
    "comeBack.",
    "taken.",
    "settling.",
    "signedOut.",
    "cookies.",
    "cookiesDiffer.",
    "formRefused.",
    "form503.",
    "start503.",
    "tooMany.",
    "privacy.",
    "imprint.",
    "developers.",
    "console.",
    "first.",
    "sheet.",
    "analytics.",
    "dashboard.",
    "staff.",
)
"""The prefixes of texts that no script needs: texts of files, and of pages that Python builds whole."""

FOR_ADMINS: Final = ("admin.", "service.")


class Texts:
    """Texts by key. A missing key is a bug and raises KeyError."""

    def __init__(self, path: Path = PATH) -> None:
        self._entries: dict[str, dict[str, str]] = json.loads(path.read_text("utf-8"))
        self.json: Final = self.json_without(*SERVED_ALONE)
        self.for_visitors: Final = self.json_without(*SERVED_ALONE, *FOR_ADMINS)

    def of(self, language: Language, key: str, **values: object) -> str:
        """Return the text with `{name}` places filled."""
        text = self._entries[key][language]
        for name, value in values.items():
            text = text.replace("{" + name + "}", str(value))
        return text

    def json_of(self, *prefixes: str) -> str:
        """Return the texts of one page as JSON, for its scripts."""
        return _json({key: e for key, e in self._entries.items() if key.startswith(prefixes)})

    def json_without(self, *prefixes: str) -> str:
        """Return the texts as JSON, without those whose keys begin with one of these."""
        return _json({key: e for key, e in self._entries.items() if not key.startswith(prefixes)})

    def entries(self) -> dict[str, dict[str, str]]:
        """Return all entries, for tests and for the browser."""
        return self._entries


def _json(entries: dict[str, dict[str, str]]) -> str:
    return json.dumps(entries, ensure_ascii=False, separators=(",", ":"))
