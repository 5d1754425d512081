"""All figures in the order in which pages show them."""

from typing import Any, Final

from ui.figures.figure import Figure
from ui.figures.kinds.choices import CombinationsFigure, OptionsFigure, StepsFigure
from ui.figures.kinds.funnel import FunnelFigure
from ui.figures.kinds.kpis import KpisFigure
from ui.figures.kinds.paths import JourneysFigure, PathsFigure
from ui.figures.kinds.prices import PricesFigure
from ui.figures.kinds.series import SeriesFigure
from ui.figures.kinds.signals import SignalsFigure
from ui.figures.kinds.visitors import BreakdownFigure, CataloguesFigure, RetentionFigure

FIGURES: Final[tuple[type[Figure[Any]], ...]] = (
    KpisFigure,
    SeriesFigure,
    FunnelFigure,
    PricesFigure,
    OptionsFigure,
    CombinationsFigure,
    StepsFigure,
    PathsFigure,
    JourneysFigure,
    RetentionFigure,
    BreakdownFigure,
    CataloguesFigure,
    SignalsFigure,
)
