"""Thresholds and who is told of them, as the settings say."""

from collections.abc import Callable
from datetime import datetime

from app.settings import Settings
from realtime.alarms import Alarms
from realtime.alerts import AlertLimits
from storage.postgres.jobs import Jobs
from storage.redis.claims import Claims
from storage.redis.client import Redis
from storage.redis.presence import Presence
from storage.redis.stops import WorkerStops
from storage.redis.stream import InteractionStream


def alert_limits(settings: Settings) -> AlertLimits:
    """Above these somebody should look."""
    return AlertLimits(lag_seconds=settings.alert_lag_seconds, online=settings.alert_online)


def alarms(
    settings: Settings,
    *,
    redis: Redis,
    stream: InteractionStream,
    presence: Presence,
    jobs: Jobs,
    now: Callable[[], datetime],
) -> list[Alarms]:
    """Nobody looks for thresholds where nobody is to be told."""
    if not settings.alert_webhook:
        return []
    return [
        Alarms(
            webhook=settings.alert_webhook,
            limits=alert_limits(settings),
            stream=stream,
            presence=presence,
            stops=WorkerStops(redis),
            jobs=jobs,
            claims=Claims(redis, prefix="alert"),
            node=settings.node,
            now=now,
        )
    ]
