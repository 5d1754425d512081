"""Sheets as answers: which form was asked for, and files that the browser saves.

`format=csv` alone is for programs. With `lang=de` or `lang=en`, and as `format=xlsx`, a sheet is for
people: in words of that language, euros and times of `tz`.
"""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass
from datetime import datetime
from typing import IO, Final, Literal, TypeVar, cast
from zoneinfo import ZoneInfo

from starlette.responses import Response, StreamingResponse

from configurator.protocol.codes import Refused
from realtime.sheets.as_csv import BYTE_ORDER_MARK, DIALECTS, csv_lines
from realtime.sheets.as_xlsx import ROWS_MAX, ExcelFile
from realtime.sheets.forms import ForPeople, ForPrograms
from realtime.sheets.sheet import Column, Sheet, columns_of, values_of
from realtime.sheets.words import LANGUAGES, Language, Words

Line = TypeVar("Line")
Where = TypeVar("Where")

FORMATS: Final = ("json", "csv", "xlsx")
FORM_FIELDS: Final = ("format", "lang")
ROWS_AT_ONCE: Final = 1000
BOOKS_AT_ONCE: Final = 2
_PIECE_BYTES: Final = 64 * 1024
_EXCEL_BEGINS: Final = b"PK"
MEDIA_TYPES: Final = {
    "csv": "text/csv; charset=utf-8",
    "xlsx": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """In which form a sheet is wanted; `language` None is for programs."""

    format: Literal["csv", "xlsx"]
    language: Language | None
    zone: ZoneInfo


def wanted_of(asked: Mapping[str, str], zone: str) -> Wanted | None:
    """The form that was asked for; None is JSON. `zone` is a known one. Raises Refused."""
    form, language = asked.get("format", "json"), asked.get("lang")
    if form not in FORMATS:
        raise Refused("query_unusable", detail=f"format: is one of {', '.join(FORMATS)}")
    if language is not None and language not in LANGUAGES:
        raise Refused("query_unusable", detail=f"lang: is one of {', '.join(LANGUAGES)}")
    if form == "json":
        return None
    if form == "xlsx":
        language = language or "de"
    return Wanted(
        format=cast("Literal['csv', 'xlsx']", form),
        language=cast("Language | None", language),
        zone=ZoneInfo(zone),
    )


class Sheets:
    """Writes sheets in the form that is wanted. `now` is what an Excel file says it was made at."""

    def __init__(self, words: Words, *, now: Callable[[], datetime]) -> None:
        self._words = words
        self._now = now
        self._books = asyncio.Semaphore(BOOKS_AT_ONCE)

    async def answer(self, sheet: Sheet, wanted: Wanted) -> Response:
        """The sheet as a file that the browser saves."""
        name = f"{sheet.name}.{wanted.format}"
        return file_answer(name, await self.content(sheet, wanted, at=self._now()))

    async def content(self, sheet: Sheet, wanted: Wanted, *, at: datetime) -> bytes:
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
        wanted: Wanted,
        *,
        read: Callable[[Where | None, int], Awaitable[list[Line]]],
        where: Callable[[Line], Where],
    ) -> Response:
        """As `answer` for a list of any length, a row for each `kind`.

        `read(after, limit)` reads a page, `where` says where one ended. A CSV is sent while it is
        read: what the first page raises is raised; after that the file is broken off, so that
        nobody takes a part for the whole. An Excel file is sent when it is complete, and has at most `ROWS_MAX` rows.
        """
        pages = _pages(read, where, await read(None, ROWS_AT_ONCE))
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
        wanted: Wanted,
    ) -> IO[bytes]:
        with self._opened(name, columns_of(kind), wanted, self._now()) as book:
            async for page in pages:
                await asyncio.to_thread(book.add, [values_of(line) for line in page])
                if book.rows > ROWS_MAX:
                    detail = f"format: xlsx has at most {ROWS_MAX} rows; csv has no limit"
                    raise Refused("query_unusable", detail=detail)
            return await asyncio.to_thread(book.finished)

    def _excel(self, sheet: Sheet, wanted: Wanted, at: datetime) -> bytes:
        with self._opened(sheet.name, sheet.columns, wanted, at) as book:
            book.add(sheet.rows)
            with closing(book.finished()) as file:
                return file.read()

    def _opened(
        self, name: str, columns: Sequence[Column], wanted: Wanted, at: datetime
    ) -> ExcelFile:
        language = wanted.language or "de"
        form = ForPeople(language=language, zone=wanted.zone, words=self._words)
        return ExcelFile(self._words.figure(name, language), columns, form, at)

    def _csv(self, sheet: Sheet, wanted: Wanted) -> str:
        form = self._form(wanted)
        return csv_lines(
            (form.row(sheet.columns, row) for row in sheet.rows), DIALECTS[wanted.language]
        )

    def _form(self, wanted: Wanted) -> ForPeople | ForPrograms:
        if wanted.language is None:
            return ForPrograms()
        return ForPeople(language=wanted.language, zone=wanted.zone, words=self._words)


def file_answer(file_name: str, content: bytes) -> Response:
    """A sheet that was made before."""
    return Response(content, headers=_headers(file_name))


def format_of(content: bytes) -> Literal["csv", "xlsx"]:
    """What a sheet was written as."""
    return "xlsx" if content.startswith(_EXCEL_BEGINS) else "csv"


def _csv_head(columns: Sequence[Column], form: ForPeople | ForPrograms) -> str:
    dialect = DIALECTS[form.language if isinstance(form, ForPeople) else None]
    return BYTE_ORDER_MARK + csv_lines([form.head(columns)], dialect)


async def _pages(
    read: Callable[[Where | None, int], Awaitable[list[Line]]],
    where: Callable[[Line], Where],
    page: list[Line],
) -> AsyncIterator[list[Line]]:
    while page:
        yield page
        page = await read(where(page[-1]), ROWS_AT_ONCE) if len(page) == ROWS_AT_ONCE else []


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
