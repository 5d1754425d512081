"""The connections of a web process to PostgreSQL, each pool with a login of its own."""

from typing import Final

from app.settings import Settings
from storage.postgres.engine import Database, Deadlines

ANALYTICS_CONNECTIONS: Final = 2
ANALYTICS_DEADLINES: Final = Deadlines(pool=15, statement=15, call=20)
"""Figures of a long range take their time on connections of their own: no click waits for them."""


def web_database(settings: Settings) -> Database:
    """For everything but figures."""
    return Database(
        settings.for_web,
        pool_size=settings.database_pool_size,
        deadlines=Deadlines(call=settings.database_deadline_seconds),
        application_name=f"nest web {settings.node}"[:63],
    )


def analytics_database(settings: Settings) -> Database:
    """For figures; it only reads."""
    return Database(
        settings.for_analytics,
        pool_size=ANALYTICS_CONNECTIONS,
        deadlines=ANALYTICS_DEADLINES,
        application_name=f"nest analytics {settings.node}"[:63],
    )
