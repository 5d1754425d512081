"""The worker process, put together."""

from collections.abc import Callable
from datetime import datetime, timedelta
from functools import partial
from math import inf
from time import monotonic

from app.analytics import sheets_of, views_over
from app.catalogue import current_catalogue
from app.chance import new_id, new_key
from app.clock import clock_of
from app.memory import MemoryKeeper
from app.offered import offered_of
from app.settings import Settings
from realtime.http.analytics.recent import Recent
from realtime.scheduled_csv import ScheduledCsv
from realtime.webhook import post
from storage.postgres.analytics.schedules import Schedules
from storage.postgres.engine import Database, Deadlines
from storage.postgres.interactions import Interactions
from storage.postgres.jobs import Jobs, Leadership
from storage.postgres.privacy import Kept, Privacy
from storage.postgres.upkeep import Upkeep
from storage.redis.client import Redis
from storage.redis.stream import InteractionStream
from storage.redis.stream_group import StreamGroup
from workers.audit_head import audit_head_chore
from workers.compatible import while_compatible
from workers.consumer import Consumer
from workers.history import history_chore
from workers.leader import Leader
from workers.offered import offered_chore
from workers.runner import run_worker
from workers.schedule import Stores, chores, jobs

JOB_DEADLINES = Deadlines(statement=110.0, call=120.0)
"""Nobody waits for a job, and counting a day with millions of rows takes its time."""


async def run(settings: Settings) -> None:
    """Moves interactions to PostgreSQL, and leads the jobs if nobody else does, until cancelled.

    Starts whether or not the servers are there, and waits for them, and for a schema that fits.
    """
    database = Database(
        settings.for_worker,
        pool_size=settings.database_pool_size,
        deadlines=Deadlines(call=settings.database_deadline_seconds),
        application_name=f"nest-worker {settings.node}",
    )
    patient = Database(
        settings.for_worker,
        pool_size=1,
        deadlines=JOB_DEADLINES,
        application_name=f"nest-jobs {settings.node}"[:63],
    )
    redis = Redis(
        settings.redis_url,
        pool_size=settings.redis_pool_size,
        call_seconds=settings.redis_deadline_seconds,
    )
    memory = MemoryKeeper(settings.memory_budget_bytes)
    async with memory, database, patient, redis, clock_of(database, redis) as clock:

        async def work() -> None:
            interactions = Interactions(database)
            group = StreamGroup(redis, consumer=settings.node)
            await run_worker(
                Consumer(group, interactions, now=clock.now),
                (
                    *chores(interactions, group),
                    history_chore(database, group),
                    audit_head_chore(database, redis),
                    offered_chore(offered_of(InteractionStream(redis), database)),
                ),
                leader_of(patient, settings, clock.now),
                runs=Jobs(database),
                stops=group.stops,
                node=settings.node,
            )

        await while_compatible(database, work)


def leader_of(database: Database, settings: Settings, now: Callable[[], datetime]) -> Leader:
    """The candidate of this worker, with everything it would do."""
    stores = Stores(
        interactions=Interactions(database),
        upkeep=Upkeep(database),
        jobs=Jobs(database),
        privacy=Privacy(database, new_id=new_id, new_secret=new_key),
    )
    return Leader(
        Leadership(database, node=settings.node),
        stores.jobs,
        jobs(
            stores,
            _scheduled_csv(database, settings, now),
            keep_days=settings.keep_interactions_days,
            kept=_kept(settings),
            now=now,
        ),
        node=settings.node,
        now=now,
    )


def _scheduled_csv(
    database: Database, settings: Settings, now: Callable[[], datetime]
) -> ScheduledCsv:
    catalogue = current_catalogue()
    categories = [each.id for each in catalogue.categories]
    webhook = settings.csv_webhook
    return ScheduledCsv(
        schedules=Schedules(database),
        views=views_over(
            database,
            categories=lambda: categories,
            stored_through=Interactions(database).stored_through,
            recent=Recent(clock=monotonic, slow_seconds=inf),
            now=now,
        ),
        sheets=sheets_of(lambda: catalogue, now),
        post=partial(post, webhook) if webhook else None,
        now=now,
        new_id=new_id,
    )


def _kept(settings: Settings) -> Kept:
    inquiries = settings.keep_inquiries_days
    return Kept(
        sessions=timedelta(days=settings.keep_sessions_days),
        inquiries=None if inquiries is None else timedelta(days=inquiries),
    )
