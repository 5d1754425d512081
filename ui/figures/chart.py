"""A chart, and what it shows as a table for those who cannot see it."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final, Generic, Literal, TypeVar

import msgspec
from nicegui import ui

from ui.figures.sorted_table import SortedColumn, SortedTable
from ui.figures.words import FigureWords

Row = TypeVar("Row")
ROWS_SHOWN: Final = 60

ChartKind = Literal["lines", "bars", "lying"]
"""Lines over time, upright bars for what has an order of its own, lying bars for names."""


class Series(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """A line or the bars of one colour: a value for each label, None where there is none.

    A line can be measured on the `right` axis, or be `faint` because it is only to compare with.
    """

    name: str
    values: Sequence[float | None]
    right: bool = False
    faint: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Drawing:
    """The content of a chart. The label describes it to people who cannot see it."""

    kind: ChartKind
    label: str
    labels: Sequence[str]
    series: Sequence[Series]


class Chart(ui.element, Generic[Row], component="../components/staff_chart.js"):
    """A chart that fits its box and follows light, dark and paper; its table opens below it."""

    def __init__(self, words: FigureWords) -> None:
        super().__init__()
        self.props["language"] = words.language
        self.props["open"] = words.t("analytics.asTable")
        self.props["drawing"] = ""
        self.props["label"] = ""
        with self:
            self._table: Final = SortedTable[Row](words, limit=ROWS_SHOWN)

    def show(
        self, drawing: Drawing, columns: Sequence[SortedColumn[Row]], rows: Sequence[Row]
    ) -> None:
        """Draw this, with these rows as its table; nothing is sent where nothing changed."""
        drawn = {"kind": drawing.kind, "labels": drawing.labels, "series": drawing.series}
        text = msgspec.json.encode(drawn).decode()
        if (text, drawing.label) != (self.props["drawing"], self.props["label"]):
            self.props["drawing"] = text
            self.props["label"] = drawing.label
        self._table.show(columns, rows, label=drawing.label)
