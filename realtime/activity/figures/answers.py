"""The answers of analytics. Each names its range, and the last entry of the stream it counts."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Annotated, Final, Generic, TypeVar

import msgspec

from configurator.activity.comparison import paired
from configurator.activity.periods import Unit
from configurator.activity.ranges import Bots, Range
from configurator.pricing.rounding import hundredths
from storage.postgres.analytics.figures import Kpis, Part, Point
from storage.postgres.analytics.houses import Prices

Row = TypeVar("Row")

OF_NOW: Final = frozenset({"active", "open_value_cents"})
"""Figures of sessions that are still active. In an earlier range all sessions have ended, so these
figures have nothing to be compared with."""


class RangeShown(msgspec.Struct, frozen=True, kw_only=True):
    """The range from ``start`` up to, but without, ``end``; a null bound is open."""

    start: datetime | None
    end: datetime
    zone: str
    bots: Annotated[Bots, msgspec.Meta(title="Bots")]


class Rows(msgspec.Struct, Generic[Row], frozen=True, kw_only=True):
    """Rows of one kind.

    ``stored_through`` is the newest entry of the stream that is counted. ``as_of`` is the time of
    the count; only figures that take long are kept, for some seconds.
    """

    range: RangeShown
    stored_through: str | None
    as_of: datetime | None = None
    rows: list[Row]


class Page(msgspec.Struct, Generic[Row], frozen=True, kw_only=True):
    """One page of a list; ``next`` is the ``cursor`` of the following page, null on the last.

    ``stored_through`` is the newest entry of the stream that is certainly included.
    """

    rows: list[Row]
    next: str | None
    stored_through: str | None


class PointPair(msgspec.Struct, frozen=True, kw_only=True):
    """The indices, from 0, of a point in ``rows`` and of its counterpart in ``compared``.

    Null where there is no counterpart, as for an hour that was skipped or came twice.
    """

    row: int | None
    compared: int | None


class SeriesAnswer(msgspec.Struct, Generic[Row], frozen=True, kw_only=True):
    """Points in order, without gaps, of one of the `units` that fit the range.

    ``compared`` has the points of the range to compare with, if one was asked for. ``pairs`` says
    which points belong together; each point of both ranges is in exactly one pair.
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

    ``complete_from``: earlier interactions of the range were deleted; null if all are there.
    """

    range: RangeShown
    stored_through: str | None
    as_of: datetime | None = None
    complete_from: datetime | None
    rows: list[Row]


@dataclass(frozen=True, slots=True, kw_only=True)
class KpiRow:
    """One figure, and the same figure of the range that it is compared with.

    The difference is value - previous, also in percent of previous if that is not 0. Figures of
    sessions that are still active have no previous (`OF_NOW`).
    """

    name: str
    value: float | None
    previous: float | None
    difference: float | None
    difference_percent: float | None


class KpisAnswer(msgspec.Struct, frozen=True, kw_only=True):
    """The figures. ``rows`` lists them with the comparison, if one was asked for."""

    range: RangeShown
    stored_through: str | None
    as_of: datetime | None = None
    kpis: Kpis
    compared_range: RangeShown | None
    compared: Kpis | None
    rows: list[KpiRow]


@dataclass(frozen=True, slots=True, kw_only=True)
class FunnelRow:
    """One step of one part: the sessions that reached it, and three shares, from 0 to 1.

    The shares are of all sessions, of those at the first step and of those at the step before.
    """

    part: str
    step: str
    reached: int
    of_sessions: float | None
    of_first: float | None
    of_previous: float | None


class BreakdownAnswer(msgspec.Struct, frozen=True, kw_only=True):
    """Sessions divided by the property ``by`` of their visitors."""

    range: RangeShown
    stored_through: str | None
    as_of: datetime | None = None
    by: str
    rows: list[Part]


class FunnelAnswer(msgspec.Struct, frozen=True, kw_only=True):
    """An ordered funnel; ``sessions`` counts all sessions of each part, with or without a step."""

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
    """The range in the form that answers have."""
    return RangeShown(
        start=None if span.endless else span.start, end=span.end, zone=span.zone, bots=span.bots
    )


def ended(before: Kpis) -> Kpis:
    """The figures of an earlier range, without those of sessions that are still active."""
    outcomes = replace(before.outcomes, active=None)
    return replace(before, outcomes=outcomes, open_value_cents=None)


def pairs_of(
    span: Range, unit: Unit, points: Sequence[Point], compared: Sequence[Point]
) -> list[PointPair]:
    """The pairs of points of ``span`` and of the range that it is compared with."""
    found = paired(span, unit, [each.at for each in points], [each.at for each in compared])
    return [PointPair(row=row, compared=other) for row, other in found]


def kpi_rows(now: Kpis, before: Kpis | None) -> list[KpiRow]:
    """All figures, each with its difference if there is something to compare with."""
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
    difference = None if value is None or previous is None else round(value - previous, 6)
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
