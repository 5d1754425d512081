"""Figures and sheets, put together: web processes answer them, the leading worker files them."""

from collections.abc import Awaitable, Callable, Sequence
from datetime import datetime

from configurator.catalogue.model import Catalogue
from realtime.activity.figures.recent import Recent
from realtime.activity.figures.views import FigureViews
from realtime.sheets.answers import ROWS_AT_ONCE, Sheets
from realtime.sheets.as_xlsx import ROWS_MAX
from realtime.sheets.words import SheetWords
from storage.postgres.analytics.behaviour import Behaviour
from storage.postgres.analytics.figures import Figures
from storage.postgres.analytics.houses import Houses
from storage.postgres.analytics.paths import Paths
from storage.postgres.analytics.signals import SignalReader
from storage.postgres.analytics.visits import Visits
from storage.postgres.engine import Database
from ui.texts import Texts


def views_over(
    database: Database,
    *,
    categories: Callable[[], Sequence[str]],
    stored_through: Callable[[], Awaitable[str | None]],
    recent: Recent,
    now: Callable[[], datetime],
) -> FigureViews:
    """Every figure, read from this database."""
    return FigureViews(
        figures=Figures(database),
        behaviour=Behaviour(database),
        houses=Houses(database),
        paths=Paths(database),
        signals=SignalReader(database),
        visits=Visits(database),
        categories=categories,
        stored_through=stored_through,
        recent=recent,
        now=now,
    )


def sheets_of(
    catalogue: Callable[[], Catalogue],
    now: Callable[[], datetime],
    *,
    rows_at_once: int = ROWS_AT_ONCE,
    rows_max: int = ROWS_MAX,
) -> Sheets:
    """Files with the words of the screens and the names of the catalogue."""
    words = SheetWords(Texts().entries(), catalogue)
    return Sheets(words, now=now, rows_at_once=rows_at_once, rows_max=rows_max)
