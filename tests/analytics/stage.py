"""The endpoints of analytics on a database, with a clock and an admin that the test decides."""

import csv
import io
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from datetime import timedelta
from typing import Any
from uuid import uuid4

import httpx
from starlette.requests import HTTPConnection

from app.analytics import sheets_of, views_over
from app.catalogue import current_catalogue
from realtime.http.analytics.endpoints import AnalyticsEndpoints
from realtime.http.analytics.links import LinkEndpoints
from realtime.http.analytics.recent import Recent
from realtime.http.analytics.schedules import ScheduleEndpoints
from realtime.http.endpoints import Endpoint
from storage.postgres.analytics.links import DashboardLinks
from storage.postgres.analytics.schedules import Schedules
from storage.postgres.analytics.visits import Visits
from storage.postgres.audit import Audit
from storage.postgres.engine import Database
from storage.postgres.interactions import Interactions
from tests.analytics.visitors import DAYS, FIRST_DAY, SHOWN, store, visitors
from tests.support.audited import KEY
from tests.support.described import endpoints_alone

PATH = "/api/admin/analytics"
CATALOGUE = current_catalogue()
WEEK = {"from": "2026-03-20", "to": "2026-04-05"}


class World:
    """The endpoints on a database; ``admin`` and ``now`` are the test's to change."""

    def __init__(self, database: Database) -> None:
        self.admin = True
        self.now = FIRST_DAY + timedelta(days=DAYS)
        self.seconds = 0.0
        self.database = database
        self.interactions = Interactions(database)
        self.visits = visits = Visits(database)
        self.views = views = views_over(
            database,
            categories=lambda: list(SHOWN),
            stored_through=self.interactions.stored_through,
            recent=Recent(clock=lambda: self.seconds),
            now=lambda: self.now,
        )
        self.schedules = Schedules(database)
        self.audit = Audit(database, KEY)
        self.sheets = sheets_of(lambda: CATALOGUE, lambda: self.now)
        self.endpoints: list[Endpoint] = [
            *AnalyticsEndpoints(
                views=views,
                visits=visits,
                sheets=self.sheets,
                audit=self.audit,
                stored_through=self.interactions.stored_through,
                now=lambda: self.now,
            ).endpoints(),
            *LinkEndpoints(
                links=DashboardLinks(database),
                audit=self.audit,
                views=views,
                sheets=self.sheets,
                shown=Recent(clock=lambda: self.seconds, slow_seconds=0.0),
                now=lambda: self.now,
                new_id=uuid4,
                new_token=lambda: "t" * 20 + str(uuid4()),
            ).endpoints(),
            *ScheduleEndpoints(
                schedules=self.schedules,
                audit=self.audit,
                views=views,
                delivered=False,
                now=lambda: self.now,
                new_id=uuid4,
            ).endpoints(),
        ]

    async def admin_name(self, _connection: HTTPConnection) -> str | None:
        return "Admin" if self.admin else None


@asynccontextmanager
async def opened(
    database_url: str, count: int = 0
) -> AsyncIterator[tuple[World, httpx.AsyncClient]]:
    async with Database(database_url) as database:
        world = World(database)
        await store(world.interactions, visitors(count, seed=11))
        with endpoints_alone(world.endpoints, world.admin_name) as app:
            transport = httpx.ASGITransport(app=app)
            async with httpx.AsyncClient(transport=transport, base_url="http://test") as client:
                yield world, client


async def read(client: httpx.AsyncClient, path: str, **asked: str | int) -> Any:
    answer = await client.get(f"{PATH}/{path}", params={**WEEK, **asked})
    assert answer.status_code == 200, answer.text
    return answer.json()


async def sheet_lines(
    client: httpx.AsyncClient, path: str, asked: Mapping[str, str] = WEEK, **more: str
) -> list[dict[str, str]]:
    """The lines of a CSV by the names of its columns."""
    answer = await client.get(f"{PATH}/{path}", params={**asked, **more, "format": "csv"})
    assert answer.status_code == 200, answer.text
    return list(csv.DictReader(io.StringIO(answer.text.removeprefix("\ufeff"), newline="")))
