"""The stores of a web process: connections, the bus, and all readers and writers."""

from collections.abc import Callable, Iterable
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass, replace
from typing import Self

from typing_extensions import override

from app.audit_key import audit_key
from app.chance import Chance
from app.parts.databases import analytics_database, clock_of, redis_of, web_database
from app.parts.part import ProcessPart
from app.settings.settings import Settings
from realtime.actions.configurations import ConfigurationStores
from realtime.api.service.health import HealthEndpoints
from realtime.process.clock import Clock
from realtime.process.news import Channels, News
from storage.postgres.activity.interactions import Interactions
from storage.postgres.activity.sessions import Sessions
from storage.postgres.configurations.commit.committer import Committer
from storage.postgres.configurations.configurations import Configurations
from storage.postgres.configurations.inquiries import Inquiries
from storage.postgres.engine import Database
from storage.postgres.people.admins import Admins
from storage.postgres.people.people import People
from storage.postgres.people.shares import Shares
from storage.postgres.service.audit import Audit
from storage.postgres.service.jobs import Jobs
from storage.redis.activity.stream import InteractionStream
from storage.redis.bus.bus import Bus
from storage.redis.client import Redis
from storage.redis.presence import PresenceReports


@dataclass(frozen=True, kw_only=True)
class StoresPart(ProcessPart):
    """The stores; `chance` has the corrected time, which the other parts use."""

    chance: Chance
    database: Database
    analytics_database: Database
    redis: Redis
    clock: Clock
    bus: Bus
    channels: Channels
    news: News
    health: HealthEndpoints
    committer: Committer
    configuration_stores: ConfigurationStores
    admins: Admins
    audit: Audit
    interactions: Interactions
    jobs: Jobs
    presence: PresenceReports
    stream: InteractionStream

    @classmethod
    def of(cls, settings: Settings, chance: Chance, *, bus_of: Callable[..., Bus] = Bus) -> Self:
        """Builds them, without connecting. A test may have a bus of its own kind made."""
        database, redis, channels = web_database(settings), redis_of(settings), Channels()
        clock = clock_of(database, redis, chance)
        bus = bus_of(
            redis, process=settings.node, on_message=channels.hear, on_gap=channels.suspect
        )
        audit = Audit(database, audit_key(settings))
        return cls(
            chance=replace(chance, now=clock.now),
            database=database,
            analytics_database=analytics_database(settings),
            redis=redis,
            clock=clock,
            bus=bus,
            channels=channels,
            news=News(bus, channels),
            health=HealthEndpoints(database=database, bus=bus),
            committer=Committer(database, deadline_seconds=settings.database_deadline_seconds),
            configuration_stores=ConfigurationStores(
                configurations=Configurations(database),
                people=People(database),
                shares=Shares(database, audit=audit),
                sessions=Sessions(database),
                inquiries=Inquiries(database),
            ),
            admins=Admins(database),
            audit=audit,
            interactions=Interactions(database),
            jobs=Jobs(database),
            presence=PresenceReports(redis),
            stream=InteractionStream(redis),
        )

    @override
    def lifetimes(self) -> Iterable[AbstractAsyncContextManager[object]]:
        """The committer ends first: it answers the ops in flight while the connections are open."""
        return (
            self.database,
            self.analytics_database,
            self.health.readiness,
            self.redis,
            self.clock,
            self.bus,
            self.committer,
        )
