"""Signals about how the page worked: speed, refusals, adjustments, errors, hovers, links."""

import math
from collections.abc import Callable
from typing import Any, ClassVar, Final

from typing_extensions import override

from realtime.activity.figures.answers import SignalsAnswer
from storage.postgres.analytics.signals import Signal
from ui.figures.columns import number_column, share_column
from ui.figures.figure import Figure, TabName
from ui.figures.sorted_table import SortedColumn, SortedTable, SortOrder
from ui.figures.words import FigureWords
from ui.theme import heading, paragraph
from ui.words import NONE

TOLD: Final = ("refused", "adjusted", "error", "hover", "invite")
NAMED: Final = ("LCP", "INP", "CLS")


class SignalsFigure(Figure[SignalsAnswer[Signal]]):
    """Two tables: web vitals, and everything else that happened."""

    name: ClassVar[str] = "signals"
    tab: ClassVar[TabName] = "ways"
    wide: ClassVar[bool] = True
    noted: ClassVar[bool] = True
    answer: ClassVar[Any] = SignalsAnswer[Signal]

    def __init__(self, words: FigureWords) -> None:
        self._words = words
        self._complete = paragraph("", "quiet")
        self._complete.visible = False
        heading(words.t("analytics.vitals"), 3)
        self._vitals = SortedTable[Signal](words, called="vitals")
        heading(words.t("analytics.told"), 3)
        self._told = SortedTable[Signal](words, order=SortOrder("n", up=False), called="told")

    @override
    def show(self, answer: SignalsAnswer[Signal]) -> None:
        """Show all signals, and since when they are complete."""
        since = self._words.in_zone(answer.range.zone).minute(answer.complete_from)
        self._complete.text = self._words.t("analytics.completeFrom", time=since)
        self._complete.visible = answer.complete_from is not None
        vitals = [row for row in answer.rows if row.kind == "web_vital"]
        self._vitals.show(self._vital_columns(), vitals, label=self._words.t("analytics.vitals"))
        told = [row for row in answer.rows if row.kind in TOLD]
        self._told.show(self._told_columns(), told, label=self._words.t("analytics.told"))

    def _vital_columns(self) -> list[SortedColumn[Signal]]:
        words = self._words
        return [
            SortedColumn(
                name="name",
                label=words.t("analytics.measure"),
                text=lambda row: self._vital(row.name),
                by=lambda row: row.name,
                head=True,
            ),
            self._place(),
            self._measure("p50", "50 %", lambda row: row.p50),
            self._measure("p75", "75 %", lambda row: row.p75),
            self._measure("p95", "95 %", lambda row: row.p95),
            share_column(words, "good", lambda row: row.good),
            number_column(words, "n", lambda row: row.n, label="measured"),
        ]

    def _told_columns(self) -> list[SortedColumn[Signal]]:
        words = self._words
        return [
            SortedColumn(
                name="name",
                label=words.t("analytics.what"),
                text=self._what,
                head=True,
                broad=True,
            ),
            SortedColumn(
                name="kind",
                label=words.t("analytics.kind"),
                text=lambda row: words.t(f"analytics.kind_{row.kind}"),
            ),
            self._place(),
            number_column(words, "n", lambda row: row.n, label="times"),
            number_column(words, "sessions", lambda row: row.sessions),
        ]

    def _place(self) -> SortedColumn[Signal]:
        return SortedColumn(
            name="place",
            label=self._words.t("analytics.place"),
            text=lambda row: (
                self._words.t("analytics.housePage")
                if row.place == "page"
                else self._words.names.category(row.place)
            ),
            quiet=True,
        )

    def _measure(
        self, name: str, label: str, of: Callable[[Signal], float | None]
    ) -> SortedColumn[Signal]:
        return SortedColumn(
            name=name,
            label=label,
            text=lambda row: self._measured(row.name, of(row)),
            by=of,
            number=True,
        )

    def _measured(self, name: str, value: float | None) -> str:
        """Shifts of the layout (CLS) have no unit; everything else is in ms."""
        if value is None:
            return NONE
        if name == "CLS":
            text = f"{value:.3f}".rstrip("0").rstrip(".")
            return text.replace(".", ",") if self._words.language == "de" else text
        return f"{self._words.number(math.floor(value + 0.5))}\u00a0ms"

    def _vital(self, name: str) -> str:
        return self._words.t(f"analytics.{name}") if name in NAMED else name

    def _what(self, row: Signal) -> str:
        if row.kind == "hover":
            return self._words.names.option(row.place, row.name)
        return row.name or NONE
