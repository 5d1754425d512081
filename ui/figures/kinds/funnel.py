"""The sessions that reached each step in order, all together or by part."""

from typing import Any, ClassVar

from typing_extensions import override

from realtime.activity.figures.answers import FunnelAnswer, FunnelRow
from ui.figures.chart import Chart, Drawing, Series
from ui.figures.columns import number_column, share_column
from ui.figures.figure import Figure, TabName
from ui.figures.sorted_table import SortedColumn
from ui.figures.words import FigureWords
from ui.theme import TextTag

UNDIVIDED = "none"


class FunnelFigure(Figure[FunnelAnswer]):
    """A chart of lying bars, one for each step and part."""

    name: ClassVar[str] = "funnel"
    tab: ClassVar[TabName] = "overview"
    noted: ClassVar[bool] = True
    own: ClassVar[tuple[str, ...]] = ("by", "steps", "window")
    answer: ClassVar[Any] = FunnelAnswer

    def __init__(self, words: FigureWords) -> None:
        self._words = words
        self._window = TextTag("p", classes="quiet").props("data-testid=funnel-window")
        self._chart = Chart[FunnelRow](words)

    @override
    def show(self, answer: FunnelAnswer) -> None:
        """Show the steps with their window."""
        window = self._words.lasting(answer.window_minutes)
        self._window.text = self._words.t("analytics.funnelWindow", window=window)
        drawing = Drawing(
            kind="lying",
            label=self._words.t("analytics.funnel"),
            labels=[self._words.names.funnel_step(step) for step in answer.steps],
            series=[
                Series(
                    name=self._part(answer, part),
                    values=[row.reached for row in answer.rows if row.part == part],
                )
                for part in answer.sessions
            ],
        )
        self._chart.show(drawing, self._columns(answer), answer.rows)

    def _columns(self, answer: FunnelAnswer) -> list[SortedColumn[FunnelRow]]:
        words = self._words
        step = SortedColumn[FunnelRow](
            name="step",
            label=words.t("analytics.step"),
            text=lambda row: words.names.funnel_step(row.step),
            by=lambda row: answer.steps.index(row.step),
            head=True,
        )
        found = [
            step,
            number_column(words, "reached", lambda row: row.reached),
            share_column(
                words,
                "of_sessions",
                lambda row: row.of_sessions,
                label="ofSessions",
                drawn=False,
            ),
            share_column(
                words,
                "of_previous",
                lambda row: row.of_previous,
                label="ofPrevious",
                drawn=False,
            ),
        ]
        if answer.by == UNDIVIDED:
            return found
        part = SortedColumn[FunnelRow](
            name="part",
            label=words.t(f"analytics.{answer.by}"),
            text=lambda row: words.names.part(row.part, answer.by),
        )
        return [part, *found]

    def _part(self, answer: FunnelAnswer, part: str) -> str:
        if answer.by == UNDIVIDED:
            return self._words.t("analytics.sessions")
        return self._words.names.part(part, answer.by)
