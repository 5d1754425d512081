"""CSV of rows: RFC 4180, UTF-8 with a byte order mark, safe to open in a spreadsheet.

A text that a spreadsheet would read as a formula gets an apostrophe in front; numbers stay numbers.
"""

import csv
import dataclasses
import io
from collections.abc import Iterator, Sequence
from datetime import date, datetime
from typing import Any, get_type_hints

import msgspec
from starlette.responses import Response

_FORMULA = ("=", "+", "-", "@", "\t", "\r")


def sheet(kind: type, rows: Sequence[object]) -> str:
    """The rows, all of the dataclass ``kind``, with a line of column names.

    A field that is a dataclass itself becomes its columns; lists and mappings become JSON.
    """
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\r\n")
    writer.writerow(_columns(kind))
    writer.writerows([_cell(value) for value in _values(row)] for row in rows)
    return "\ufeff" + out.getvalue()


def sheet_response(name: str, kind: type, rows: Sequence[object]) -> Response:
    """The rows as a file that the browser saves."""
    return csv_response(f"{name}.csv", sheet(kind, rows).encode())


def csv_response(file_name: str, content: bytes) -> Response:
    """A sheet that was made before."""
    return Response(
        content,
        headers={
            "content-type": "text/csv; charset=utf-8",
            "content-disposition": f'attachment; filename="{file_name}"',
            "cache-control": "no-store",
            "x-content-type-options": "nosniff",
        },
    )


def _columns(kind: type) -> Iterator[str]:
    for name, hint in get_type_hints(kind).items():
        if dataclasses.is_dataclass(hint) and isinstance(hint, type):
            yield from _columns(hint)
        else:
            yield name


def _values(row: Any) -> Iterator[object]:  # noqa: ANN401 - any dataclass
    for field in dataclasses.fields(row):
        value = getattr(row, field.name)
        if dataclasses.is_dataclass(value):
            yield from _values(value)
        else:
            yield value


def _cell(value: object) -> str:
    match value:
        case None:
            return ""
        case bool():
            return "true" if value else "false"
        case int() | float():
            return str(value)
        case datetime() | date():
            return value.isoformat()
        case list() | tuple() | dict():
            text = msgspec.json.encode(value).decode()
        case _:
            text = str(value)
    return f"'{text}" if text.startswith(_FORMULA) else text
