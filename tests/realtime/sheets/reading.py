"""Reads sheets as spreadsheets do, and says which cells one of them would carry out."""

import csv
import io
import re
from collections.abc import Iterator
from typing import Final

from openpyxl import load_workbook
from openpyxl.worksheet.worksheet import Worksheet

BYTE_ORDER_MARK: Final = "\ufeff"
DELIMITERS: Final = (",", ";", "\t", "|")
SIGNS: Final = "=+-@＝＋－＠\t\r\n"
NUMBER: Final = re.compile(r"-?\d+([.,]\d+)?")
QUOTING: Final = (csv.QUOTE_MINIMAL, csv.QUOTE_NONE)


def table(text: str, delimiter: str = ",") -> list[list[str]]:
    """The cells of a CSV, its byte order mark taken off."""
    assert text.startswith(BYTE_ORDER_MARK)
    lines = io.StringIO(text.removeprefix(BYTE_ORDER_MARK), newline="")
    return list(csv.reader(lines, delimiter=delimiter))


def carried_out(text: str) -> list[str]:
    """The cells that a program takes for a formula, wherever it splits, quotes known or not."""
    return [
        cell
        for cell in _cells(text)
        if cell.startswith(tuple(SIGNS)) and not NUMBER.fullmatch(cell)
    ]


def _cells(text: str) -> Iterator[str]:
    for delimiter in DELIMITERS:
        for quoting in QUOTING:
            lines = io.StringIO(text.removeprefix(BYTE_ORDER_MARK), newline="")
            for row in csv.reader(lines, delimiter=delimiter, quoting=quoting):
                for cell in row:
                    yield cell
                    yield cell.strip(' "\u200b\ufeff')
    yield from text.removeprefix(BYTE_ORDER_MARK).splitlines()


def book(content: bytes) -> Worksheet:
    """The only table of an Excel file."""
    (sheet,) = load_workbook(io.BytesIO(content)).worksheets
    assert isinstance(sheet, Worksheet)
    return sheet
