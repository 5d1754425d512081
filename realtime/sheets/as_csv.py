"""CSV that spreadsheets open in columns and carry nothing out of.

RFC 4180, UTF-8 with a byte order mark. There is no line `sep=`: where one is, Excel reads the rest
in the code page of its machine, and every other program takes it for a row.

A German Excel splits at `;`, an English one at `,`, and others at tabs, whatever was meant. So a
text is safe at each of these places, not only at its beginning: before a sign that begins a formula
stands an apostrophe, and line ends, tabs and other control characters are spaces. Where another
program would split, an apostrophe stands before a quotation mark or the end, too: a cell would open
there that goes on over the end of the line. Numbers are numbers, below zero too.
"""

import csv
import io
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from typing import Final

from realtime.sheets.forms import Cell
from realtime.sheets.words import Language


@dataclass(frozen=True, slots=True, kw_only=True)
class Dialect:
    """What stands between cells, and in a number before its fraction."""

    delimiter: str
    decimal_mark: str


PLAIN: Final = Dialect(delimiter=",", decimal_mark=".")
DIALECTS: Final[dict[Language | None, Dialect]] = {
    None: PLAIN,
    "en": PLAIN,
    "de": Dialect(delimiter=";", decimal_mark=","),
}
BYTE_ORDER_MARK: Final = "\ufeff"

_CONTROL: Final = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029]")

# Also full-width, small, raised and lowered signs, which some input methods and imports make plain.
_SIGNS: Final = "=+\\-@＝＋－＠﹦﹢﹣﹫⁼⁺⁻₌₊₋−"
_SKIPPED: Final = r"[\s\"'\u00ad\u200b-\u200f\u202a-\u202e\u2060-\u2064\ufeff]*"
_FORMULA: Final = re.compile(rf"((?:^|[;,|]){_SKIPPED})(?=[{_SIGNS}])")
_PLAIN: Final = re.compile(r"[\w.:/(][\w.:/()%× -]*")
_QUOTED: Final = {
    ",": re.compile(r'([;|]\s*)(?="|$)'),
    ";": re.compile(r'([,|]\s*)(?="|$)'),
}


def csv_lines(rows: Iterable[Sequence[Cell]], dialect: Dialect) -> str:
    """The rows as text, each with its line end."""
    out = io.StringIO()
    writer = csv.writer(out, delimiter=dialect.delimiter, lineterminator="\r\n")
    writer.writerows([_written(cell, dialect) for cell in row] for row in rows)
    return out.getvalue()


def harmless(text: str, dialect: Dialect) -> str:
    """The text so that no program takes it, or a part of it, for a formula."""
    if _PLAIN.fullmatch(text):
        return text  # most are, and this is several times faster
    unquoted = _QUOTED[dialect.delimiter].sub(r"\1'", _CONTROL.sub(" ", text))
    return _FORMULA.sub(r"\1'", unquoted)


def _written(cell: Cell, dialect: Dialect) -> str:
    match cell:
        case None:
            return ""
        case str():
            return harmless(cell, dialect)
        case int():
            return str(cell)
        case Decimal():
            return f"{cell:f}".replace(".", dialect.decimal_mark)
        case datetime() | date():
            return cell.isoformat(sep=" ") if isinstance(cell, datetime) else cell.isoformat()
