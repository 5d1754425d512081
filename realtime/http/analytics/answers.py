"""The answers of analytics. Every one says which range it is about and how far the stream is in it."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Annotated, Final, Generic, TypeVar

import msgspec

from configurator.comparison import paired
from configurator.periods import Unit
from configurator.ranges import Bots, Range
from configurator.rounding import hundredths
from storage.postgres.analytics.figures import Kpis, Point
from storage.postgres.analytics.houses import Prices

Row = TypeVar("Row")

OF_NOW: Final = frozenset({"active", "open_value_cents"})
"""Figures of sessions that are still active: those of an earlier range have all ended, whatever they
were then, so there is nothing to compare with."""


class RangeShown(msgspec.Struct, frozen=True, kw_only=True):
    """From ``start`` up to and without ``end``; null is since ever."""

    start: datetime | None
    end: datetime
    zone: str
    bots: Annotated[Bots, msgspec.Meta(title="Bots")]


class Rows(msgspec.Struct, Generic[Row], frozen=True, kw_only=True):
    """Rows of one kind. ``stored_through``: the newest entry of the stream that is counted.

    ``as_of``: when it was counted; a figure that took long is kept for some seconds, others not.
    """

    range: RangeShown
    stored_through: str | None
    as_of: datetime | None = None
    rows: list[Row]


class Page(msgspec.Struct, Generic[Row], frozen=True, kw_only=True):
    """One page; ``next`` goes into ``cursor`` for the following one, null on the last.

    ``stored_through``: the newest entry of the stream that is surely in it.
    """

    rows: list[Row]
    next: str | None
    stored_through: str | None


class PointPair(msgspec.Struct, frozen=True, kw_only=True):
    """The places, from 0, of a point in ``rows`` and of its counterpart in ``compared``.

    Null: it has none there, as an hour that was skipped or came twice.
    """

    row: int | None
    compared: int | None


class SeriesAnswer(msgspec.Struct, Generic[Row], frozen=True, kw_only=True):
    """Points in order, without gaps, of one of the `units` that fit the range.

    ``compared``: the points of the range that it is compared with, where one was asked for;
    ``pairs``: which of them belongs beside which, each point of both in exactly one.
    """

    range: RangeShown
    stored_through: str | None
    as_of: datetime | None = None
    unit: str
    units: list[str]
    rows: list[Row]
    compared: list[Row] | None
    pairs: list[PointPair] | None


class SignalsAnswer(msgspec.Struct, Generic[Row], frozen=True, kw_only=True):
    """Rows that are counted from single interactions.

    ``complete_from``: earlier ones of the range are kept no more; null: all are there.
    """

    range: RangeShown
    stored_through: str | None
    as_of: datetime | None = None
    complete_from: datetime | None
    rows: list[Row]


@dataclass(frozen=True, slots=True, kw_only=True)
class KpiRow:
    """One figure beside that of the range it is compared with.

    The difference is value - previous; in percent of previous where that is not 0. What is still
    going on has no previous (`OF_NOW`).
    """

    name: str
    value: float | None
    previous: float | None
    difference: float | None
    difference_percent: float | None


class KpisAnswer(msgspec.Struct, frozen=True, kw_only=True):
    """The figures; ``rows`` has all of them with the comparison, where one was asked for."""

    range: RangeShown
    stored_through: str | None
    as_of: datetime | None = None
    kpis: Kpis
    compared_range: RangeShown | None
    compared: Kpis | None
    rows: list[KpiRow]


@dataclass(frozen=True, slots=True, kw_only=True)
class FunnelRow:
    """One step of one part: how many reached it, of all, of the first step, of the one before."""

    part: str
    step: str
    reached: int
    of_sessions: float | None
    of_first: float | None
    of_previous: float | None


class FunnelAnswer(msgspec.Struct, frozen=True, kw_only=True):
    """An ordered funnel; ``sessions`` are all sessions of each part, whether they took a step."""

    range: RangeShown
    stored_through: str | None
    as_of: datetime | None = None
    steps: list[str]
    window_minutes: int
    by: str
    sessions: dict[str, int]
    rows: list[FunnelRow]


class PricesAnswer(msgspec.Struct, frozen=True, kw_only=True):
    """Prices of completed sessions and of open houses."""

    range: RangeShown
    stored_through: str | None
    as_of: datetime | None = None
    completed: Prices
    open: Prices


def shown(span: Range) -> RangeShown:
    """The range as it is shown."""
    return RangeShown(
        start=None if span.endless else span.start, end=span.end, zone=span.zone, bots=span.bots
    )


def ended(before: Kpis) -> Kpis:
    """The figures of an earlier range, without those of what is going on now."""
    outcomes = replace(before.outcomes, active=None)
    return replace(before, outcomes=outcomes, open_value_cents=None)


def pairs_of(
    span: Range, unit: Unit, points: Sequence[Point], compared: Sequence[Point]
) -> list[PointPair]:
    """Which point of the range that ``span`` is compared with belongs beside which of its own."""
    found = paired(span, unit, [each.at for each in points], [each.at for each in compared])
    return [PointPair(row=row, compared=other) for row, other in found]


def kpi_rows(now: Kpis, before: Kpis | None) -> list[KpiRow]:
    """Every figure, with its difference where there is something to compare with."""
    then = {name: n for name, n in _figures(before).items() if name not in OF_NOW} if before else {}
    return [_kpi_row(name, value, then.get(name)) for name, value in _figures(now).items()]


def _figures(kpis: Kpis) -> dict[str, float | None]:
    outcomes = kpis.outcomes
    return {
        "sessions": outcomes.sessions,
        "active": outcomes.active,
        "completed": outcomes.completed,
        "abandoned": outcomes.abandoned,
        "expired": outcomes.expired,
        "conversion": outcomes.conversion,
        "order_value_cents": outcomes.order_value_cents,
        "average_order_value_cents": outcomes.average_order_value_cents,
        "open_value_cents": kpis.open_value_cents,
        "landing_views": kpis.landing_views,
        "inquiries": kpis.inquiries,
        "interactions": kpis.interactions,
    }


def _kpi_row(name: str, value: float | None, previous: float | None) -> KpiRow:
    both = value is not None and previous is not None
    difference = round(value - previous, 6) if both else None  # type: ignore[operator]
    percent = (
        hundredths(100 * difference / previous) if difference is not None and previous else None
    )
    return KpiRow(
        name=name,
        value=value,
        previous=previous,
        difference=difference,
        difference_percent=percent,
    )
