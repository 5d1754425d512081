"""The parameters that each figure takes beside its range."""

from typing import Annotated

import msgspec

from configurator.activity.periods import Unit
from configurator.activity.ranges import Comparison
from realtime.activity.figures.query import Word
from storage.postgres.analytics.behaviour import Breakdown
from storage.postgres.analytics.figures import Dimension
from storage.postgres.analytics.houses import COMBINATIONS_MAX
from storage.postgres.analytics.paths import PATHS_MAX

WINDOW_MINUTES = 24 * 60
WINDOW_MINUTES_MAX = 30 * 24 * 60

_Compare = Annotated[Comparison, msgspec.Meta(title="Comparison")]


class NoneOfItsOwn(msgspec.Struct, frozen=True, kw_only=True):
    """A figure that takes a range only."""


class KpisQuery(msgspec.Struct, frozen=True, kw_only=True):
    """The comparison: with the range before, or with the same range a year before."""

    compare: _Compare | None = None


class SeriesQuery(msgspec.Struct, frozen=True, kw_only=True):
    """The unit of the points; by default the finest that the range allows."""

    unit: Annotated[Unit, msgspec.Meta(title="SeriesUnit")] | None = None
    compare: _Compare | None = None


class FunnelQuery(msgspec.Struct, frozen=True, kw_only=True):
    """The steps, separated by commas; the minutes within which they are taken; the parts."""

    steps: Word | None = None
    window: Annotated[int, msgspec.Meta(ge=1, le=WINDOW_MINUTES_MAX)] = WINDOW_MINUTES
    by: Annotated[Breakdown, msgspec.Meta(title="FunnelPart")] = "none"


class CombinationsQuery(msgspec.Struct, frozen=True, kw_only=True):
    """The number of houses to list."""

    limit: Annotated[int, msgspec.Meta(ge=1, le=COMBINATIONS_MAX)] = 20


class PathsQuery(msgspec.Struct, frozen=True, kw_only=True):
    """The number of paths to list."""

    limit: Annotated[int, msgspec.Meta(ge=1, le=PATHS_MAX)] = 30


class BreakdownQuery(msgspec.Struct, frozen=True, kw_only=True):
    """The property of visitors by which to count."""

    by: Annotated[Dimension, msgspec.Meta(title="Dimension")] = "device"
