"""Excel files, written row by row in constant memory.

Texts are written as texts, never as formulas or links. Their cells also have Excel's format "text",
so no text becomes a formula when a person edits the cell.
"""

import re
import tempfile
from collections.abc import Iterable, Sequence
from datetime import date, datetime
from decimal import Decimal
from types import TracebackType
from typing import IO, Final, Self

from xlsxwriter import Workbook

from realtime.sheets.forms import CellValue, ForPeople
from realtime.sheets.sheet import SheetColumn

ROWS_MAX: Final = 200_000
TEXT_MAX: Final = 32_767
TAB_NAME_MAX: Final = 31

_OPTIONS: Final = {
    "constant_memory": True,
    "strings_to_formulas": False,
    "strings_to_urls": False,
    "strings_to_numbers": False,
    "nan_inf_to_errors": True,
}
_NOT_IN_TAB_NAMES: Final = re.compile(r"[\[\]:*?/\\']")
_NOT_IN_XML: Final = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f\ufffe\uffff]")
_FIRST_YEAR: Final = 1900


class ExcelFile:
    """One file with one table; `rows` are added in order, and `finished` gives the file.

    All methods block: call them in a thread.
    """

    def __init__(
        self, name: str, columns: Sequence[SheetColumn], form: ForPeople, at: datetime
    ) -> None:
        self._columns = columns
        self._form = form
        self._file = tempfile.TemporaryFile()  # noqa: SIM115 - its receiver closes it
        self._book = Workbook(self._file, _OPTIONS)
        self._book.set_properties({"created": at.replace(tzinfo=None)})
        self._sheet = self._book.add_worksheet(_NOT_IN_TAB_NAMES.sub(" ", name)[:TAB_NAME_MAX])
        self._text = self._book.add_format({"num_format": "@"})
        self._money = self._book.add_format({"num_format": "#,##0.00"})
        self._moment = self._book.add_format({"num_format": "yyyy-mm-dd hh:mm:ss"})
        self._day = self._book.add_format({"num_format": "yyyy-mm-dd"})
        self.rows = 0
        self._begin()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        _kind: type[BaseException] | None,
        error: BaseException | None,
        _at: TracebackType | None,
    ) -> None:
        if error is not None:
            self._book.close()  # closes the temporary files of the workbook, too
            self._file.close()

    def add(self, rows: Iterable[Sequence[object]]) -> None:
        """Writes rows below those that are there."""
        for values in rows:
            self.rows += 1
            for place, cell in enumerate(self._form.row(self._columns, values)):
                self._write(self.rows, place, cell)

    def finished(self) -> IO[bytes]:
        """The complete file, positioned at its beginning; the caller closes it."""
        self._sheet.autofilter(0, 0, max(self.rows, 1), len(self._head) - 1)
        self._book.close()
        self._file.seek(0)
        return self._file

    def _begin(self) -> None:
        self._head = self._form.head(self._columns)
        heading = self._book.add_format({"bold": True, "num_format": "@", "bottom": 1})
        for place, title in enumerate(self._head):
            self._sheet.set_column(place, place, max(10, min(len(title) + 4, 44)))
        for place, title in enumerate(self._head):
            self._sheet.write_string(0, place, title, heading)
        self._sheet.freeze_panes(1, 0)

    def _write(self, row: int, place: int, cell: CellValue) -> None:
        sheet = self._sheet
        match cell:
            case None:
                pass
            case datetime() if cell.year >= _FIRST_YEAR:
                sheet.write_datetime(row, place, cell, self._moment)
            case date() if cell.year >= _FIRST_YEAR and not isinstance(cell, datetime):
                sheet.write_datetime(row, place, cell, self._day)
            case Decimal() if cell.as_tuple().exponent == -2:
                sheet.write_number(row, place, float(cell), self._money)
            case int() | Decimal():
                sheet.write_number(row, place, float(cell))
            case _:
                text = _NOT_IN_XML.sub(" ", str(cell))
                shown = text if len(text) <= TEXT_MAX else text[: TEXT_MAX - 1] + "…"
                sheet.write_string(row, place, shown, self._text)
