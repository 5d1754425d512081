"""Reads docs/SPEC.md and the tests that cite it; run as a program it renews the table of codes."""

import re
from dataclasses import dataclass
from pathlib import Path

from configurator.protocol.codes import CODES

CHECKOUT = Path(__file__).parents[2]
SPEC = CHECKOUT / "docs" / "SPEC.md"
PLACES = ("tests", "clients", "conformance")
SUFFIXES = frozenset({".py", ".ts", ".js", ".mjs"})
NOT_OURS = frozenset({"node_modules", "dist", ".venv", "__pycache__"})

_RULE = re.compile(r"^- \*\*([A-Z]{2}\d+)\*\* (.+)$", re.MULTILINE)
_TABLE = re.compile(r"(<!-- codes: .*? -->\n)(.*?)(<!-- codes end -->)", re.DOTALL)
_EXCUSE = re.compile(r"\[not tested: [^\]]{10,}\]")


@dataclass(frozen=True, slots=True)
class Rule:
    """One rule of the document."""

    id: str
    text: str

    @property
    def excused(self) -> bool:
        """Whether the document says why no test proves it."""
        return bool(_EXCUSE.search(self.text))


def text() -> str:
    return SPEC.read_text(encoding="utf-8")


def rules() -> list[Rule]:
    return [Rule(*found) for found in _RULE.findall(text())]


def citations() -> dict[str, set[str]]:
    """Rule id to the files that cite it, in parentheses: `(JN3)` or `(JN3, JN4)`."""
    groups = "|".join(sorted({rule.id[:2] for rule in rules()}))
    cited = re.compile(rf"\(((?:{groups})\d+(?:, (?:{groups})\d+)*)\)")
    found: dict[str, set[str]] = {}
    for path in _files():
        for ids in cited.findall(path.read_text(encoding="utf-8")):
            for each in ids.split(", "):
                found.setdefault(each, set()).add(str(path.relative_to(CHECKOUT)))
    return found


def with_current_codes(document: str) -> str:
    """The document with the table of codes as the code has it."""
    return _TABLE.sub(lambda part: f"{part[1]}{codes_table()}\n{part[3]}", document)


def codes_table() -> str:
    """The table of codes as Markdown."""
    rows = [
        "| code | retry | close | HTTP | meaning, and what to do |",
        "|---|---|---|---|---|",
        *(
            f"| `{code.name}` | {'yes' if code.retryable else 'no'} | {code.close or '-'} "
            f"| {code.status} | {code.text.en}<br>{code.text.de} |"
            for code in CODES.values()
        ),
    ]
    return "\n".join(rows)


def _files() -> list[Path]:
    return [
        path
        for place in PLACES
        for path in sorted((CHECKOUT / place).rglob("*"))
        if path.suffix in SUFFIXES
        and not NOT_OURS & set(path.parts)
        and path.is_file()
        and path.name not in {"spec.py", "test_spec.py"}
    ]


if __name__ == "__main__":
    SPEC.write_text(with_current_codes(text()), encoding="utf-8")
