"""Figures and sheets, put together: web processes answer them, the leading worker files them."""

from collections.abc import Awaitable, Callable, Sequence
from datetime import datetime

from configurator.catalogue_model import Catalogue
from realtime.http.analytics.recent import Recent
from realtime.http.analytics.views import Views
from realtime.sheets.answers import Sheets
from realtime.sheets.words import Words
from storage.postgres.analytics.behaviour import Behaviour
from storage.postgres.analytics.figures import Figures
from storage.postgres.analytics.houses import Houses
from storage.postgres.analytics.paths import Paths
from storage.postgres.analytics.signals import SignalReader
from storage.postgres.analytics.visits import Visits
from storage.postgres.engine import Database, Deadlines
from ui.texts import Texts

ANALYTICS_CONNECTIONS = 2
ANALYTICS_DEADLINES = Deadlines(pool=15, statement=15, call=20)
"""Figures of a long range take their time on connections of their own: no click waits for them."""


def views_over(
    database: Database,
    *,
    categories: Callable[[], Sequence[str]],
    stored_through: Callable[[], Awaitable[str | None]],
    recent: Recent,
    now: Callable[[], datetime],
) -> Views:
    """Every figure, read from this database."""
    return Views(
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


def sheets_of(catalogue: Callable[[], Catalogue], now: Callable[[], datetime]) -> Sheets:
    """Files with the words of the screens and the names of the catalogue."""
    return Sheets(Words(Texts().entries(), catalogue), now=now)
