"""A part of the page that shows figures: each in its frame, with its files and its controls."""

from collections.abc import Mapping, Sequence
from typing import Any, Final
from urllib.parse import urlencode

from configurator.protocol.codes import Refused
from realtime.activity.figures.answers import FunnelAnswer, SeriesAnswer
from ui.figures.figure import Figure
from ui.figures.frame import FigureFile, FigureFrame
from ui.figures.listed import FIGURES
from ui.figures.words import FigureWords
from ui.staff.analytics.asked import PARTS, Ask, Asked
from ui.staff.analytics.funnel_steps import FunnelSteps
from ui.staff.api import Api
from ui.staff.frame import StaffFrame
from ui.staff.select import SelectBox

FUNNEL: Final = "funnel"


def figures_of(tab: str) -> list[type[Figure[Any]]]:
    """The figures of a tab; it has none where it shows lists."""
    return [each for each in FIGURES if each.tab == tab]


async def answer_of(api: Api, figure: type[Figure[Any]], asked: Asked) -> Any:  # noqa: ANN401 - each has its own
    """The answer that a figure shows, or Refused: the other figures of its tab are shown anyway."""
    query = asked.range_query() | asked.own_query(figure)
    try:
        return await api.get(figure.answer, f"analytics/{figure.name}", **query)
    except Refused as refused:
        return refused


def files_of(
    name: str, query: Mapping[str, str], language: str, page: Mapping[str, str]
) -> list[FigureFile]:
    """Addresses of the same as files: sheets for people, in their language, and JSON for programs.

    `page` are the parameters of the first page of JSON, where it comes by page.
    """
    path = f"/api/admin/analytics/{name}?"
    sheet = {"lang": language}
    return [
        FigureFile("xlsx", path + urlencode({**query, "format": "xlsx", **sheet})),
        FigureFile("csv", path + urlencode({**query, "format": "csv", **sheet})),
        FigureFile("json", path + urlencode({**query, **page})),
    ]


class FiguresTab:
    """The figures of a tab, in the current slot. Their controls `ask`."""

    def __init__(
        self, figures: Sequence[type[Figure[Any]]], words: FigureWords, frame: StaffFrame, ask: Ask
    ) -> None:
        self._figures = [_Placed(each, words, frame, ask) for each in figures]

    def turn(self, asked: Asked) -> None:
        """Show in the controls what is asked now."""
        for each in self._figures:
            each.turn(asked)

    async def show(self, asked: Asked, answers: Sequence[Any]) -> None:
        """Show the answers of the figures, in their order; one that is refused says why."""
        for figure, answer in zip(self._figures, answers, strict=True):
            figure.show(answer)
            figure.turn(asked)


class _Placed:
    """A figure with what stands around it."""

    def __init__(
        self, figure: type[Figure[Any]], words: FigureWords, frame: StaffFrame, ask: Ask
    ) -> None:
        self._figure = figure
        self._words = words
        self._answer: Any = None
        self._frame = FigureFrame(words, figure.name, noted=figure.noted, wide=figure.wide)
        self._by: SelectBox | None = None
        self._unit: SelectBox | None = None
        self._steps: FunnelSteps | None = None
        with self._frame.controls:
            if "by" in figure.own:
                self._by = self._part(ask)
            if "unit" in figure.own:
                self._unit = SelectBox(
                    words.t("analytics.unit"), {}, "", lambda unit: ask(unit=unit), unlabelled=True
                )
                self._unit.props["data-testid"] = "unit"
                self._unit.visible = False  # the first answer says which units there are
        with self._frame:
            if figure.name == FUNNEL:
                self._steps = FunnelSteps(words, frame, ask)
            self._shown = figure(words)

    def turn(self, asked: Asked) -> None:
        query = asked.range_query() | asked.own_query(self._figure)
        self._frame.link_files(files_of(self._figure.name, query, self._words.language, {}))
        if self._by is not None:
            self._by.show(asked.by or self._whole)
        if self._steps is not None and isinstance(self._answer, FunnelAnswer):
            self._steps.show(asked, self._answer)
        if self._unit is not None and asked.unit:
            self._unit.show(asked.unit)

    def show(self, answer: Any) -> None:  # noqa: ANN401 - as the figure declares it, or Refused
        if isinstance(answer, Refused):
            why = self._words.why(answer)
            self._frame.refuse(self._words.t("analytics.failed", why=why))
            return
        self._frame.refuse("")
        self._answer = answer
        self._shown.show(answer)
        if self._unit is not None and isinstance(answer, SeriesAnswer):
            units = {each: self._words.t(f"analytics.unit_{each}") for each in answer.units}
            self._unit.offer(units, answer.unit)
            self._unit.visible = True

    @property
    def _whole(self) -> str:
        """The value of the control if the address names none; only a funnel can be undivided."""
        return "" if self._figure.name == FUNNEL else PARTS[0]

    def _part(self, ask: Ask) -> SelectBox:
        options = {part: self._words.t(f"analytics.{part}") for part in PARTS}
        if not self._whole:
            options = {"": self._words.t("analytics.byNone"), **options}
        label = self._words.t("analytics.by")
        made = SelectBox(label, options, self._whole, lambda by: ask(by=by), unlabelled=True)
        made.classes("by")
        return made
