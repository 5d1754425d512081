"""Sessions, inquiries and interactions over time."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any, ClassVar

from typing_extensions import override

from realtime.activity.figures.answers import SeriesAnswer
from storage.postgres.analytics.figures import Point
from ui.figures.chart import Chart, Drawing, Series
from ui.figures.columns import number_column
from ui.figures.figure import Figure, TabName
from ui.figures.sorted_table import SortedColumn
from ui.figures.words import FigureWords
from ui.theme import paragraph


@dataclass(frozen=True, slots=True, kw_only=True)
class IntervalRow:
    """An interval, and the sessions of its counterpart in the range that it is compared with.

    An interval of the other range without a counterpart has a line of its own, under its own time
    and without numbers: the sums of both columns are whole.
    """

    at: datetime
    label: str
    sessions: int | None = None
    completed: int | None = None
    inquiries: int | None = None
    interactions: int | None = None
    before: int | None = None


class SeriesFigure(Figure[SeriesAnswer[Point]]):
    """A chart of lines."""

    name: ClassVar[str] = "series"
    tab: ClassVar[TabName] = "overview"
    wide: ClassVar[bool] = True
    own: ClassVar[tuple[str, ...]] = ("unit", "compare")
    answer: ClassVar[Any] = SeriesAnswer[Point]

    def __init__(self, words: FigureWords) -> None:
        self._words = words
        self._chart = Chart[IntervalRow](words)
        self._inexact = paragraph(words.t("analytics.notExact"), "quiet")
        self._inexact.visible = False

    @override
    def show(self, answer: SeriesAnswer[Point]) -> None:
        """Show the points, and beside them those of the range that they are compared with."""
        lines = side_by_side(answer, self._words.in_zone(answer.range.zone))
        compared = any(line.before for line in lines)
        drawing = Drawing(
            kind="lines",
            label=self._words.t("analytics.seriesLabel", n=len(answer.rows)),
            labels=[line.label for line in lines],
            series=self._series(lines, compared=compared),
        )
        self._chart.show(drawing, self._columns(compared=compared), lines)
        self._inexact.visible = any(point.interactions is None for point in answer.rows)

    def _series(self, lines: Sequence[IntervalRow], *, compared: bool) -> list[Series]:
        t = self._words.t
        found = [
            Series(name=t("analytics.sessions"), values=[line.sessions for line in lines]),
            Series(name=t("analytics.inquiries"), values=[line.inquiries for line in lines]),
            Series(
                name=t("analytics.interactions"),
                values=[line.interactions for line in lines],
                right=True,
            ),
        ]
        if compared:
            before = [line.before for line in lines]
            found.append(Series(name=t("analytics.sessionsBefore"), values=before, faint=True))
        return found

    def _columns(self, *, compared: bool) -> list[SortedColumn[IntervalRow]]:
        words = self._words
        found: list[SortedColumn[IntervalRow]] = [
            SortedColumn(
                name="at",
                label=words.t("analytics.when"),
                text=lambda line: line.label,
                by=lambda line: line.at.timestamp(),
                head=True,
            ),
            number_column(words, "sessions", lambda line: line.sessions),
            number_column(words, "before", lambda line: line.before, label="sessionsBefore"),
            number_column(words, "completed", lambda line: line.completed),
            number_column(words, "inquiries", lambda line: line.inquiries),
            number_column(words, "interactions", lambda line: line.interactions),
        ]
        return [each for each in found if compared or each.name != "before"]


def side_by_side(answer: SeriesAnswer[Point], words: FigureWords) -> list[IntervalRow]:
    """The lines of a series, with the labels of `words`."""
    labels = words.labels([point.at for point in answer.rows], answer.unit)
    own = [_line(point, label) for point, label in zip(answer.rows, labels, strict=True)]
    if answer.pairs is None or answer.compared is None:
        return own
    labels = words.labels([point.at for point in answer.compared], answer.unit)
    others = [_line(point, label) for point, label in zip(answer.compared, labels, strict=True)]
    return [
        _paired(
            None if pair.row is None else own[pair.row],
            None if pair.compared is None else others[pair.compared],
        )
        for pair in answer.pairs
    ]


def _line(point: Point, label: str) -> IntervalRow:
    return IntervalRow(
        at=point.at,
        label=label,
        sessions=point.sessions,
        completed=point.completed,
        inquiries=point.inquiries,
        interactions=point.interactions,
    )


def _paired(own: IntervalRow | None, other: IntervalRow | None) -> IntervalRow:
    """The line of a pair, of which one may be missing."""
    if own is not None:
        return replace(own, before=None if other is None else other.sessions)
    assert other is not None  # noqa: S101 - a pair has at least one of both
    return IntervalRow(at=other.at, label=other.label, before=other.sessions)
