"""CSV that a spreadsheet opens without carrying anything out."""

import csv
import io
from dataclasses import dataclass
from datetime import UTC, datetime

import pytest

from realtime.http.analytics.sheet import sheet


@dataclass(frozen=True)
class Inner:
    n: int
    rate: float | None


@dataclass(frozen=True)
class Line:
    name: str | None
    inner: Inner
    parts: tuple[int, ...]
    at: datetime
    yes: bool


def line(name: str | None, n: int = 1) -> Line:
    return Line(name, Inner(n, None), (1, 2), datetime(2026, 1, 2, 3, tzinfo=UTC), yes=True)


def test_columns_cells_and_line_ends() -> None:
    assert sheet(Line, [line('a "b", c\nd', -5)]) == (
        "\ufeffname,n,rate,parts,at,yes\r\n"
        '"a ""b"", c\nd",-5,,"[1,2]",2026-01-02T03:00:00+00:00,true\r\n'
    )


def test_no_rows_still_have_their_names() -> None:
    assert sheet(Line, []) == "\ufeffname,n,rate,parts,at,yes\r\n"


@pytest.mark.parametrize("first", ["=", "+", "-", "@", "\t", "\r"])
def test_what_looks_like_a_formula_is_a_text(first: str) -> None:
    evil = f"{first}cmd|' /C calc'!A0"
    (_, found) = csv.reader(io.StringIO(sheet(Line, [line(evil)]), newline=""))
    assert found[0] == f"'{evil}"


def test_nothing_is_an_empty_cell() -> None:
    (_, found) = csv.reader(io.StringIO(sheet(Line, [line(None)]), newline=""))
    assert found[0] == ""
