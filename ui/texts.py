"""Every sentence of the screens in both languages, one file for Python and the browser."""

import json
from pathlib import Path
from typing import Final

from ui.language import Language

PATH: Final = Path(__file__).parent / "texts.json"


class Texts:
    """Texts by key. A missing key is a bug and raises KeyError."""

    def __init__(self, path: Path = PATH) -> None:
        self._entries: dict[str, dict[str, str]] = json.loads(path.read_text("utf-8"))
        self.json: Final = json.dumps(self._entries, ensure_ascii=False, separators=(",", ":"))

    def of(self, language: Language, key: str, **values: object) -> str:
        """Return the text with `{name}` places filled."""
        text = self._entries[key][language]
        for name, value in values.items():
            text = text.replace("{" + name + "}", str(value))
        return text

    def entries(self) -> dict[str, dict[str, str]]:
        """Return all entries, for tests and for the browser."""
        return self._entries
