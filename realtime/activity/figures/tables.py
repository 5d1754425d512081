"""Sheets of those figures whose rows are not simply the rows of the answer.

Lists and mappings within a row become columns of their own: nothing in a cell has to be parsed.
"""

from collections.abc import Sequence
from dataclasses import replace
from typing import Final

from realtime.activity.figures.answers import (
    KpisAnswer,
    PricesAnswer,
    Rows,
    SeriesAnswer,
    SignalsAnswer,
)
from realtime.sheets.sheet import Kind, Sheet, SheetColumn, columns_of, values_of
from storage.postgres.analytics.figures import Point
from storage.postgres.analytics.houses import FrequentHouse, Prices
from storage.postgres.analytics.paths import Path
from storage.postgres.analytics.signals import Signal
from storage.postgres.analytics.visits import Cohort

_KPI_COLUMNS: Final = (
    SheetColumn(name="name", kind=Kind.WORD, texts="sheet.kpi."),
    SheetColumn(name="value", kind=Kind.FIGURE, title="kpi_value"),
    SheetColumn(name="previous", kind=Kind.FIGURE),
    SheetColumn(name="difference", kind=Kind.FIGURE),
    SheetColumn(name="difference_percent", kind=Kind.NUMBER),
)
_SIGNAL_COLUMNS: Final = (
    SheetColumn(name="kind", kind=Kind.WORD, texts="analytics.kind_"),
    SheetColumn(name="place", kind=Kind.CATEGORY),
    SheetColumn(name="name", kind=Kind.TEXT, title="signal"),
    SheetColumn(name="n", kind=Kind.NUMBER),
    SheetColumn(name="sessions", kind=Kind.NUMBER),
    *(SheetColumn(name=f"p{n}", kind=Kind.NUMBER, title="percentile_n", n=n) for n in (50, 75, 95)),
    SheetColumn(name="good", kind=Kind.SHARE),
)
_PRICE_COLUMNS: Final = (
    SheetColumn(name="kind", kind=Kind.WORD, texts="sheet.prices.", title="prices_of"),
    SheetColumn(name="from_cents", kind=Kind.MONEY),
    SheetColumn(name="to_cents", kind=Kind.MONEY),
    SheetColumn(name="n", kind=Kind.NUMBER),
    SheetColumn(name="measure", kind=Kind.WORD, texts="sheet.measure."),
    SheetColumn(name="percent", kind=Kind.NUMBER),
    SheetColumn(name="cents", kind=Kind.MONEY),
)


def kpis(answer: KpisAnswer) -> Sheet:
    """A row for each figure, with the value that it is compared with."""
    return Sheet(name="kpis", columns=_KPI_COLUMNS, rows=[values_of(row) for row in answer.rows])


def prices(answer: PricesAnswer) -> Sheet:
    """The bars of both histograms, and below them percentiles, limits and averages."""
    return Sheet(
        name="prices",
        columns=_PRICE_COLUMNS,
        rows=[
            *_price_rows("completed", answer.completed),
            *_price_rows("open", answer.open),
        ],
    )


def _price_rows(kind: str, found: Prices) -> list[list[object]]:
    def line(measure: str, cents: int | None, percent: int | None = None) -> list[object]:
        return [kind, None, None, None, measure, percent, cents]

    bars: list[list[object]] = [
        [kind, bar.from_cents, bar.to_cents, bar.n, "bar", None, None] for bar in found.histogram
    ]
    return [
        *bars,
        [kind, None, None, found.n, "count", None, None],
        line("lowest", found.lowest_cents),
        *(line("percentile", each.cents, each.percent) for each in found.percentiles),
        line("highest", found.highest_cents),
        line("average", found.average_cents),
    ]


def series(answer: SeriesAnswer[Point]) -> Sheet:
    """A row for each point; the offset tells apart the two hours that look the same on a clock.

    Where two ranges are compared, each point has its counterpart beside it; a point without one has
    a row of its own. The sum of each column is therefore the figure of its range.
    """
    columns = _point_columns()
    if answer.pairs is None:
        return Sheet(name="series", columns=columns, rows=[_point(each) for each in answer.rows])
    compared = answer.compared or []
    return Sheet(
        name="series",
        columns=[*columns, *_point_columns("compared_")],
        rows=[
            [*_point(_at(answer.rows, pair.row)), *_point(_at(compared, pair.compared))]
            for pair in answer.pairs
        ],
    )


def _point_columns(prefix: str = "") -> list[SheetColumn]:
    at, *counted = columns_of(Point)
    found = [at, SheetColumn(name="utc_offset", kind=Kind.TEXT), *counted]
    return [replace(each, name=prefix + each.name) for each in found]


def _point(point: Point | None) -> list[object]:
    if point is None:
        return [None] * len(_point_columns())
    return [point.at, f"UTC{point.at.isoformat()[-6:]}", *values_of(point)[1:]]


def _at(points: Sequence[Point], place: int | None) -> Point | None:
    return None if place is None else points[place]


def signals(answer: SignalsAnswer[Signal]) -> Sheet:
    """A row for each signal, with the words of the page."""
    return Sheet(name="signals", columns=_SIGNAL_COLUMNS, rows=[values_of(r) for r in answer.rows])


def paths(answer: Rows[Path]) -> Sheet:
    """A row for each path, with its steps in columns of their own."""
    longest = max((len(path.steps) for path in answer.rows), default=0)
    steps = [
        SheetColumn(name=f"step_{n}", kind=Kind.CATEGORY, title="step_n", n=n, ids=False)
        for n in range(1, max(longest, 1) + 1)
    ]
    counted = [column for column in columns_of(Path) if column.name != "steps"]
    return Sheet(
        name="paths",
        columns=[*steps, *counted],
        rows=[
            [*_filled(path.steps, len(steps)), path.sessions, path.completed, path.share]
            for path in answer.rows
        ],
    )


def retention(answer: Rows[Cohort]) -> Sheet:
    """A row for each week, with a column for the people who came back n weeks later."""
    longest = max((len(cohort.returned) for cohort in answer.rows), default=0)
    later = [
        SheetColumn(name=f"returned_{n}", kind=Kind.NUMBER, title="returned_n", n=n)
        for n in range(max(longest, 1))
    ]
    return Sheet(
        name="retention",
        columns=[
            SheetColumn(name="week", kind=Kind.DAY),
            SheetColumn(name="people", kind=Kind.NUMBER),
            *later,
        ],
        rows=[
            [cohort.week, cohort.people, *_filled(cohort.returned, len(later))]
            for cohort in answer.rows
        ],
    )


def combinations(answer: Rows[FrequentHouse], categories: Sequence[str]) -> Sheet:
    """A row for each house, with columns for the option and quantity of each category."""
    chosen = {category for house in answer.rows for category in house.selection}
    ordered = [each for each in categories if each in chosen]
    ordered += sorted(chosen - set(ordered))
    columns = [column for category in ordered for column in _chosen_columns(category, answer.rows)]
    counted = [column for column in columns_of(FrequentHouse) if column.name != "selection"]
    return Sheet(
        name="combinations",
        columns=[*columns, *counted],
        rows=[
            [
                *(_choice(house, column) for column in columns),
                house.total_cents,
                house.catalogue_id,
                house.houses,
                house.completed,
                house.share,
            ]
            for house in answer.rows
        ],
    )


def _chosen_columns(category: str, houses: Sequence[FrequentHouse]) -> list[SheetColumn]:
    option = SheetColumn(name=category, kind=Kind.OPTION, category=category, ids=False)
    if all(_part(house, category, "quantity") is None for house in houses):
        return [option]
    quantity = SheetColumn(
        name=f"{category}_quantity", kind=Kind.NUMBER, title="quantity_of", category=category
    )
    return [option, quantity]


def _choice(house: FrequentHouse, column: SheetColumn) -> object:
    part = "option" if column.kind is Kind.OPTION else "quantity"
    return _part(house, column.category or "", part)


def _part(house: FrequentHouse, category: str, part: str) -> object:
    choice = house.selection.get(category)
    return choice.get(part) if isinstance(choice, dict) else None


def _filled(values: Sequence[object], length: int) -> list[object]:
    return [*values, *[None] * (length - len(values))]
