"""CSV that spreadsheets open in columns, and in which they find no formula.

RFC 4180, UTF-8 with a byte order mark. A line `sep=` is not written: Excel would read the rest in
the code page of its machine, and every other program would take the line for a row. A German Excel
splits lines at `;`, an English one at `,`, and others at tabs, whatever the file means. A text is
therefore made safe at each of these places, not only at its beginning: an apostrophe is put before
a sign that begins a formula, and line ends, tabs and other control characters become spaces. Where
another program would split, an apostrophe is also put before a quotation mark or the end: a cell
could begin there that goes on over the end of the line. Numbers stay numbers, negative ones too.
"""

import csv
import io
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from typing import Final

from configurator.text import Language
from realtime.sheets.forms import CellValue


@dataclass(frozen=True, slots=True, kw_only=True)
class Dialect:
    """The characters between two cells, and in a number before its fraction."""

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

# Full-width, small, raised and lowered signs count, too: some input methods and imports make them
# plain.
_SIGNS: Final = "=+\\-@＝＋－＠﹦﹢﹣﹫⁼⁺⁻₌₊₋−"
_SKIPPED: Final = r"[\s\"'\u00ad\u200b-\u200f\u202a-\u202e\u2060-\u2064\ufeff]*"
_FORMULA: Final = re.compile(rf"((?:^|[;,|]){_SKIPPED})(?=[{_SIGNS}])")
_PLAIN: Final = re.compile(r"[\w.:/(][\w.:/()%× -]*")
_QUOTED: Final = {
    ",": re.compile(r'([;|]\s*)(?="|$)'),
    ";": re.compile(r'([,|]\s*)(?="|$)'),
}


def csv_lines(rows: Iterable[Sequence[CellValue]], dialect: Dialect) -> str:
    """The rows as text, each with its line end."""
    out = io.StringIO()
    writer = csv.writer(out, delimiter=dialect.delimiter, lineterminator="\r\n")
    writer.writerows([_written(cell, dialect) for cell in row] for row in rows)
    return out.getvalue()


def harmless(text: str, dialect: Dialect) -> str:
    """The text, changed so that no program takes it or a part of it for a formula."""
    if _PLAIN.fullmatch(text):
        return text  # most texts need no change, and this test is several times faster
    unquoted = _QUOTED[dialect.delimiter].sub(r"\1'", _CONTROL.sub(" ", text))
    return _FORMULA.sub(r"\1'", unquoted)


def _written(cell: CellValue, dialect: Dialect) -> str:
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
