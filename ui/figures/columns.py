"""Columns that several figures have: numbers, shares, categories, how sessions ended."""

from collections.abc import Callable, Sequence
from typing import Protocol, TypeVar

from storage.postgres.analytics.figures import Outcomes
from ui.figures.sorted_table import SortedColumn
from ui.figures.words import FigureWords

Row = TypeVar("Row")


class WithOutcomes(Protocol):
    """A row about sessions that ended in one way or another."""

    @property
    def outcomes(self) -> Outcomes:
        """Their outcomes."""
        ...


EndedRow = TypeVar("EndedRow", bound=WithOutcomes)


def number_column(
    words: FigureWords,
    name: str,
    of: Callable[[Row], float | None],
    *,
    label: str = "",
    bar: Callable[[Row], float] | None = None,
) -> SortedColumn[Row]:
    """A column of numbers; its label is `analytics.{label}`, by default that of its name."""
    return SortedColumn(
        name=name,
        label=words.t(f"analytics.{label or name}"),
        text=lambda row: words.number(of(row)),
        by=of,
        bar=bar,
        number=True,
    )


def share_column(
    words: FigureWords,
    name: str,
    of: Callable[[Row], float | None],
    *,
    label: str = "",
    drawn: bool = True,
) -> SortedColumn[Row]:
    """A column of shares of 1 in percent, `drawn` as bars, too."""
    return SortedColumn(
        name=name,
        label=words.t(f"analytics.{label or name}"),
        text=lambda row: words.percent(of(row)),
        by=of,
        bar=(lambda row: of(row) or 0.0) if drawn else None,
        number=True,
    )


def euro_column(
    words: FigureWords, name: str, of: Callable[[Row], int | None], *, label: str
) -> SortedColumn[Row]:
    """A column of amounts in cents, shown in euros."""
    return SortedColumn(
        name=name, label=label, text=lambda row: words.euro(of(row)), by=of, number=True
    )


def category_column(
    words: FigureWords, of: Callable[[Row], str], *, head: bool = False
) -> SortedColumn[Row]:
    """A column of categories, in the order of the catalogue."""
    return SortedColumn(
        name="category",
        label=words.t("analytics.category"),
        text=lambda row: words.names.category(of(row)),
        by=lambda row: words.names.order(of(row)),
        head=head,
        quiet=not head,
    )


def outcome_columns(words: FigureWords, rows: Sequence[EndedRow]) -> list[SortedColumn[EndedRow]]:
    """The columns of how the sessions of each row ended; bars show their share of all sessions."""
    everything = sum(row.outcomes.sessions for row in rows) or 1
    return [
        number_column(
            words,
            "sessions",
            lambda row: row.outcomes.sessions,
            bar=lambda row: row.outcomes.sessions / everything,
        ),
        number_column(words, "completed", lambda row: row.outcomes.completed),
        number_column(
            words, "abandoned", lambda row: row.outcomes.abandoned, label="abandonedShort"
        ),
        share_column(words, "conversion", lambda row: row.outcomes.conversion, drawn=False),
        euro_column(
            words,
            "average_order_value_cents",
            lambda row: row.outcomes.average_order_value_cents,
            label=words.t("analytics.average"),
        ),
    ]
