"""The activity pipeline put together for tests, on real servers."""

import asyncio
import random
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from time import time_ns
from uuid import UUID

import asyncpg
import httpx
from starlette.requests import HTTPConnection

from configurator.activity.event_ids import RANDOM_BITS, uuid7
from configurator.activity.interaction import Event
from configurator.activity.tracking import Interaction
from configurator.activity.visitor import Consent
from realtime.activity.intake.bots import BotDetector
from realtime.activity.intake.consent import VisitorReader
from realtime.activity.intake.intake import Intake
from realtime.api.activity import ActivityEndpoints
from realtime.api.declared.marks import endpoints_of
from realtime.api.tracking import TrackingEndpoints
from realtime.people.cookies import Cookies
from realtime.people.principal import Staff
from storage.errors import StorageUnavailable
from storage.postgres.activity.interactions import Interactions
from storage.postgres.analytics.figures import Figures
from storage.postgres.engine import Database
from storage.redis.activity.capacity import StreamLimits
from storage.redis.activity.stream import InteractionStream
from storage.redis.activity.stream_group import StreamGroup
from storage.redis.client import Redis
from tests.support.described import NothingWritten, admin_called, endpoints_alone, unlimited
from tests.support.patient import PATIENT
from tests.support.waiting import eventually
from workers.consumer import Consumer

TRACK = "/api/sessions/track-interaction"
TRACK_MANY = "/api/sessions/track-interactions"
OVERVIEW = "/api/admin/analytics/overview"


def now() -> datetime:
    return datetime.now(UTC)


def new_id() -> UUID:
    return uuid7(time_ns() // 1_000_000, random.getrandbits(RANDOM_BITS))


def event(
    session: str = "client_1_a",
    *,
    event_id: UUID | None = None,
    received_at: datetime | None = None,
    **fields: object,
) -> Event:
    shape: dict[str, object] = {"event_type": "click", "category": "nest", **fields}
    return Event(
        event_id=event_id or new_id(),
        session=session,
        received_at=received_at or now(),
        happened_at=received_at,
        source="test",
        interaction=Interaction(**shape),  # type: ignore[arg-type]
    )


@dataclass(kw_only=True)
class Parts:
    database: Database
    redis: Redis
    stream: InteractionStream
    intake: Intake
    interactions: Interactions


@asynccontextmanager
async def parts(
    database_url: str,
    redis_url: str,
    *,
    limits: StreamLimits | None = None,
    redis_seconds: float = 5.0,
) -> AsyncIterator[Parts]:
    async with (
        Database(database_url, deadlines=PATIENT) as database,
        Redis(redis_url, call_seconds=redis_seconds) as redis,
        InteractionStream(redis, limits=limits) as stream,
    ):
        yield Parts(
            database=database,
            redis=redis,
            stream=stream,
            intake=Intake(stream, now=now, random_bits=lambda: random.getrandbits(RANDOM_BITS)),
            interactions=Interactions(database),
        )


@asynccontextmanager
async def client_of(
    parts: Parts, *, admin: bool = False, consent: Consent = "assumed"
) -> AsyncIterator[httpx.AsyncClient]:
    async def staff_of(_connection: HTTPConnection) -> Staff | None:
        return admin_called("somebody") if admin else None

    endpoints = ActivityEndpoints(
        stream=parts.stream,
        interactions=parts.interactions,
        figures=Figures(parts.database),
        staff_of=staff_of,
        looks=NothingWritten(),
        now=now,
    )
    visitor_reader = VisitorReader(
        consent=consent, bots=BotDetector(["Googlebot/"]), cookies=Cookies()
    )
    tracking = TrackingEndpoints(
        intake=parts.intake, visitor_reader=visitor_reader, requests=unlimited().limits
    )
    both = endpoints_of(tracking, endpoints)
    with endpoints_alone(both, staff_of) as app:
        transport = httpx.ASGITransport(app=app)
        async with httpx.AsyncClient(transport=transport, base_url="http://test") as client:
            yield client


@dataclass(kw_only=True)
class Counts:
    rows: int
    minutes: int
    sessions: int
    choices: int
    ledger: int


async def counts(database_url: str) -> Counts:
    """Rows, and the four sums that must equal them."""
    connection = await asyncpg.connect(database_url)
    try:
        row = await connection.fetchrow(
            "SELECT (SELECT count(*) FROM interactions) AS rows,"
            " (SELECT coalesce(sum(n), 0)::bigint FROM (SELECT n FROM activity_minutes"
            " UNION ALL SELECT n FROM activity_quarters UNION ALL SELECT n FROM activity_hours)"
            " AS counted) AS minutes,"
            " (SELECT coalesce(sum(interaction_count), 0)::bigint FROM sessions) AS sessions,"
            " (SELECT coalesce(sum(n), 0)::bigint FROM session_choices) AS choices,"
            " (SELECT coalesce(sum(n), 0)::bigint FROM activity_ledger WHERE outcome = 'stored')"
            " AS ledger"
        )
    finally:
        await connection.close()
    return Counts(**dict(row))


def ago(**span: float) -> datetime:
    return now() - timedelta(**span)


async def drained(parts: Parts) -> bool:
    """Whether everything in the stream is stored; not yet while a server does not answer."""
    try:
        return (await parts.stream.lag()).entries == 0
    except StorageUnavailable:
        return False


async def until(condition: Callable[[], Awaitable[bool]]) -> None:
    """Waits for an asynchronous condition."""
    check: Callable[[], bool | Awaitable[bool]] = condition
    await eventually(check)


async def all_stored(parts: Parts) -> None:
    """Waits until everything in the stream is stored."""
    await until(lambda: drained(parts))


async def store_all(parts: Parts) -> None:
    """Have a worker store everything in the stream, and end it then."""
    stopping = asyncio.Event()
    group = StreamGroup(parts.redis, consumer="w")
    async with asyncio.TaskGroup() as tasks:
        tasks.create_task(Consumer(group, parts.interactions, now=now).run(stopping))
        await all_stored(parts)
        stopping.set()
