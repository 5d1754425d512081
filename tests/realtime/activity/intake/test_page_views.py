"""The start page is counted: by people and bots apart, once, and nobody who objects."""

import asyncio
from datetime import UTC, datetime, timedelta

import pytest
from starlette.requests import HTTPConnection

from configurator.activity.ranges import parse_range
from configurator.activity.visitor import Consent
from realtime.activity.intake.bots import BotDetector
from realtime.activity.intake.consent import VisitorReader
from realtime.activity.intake.page_views import PageViews
from realtime.people.cookies import Cookies
from storage.postgres.activity.page_views import StoredPageViews
from storage.postgres.analytics.figures import Figures
from storage.postgres.engine import Database

NOW = datetime(2026, 11, 3, 10, 30, 40, tzinfo=UTC)
RANGE = {"from": "2026-11-03T10:30Z", "to": "2026-11-03T10:31Z"}


def asking(**headers: str) -> HTTPConnection:
    named = {"user-agent": "Mozilla/5.0 Firefox/140.0", "accept-language": "de", **headers}
    raw = [(name.replace("_", "-").encode(), value.encode()) for name, value in named.items()]
    return HTTPConnection({"type": "http", "headers": raw, "client": ("192.0.2.1", 1)})


async def landing_views(database: Database, bots: str = "none") -> int:
    span = parse_range({**RANGE, "bots": bots}, NOW + timedelta(days=1))
    return (await Figures(database).kpis(span)).landing_views


@pytest.mark.parametrize(
    ("headers", "consent", "counted"),
    [
        ({}, "assumed", (1, 0)),
        ({"cookie": "nest_consent=none"}, "assumed", (0, 0)),
        ({"sec_gpc": "1"}, "assumed", (0, 0)),
        ({"dnt": "1"}, "assumed", (0, 0)),
        ({}, "required", (0, 0)),
        ({"cookie": "nest_consent=all"}, "required", (1, 0)),
        ({"user_agent": "Googlebot/2.1"}, "assumed", (0, 1)),
        ({"sec_purpose": "prefetch;prerender"}, "assumed", (0, 1)),
    ],
)
async def test_visitors_that_are_counted(
    database: Database, headers: dict[str, str], consent: Consent, counted: tuple[int, int]
) -> None:
    visitor_reader = VisitorReader(
        consent=consent, bots=BotDetector(["Googlebot/"]), cookies=Cookies()
    )
    views = PageViews(StoredPageViews(database), visitor_reader=visitor_reader, now=lambda: NOW)
    views.seen("landing", asking(**headers))
    await views.store()
    await views.store()
    found = (await landing_views(database), await landing_views(database, "only"))
    assert found == counted


async def test_processes_add_up_and_what_waits_is_stored_at_the_end(database: Database) -> None:
    visitor_reader = VisitorReader(
        consent="assumed", bots=BotDetector(["Googlebot/"]), cookies=Cookies()
    )
    processes = [
        PageViews(StoredPageViews(database), visitor_reader=visitor_reader, now=lambda: NOW)
        for _ in range(3)
    ]
    for views in processes:
        async with views:
            for _ in range(5):
                views.seen("landing", asking())
    assert await landing_views(database) == 15
    async with asyncio.TaskGroup() as group:
        for views in processes:
            views.seen("landing", asking())
            group.create_task(views.store())
    assert await landing_views(database) == 18
