"""CSV of rows: RFC 4180, UTF-8 with a byte order mark, safe to open in a spreadsheet.

A text that a spreadsheet would read as a formula gets an apostrophe in front; numbers stay numbers.
"""

import csv
import dataclasses
import io
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable, Iterator, Sequence
from datetime import date, datetime
from typing import Any, Final, TypeVar, get_type_hints

import msgspec
from starlette.responses import Response, StreamingResponse

Line = TypeVar("Line")
Where = TypeVar("Where")

ROWS_AT_ONCE: Final = 1000
_FORMULA: Final = ("=", "+", "-", "@", "\t", "\r")


def sheet(kind: type, rows: Sequence[object]) -> str:
    """The rows, all of the dataclass ``kind``, with a line of column names.

    A field that is a dataclass itself becomes its columns; lists and mappings become JSON.
    """
    return _head(kind) + _body(rows)


def sheet_response(name: str, kind: type, rows: Sequence[object]) -> Response:
    """The rows as a file that the browser saves."""
    return csv_response(f"{name}.csv", sheet(kind, rows).encode())


def csv_response(file_name: str, content: bytes) -> Response:
    """A sheet that was made before."""
    return Response(content, headers=_headers(file_name))


async def sheet_by_pages(
    name: str,
    kind: type[Line],
    read: Callable[[Where | None, int], Awaitable[list[Line]]],
    where: Callable[[Line], Where],
) -> Response:
    """As ``sheet_response`` for a list of any length, sent while it is read.

    ``read(after, limit)`` reads a page, ``where`` says where one ended. What the first page raises is
    raised; after that the file is broken off, so that nobody takes a part for the whole.
    """
    first = await read(None, ROWS_AT_ONCE)

    async def text() -> AsyncIterator[str]:
        yield _head(kind)
        page = first
        while page:
            yield _body(page)
            page = await read(where(page[-1]), ROWS_AT_ONCE) if len(page) == ROWS_AT_ONCE else []

    return StreamingResponse(text(), headers=_headers(f"{name}.csv"))


def _headers(file_name: str) -> dict[str, str]:
    return {
        "content-type": "text/csv; charset=utf-8",
        "content-disposition": f'attachment; filename="{file_name}"',
        "cache-control": "no-store",
        "x-content-type-options": "nosniff",
    }


def _head(kind: type) -> str:
    return "\ufeff" + _lines([list(_columns(kind))])


def _body(rows: Sequence[object]) -> str:
    return _lines([_cell(value) for value in _values(row)] for row in rows)


def _lines(rows: Iterable[list[str]]) -> str:
    out = io.StringIO()
    csv.writer(out, lineterminator="\r\n").writerows(rows)
    return out.getvalue()


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
