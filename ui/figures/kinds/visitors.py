"""People who came back, and how sessions ended by device, language, referrer and catalogue."""

from collections.abc import Sequence
from typing import Any, ClassVar, Final

from typing_extensions import override

from realtime.activity.figures.answers import BreakdownAnswer, Rows
from storage.postgres.analytics.figures import CatalogueEffect, Part
from storage.postgres.analytics.visits import Cohort
from ui.figures.columns import outcome_columns
from ui.figures.figure import Figure, TabName
from ui.figures.sorted_table import SortedColumn, SortedTable
from ui.figures.words import FigureWords

WEEKS_SHOWN: Final = 13


class RetentionFigure(Figure[Rows[Cohort]]):
    """People by the week of their first session: a table whose colour is the share that came back."""

    name: ClassVar[str] = "retention"
    tab: ClassVar[TabName] = "visitors"
    wide: ClassVar[bool] = True
    noted: ClassVar[bool] = True
    answer: ClassVar[Any] = Rows[Cohort]

    def __init__(self, words: FigureWords) -> None:
        self._words = words
        self._label = words.t("analytics.retention")
        self._table = SortedTable[Cohort](words, limit=0, called="retention", classes="heat")

    @override
    def show(self, answer: Rows[Cohort]) -> None:
        """Show the weeks, the latest first."""
        weeks = answer.rows[::-1]
        columns = self._columns(weeks) if weeks else []
        self._table.show(columns, weeks, label=self._label)

    def _columns(self, weeks: Sequence[Cohort]) -> list[SortedColumn[Cohort]]:
        words = self._words
        last = max(len(week.returned) for week in weeks) - 1
        later = range(1, min(last, WEEKS_SHOWN) + 1)
        most = max((_share(week, n) or 0 for week in weeks for n in later), default=0) or 1
        return [
            SortedColumn(
                name="week",
                label=words.t("analytics.firstWeek"),
                text=lambda week: words.day(week.week),
                head=True,
                sorts=False,
            ),
            SortedColumn(
                name="people",
                label=words.t("analytics.people"),
                text=lambda week: words.number(week.people),
                number=True,
                sorts=False,
            ),
            *(self._week(n, most) for n in later),
        ]

    def _week(self, n: int, most: float) -> SortedColumn[Cohort]:
        words = self._words

        def text(week: Cohort) -> str:
            share = _share(week, n)
            return "" if share is None else words.percent(share)

        def heat(week: Cohort) -> float | None:
            share = _share(week, n)
            return None if share is None else share / most

        def title(week: Cohort) -> str:
            known = n < len(week.returned)
            return words.t("analytics.peopleBack", n=week.returned[n]) if known else ""

        return SortedColumn(
            name=f"week{n}",
            label=words.t("analytics.weekLater", n=n),
            text=text,
            heat=heat,
            title=title,
            number=True,
            sorts=False,
        )


class BreakdownFigure(Figure[BreakdownAnswer]):
    """Sessions by device, language or referrer, and how they ended."""

    name: ClassVar[str] = "breakdown"
    tab: ClassVar[TabName] = "visitors"
    wide: ClassVar[bool] = True
    own: ClassVar[tuple[str, ...]] = ("by",)
    answer: ClassVar[Any] = BreakdownAnswer

    def __init__(self, words: FigureWords) -> None:
        self._words = words
        self._label = words.t("analytics.breakdown")
        self._table = SortedTable[Part](words, called="breakdown")

    @override
    def show(self, answer: BreakdownAnswer) -> None:
        """Show all parts."""
        part = SortedColumn[Part](
            name="value",
            label=self._words.t("analytics.part"),
            text=lambda row: self._words.names.part(row.value, answer.by),
            head=True,
            broad=True,
        )
        columns = [part, *outcome_columns(self._words, answer.rows)]
        self._table.show(columns, answer.rows, label=self._label)


class CataloguesFigure(Figure[Rows[CatalogueEffect]]):
    """The outcomes of sessions, by the catalogue of their house."""

    name: ClassVar[str] = "catalogues"
    tab: ClassVar[TabName] = "visitors"
    wide: ClassVar[bool] = True
    noted: ClassVar[bool] = True
    answer: ClassVar[Any] = Rows[CatalogueEffect]

    def __init__(self, words: FigureWords) -> None:
        self._words = words
        self._label = words.t("analytics.catalogues")
        self._table = SortedTable[CatalogueEffect](words, called="catalogues")

    @override
    def show(self, answer: Rows[CatalogueEffect]) -> None:
        """Show all catalogues."""
        words = self._words.in_zone(answer.range.zone)
        columns = [
            SortedColumn[CatalogueEffect](
                name="catalogue_id",
                label=words.t("analytics.catalogue"),
                text=lambda row: row.catalogue_id or words.t("analytics.noCatalogue"),
                head=True,
            ),
            SortedColumn[CatalogueEffect](
                name="published_at",
                label=words.t("analytics.published"),
                text=lambda row: words.long_date(row.published_at),
                by=lambda row: row.published_at.timestamp() if row.published_at else None,
            ),
            *outcome_columns(words, answer.rows),
        ]
        self._table.show(columns, answer.rows, label=self._label)


def _share(week: Cohort, n: int) -> float | None:
    """The share of the people of a week who came back n weeks later; None: that is still to come."""
    return week.returned[n] / week.people if n < len(week.returned) else None
