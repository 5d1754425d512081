"""Scheduled CSV: one file for each due time, from any worker and however late."""

import asyncio
import csv
import io
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import datetime, timedelta
from typing import Any
from uuid import uuid4

import httpx
import msgspec
import pytest
from msgspec.structs import replace

from realtime.activity.figures.parameters import NoneOfItsOwn
from realtime.activity.figures.scheduled_csv import TOO_LARGE, Post, ScheduledCsv
from realtime.activity.figures.views import FigureView
from realtime.activity.service.webhook import WebhookFailed
from realtime.sheets.sheet import Sheet, sheet_of
from storage.errors import StorageDefect, StorageUnavailable
from storage.postgres.activity.batch_rows import Incoming
from storage.postgres.analytics.houses import Percentile
from storage.postgres.analytics.schedules import (
    DELIVERY_ATTEMPTS_MAX,
    FILE_BYTES_MAX,
    FILES_KEPT,
    SCHEDULES_MAX,
    Schedule,
)
from tests.realtime.api.analytics.stage import PATH, World, opened
from tests.support.activity import event
from tests.support.audited import SOMEBODY

SCHEDULES = f"{PATH}/schedules"
DAILY = {"name": "Täglich", "view": "options", "days": 1, "hour": 6}


def vienna(text: str) -> datetime:
    """A time of late March in UTC; the clocks go forward on the 29th."""
    return datetime.fromisoformat(f"{text}+01:00")


def maker(world: World, post: Post | None = None) -> ScheduledCsv:
    return ScheduledCsv(
        schedules=world.schedules,
        views=world.views,
        sheets=world.sheets,
        post=post,
        now=lambda: world.now,
        new_id=uuid4,
    )


@asynccontextmanager
async def scheduled(
    database_url: str, count: int = 0, **asked: object
) -> AsyncIterator[tuple[World, httpx.AsyncClient]]:
    """A world at noon of the 27th of March, with one schedule."""
    async with opened(database_url, count) as (world, client):
        world.now = vienna("2026-03-27T12:00")
        made = await client.post(SCHEDULES, json={**DAILY, **asked})
        assert made.status_code == 201, made.text
        yield world, client


async def files(client: httpx.AsyncClient) -> list[dict[str, Any]]:
    (row,) = (await client.get(SCHEDULES)).json()["schedules"]
    found: list[dict[str, Any]] = row["files"]
    return found


async def test_each_due_time_gets_one_file(database_url: str) -> None:
    async with scheduled(database_url, 60) as (world, client):
        assert await maker(world).run() == {"files": 0, "delivered": 0}
        world.now = vienna("2026-03-28T06:00")
        several = [maker(world) for _ in range(4)]
        async with asyncio.TaskGroup() as tasks:
            runs = [tasks.create_task(each.run()) for each in several]
        assert sum(int(str(run.result()["files"])) for run in runs) == 1
        assert (await maker(world).run())["files"] == 0

        (file,) = await files(client)
        assert file["due_at"] == "2026-03-28T05:00:00Z"
        assert (file["first_day"], file["last_day"]) == ("2026-03-27", "2026-03-27")
        got = await client.get(f"{PATH}/files/{file['id']}")
        assert got.headers["content-disposition"] == 'attachment; filename="options-2026-03-27.csv"'
        asked = {"from": "2026-03-27", "to": "2026-03-27", "format": "csv"}
        assert got.text == (await client.get(f"{PATH}/options", params=asked)).text
        assert file["rows"] == len(list(csv.reader(io.StringIO(got.text)))) - 1 > 0


async def test_a_missed_file_is_made_once(database_url: str) -> None:
    async with scheduled(database_url, 60) as (world, client):
        world.now = vienna("2026-03-31T21:00")
        assert (await maker(world).run())["files"] == 1
        assert (await maker(world).run())["files"] == 0
        (file,) = await files(client)
        # 6:00 is an hour earlier in UTC since the 29th
        assert file["due_at"] == "2026-03-31T04:00:00Z"
        assert file["first_day"] == "2026-03-30"
        (row,) = (await client.get(SCHEDULES)).json()["schedules"]
        assert row["schedule"]["next_due_at"] == "2026-04-01T04:00:00Z"
        world.now = vienna("2026-04-01T05:00")
        assert (await maker(world).run())["files"] == 1


async def test_a_week_is_seven_whole_days_where_the_schedule_lives(database_url: str) -> None:
    asked = {"days": 7, "weekday": 1, "hour": 0, "zone": "Pacific/Auckland", "view": "kpis"}
    async with scheduled(database_url, 10, **asked) as (world, client):
        world.now = vienna("2026-03-29T11:59")  # 23:59 of Sunday in Auckland
        assert (await maker(world).run())["files"] == 0
        world.now += timedelta(minutes=1)
        assert (await maker(world).run())["files"] == 1
        (file,) = await files(client)
        assert (file["first_day"], file["last_day"]) == ("2026-03-23", "2026-03-29")


async def test_only_the_newest_files_are_kept(database_url: str) -> None:
    async with scheduled(database_url) as (world, client):
        for _ in range(FILES_KEPT + 2):
            world.now += timedelta(days=1)
            assert (await maker(world).run())["files"] == 1
        kept = [file["due_at"] for file in await files(client)]
        assert len(kept) == FILES_KEPT
        assert kept == sorted(kept, reverse=True)


class Answer(msgspec.Struct, frozen=True, kw_only=True):
    rows: list[Percentile]
    as_of: datetime | None = None


async def test_a_file_that_cannot_be_made_says_why_and_the_next_is_made(database_url: str) -> None:
    async with scheduled(database_url) as (world, client):
        huge = [Percentile(percent=1, cents=10**9)] * (FILE_BYTES_MAX // 10)

        async def read(*_: object) -> Answer:
            return Answer(rows=huge)

        def sheet(answer: Answer) -> Sheet:
            return sheet_of("options", Percentile, answer.rows)

        options = world.views.by_name["options"]
        world.views.by_name["options"] = FigureView(
            name="options",
            summary="",
            answer=None,
            row=Percentile,
            read=read,
            query=NoneOfItsOwn,
            table=sheet,
        )
        world.now += timedelta(days=1)
        assert (await maker(world).run())["files"] == 1
        world.views.by_name["options"] = failing(StorageDefect("NumericValueOutOfRange"))
        world.now += timedelta(days=1)
        assert (await maker(world).run())["files"] == 1
        del world.views.by_name["options"]
        world.now += timedelta(days=1)
        assert (await maker(world).run())["files"] == 1
        world.views.by_name["options"] = options
        world.now += timedelta(days=1)
        assert (await maker(world).run())["files"] == 1
        found = await files(client)
        assert [file["problem"] for file in found] == [
            None,
            "query_unusable",
            "internal",
            TOO_LARGE,
        ]
        assert (await client.get(f"{PATH}/files/{found[1]['id']}")).status_code == 404


async def test_a_figure_that_takes_too_long_comes_again_and_keeps_no_other_waiting(
    database_url: str,
) -> None:
    async with scheduled(database_url) as (world, client):
        await client.post(SCHEDULES, json={**DAILY, "name": "Andere", "view": "kpis"})

        def sheet(rows: list[Percentile]) -> Sheet:
            return sheet_of("options", Percentile, rows)

        options = world.views.by_name["options"]
        world.views.by_name["options"] = failing(StorageUnavailable("QueryCanceledError 57014"))
        world.now += timedelta(days=1)
        one_maker = maker(world)
        for minutes in (0, 1, 2):
            world.now += timedelta(minutes=minutes)
            with pytest.raises(StorageUnavailable):
                await one_maker.run()
            assert (await one_maker.run())["files"] == 0  # not again at once
        rows = (await client.get(SCHEDULES)).json()["schedules"]
        assert [len(row["files"]) for row in rows] == [0, 1]
        world.views.by_name["options"] = options
        world.now += timedelta(minutes=4)
        assert (await one_maker.run())["files"] == 1


def failing(error: Exception) -> FigureView[Any]:
    async def read(*_: object) -> object:
        raise error

    return FigureView(
        name="options", summary="", answer=None, row=Percentile, read=read, query=NoneOfItsOwn
    )


async def test_a_file_is_safe_to_open(database_url: str) -> None:
    by_referrer = {"by": "referrer"}
    async with scheduled(database_url, view="breakdown", query=by_referrer) as (world, client):
        evil = replace(event(received_at=world.now), referrer="=cmd|' /C calc'!A0")
        await world.interactions.store([Incoming(stream_id="1-0", event=evil)], consumer="w")
        world.now += timedelta(days=1)
        await maker(world).run()
        (file,) = await files(client)
        got = (await client.get(f"{PATH}/files/{file['id']}")).text
        assert "'=cmd" in got
        assert "\n=cmd" not in got


async def test_files_are_delivered_until_they_are_taken(database_url: str) -> None:
    sent: list[tuple[bytes, dict[str, str]]] = []
    failures = 1

    async def post(body: bytes, headers: dict[str, str]) -> None:
        nonlocal failures
        if failures:
            failures -= 1
            raise WebhookFailed("TimeoutError")
        sent.append((body, headers))

    async with scheduled(database_url) as (world, client):
        world.now += timedelta(days=1)
        assert await maker(world, post).run() == {"files": 1, "delivered": 0}
        assert await maker(world, post).run() == {"files": 0, "delivered": 1}
        assert await maker(world, post).run() == {"files": 0, "delivered": 0}
        (file,) = await files(client)
        assert file["delivered_at"] is not None
        ((body, headers),) = sent
        assert body == (await client.get(f"{PATH}/files/{file['id']}")).content
        assert headers["Idempotency-Key"] == file["id"]
        assert headers["X-Nest-Schedule"] == "T%C3%A4glich"

        failures = 100
        world.now += timedelta(days=1)
        for _ in range(DELIVERY_ATTEMPTS_MAX + 2):
            await maker(world, post).run()
        assert failures == 100 - DELIVERY_ATTEMPTS_MAX


@pytest.mark.parametrize(
    "asked",
    [
        {"name": ""},
        {"view": "sessions"},
        {"days": 0},
        {"days": 401},
        {"hour": 24},
        {"weekday": 8},
        {"zone": "Mars/Olympus"},
        {"zone": "../../etc/passwd"},
        {"query": {"from": "2026-01-01"}},
        {"query": {"unit": "hour"}},
        {"view": "breakdown", "query": {"by": "network"}},
        {"view": "series", "days": 400, "query": {"unit": "minute"}},
        {"more": 1},
    ],
)
async def test_no_schedule_is_made_of_what_does_not_fit(
    database_url: str, asked: dict[str, object]
) -> None:
    async with opened(database_url) as (_, client):
        answer = await client.post(SCHEDULES, json={**DAILY, **asked})
        assert answer.status_code == 400, answer.text
        assert (await client.get(SCHEDULES)).json()["schedules"] == []


async def test_schedules_are_limited_and_a_deleted_one_takes_its_files_along(
    database_url: str,
) -> None:
    async with scheduled(database_url) as (world, client):
        world.now += timedelta(days=1)
        await maker(world).run()
        (file,) = await files(client)
        (row,) = (await client.get(SCHEDULES)).json()["schedules"]
        stored = (await world.schedules.listed())[0][0]
        for _ in range(SCHEDULES_MAX - 1):
            assert await world.schedules.create(another(stored), by=world.audit.by(SOMEBODY))
        full = await client.post(SCHEDULES, json=DAILY)
        assert full.json()["error"]["detail"].startswith("schedules: are at most")
        remove = f"{SCHEDULES}/{row['schedule']['id']}/remove"
        assert (await client.post(remove)).json() == {"removed": True}
        assert (await client.post(remove)).json() == {"removed": False}
        assert (await client.get(f"{PATH}/files/{file['id']}")).status_code == 404


def another(schedule: Schedule) -> Schedule:
    return Schedule(**{**{n: getattr(schedule, n) for n in Schedule.__slots__}, "id": uuid4()})
