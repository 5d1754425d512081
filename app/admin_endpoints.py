"""What only admins are answered: analytics, replay, dead letters, jobs, metrics, privacy."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from time import monotonic
from uuid import UUID

from app.analytics import sheets_of, views_over
from realtime.auth import Authenticator
from realtime.catalogues import CatalogueShelf
from realtime.http.analytics.endpoints import AnalyticsEndpoints
from realtime.http.analytics.links import LinkEndpoints
from realtime.http.analytics.recent import Recent
from realtime.http.analytics.replay import ReplayEndpoints
from realtime.http.analytics.schedules import ScheduleEndpoints
from realtime.http.dead_letters import DeadLetterEndpoints
from realtime.http.endpoints import Endpoint
from realtime.http.ledger import LedgerEndpoints
from realtime.http.operation import OperationEndpoints
from realtime.http.privacy import PrivacyEndpoints
from realtime.letter_desk import LetterDesk
from realtime.metrics import Metrics
from realtime.offered import Offered
from realtime.previews import preview_url
from realtime.privacy import PrivacyOffice
from realtime.sheets.answers import Sheets
from storage.postgres.analytics.history import History
from storage.postgres.analytics.links import DashboardLinks
from storage.postgres.analytics.schedules import Schedules
from storage.postgres.analytics.visits import Visits
from storage.postgres.audit import Audit
from storage.postgres.configurations import Configurations
from storage.postgres.engine import Database
from storage.postgres.interactions import Interactions
from storage.postgres.jobs import Jobs
from storage.postgres.ledger import Ledger
from storage.redis.client import Redis
from storage.redis.dead_letters import DeadLetters
from storage.redis.stops import WorkerStops
from storage.redis.stream import InteractionStream


@dataclass(frozen=True, slots=True, kw_only=True)
class AdminParts:
    """What the endpoints are made of. Long questions have connections of their own."""

    database: Database
    audit: Audit
    analytics_database: Database
    authenticator: Authenticator
    catalogues: CatalogueShelf
    configurations: Configurations
    interactions: Interactions
    privacy: PrivacyOffice
    redis: Redis
    offered: Offered
    stream: InteractionStream
    jobs: Jobs
    metrics: Metrics
    metrics_token: str
    csv_delivered: bool
    now: Callable[[], datetime]
    new_id: Callable[[], UUID]
    new_token: Callable[[], str]


def admin_endpoints(parts: AdminParts) -> list[Endpoint]:
    """Every endpoint for admins beside the original's overview."""
    audit, ledger = parts.audit, Ledger(parts.database)
    sheets = sheets_of(lambda: parts.catalogues.current, parts.now)
    return [
        *PrivacyEndpoints(office=parts.privacy).endpoints(),
        *DeadLetterEndpoints(
            desk=LetterDesk(
                letters=DeadLetters(parts.redis), audit=audit, ledger=ledger, now=parts.now
            ),
            sheets=sheets,
        ).endpoints(),
        *OperationEndpoints(
            jobs=parts.jobs,
            stops=WorkerStops(parts.redis),
            audit=audit,
            metrics=parts.metrics,
            metrics_token=parts.metrics_token,
            is_admin=parts.authenticator.is_admin,
            now=parts.now,
        ).endpoints(),
        *LedgerEndpoints(
            ledger=ledger,
            audit=audit,
            sheets=sheets,
            jobs=parts.jobs,
            offered=parts.offered,
            now=parts.now,
        ).endpoints(),
        *_analytics(parts, sheets, audit),
    ]


def _analytics(parts: AdminParts, sheets: Sheets, audit: Audit) -> list[Endpoint]:
    database = parts.analytics_database
    visits = Visits(database)
    views = views_over(
        database,
        categories=lambda: [each.id for each in parts.catalogues.current.categories],
        stored_through=parts.interactions.stored_through,
        recent=Recent(clock=monotonic),
        now=parts.now,
    )
    return [
        *AnalyticsEndpoints(
            views=views,
            visits=visits,
            sheets=sheets,
            audit=audit,
            stored_through=parts.interactions.stored_through,
            now=parts.now,
        ).endpoints(),
        *ReplayEndpoints(
            visits=visits,
            configurations=parts.configurations,
            history=History(database),
            shelf=parts.catalogues,
            preview_url=preview_url,
        ).endpoints(),
        *LinkEndpoints(
            links=DashboardLinks(parts.database),
            audit=audit,
            views=views,
            sheets=sheets,
            shown=Recent(clock=monotonic, slow_seconds=0.0),
            now=parts.now,
            new_id=parts.new_id,
            new_token=parts.new_token,
        ).endpoints(),
        *ScheduleEndpoints(
            schedules=Schedules(parts.database),
            audit=audit,
            views=views,
            delivered=parts.csv_delivered,
            now=parts.now,
            new_id=parts.new_id,
        ).endpoints(),
    ]
