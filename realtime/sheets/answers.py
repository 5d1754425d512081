"""Sheets as answers of the API: the requested form, and the file that the browser saves.

`format=csv` alone is for programs. With `lang=de` or `lang=en`, and as `format=xlsx`, a sheet is for
people: in words of that language, euros and times of `tz`.
"""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass
from datetime import datetime
from typing import IO, Annotated, Final, Literal, TypeVar
from zoneinfo import ZoneInfo

import msgspec
from starlette.responses import Response, StreamingResponse

from configurator.protocol.codes import Refused
from configurator.protocol.parameters import ParameterInvalid, read_query
from configurator.text import Language
from realtime.sheets.as_csv import BYTE_ORDER_MARK, DIALECTS, csv_lines
from realtime.sheets.as_xlsx import ROWS_MAX, ExcelFile
from realtime.sheets.forms import ForPeople, ForPrograms
from realtime.sheets.sheet import Sheet, SheetColumn, columns_of, values_of
from realtime.sheets.words import SheetWords

Line = TypeVar("Line")
Where = TypeVar("Where")

ROWS_AT_ONCE: Final = 1000
BOOKS_AT_ONCE: Final = 2
_PIECE_BYTES: Final = 64 * 1024
_EXCEL_BEGINS: Final = b"PK"
MEDIA_TYPES: Final = {
    "csv": "text/csv; charset=utf-8",
    "xlsx": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
}


class SheetQuery(msgspec.Struct, frozen=True, kw_only=True):
    """The form of an answer: JSON or a file. A file with ``lang`` is made for people."""

    format: Annotated[Literal["json", "csv", "xlsx"], msgspec.Meta(title="SheetFormat")] = "json"
    lang: Annotated[Language, msgspec.Meta(title="Language")] | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class SheetForm:
    """The form of a sheet; `language` None means that programs will read it."""

    format: Literal["csv", "xlsx"]
    language: Language | None
    zone: ZoneInfo


def sheet_form_of(asked: Mapping[str, str], zone: str) -> SheetForm | None:
    """The requested form; None is JSON. `zone` is a known time zone. Raises Refused."""
    try:
        form = read_query(asked, SheetQuery)
    except ParameterInvalid as invalid:
        detail = f"{invalid.name}: is {invalid.wanted}"
        raise Refused("query_unusable", detail=detail, field=invalid.name) from None
    if form.format == "json":
        return None
    language = form.lang or ("de" if form.format == "xlsx" else None)
    return SheetForm(format=form.format, language=language, zone=ZoneInfo(zone))


class Sheets:
    """Writes sheets in the requested form.

    `now` gives the time that an Excel file states as its creation. A list is read `rows_at_once`
    rows at a time; an Excel file takes at most `rows_max` rows.
    """

    def __init__(
        self,
        words: SheetWords,
        *,
        now: Callable[[], datetime],
        rows_at_once: int = ROWS_AT_ONCE,
        rows_max: int = ROWS_MAX,
    ) -> None:
        self._rows_at_once = rows_at_once
        self._rows_max = rows_max
        self._words = words
        self._now = now
        self._books = asyncio.Semaphore(BOOKS_AT_ONCE)

    async def answer(self, sheet: Sheet, wanted: SheetForm) -> Response:
        """The sheet as a file that the browser saves."""
        name = f"{sheet.name}.{wanted.format}"
        return file_answer(name, await self.content(sheet, wanted, at=self._now()))

    async def content(self, sheet: Sheet, wanted: SheetForm, *, at: datetime) -> bytes:
        """The sheet as bytes; the same for the same sheet, form and time."""
        if wanted.format == "xlsx":
            async with self._books:
                return await asyncio.to_thread(self._excel, sheet, wanted, at)
        lines = await asyncio.to_thread(self._csv, sheet, wanted)
        return (_csv_head(sheet.columns, self._form(wanted)) + lines).encode()

    async def by_pages(
        self,
        name: str,
        kind: type[Line],
        wanted: SheetForm,
        *,
        read: Callable[[Where | None, int], Awaitable[list[Line]]],
        where: Callable[[Line], Where],
    ) -> Response:
        """Like `answer`, for a list of any length with a row for each `kind`.

        `read(after, limit)` reads a page; `where` gives the place of a row, for the next page to
        begin after. A CSV file is sent while it is read. An error on the first page is raised;
        after that the connection is broken off, so nobody takes a part of the file for the whole.
        An Excel file is sent when it is complete, and has at most `rows_max` rows.
        """
        at_once = self._rows_at_once
        pages = _pages(read, where, await read(None, at_once), at_once)
        if wanted.format == "xlsx":
            async with self._books:
                file = await self._book(name, kind, pages, wanted)
            return StreamingResponse(_pieces(file), headers=_headers(f"{name}.xlsx"))

        columns = columns_of(kind)

        async def text() -> AsyncIterator[str]:
            yield _csv_head(columns, self._form(wanted))
            async for page in pages:
                rows = [values_of(line) for line in page]
                sheet = Sheet(name=name, columns=columns, rows=rows)
                yield await asyncio.to_thread(self._csv, sheet, wanted)

        return StreamingResponse(text(), headers=_headers(f"{name}.csv"))

    async def _book(
        self,
        name: str,
        kind: type[Line],
        pages: AsyncIterator[list[Line]],
        wanted: SheetForm,
    ) -> IO[bytes]:
        with self._opened(name, columns_of(kind), wanted, self._now()) as book:
            async for page in pages:
                await asyncio.to_thread(book.add, [values_of(line) for line in page])
                if book.rows > self._rows_max:
                    detail = f"format: xlsx has at most {self._rows_max} rows; csv has no limit"
                    raise Refused("query_unusable", detail=detail, field="format")
            return await asyncio.to_thread(book.finished)

    def _excel(self, sheet: Sheet, wanted: SheetForm, at: datetime) -> bytes:
        with self._opened(sheet.name, sheet.columns, wanted, at) as book:
            book.add(sheet.rows)
            with closing(book.finished()) as file:
                return file.read()

    def _opened(
        self, name: str, columns: Sequence[SheetColumn], wanted: SheetForm, at: datetime
    ) -> ExcelFile:
        language = wanted.language or "de"
        form = ForPeople(language=language, zone=wanted.zone, words=self._words)
        return ExcelFile(self._words.figure(name, language), columns, form, at)

    def _csv(self, sheet: Sheet, wanted: SheetForm) -> str:
        form = self._form(wanted)
        return csv_lines(
            (form.row(sheet.columns, row) for row in sheet.rows), DIALECTS[wanted.language]
        )

    def _form(self, wanted: SheetForm) -> ForPeople | ForPrograms:
        if wanted.language is None:
            return ForPrograms()
        return ForPeople(language=wanted.language, zone=wanted.zone, words=self._words)


def file_answer(file_name: str, content: bytes) -> Response:
    """The answer with a sheet that was made before."""
    return Response(content, headers=_headers(file_name))


def format_of(content: bytes) -> Literal["csv", "xlsx"]:
    """The format in which a sheet was written."""
    return "xlsx" if content.startswith(_EXCEL_BEGINS) else "csv"


def _csv_head(columns: Sequence[SheetColumn], form: ForPeople | ForPrograms) -> str:
    dialect = DIALECTS[form.language if isinstance(form, ForPeople) else None]
    return BYTE_ORDER_MARK + csv_lines([form.head(columns)], dialect)


async def _pages(
    read: Callable[[Where | None, int], Awaitable[list[Line]]],
    where: Callable[[Line], Where],
    page: list[Line],
    at_once: int,
) -> AsyncIterator[list[Line]]:
    while page:
        yield page
        page = await read(where(page[-1]), at_once) if len(page) == at_once else []


async def _pieces(file: IO[bytes]) -> AsyncIterator[bytes]:
    with closing(file):
        while piece := await asyncio.to_thread(file.read, _PIECE_BYTES):
            yield piece


def _headers(file_name: str) -> dict[str, str]:
    return {
        "content-type": MEDIA_TYPES[file_name.rpartition(".")[2]],
        "content-disposition": f'attachment; filename="{file_name}"',
        "cache-control": "no-store",
        "x-content-type-options": "nosniff",
    }
