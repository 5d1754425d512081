"""The endpoints of analytics on a database, with a clock and an admin that the test decides."""

import csv
import io
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from datetime import timedelta
from typing import Any
from uuid import uuid4

import httpx
from starlette.requests import HTTPConnection

from app.parts.analytics import sheets_of, views_over
from app.parts.catalogue import current_catalogue
from realtime.activity.figures.recent import Recent
from realtime.api.analytics.endpoints import VisitEndpoints, figure_endpoints
from realtime.api.analytics.links import LinkEndpoints
from realtime.api.analytics.schedules import ScheduleEndpoints
from realtime.api.declared.endpoints import Endpoint
from realtime.api.declared.marks import endpoints_of
from realtime.people.principal import Staff
from realtime.sheets.answers import ROWS_AT_ONCE
from storage.postgres.activity.interactions import Interactions
from storage.postgres.analytics.links import DashboardLinks
from storage.postgres.analytics.schedules import Schedules
from storage.postgres.analytics.visits import Visits
from storage.postgres.engine import Database
from storage.postgres.service.audit import Audit
from tests.storage.postgres.analytics.visitors import DAYS, FIRST_DAY, SHOWN, store, visitors
from tests.support.audited import KEY
from tests.support.described import admin_called, endpoints_alone

PATH = "/api/admin/analytics"
CATALOGUE = current_catalogue()
WEEK = {"from": "2026-03-20", "to": "2026-04-05"}


class World:
    """The endpoints on a database; ``admin`` and ``now`` are the test's to change."""

    def __init__(
        self,
        database: Database,
        *,
        rows_at_once: int = ROWS_AT_ONCE,
        visits_of: Callable[[Database], Visits] = Visits,
    ) -> None:
        self.admin = True
        self.now = FIRST_DAY + timedelta(days=DAYS)
        self.seconds = 0.0
        self.database = database
        self.interactions = Interactions(database)
        self.visits = visits = visits_of(database)
        self.views = views = views_over(
            database,
            categories=lambda: list(SHOWN),
            stored_through=self.interactions.stored_through,
            recent=Recent(clock=lambda: self.seconds),
            now=lambda: self.now,
        )
        self.schedules = Schedules(database)
        self.audit = Audit(database, KEY)
        self.sheets = sheets_of(lambda: CATALOGUE, lambda: self.now, rows_at_once=rows_at_once)
        self.endpoints: list[Endpoint] = [
            *figure_endpoints(views, self.sheets, lambda: self.now),
            *endpoints_of(
                VisitEndpoints(
                    visits=visits,
                    sheets=self.sheets,
                    audit=self.audit,
                    stored_through=self.interactions.stored_through,
                    now=lambda: self.now,
                ),
                LinkEndpoints(
                    links=DashboardLinks(database),
                    audit=self.audit,
                    views=views,
                    sheets=self.sheets,
                    shown=Recent(clock=lambda: self.seconds, slow_seconds=0.0),
                    now=lambda: self.now,
                    new_id=uuid4,
                    new_token=lambda: "t" * 20 + str(uuid4()),
                ),
                ScheduleEndpoints(
                    schedules=self.schedules,
                    audit=self.audit,
                    views=views,
                    delivered=False,
                    now=lambda: self.now,
                    new_id=uuid4,
                ),
            ),
        ]

    async def staff_of(self, _connection: HTTPConnection) -> Staff | None:
        return admin_called("Admin") if self.admin else None


@asynccontextmanager
async def opened(
    database_url: str,
    count: int = 0,
    *,
    rows_at_once: int = ROWS_AT_ONCE,
    visits_of: Callable[[Database], Visits] = Visits,
) -> AsyncIterator[tuple[World, httpx.AsyncClient]]:
    async with Database(database_url) as database:
        world = World(database, rows_at_once=rows_at_once, visits_of=visits_of)
        await store(world.interactions, visitors(count, seed=11))
        with endpoints_alone(world.endpoints, world.staff_of) as app:
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
