"""The figures an admin can ask for, each by its name: what it takes, what it answers, its table.

Endpoints and shared dashboards both read from this list, so a shared figure is the same figure.
"""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Annotated, Any, Final, cast, get_args

import msgspec

from configurator.periods import Unit
from configurator.ranges import FIELDS, Range
from realtime.http.analytics import tables
from realtime.http.analytics.answers import (
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
from realtime.http.analytics.query import Asked, number_of, one_of, range_of, unusable
from realtime.http.analytics.recent import Recent
from realtime.http.endpoints import one_of_these, whole
from realtime.sheets.sheet import Sheet, sheet_of
from storage.postgres.analytics.behaviour import (
    BEGAN,
    CHOSE,
    COMPLETED,
    OPENED,
    STEPS_MAX,
    Behaviour,
    Breakdown,
    OptionShare,
    Step,
    Transition,
)
from storage.postgres.analytics.figures import (
    CatalogueEffect,
    Dimension,
    Figures,
    Part,
    Point,
    units_of,
)
from storage.postgres.analytics.houses import COMBINATIONS_MAX, FrequentHouse, Houses, Prices
from storage.postgres.analytics.paths import PATHS_MAX, Path, Paths
from storage.postgres.analytics.signals import Signal, SignalReader
from storage.postgres.analytics.visits import Cohort, Visits

WINDOW_MINUTES: Final = 24 * 60
WINDOW_MINUTES_MAX: Final = 30 * 24 * 60
STEPS_TO_AN_INQUIRY: Final = (BEGAN, CHOSE, f"{CHOSE}_2", OPENED, COMPLETED)
ViewName = Annotated[
    str,
    msgspec.Meta(
        min_length=1,
        max_length=32,
        title="FigureName",
        extra_json_schema={
            "enum": [
                *("kpis", "series", "funnel", "steps", "options", "combinations", "prices"),
                *("journeys", "paths", "retention", "breakdown", "catalogues", "signals"),
            ]
        },
    ),
]
"""The name of a figure; another one is refused where the figures are known."""
RANGE_FIELDS: Final = tuple(name for name in FIELDS if name != "compare")


@dataclass(frozen=True, slots=True, kw_only=True)
class View:
    """One figure. Its rows, all of the type ``row``, are a sheet, unless ``table`` makes another."""

    name: str
    summary: str
    answer: Any
    row: type
    read: Callable[[Range, Asked, str | None], Awaitable[Any]]
    query: Sequence[str] = ()
    parameters: Mapping[str, Mapping[str, object]] = field(default_factory=dict)
    table: Callable[[Any], Sheet] | None = None

    def sheet(self, answer: Any) -> Sheet:  # noqa: ANN401 - of the type ``answer``
        """An answer of it as a sheet."""
        if self.table is not None:
            return self.table(answer)
        return sheet_of(self.name, self.row, answer.rows)


class Views:
    """Reads figures; remembers for seconds what took long.

    ``categories``: those of the current catalogue, in its order. ``stored_through``: how far the
    stream is stored.
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
        self.by_name = {view.name: view for view in self._views()}

    async def read(self, view: View, asked: Asked) -> object:
        """The answer of a view. Raises Refused ``query_unusable``, StorageUnavailable."""
        as_of = self._now()
        span = range_of(asked, as_of)
        stored_through = await self._stored_through()
        own = {name: asked[name] for name in view.query if name in asked}

        async def make() -> object:
            answer = await view.read(span, own, stored_through)
            return msgspec.structs.replace(answer, as_of=as_of)

        key = (view.name, span, tuple(sorted(own.items())))
        return await self._recent.of(key, make, counted=stored_through)

    def _views(self) -> list[View]:
        return [
            View(
                name="kpis",
                summary="Sessions, how they ended, conversion, order value, what is open; "
                "`compare=previous|year` adds the range before",
                answer=KpisAnswer,
                row=KpiRow,
                read=self._kpis,
                query=("compare",),
                table=tables.kpis,
            ),
            View(
                name="series",
                summary="Sessions, completed ones and interactions per `unit` "
                "(hour, day, week, month); `compare=previous|year` adds those of the range before",
                answer=SeriesAnswer[Point],
                row=Point,
                read=self._series,
                query=("unit", "compare"),
                parameters={"unit": one_of_these("SeriesUnit", get_args(Unit))},
                table=tables.series,
            ),
            View(
                name="funnel",
                summary="An ordered funnel over `steps` by comma (categories, by first selection; "
                "`began`, `chose` anything, `chose_2` in two categories and so on, `opened` the "
                "inquiry, `completed`), within `window` minutes of the first step, `by` device, "
                "language, referrer or none; without `steps` the way to an inquiry",
                answer=FunnelAnswer,
                row=FunnelRow,
                read=self._funnel,
                query=("steps", "window", "by"),
                parameters={
                    "window": whole(1, WINDOW_MINUTES_MAX),
                    "by": one_of_these("FunnelPart", get_args(Breakdown)),
                },
            ),
            View(
                name="steps",
                summary="Per category: who looked and chose, time, changes of mind, time to decide",
                answer=Rows[Step],
                row=Step,
                read=self._steps,
            ),
            View(
                name="options",
                summary="Per option: sessions that chose it, their share, still chosen at the end",
                answer=Rows[OptionShare],
                row=OptionShare,
                read=self._options,
            ),
            View(
                name="combinations",
                summary="The most frequent houses, `limit` of them",
                answer=Rows[FrequentHouse],
                row=FrequentHouse,
                read=self._combinations,
                query=("limit",),
                parameters={"limit": whole(1, COMBINATIONS_MAX)},
                table=lambda answer: tables.combinations(answer, self._categories()),
            ),
            View(
                name="prices",
                summary="Histogram and exact percentiles of prices, completed and open",
                answer=PricesAnswer,
                row=Prices,
                read=self._prices,
                table=tables.prices,
            ),
            View(
                name="journeys",
                summary="In which order sessions first came to the categories",
                answer=Rows[Transition],
                row=Transition,
                read=self._journeys,
            ),
            View(
                name="paths",
                summary="In which order sessions made their choices, the `limit` most frequent "
                "ways",
                answer=Rows[Path],
                row=Path,
                read=self._ways,
                query=("limit",),
                parameters={"limit": whole(1, PATHS_MAX)},
                table=tables.paths,
            ),
            View(
                name="retention",
                summary="People by the week of their first session, and who came back when",
                answer=Rows[Cohort],
                row=Cohort,
                read=self._retention,
                table=tables.retention,
            ),
            View(
                name="breakdown",
                summary="Sessions and their outcomes by device, language or referrer (`by`)",
                answer=Rows[Part],
                row=Part,
                read=self._breakdown,
                query=("by",),
                parameters={"by": one_of_these("Dimension", get_args(Dimension))},
            ),
            View(
                name="catalogues",
                summary="The effect of a catalogue version: outcomes by the catalogue of the house",
                answer=Rows[CatalogueEffect],
                row=CatalogueEffect,
                read=self._catalogues,
            ),
            View(
                name="signals",
                summary="How the page worked: web vitals by page, refusals and adjustments by "
                "reason, errors, hovers by option, invitations; as far back as single "
                "interactions are kept (`complete_from`)",
                answer=SignalsAnswer[Signal],
                row=Signal,
                read=self._told,
                table=tables.signals,
            ),
        ]

    async def _kpis(self, span: Range, _asked: Asked, through: str | None) -> KpisAnswer:
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

    async def _series(self, span: Range, asked: Asked, through: str | None) -> SeriesAnswer[Point]:
        units = units_of(span)
        unit = cast("Unit", one_of(asked, "unit", units, default=units[0]))
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

    async def _funnel(self, span: Range, asked: Asked, through: str | None) -> FunnelAnswer:
        steps = self._funnel_steps(asked)
        window = number_of(asked, "window", default=WINDOW_MINUTES, low=1, high=WINDOW_MINUTES_MAX)
        by = cast("Breakdown", one_of(asked, "by", get_args(Breakdown), default="none"))
        parts = await self._behaviour.funnel(span, steps, window_minutes=window, by=by)
        return FunnelAnswer(
            range=shown(span),
            stored_through=through,
            steps=list(steps),
            window_minutes=window,
            by=by,
            sessions={part.value: part.sessions for part in parts},
            rows=[
                FunnelRow(
                    part=part.value,
                    step=step,
                    reached=reached,
                    of_sessions=_ratio(reached, part.sessions),
                    of_first=_ratio(reached, part.reached[0]),
                    of_previous=_ratio(reached, part.reached[place - 1]) if place else None,
                )
                for part in parts
                for place, (step, reached) in enumerate(zip(steps, part.reached, strict=True))
            ],
        )

    def _funnel_steps(self, asked: Asked) -> Sequence[str]:
        if "steps" not in asked:
            return STEPS_TO_AN_INQUIRY
        steps = asked["steps"].split(",")
        sound = all(0 < len(step) <= 64 for step in steps) and len(set(steps)) == len(steps)
        if not sound or len(steps) > STEPS_MAX:
            raise unusable(
                "steps",
                f"are up to {STEPS_MAX} different ones, by comma: categories, began, chose, "
                "chose_2 to chose_16, opened, completed",
            )
        return steps

    async def _steps(self, span: Range, _asked: Asked, through: str | None) -> Rows[Step]:
        return _rows(span, through, await self._behaviour.steps(span))

    async def _options(self, span: Range, _asked: Asked, through: str | None) -> Rows[OptionShare]:
        return _rows(span, through, await self._behaviour.options(span))

    async def _combinations(
        self, span: Range, asked: Asked, through: str | None
    ) -> Rows[FrequentHouse]:
        limit = number_of(asked, "limit", default=20, low=1, high=COMBINATIONS_MAX)
        return _rows(span, through, await self._houses.combinations(span, limit))

    async def _prices(self, span: Range, _asked: Asked, through: str | None) -> PricesAnswer:
        completed, still_open = await self._houses.prices(span)
        return PricesAnswer(
            range=shown(span), stored_through=through, completed=completed, open=still_open
        )

    async def _journeys(self, span: Range, _asked: Asked, through: str | None) -> Rows[Transition]:
        return _rows(span, through, await self._behaviour.journeys(span))

    async def _ways(self, span: Range, asked: Asked, through: str | None) -> Rows[Path]:
        limit = number_of(asked, "limit", default=30, low=1, high=PATHS_MAX)
        return _rows(span, through, await self._paths.paths(span, limit))

    async def _retention(self, span: Range, _asked: Asked, through: str | None) -> Rows[Cohort]:
        return _rows(span, through, await self._visits.retention(span))

    async def _breakdown(self, span: Range, asked: Asked, through: str | None) -> Rows[Part]:
        by = cast("Dimension", one_of(asked, "by", get_args(Dimension), default="device"))
        return _rows(span, through, await self._figures.breakdown(span, by))

    async def _told(self, span: Range, _asked: Asked, through: str | None) -> SignalsAnswer[Signal]:
        found = await self._signals.signals(span)
        return SignalsAnswer(
            range=shown(span),
            stored_through=through,
            complete_from=found.complete_from,
            rows=found.signals,
        )

    async def _catalogues(
        self, span: Range, _asked: Asked, through: str | None
    ) -> Rows[CatalogueEffect]:
        return _rows(span, through, await self._figures.catalogues(span))


def _rows(span: Range, through: str | None, found: list[Any]) -> Rows[Any]:
    return Rows(range=shown(span), stored_through=through, rows=found)


def _ratio(part: int, whole: int) -> float | None:
    return round(part / whole, 6) if whole else None
