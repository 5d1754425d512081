"""Activity in a web process: taking interactions in, showing them live, forgetting people."""

from collections.abc import Iterable, Sequence
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass
from typing import Self

from crawleruseragents import CRAWLER_USER_AGENTS_DATA
from typing_extensions import override

from app.parts.editing import EditingPart
from app.parts.part import ProcessPart
from app.parts.people import PeoplePart
from app.parts.stores import StoresPart
from app.settings.settings import Settings
from realtime.activity.intake.bots import BotDetector
from realtime.activity.intake.consent import VisitorReader
from realtime.activity.intake.intake import Intake
from realtime.activity.intake.page_views import PageViews
from realtime.activity.live.alarms import Alarms
from realtime.activity.live.alerts import AlertLimits
from realtime.activity.live.feed import ActivityFeed
from realtime.activity.live.subscriptions import Subscriptions
from realtime.activity.live.view import LiveStores, LiveView
from realtime.activity.service.offered import Offered
from realtime.activity.service.privacy import Forgotten, PersonalData
from storage.postgres.activity.page_views import StoredPageViews
from storage.postgres.activity.past_interactions import PastInteractions
from storage.postgres.activity.statistics import Statistics
from storage.postgres.people.privacy import Privacy
from storage.redis.activity.keys import HINTS
from storage.redis.activity.stops import WorkerStops
from storage.redis.activity.traces import FORGOTTEN, Traces
from storage.redis.claims import Claims


@dataclass(frozen=True, kw_only=True)
class ActivityPart(ProcessPart):
    """Activity. `alarms` is empty if no recipient of alerts is configured."""

    stores: StoresPart
    visitor_reader: VisitorReader
    offered: Offered
    page_views: PageViews
    intake: Intake
    feed: ActivityFeed
    subscriptions: Subscriptions
    privacy: PersonalData
    live_view: LiveView
    alarms: Sequence[Alarms]

    @classmethod
    def of(
        cls, settings: Settings, stores: StoresPart, people: PeoplePart, editing: EditingPart
    ) -> Self:
        """Builds it; it listens for new entries of the stream, and for erased visits."""
        chance, stream = stores.chance, stores.stream
        crawlers = [each["pattern"] for each in CRAWLER_USER_AGENTS_DATA]
        reader = VisitorReader(
            consent=settings.consent, bots=BotDetector(crawlers), cookies=people.cookies
        )
        feed = ActivityFeed(stream, now=chance.now)
        live_view = _live_view(settings, stores, people, editing, feed)
        stores.channels.on(HINTS, lambda _payload: feed.hint())
        stores.channels.on_gap(feed.hint)
        stores.news.on(
            FORGOTTEN, Forgotten, lambda forgotten: live_view.forget_sessions(forgotten.sessions)
        )
        return cls(
            stores=stores,
            visitor_reader=reader,
            offered=Offered.of(stream, stores.database),
            page_views=PageViews(
                StoredPageViews(stores.database), visitor_reader=reader, now=chance.now
            ),
            intake=Intake(stream, now=chance.now, random_bits=chance.random_bits),
            feed=feed,
            subscriptions=Subscriptions(feed),
            privacy=PersonalData(
                privacy=Privacy(stores.database, new_id=chance.new_id, new_secret=chance.new_key),
                traces=Traces(stores.redis),
                audit=stores.audit,
                now=chance.now,
            ),
            live_view=live_view,
            alarms=_alarms(settings, stores),
        )

    @override
    def lifetimes(self) -> Iterable[AbstractAsyncContextManager[object]]:
        return (
            self.stores.stream,
            self.offered,
            self.feed,
            self.subscriptions,
            self.live_view,
            self.page_views,
            *self.alarms,
        )


def _live_view(
    settings: Settings,
    stores: StoresPart,
    people: PeoplePart,
    editing: EditingPart,
    feed: ActivityFeed,
) -> LiveView:
    return LiveView(
        report=editing.hub.report,
        open_sessions=people.admin_sessions,
        looks=people.looks,
        feed=feed,
        stores=LiveStores(
            presence=stores.presence,
            statistics=Statistics(stores.database),
            interactions=stores.interactions,
            sessions=stores.configuration_stores.sessions,
            stream=stores.stream,
            past=PastInteractions(stores.database),
            jobs=stores.jobs,
            stops=WorkerStops(stores.redis),
        ),
        unless_away=stores.health.readiness.unless_away,
        now=stores.chance.now,
        limits=_alert_limits(settings),
    )


def _alarms(settings: Settings, stores: StoresPart) -> list[Alarms]:
    if not settings.alert_webhook:
        return []
    return [
        Alarms(
            webhook=settings.alert_webhook,
            limits=_alert_limits(settings),
            stream=stores.stream,
            presence=stores.presence,
            stops=WorkerStops(stores.redis),
            jobs=stores.jobs,
            claims=Claims(stores.redis, prefix="alert"),
            node=settings.node,
            now=stores.chance.now,
        )
    ]


def _alert_limits(settings: Settings) -> AlertLimits:
    """The thresholds above which an operator should look."""
    return AlertLimits(lag_seconds=settings.alert_lag_seconds, online=settings.alert_online)
