"""The figures that an admin can ask for: name, parameters, answer and table of each.

Endpoints and shared dashboards both read from this list, so a shared figure is the same figure.
"""

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Annotated, Any, Final, Generic, TypeVar

import msgspec

from configurator.activity.ranges import Range
from realtime.activity.figures import tables
from realtime.activity.figures.answers import (
    BreakdownAnswer,
    FunnelAnswer,
    FunnelRow,
    KpiRow,
    KpisAnswer,
    PricesAnswer,
    Rows,
    SeriesAnswer,
    SignalsAnswer,
    ended,
    kpi_rows,
    pairs_of,
    shown,
)
from realtime.activity.figures.funnel import funnel_rows, funnel_steps
from realtime.activity.figures.parameters import (
    BreakdownQuery,
    CombinationsQuery,
    FunnelQuery,
    KpisQuery,
    NoneOfItsOwn,
    PathsQuery,
    SeriesQuery,
)
from realtime.activity.figures.query import AskedQuery, range_of, typed, unusable
from realtime.activity.figures.recent import Recent
from realtime.sheets.sheet import Sheet, sheet_of
from storage.postgres.analytics.behaviour import (
    Behaviour,
    OptionShare,
    Step,
    Transition,
)
from storage.postgres.analytics.figures import (
    CatalogueEffect,
    Figures,
    Part,
    Point,
    units_of,
)
from storage.postgres.analytics.houses import FrequentHouse, Houses, Prices
from storage.postgres.analytics.paths import Path, Paths
from storage.postgres.analytics.signals import Signal, SignalReader
from storage.postgres.analytics.visits import Cohort, Visits

FIGURES: Final = (
    *("kpis", "series", "funnel", "steps", "options", "combinations", "prices"),
    *("journeys", "paths", "retention", "breakdown", "catalogues", "signals"),
)
"""The names of all figures, in the order in which they are listed."""
ViewName = Annotated[
    str,
    msgspec.Meta(
        min_length=1,
        max_length=32,
        title="FigureName",
        extra_json_schema={"enum": list(FIGURES)},
    ),
]
"""The name of a figure. Unknown names are refused where the figures are looked up."""

Query = TypeVar("Query", bound=msgspec.Struct)


@dataclass(frozen=True, slots=True, kw_only=True)
class FigureView(Generic[Query]):
    """One figure: its summary for the API, its answer, and how it is read and made a sheet.

    ``query`` is the type of the parameters that the figure takes beside the range. ``row`` is the
    type of the rows of an answer, which are also the rows of its sheet unless ``table`` makes one.
    """

    name: str
    summary: str
    answer: Any
    row: type
    read: Callable[[Range, Query, str | None], Awaitable[Any]]
    query: type[Query]
    table: Callable[[Any], Sheet] | None = None

    def sheet(self, answer: Any) -> Sheet:  # noqa: ANN401 - of the type ``answer``
        """The sheet of an answer."""
        if self.table is not None:
            return self.table(answer)
        return sheet_of(self.name, self.row, answer.rows)


class FigureViews:
    """Reads figures, and keeps slow answers for some seconds.

    ``categories`` returns the categories of the current catalogue, in its order. ``stored_through``
    returns the id of the last stored entry of the stream.
    """

    def __init__(
        self,
        *,
        figures: Figures,
        behaviour: Behaviour,
        houses: Houses,
        paths: Paths,
        signals: SignalReader,
        visits: Visits,
        categories: Callable[[], Sequence[str]],
        stored_through: Callable[[], Awaitable[str | None]],
        recent: Recent,
        now: Callable[[], datetime],
    ) -> None:
        self._figures = figures
        self._behaviour = behaviour
        self._houses = houses
        self._paths = paths
        self._signals = signals
        self._visits = visits
        self._categories = categories
        self._stored_through = stored_through
        self._recent = recent
        self._now = now
        self.by_name: dict[str, FigureView[Any]] = {view.name: view for view in self._views()}

    async def read(self, view: FigureView[Any], asked: AskedQuery) -> object:
        """The answer of a view. Raises Refused ``query_unusable``, StorageUnavailable."""
        as_of = self._now()
        span = range_of(asked, as_of)
        stored_through = await self._stored_through()
        own = typed(asked, view.query)

        async def make() -> object:
            answer = await view.read(span, own, stored_through)
            return msgspec.structs.replace(answer, as_of=as_of)

        return await self._recent.of((view.name, span, own), make, counted=stored_through)

    def _views(self) -> list[FigureView[Any]]:
        return [
            FigureView(
                name="kpis",
                summary="Key figures: sessions and their outcomes, inquiries, conversion, average and "
                "open value in cents. `compare=previous|year` adds the figures of an earlier range",
                answer=KpisAnswer,
                row=KpiRow,
                read=self._kpis,
                query=KpisQuery,
                table=tables.kpis,
            ),
            FigureView(
                name="series",
                summary="Sessions, completed sessions, inquiries and interactions for each `unit` "
                "(hour, day, week or month). `compare=previous|year` adds those of an earlier range",
                answer=SeriesAnswer[Point],
                row=Point,
                read=self._series,
                query=SeriesQuery,
                table=tables.series,
            ),
            FigureView(
                name="funnel",
                summary="Sessions that reached each of `steps` in their order, within `window` minutes "
                "of the first step, in parts `by` device, language, referrer or none. `steps` are "
                "separated by commas: a category (reached by its first selection), `began`, "
                "`chose` (any selection), `chose_2` to `chose_16` (selections in that "
                "many categories), `opened` (the inquiry form), `completed`. Without `steps` the "
                "funnel is the way to an inquiry",
                answer=FunnelAnswer,
                row=FunnelRow,
                read=self._funnel,
                query=FunnelQuery,
            ),
            FigureView(
                name="steps",
                summary="For each category: sessions that looked at it and that chose in it, the time "
                "they took, their changes of mind, and their time to decide",
                answer=Rows[Step],
                row=Step,
                read=_rows_of(self._behaviour.steps),
                query=NoneOfItsOwn,
            ),
            FigureView(
                name="options",
                summary="For each option: sessions that chose it, their share, and how many of them "
                "still had it chosen at the end",
                answer=Rows[OptionShare],
                row=OptionShare,
                read=_rows_of(self._behaviour.options),
                query=NoneOfItsOwn,
            ),
            FigureView(
                name="combinations",
                summary="The `limit` most frequent houses",
                answer=Rows[FrequentHouse],
                row=FrequentHouse,
                read=self._combinations,
                query=CombinationsQuery,
                table=lambda answer: tables.combinations(answer, self._categories()),
            ),
            FigureView(
                name="prices",
                summary="Histogram and exact percentiles of the prices of houses, in cents, for "
                "completed and for open sessions",
                answer=PricesAnswer,
                row=Prices,
                read=self._prices,
                query=NoneOfItsOwn,
                table=tables.prices,
            ),
            FigureView(
                name="journeys",
                summary="Sessions that first entered one category right after first entering another",
                answer=Rows[Transition],
                row=Transition,
                read=_rows_of(self._behaviour.journeys),
                query=NoneOfItsOwn,
            ),
            FigureView(
                name="paths",
                summary="The `limit` most frequent paths: the orders in which sessions first chose in "
                "the categories",
                answer=Rows[Path],
                row=Path,
                read=self._ways,
                query=PathsQuery,
                table=tables.paths,
            ),
            FigureView(
                name="retention",
                summary="People by the week of their first session, and how many of them came back in "
                "each later week",
                answer=Rows[Cohort],
                row=Cohort,
                read=_rows_of(self._visits.retention),
                query=NoneOfItsOwn,
                table=tables.retention,
            ),
            FigureView(
                name="breakdown",
                summary="Sessions and their outcomes, by device, language or referrer (`by`)",
                answer=BreakdownAnswer,
                row=Part,
                read=self._breakdown,
                query=BreakdownQuery,
            ),
            FigureView(
                name="catalogues",
                summary="Sessions and their outcomes, by the catalogue version of their house",
                answer=Rows[CatalogueEffect],
                row=CatalogueEffect,
                read=_rows_of(self._figures.catalogues),
                query=NoneOfItsOwn,
            ),
            FigureView(
                name="signals",
                summary="How well the page worked: web vitals by page, refusals and adjustments by "
                "reason, errors, hovers by option, and invitations. The figure is complete from "
                "`complete_from` on; older single interactions are deleted",
                answer=SignalsAnswer[Signal],
                row=Signal,
                read=self._told,
                query=NoneOfItsOwn,
                table=tables.signals,
            ),
        ]

    async def _kpis(self, span: Range, _asked: KpisQuery, through: str | None) -> KpisAnswer:
        kpis = await self._figures.kpis(span)
        before = span.compared()
        compared = await self._figures.kpis(before) if before else None
        return KpisAnswer(
            range=shown(span),
            stored_through=through,
            kpis=kpis,
            compared_range=shown(before) if before else None,
            compared=compared and ended(compared),
            rows=kpi_rows(kpis, compared),
        )

    async def _series(
        self, span: Range, asked: SeriesQuery, through: str | None
    ) -> SeriesAnswer[Point]:
        units = units_of(span)
        unit = asked.unit or units[0]
        if unit not in units:
            raise unusable("unit", f"is one of {', '.join(units)}")
        before = span.compared()
        points = await self._figures.series(span, unit)
        compared = await self._figures.series(before, unit) if before else None
        return SeriesAnswer(
            range=shown(span),
            stored_through=through,
            unit=unit,
            units=list(units),
            rows=points,
            compared=compared,
            pairs=None if compared is None else pairs_of(span, unit, points, compared),
        )

    async def _funnel(self, span: Range, asked: FunnelQuery, through: str | None) -> FunnelAnswer:
        steps = funnel_steps(asked.steps)
        parts = await self._behaviour.funnel(span, steps, window_minutes=asked.window, by=asked.by)
        return FunnelAnswer(
            range=shown(span),
            stored_through=through,
            steps=list(steps),
            window_minutes=asked.window,
            by=asked.by,
            sessions={part.value: part.sessions for part in parts},
            rows=funnel_rows(steps, parts),
        )

    async def _combinations(
        self, span: Range, asked: CombinationsQuery, through: str | None
    ) -> Rows[FrequentHouse]:
        return _rows(span, through, await self._houses.combinations(span, asked.limit))

    async def _prices(self, span: Range, _asked: NoneOfItsOwn, through: str | None) -> PricesAnswer:
        completed, still_open = await self._houses.prices(span)
        return PricesAnswer(
            range=shown(span), stored_through=through, completed=completed, open=still_open
        )

    async def _ways(self, span: Range, asked: PathsQuery, through: str | None) -> Rows[Path]:
        return _rows(span, through, await self._paths.paths(span, asked.limit))

    async def _breakdown(
        self, span: Range, asked: BreakdownQuery, through: str | None
    ) -> BreakdownAnswer:
        found = await self._figures.breakdown(span, asked.by)
        return BreakdownAnswer(range=shown(span), stored_through=through, by=asked.by, rows=found)

    async def _told(
        self, span: Range, _asked: NoneOfItsOwn, through: str | None
    ) -> SignalsAnswer[Signal]:
        found = await self._signals.signals(span)
        return SignalsAnswer(
            range=shown(span),
            stored_through=through,
            complete_from=found.complete_from,
            rows=found.signals,
        )


def _rows_of(
    read: Callable[[Range], Awaitable[list[Any]]],
) -> Callable[[Range, NoneOfItsOwn, str | None], Awaitable[Rows[Any]]]:
    async def answer(span: Range, _asked: NoneOfItsOwn, through: str | None) -> Rows[Any]:
        return _rows(span, through, await read(span))

    return answer


def _rows(span: Range, through: str | None, found: list[Any]) -> Rows[Any]:
    return Rows(range=shown(span), stored_through=through, rows=found)
