"""The distribution of prices: bars, and below which price how many percent of all are."""

from dataclasses import dataclass
from typing import Any, ClassVar, Final

from typing_extensions import override

from realtime.activity.figures.answers import PricesAnswer
from storage.postgres.analytics.houses import Prices
from ui.figures.chart import Chart, Drawing, Series
from ui.figures.columns import euro_column, number_column
from ui.figures.figure import Figure, TabName
from ui.figures.sorted_table import SortedColumn, SortedTable
from ui.figures.words import FigureWords
from ui.theme import paragraph

PERCENTS: Final = (5, 10, 25, 50, 75, 90, 95)
MEDIAN: Final = 50


@dataclass(frozen=True, slots=True, kw_only=True)
class _Bar:
    """The number of prices of both kinds from `cents` on."""

    cents: int
    completed: int
    open: int


@dataclass(frozen=True, slots=True, kw_only=True)
class _Line:
    """One line of the summary."""

    label: str
    completed: int | None
    open: int | None


class PricesFigure(Figure[PricesAnswer]):
    """A chart of upright bars, and a table of percentiles."""

    name: ClassVar[str] = "prices"
    tab: ClassVar[TabName] = "overview"
    answer: ClassVar[Any] = PricesAnswer

    def __init__(self, words: FigureWords) -> None:
        self._words = words
        self._completed = words.t("analytics.pricesCompleted")
        self._open = words.t("analytics.pricesOpen")
        self._nothing = paragraph(words.t("analytics.none"), "quiet")
        self._chart = Chart[_Bar](words)
        self._table = SortedTable[_Line](words, called="percentiles")

    @override
    def show(self, answer: PricesAnswer) -> None:
        """Show both kinds of prices, or that there are none."""
        bars = _bars(answer)
        self._nothing.visible = not bars
        self._chart.visible = self._table.visible = bool(bars)
        if not bars:
            return
        words = self._words
        drawing = Drawing(
            kind="bars",
            label=words.t("analytics.prices"),
            labels=[words.euro(bar.cents) for bar in bars],
            series=[
                Series(name=self._completed, values=[bar.completed for bar in bars]),
                Series(name=self._open, values=[bar.open for bar in bars]),
            ],
        )
        self._chart.show(drawing, self._bar_columns(), bars)
        label = words.t("analytics.percentiles")
        self._table.show(self._columns(answer, label), self._summary(answer), label=label)

    def _bar_columns(self) -> list[SortedColumn[_Bar]]:
        words = self._words
        start = SortedColumn[_Bar](
            name="cents",
            label=words.t("analytics.priceFrom"),
            text=lambda bar: words.euro(bar.cents),
            by=lambda bar: bar.cents,
            head=True,
        )
        return [
            start,
            number_column(words, "completed", lambda bar: bar.completed, label="pricesCompleted"),
            number_column(words, "open", lambda bar: bar.open, label="pricesOpen"),
        ]

    def _columns(self, answer: PricesAnswer, label: str) -> list[SortedColumn[_Line]]:
        words = self._words

        def counted(name: str, prices: Prices) -> str:
            return words.t("analytics.counted", name=name, n=words.number(prices.n))

        completed = counted(self._completed, answer.completed)
        still_open = counted(self._open, answer.open)
        return [
            SortedColumn(name="label", label=label, text=lambda line: line.label, head=True),
            euro_column(words, "completed", lambda line: line.completed, label=completed),
            euro_column(words, "open", lambda line: line.open, label=still_open),
        ]

    def _summary(self, answer: PricesAnswer) -> list[_Line]:
        """A line for each percentile, between the lowest and the highest price, and the average."""
        completed, still_open, t = answer.completed, answer.open, self._words.t
        lowest = (completed.lowest_cents, still_open.lowest_cents)
        highest = (completed.highest_cents, still_open.highest_cents)
        average = (completed.average_cents, still_open.average_cents)
        found = [
            (t("analytics.lowest"), lowest),
            *(
                (self._percentile(each), (_cents(completed, each), _cents(still_open, each)))
                for each in PERCENTS
            ),
            (t("analytics.highest"), highest),
            (t("analytics.averagePrice"), average),
        ]
        return [_Line(label=label, completed=one, open=other) for label, (one, other) in found]

    def _percentile(self, percent: int) -> str:
        key = "analytics.percentileHalf" if percent == MEDIAN else "analytics.percentile"
        return self._words.t(key, p=percent)


def _bars(answer: PricesAnswer) -> list[_Bar]:
    completed = {bar.from_cents: bar.n for bar in answer.completed.histogram}
    still_open = {bar.from_cents: bar.n for bar in answer.open.histogram}
    return [
        _Bar(cents=cents, completed=completed.get(cents, 0), open=still_open.get(cents, 0))
        for cents in sorted(completed.keys() | still_open.keys())
    ]


def _cents(prices: Prices, percent: int) -> int | None:
    return next((each.cents for each in prices.percentiles if each.percent == percent), None)
