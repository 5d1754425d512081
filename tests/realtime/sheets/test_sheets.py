"""Sheets as spreadsheets read them: in columns, with right numbers, and nothing that runs."""

import io
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime
from typing import Final
from zipfile import ZipFile
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.parts.analytics import sheets_of, views_over
from app.parts.catalogue import current_catalogue
from configurator.activity.stored import Happening
from configurator.protocol.codes import Refused
from configurator.text import Language
from realtime.activity.figures.recent import Recent
from realtime.activity.figures.views import FIGURES, FigureViews
from realtime.api.service.dead_letters import LetterRow
from realtime.api.service.ledger import AuditLine
from realtime.sheets.answers import SheetForm, sheet_form_of
from realtime.sheets.as_csv import DIALECTS, csv_lines, harmless
from realtime.sheets.as_xlsx import TEXT_MAX
from realtime.sheets.forms import CellValue
from realtime.sheets.sheet import Kind, Sheet, SheetColumn, columns_of, sheet_of
from realtime.sheets.words import SheetWords
from storage.postgres.analytics.visit import Visit
from storage.postgres.engine import Database
from tests.realtime.sheets.reading import BYTE_ORDER_MARK, book, carried_out, table
from ui.texts import Texts

CATALOGUE: Final = current_catalogue()
NOON: Final = datetime(2026, 1, 2, 12, 0, 0, 123456, tzinfo=UTC)
SHEETS: Final = sheets_of(lambda: CATALOGUE, lambda: NOON)
VIENNA: Final = ZoneInfo("Europe/Vienna")


@dataclass(frozen=True)
class Inner:
    n: int
    share: float | None


@dataclass(frozen=True)
class Line:
    referrer: str | None
    inner: Inner
    category: str
    option: str | None
    total_cents: int
    time_ms: int
    at: datetime
    day: date
    bot: bool
    detail: dict[str, object]


def line(referrer: str | None, **changed: object) -> Line:
    usual: dict[str, object] = {
        "referrer": referrer,
        "inner": Inner(-1, 0.0312),
        "category": "nest",
        "option": "nest120",
        "total_cents": -950_050,
        "time_ms": 1500,
        "at": NOON,
        "day": date(2026, 1, 2),
        "bot": True,
        "detail": {"width": 390, "why": ["a", {"b": None}]},
    }
    return Line(**{**usual, **changed})  # type: ignore[arg-type]


async def written(
    rows: Sequence[Line], *, format_: str = "csv", language: Language | None = None
) -> bytes:
    wanted = sheet_form_of(
        {"format": format_} | ({"lang": language} if language else {}), VIENNA.key
    )
    assert wanted is not None
    return await SHEETS.content(sheet_of("steps", Line, rows), wanted, at=NOON)


async def test_programs_get_names_ids_and_the_units_of_the_api() -> None:
    text = (await written([line('a "b", c\nd'), line(None)])).decode()
    assert text == (
        "\ufeffreferrer,n,share,category,option,total_cents,time_ms,at,day,bot,detail\r\n"
        '"a ""b"", c d",-1,0.0312,nest,nest120,-950050,1500,2026-01-02T12:00:00.123456+00:00,'
        '2026-01-02,true,"{""width"":390,""why"":[""a"",{""b"":null}]}"\r\n'
        ",-1,0.0312,nest,nest120,-950050,1500,2026-01-02T12:00:00.123456+00:00,"
        '2026-01-02,true,"{""width"":390,""why"":[""a"",{""b"":null}]}"\r\n'
    )


@pytest.mark.parametrize(
    ("language", "delimiter", "head", "cells"),
    [
        (
            "de",
            ";",
            ["Herkunft", "Anzahl", "Anteil (%)", "Kategorie", "Kategorie, Kennung", "Option",
             "Option, Kennung", "Preis (€)", "Zeit zusammen (s)", "Zeit (Europe/Vienna)", "Tag",
             "Bot", "Einzelheiten"],
            ["google.com", "-1", "3,12", "Größe", "nest", "Nest. 120", "nest120", "-9500,50", "1,5",
             "2026-01-02 13:00:00", "2026-01-02", "ja", "width: 390 · why: a, b = null"],
        ),
        (
            "en",
            ",",
            ["Referrer", "Count", "Share (%)", "Category", "Category, id", "Option", "Option, id",
             "Price (€)", "Time in all (s)", "Time (Europe/Vienna)", "Day", "Bot", "Details"],
            ["google.com", "-1", "3.12", "Size", "nest", "Nest. 120", "nest120", "-9500.50", "1.5",
             "2026-01-02 13:00:00", "2026-01-02", "yes", "width: 390 · why: a, b = null"],
        ),
    ],
)  # fmt: skip
async def test_people_get_words_and_the_numbers_of_their_language(
    language: Language, delimiter: str, head: list[str], cells: list[str]
) -> None:
    text = (await written([line("google.com")], language=language)).decode()
    assert table(text, delimiter) == [head, cells]


@pytest.mark.parametrize("language", ["de", "en"])
async def test_an_excel_file_has_numbers_times_and_texts(language: Language) -> None:
    evil = ["=1+1", "@SUM(A1)", "https://example.com", "mailto:a@b", "0012", "\x01\ufffe", "-5"]
    rows = [line(text) for text in [*evil, "x" * (TEXT_MAX + 9)]]
    content = await written(rows, format_="xlsx", language=language)
    sheet = book(content)
    assert sheet.title == {"de": "Kategorien", "en": "Categories"}[language]
    assert sheet.freeze_panes == "A2"
    (first, *_), last = list(sheet.iter_rows(min_row=2)), sheet.max_row
    assert [cell.value for cell in first[1:]] == [
        -1, 3.12, {"de": "Größe", "en": "Size"}[language], "nest", "Nest. 120", "nest120", -9500.5, 1.5,
        datetime.fromisoformat("2026-01-02T13:00"), datetime.fromisoformat("2026-01-02"),
        {"de": "ja", "en": "yes"}[language],
        "width: 390 · why: a, b = null",
    ]  # fmt: skip
    texts = [sheet.cell(row, 1) for row in range(2, last)]
    assert [cell.value for cell in texts] == [*evil[:5], "  ", "-5"]
    assert {(cell.data_type, cell.number_format) for cell in texts} == {("s", "@")}
    assert sheet.cell(last, 1).value == "x" * (TEXT_MAX - 1) + "…"
    with ZipFile(io.BytesIO(content)) as parts:
        xml = parts.read("xl/worksheets/sheet1.xml")
        assert b"<f>" not in xml
        assert b"hyperlink" not in xml
    assert await written(rows, format_="xlsx", language=language) == content


@pytest.mark.parametrize(
    "text",
    [
        "=1+1",
        "T;=1+1;x",
        "a,=1+1",
        "a\t=1+1",
        "a\n=1+1",
        "a\r\n-1+1",
        "a\u2028=1",
        "  =1+1",
        "\u00a0@x",
        "\u200b=1",
        "\ufeff=1",
        "＝1+1",
        "a;＠x",
        '"=1+1',
        'x","=1+1',
        "'=1+1",
        "a;'=1",
        "|-1",
        "+43 1",
        "\r",
        "\t",
        ";;=1",
        "a; \n =1",
    ],
)
@pytest.mark.parametrize("language", [None, "de", "en"])
async def test_no_cell_begins_as_a_formula(text: str, language: Language | None) -> None:
    content = (await written([line(text), line("x", category=text)], language=language)).decode()
    assert carried_out(content) == []


@given(
    texts=st.lists(st.text(alphabet="a=+-@＝＠;,|\t\r\n \"'\u200b1", max_size=9), max_size=4),
    number=st.integers(-99, 99),
)
def test_nothing_runs_wherever_it_is_split(texts: list[str], number: int) -> None:
    for dialect in DIALECTS.values():
        row: list[CellValue] = ["x", *texts, number, *texts]
        text = BYTE_ORDER_MARK + csv_lines([row, ["y", *row[1:]]], dialect)
        assert carried_out(text) == []
        first, second = table(text, dialect.delimiter)
        assert len(first) == len(row)
        assert first[1:] == second[1:]
        assert first[1 + len(texts)] == str(number)


def test_a_harmless_text_stays_unchanged() -> None:
    for text in ["", "Nest. 120 × 8", "a-b@c.at", "x=1", "Straße 1-3", "Ö, ü; ß", "5 - 3", "'"]:
        assert {harmless(text, dialect) for dialect in DIALECTS.values()} == {text}


@pytest.mark.parametrize(
    ("asked", "place"),
    [
        ({"format": "xls"}, "format"),
        ({"format": "csv", "lang": "fr"}, "lang"),
        ({"lang": "fr"}, "lang"),
    ],
)
def test_a_form_that_is_unknown_is_named(asked: dict[str, str], place: str) -> None:
    with pytest.raises(Refused) as refused:
        sheet_form_of(asked, "UTC")
    assert refused.value.detail is not None
    assert refused.value.detail.startswith(place)


async def test_an_excel_file_that_would_be_too_long_is_refused() -> None:
    sheets = sheets_of(lambda: CATALOGUE, lambda: NOON, rows_at_once=3, rows_max=5)

    async def read(_after: object, _limit: int) -> list[Line]:
        return [line("x")] * 3

    wanted = SheetForm(format="xlsx", language="de", zone=VIENNA)
    with pytest.raises(Refused) as refused:
        await sheets.by_pages("sessions", Line, wanted, read=read, where=lambda _: 0)
    assert refused.value.code.name == "query_unusable"


async def _not_stored() -> None:
    """Nothing is stored yet."""


def unread_views() -> FigureViews:
    """All figures, of which none is asked for."""
    return views_over(
        Database("postgresql://nobody@/none"),
        categories=list,
        stored_through=_not_stored,
        recent=Recent(clock=lambda: 0.0),
        now=lambda: NOON,
    )


def test_the_names_of_figures_are_those_of_the_figures_in_their_order() -> None:
    assert tuple(unread_views().by_name) == FIGURES


def test_every_column_has_a_heading() -> None:
    kinds = [view.row for view in unread_views().by_name.values() if view.table is None]
    columns = [
        column
        for kind in [*kinds, Visit, Happening, AuditLine, LetterRow]
        for column in columns_of(kind)
    ]
    texts = Texts().entries()
    missing = {
        column.name for column in columns if f"sheet.{column.title or column.name}" not in texts
    }
    assert missing == set()


def test_an_unknown_id_stands_for_itself() -> None:
    words = SheetWords(Texts().entries(), lambda: CATALOGUE)
    assert words.option("nest", "nest999", "de") == "nest999"
    assert words.option("attic", "none", "en") == "nothing"
    assert words.option("pvanlage", "pv:8", "de").endswith("8")
    assert words.category("attic", "de") == "attic"
    assert words.word("sheet.part.", "", "de") == "unbekannt"
    sheet = Sheet(name="x", columns=[SheetColumn(name="fresh", kind=Kind.TEXT)], rows=[])
    assert words.title(sheet.columns[0].name, "de") == "fresh"
