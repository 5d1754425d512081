"""Options that were chosen, those that end up together, and what sessions did in each category."""

from collections.abc import Mapping
from typing import Any, ClassVar

import msgspec
from typing_extensions import override

from configurator.catalogue.selection import Choice
from realtime.activity.figures.answers import Rows
from storage.postgres.analytics.behaviour import OptionShare, Step
from storage.postgres.analytics.houses import FrequentHouse
from ui.figures.columns import category_column, euro_column, number_column, share_column
from ui.figures.figure import Figure, TabName
from ui.figures.sorted_table import SortedColumn, SortedTable, SortOrder
from ui.figures.words import FigureWords


class OptionsFigure(Figure[Rows[OptionShare]]):
    """Every option that was chosen, in how many sessions, and whether it stayed."""

    name: ClassVar[str] = "options"
    tab: ClassVar[TabName] = "choices"
    wide: ClassVar[bool] = True
    noted: ClassVar[bool] = True
    answer: ClassVar[Any] = Rows[OptionShare]

    def __init__(self, words: FigureWords) -> None:
        order = SortOrder("sessions", up=False)
        self._label = words.t("analytics.options")
        self._table = SortedTable[OptionShare](words, order=order, called="options")
        self._columns = [
            SortedColumn[OptionShare](
                name="option",
                label=words.t("analytics.option"),
                text=lambda row: words.names.option(row.category, row.option),
                head=True,
            ),
            category_column(words, lambda row: row.category),
            number_column(words, "sessions", lambda row: row.sessions, label="chosenIn"),
            share_column(words, "share", lambda row: row.share),
            number_column(words, "kept", lambda row: row.kept),
            share_column(words, "stayed", _stayed, drawn=False),
            number_column(words, "selections", lambda row: row.selections),
        ]

    @override
    def show(self, answer: Rows[OptionShare]) -> None:
        """Show all options."""
        self._table.show(self._columns, answer.rows, label=self._label)


class CombinationsFigure(Figure[Rows[FrequentHouse]]):
    """The most frequent houses as they are now."""

    name: ClassVar[str] = "combinations"
    tab: ClassVar[TabName] = "choices"
    wide: ClassVar[bool] = True
    noted: ClassVar[bool] = True
    fixed: ClassVar[Mapping[str, str]] = {"limit": "100"}
    answer: ClassVar[Any] = Rows[FrequentHouse]

    def __init__(self, words: FigureWords) -> None:
        self._words = words
        self._label = words.t("analytics.combinations")
        self._table = SortedTable[FrequentHouse](
            words, limit=8, order=SortOrder("houses", up=False), called="combinations"
        )
        self._columns = [
            SortedColumn[FrequentHouse](
                name="selection",
                label=words.t("analytics.together"),
                text=self._together,
                head=True,
                broad=True,
            ),
            number_column(words, "houses", lambda row: row.houses),
            share_column(words, "share", lambda row: row.share),
            number_column(words, "completed", lambda row: row.completed),
            euro_column(
                words,
                "total_cents",
                lambda row: row.total_cents,
                label=words.t("analytics.price"),
            ),
        ]

    @override
    def show(self, answer: Rows[FrequentHouse]) -> None:
        """Show all houses."""
        self._table.show(self._columns, answer.rows, label=self._label)

    def _together(self, house: FrequentHouse) -> str:
        names = self._words.names
        selection = msgspec.convert(house.selection, dict[str, Choice])
        chosen = sorted(selection.items(), key=lambda each: names.order(each[0]))
        return " · ".join(names.choice(category, choice) for category, choice in chosen)


class StepsFigure(Figure[Rows[Step]]):
    """The behaviour of sessions in each category of the catalogue."""

    name: ClassVar[str] = "steps"
    tab: ClassVar[TabName] = "choices"
    wide: ClassVar[bool] = True
    answer: ClassVar[Any] = Rows[Step]

    def __init__(self, words: FigureWords) -> None:
        self._words = words
        self._label = words.t("analytics.steps")
        self._table = SortedTable[Step](words, limit=20, called="steps")
        self._columns = [
            category_column(words, lambda row: row.category, head=True),
            number_column(words, "looked", lambda row: row.looked),
            number_column(words, "chose", lambda row: row.chose),
            number_column(words, "changes_of_mind", lambda row: row.changes_of_mind, label="minds"),
            SortedColumn[Step](
                name="decision_ms_median",
                label=words.t("analytics.decision"),
                text=lambda row: words.span(row.decision_ms_median),
                by=lambda row: row.decision_ms_median,
                number=True,
            ),
            SortedColumn[Step](
                name="time_ms",
                label=words.t("analytics.timeEach"),
                text=lambda row: words.span(_ms_each(row)),
                by=_ms_each,
                number=True,
            ),
        ]

    @override
    def show(self, answer: Rows[Step]) -> None:
        """Show the categories of the catalogue, and none of the other places."""
        rows = [row for row in answer.rows if self._words.names.is_category(row.category)]
        self._table.show(self._columns, rows, label=self._label)


def _stayed(row: OptionShare) -> float | None:
    return row.kept / row.sessions if row.sessions else None


def _ms_each(row: Step) -> float | None:
    return row.time_ms / row.looked if row.looked else None
