"""The worker process, built from its parts."""

from dataclasses import replace
from datetime import timedelta
from functools import partial
from math import inf

from app.chance import Chance
from app.memory import MemoryKeeper
from app.parts.analytics import sheets_of, views_over
from app.parts.catalogue import current_catalogue
from app.parts.databases import clock_of, jobs_database, redis_of, worker_database
from app.settings.settings import Settings
from realtime.activity.figures.recent import Recent
from realtime.activity.figures.scheduled_csv import ScheduledCsv
from realtime.activity.service.offered import Offered
from realtime.activity.service.webhook import post
from storage.postgres.activity.interactions import Interactions
from storage.postgres.activity.upkeep import Upkeep
from storage.postgres.analytics.schedules import Schedules
from storage.postgres.engine import Database
from storage.postgres.people.privacy import Privacy, RetentionPeriods
from storage.postgres.service.jobs import Jobs, Leadership
from storage.redis.activity.stream import InteractionStream
from storage.redis.activity.stream_group import StreamGroup
from workers.audit_head import audit_head_chore
from workers.compatible import while_compatible
from workers.consumer import Consumer
from workers.history import history_chore
from workers.leader import Leader
from workers.offered import offered_chore
from workers.runner import run_worker
from workers.schedule import Job, JobStores, chores, jobs


async def run(settings: Settings) -> None:
    """Moves interactions to PostgreSQL, and leads the jobs if no other worker does, until cancelled.

    Starts even if servers are away, and waits for them and for a compatible schema.
    """
    chance = Chance()
    database, patient = worker_database(settings), jobs_database(settings)
    redis = redis_of(settings)
    memory = MemoryKeeper(settings.memory_budget_bytes)
    async with memory, database, patient, redis, clock_of(database, redis, chance) as clock:

        async def work() -> None:
            interactions = Interactions(database)
            group = StreamGroup(redis, consumer=settings.node)
            await run_worker(
                Consumer(group, interactions, now=clock.now),
                (
                    *chores(interactions, group),
                    history_chore(database, group),
                    audit_head_chore(database, redis),
                    offered_chore(Offered.of(InteractionStream(redis), database)),
                ),
                leader_of(patient, settings, replace(chance, now=clock.now)),
                runs=Jobs(database),
                stops=group.stops,
                node=settings.node,
            )

        await while_compatible(database, work)


def leader_of(database: Database, settings: Settings, chance: Chance) -> Leader:
    """This worker's candidate for leading, with all jobs."""
    return Leader(
        Leadership(database, node=settings.node),
        Jobs(database),
        jobs_of(database, settings, chance),
        node=settings.node,
        now=chance.now,
    )


def jobs_of(database: Database, settings: Settings, chance: Chance) -> tuple[Job, ...]:
    """All jobs of a leader."""
    return jobs(
        JobStores(
            interactions=Interactions(database),
            upkeep=Upkeep(database),
            jobs=Jobs(database),
            privacy=Privacy(database, new_id=chance.new_id, new_secret=chance.new_key),
        ),
        _scheduled_csv(database, settings, chance),
        keep_days=settings.keep_interactions_days,
        kept=_kept(settings),
        now=chance.now,
    )


def _scheduled_csv(database: Database, settings: Settings, chance: Chance) -> ScheduledCsv:
    catalogue = current_catalogue()
    categories = [each.id for each in catalogue.categories]
    webhook = settings.csv_webhook
    return ScheduledCsv(
        schedules=Schedules(database),
        views=views_over(
            database,
            categories=lambda: categories,
            stored_through=Interactions(database).stored_through,
            recent=Recent(clock=chance.monotonic, slow_seconds=inf),
            now=chance.now,
        ),
        sheets=sheets_of(lambda: catalogue, chance.now),
        post=partial(post, webhook) if webhook else None,
        now=chance.now,
        new_id=chance.new_id,
    )


def _kept(settings: Settings) -> RetentionPeriods:
    inquiries = settings.keep_inquiries_days
    return RetentionPeriods(
        sessions=timedelta(days=settings.keep_sessions_days),
        inquiries=None if inquiries is None else timedelta(days=inquiries),
    )
