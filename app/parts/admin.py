"""Endpoints for admins only: analytics, replay, dead letters, jobs, metrics, privacy."""

from dataclasses import dataclass
from typing import Self

from app.parts.activity import ActivityPart
from app.parts.analytics import sheets_of, views_over
from app.parts.editing import EditingPart
from app.parts.limits import LimitsPart
from app.parts.people import PeoplePart
from app.parts.stores import StoresPart
from app.settings.settings import Settings
from realtime.activity.figures.recent import Recent
from realtime.activity.service.dead_letters import DeadLetters
from realtime.api.analytics.endpoints import VisitEndpoints, figure_endpoints
from realtime.api.analytics.links import LinkEndpoints
from realtime.api.analytics.replay import ReplayEndpoints
from realtime.api.analytics.schedules import ScheduleEndpoints
from realtime.api.declared.endpoints import Endpoint
from realtime.api.declared.marks import endpoints_of
from realtime.api.service.dead_letters import DeadLetterEndpoints
from realtime.api.service.jobs import ServiceEndpoints
from realtime.api.service.ledger import LedgerEndpoints
from realtime.api.service.metrics import Metrics, OpenConnections, Sources
from realtime.api.service.privacy import PrivacyEndpoints
from realtime.sheets.answers import Sheets
from storage.outage import Outages, Stepping
from storage.postgres.activity.ledger import Ledger
from storage.postgres.analytics.history import HouseHistory
from storage.postgres.analytics.links import DashboardLinks
from storage.postgres.analytics.schedules import Schedules
from storage.postgres.analytics.visits import Visits
from storage.redis.activity.dead_letters import DeadLetterStream
from storage.redis.activity.stops import WorkerStops


@dataclass(frozen=True, kw_only=True)
class AdminPart:
    """Figures of this process and endpoints for admins. Long queries have their own connections."""

    settings: Settings
    stores: StoresPart
    people: PeoplePart
    editing: EditingPart
    activity: ActivityPart
    outages: Outages
    metrics: Metrics

    @classmethod
    def of(
        cls,
        settings: Settings,
        stores: StoresPart,
        people: PeoplePart,
        *,
        editing: EditingPart,
        activity: ActivityPart,
        limits: LimitsPart,
        connections: OpenConnections,
    ) -> Self:
        """Builds it; from then on, readiness reports which stores are away."""
        steps: list[Stepping] = [stores.committer, editing.hub, stores.bus, people.grants]
        steps += [stores.stream, people.admin_sessions, activity.feed, activity.live_view]
        outages = Outages([*steps, activity.page_views, activity.offered, *activity.alarms])
        stores.health.readiness.add_troubles(outages.problems)
        stores.health.readiness.add_troubles(stores.clock.problems)
        sources = Sources(
            memory_budget_bytes=settings.memory_budget_bytes,
            hub=editing.hub,
            connections=connections,
            bus=stores.bus,
            committer=stores.committer,
            stream=stores.stream,
            dead_letters=DeadLetterStream(stores.redis),
            stops=WorkerStops(stores.redis),
            ledger=Ledger(stores.database),
            jobs=stores.jobs,
            requests=limits.requests,
            audit=stores.audit,
            outages=outages,
            clock=stores.clock,
        )
        return cls(
            settings=settings,
            stores=stores,
            people=people,
            editing=editing,
            activity=activity,
            outages=outages,
            metrics=Metrics(sources, clock=stores.chance.monotonic, now=stores.chance.now),
        )

    def endpoints(self) -> list[Endpoint]:
        """Every endpoint for admins except the original API's overview."""
        stores, now = self.stores, self.stores.chance.now
        ledger = Ledger(stores.database)
        sheets = sheets_of(lambda: self.editing.catalogues.current, now)
        return [
            *endpoints_of(
                PrivacyEndpoints(personal_data=self.activity.privacy),
                DeadLetterEndpoints(
                    letters=DeadLetters(
                        letters=DeadLetterStream(stores.redis),
                        audit=stores.audit,
                        ledger=ledger,
                        now=now,
                    ),
                    sheets=sheets,
                ),
                ServiceEndpoints(
                    jobs=stores.jobs,
                    stops=WorkerStops(stores.redis),
                    audit=stores.audit,
                    metrics=self.metrics,
                    metrics_token=self.settings.metrics_token,
                    staff_of=self.people.authenticator.staff,
                    now=now,
                ),
                LedgerEndpoints(
                    ledger=ledger,
                    audit=stores.audit,
                    sheets=sheets,
                    jobs=stores.jobs,
                    offered=self.activity.offered,
                    now=now,
                ),
            ),
            *self._analytics(sheets),
        ]

    def _analytics(self, sheets: Sheets) -> list[Endpoint]:
        stores, chance = self.stores, self.stores.chance
        database, audit = stores.analytics_database, stores.audit
        visits = Visits(database)
        views = views_over(
            database,
            categories=lambda: [each.id for each in self.editing.catalogues.current.categories],
            stored_through=stores.interactions.stored_through,
            recent=Recent(clock=chance.monotonic),
            now=chance.now,
        )
        return [
            *figure_endpoints(views, sheets, chance.now),
            *endpoints_of(
                VisitEndpoints(
                    visits=visits,
                    sheets=sheets,
                    audit=audit,
                    stored_through=stores.interactions.stored_through,
                    now=chance.now,
                ),
                ReplayEndpoints(
                    visits=visits,
                    configurations=stores.configuration_stores.configurations,
                    history=HouseHistory(database),
                    catalogues=self.editing.catalogues,
                ),
                LinkEndpoints(
                    links=DashboardLinks(stores.database),
                    audit=audit,
                    views=views,
                    sheets=sheets,
                    shown=Recent(clock=chance.monotonic, slow_seconds=0.0),
                    now=chance.now,
                    new_id=chance.new_id,
                    new_token=chance.new_secret,
                ),
                ScheduleEndpoints(
                    schedules=Schedules(stores.database),
                    audit=audit,
                    views=views,
                    delivered=bool(self.settings.csv_webhook),
                    now=chance.now,
                    new_id=chance.new_id,
                ),
            ),
        ]
