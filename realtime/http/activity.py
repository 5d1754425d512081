"""The REST contract of the original API for interactions, to the letter, and its overview.

Every refusal here is `{"error": "<sentence>", ...}` as clients of the original expect; beside the
two sentences of the original it also carries `code` and `message` in both languages.
"""

from collections.abc import Awaitable, Callable
from datetime import UTC, datetime, timedelta

import msgspec
import structlog
from starlette.requests import Request
from starlette.responses import Response

from configurator.activity import (
    BODY_BYTES_MAX,
    Filtered,
    InteractionInvalid,
    Recorded,
    TrackRequest,
    decode_entry,
    parse_request,
    parse_session_id,
    recorded,
    session_uuid,
)
from configurator.protocol.codes import CODES, Refused
from realtime.http.edge import bounded, json
from realtime.http.endpoints import Endpoint
from realtime.intake import Intake
from storage.errors import StorageUnavailable
from storage.postgres.interactions import Interactions
from storage.postgres.statistics import Statistics
from storage.redis.stream import Entry, InteractionStream, id_pair

log = structlog.get_logger()

TRACK_PATH = "/api/sessions/track-interaction"
OVERVIEW_PATH = "/api/admin/analytics/overview"
TIMELINE_MAX = 100
JSON_TYPES = frozenset({"", "application/json", "text/plain"})
"""What a browser sends JSON as: `fetch`, and `sendBeacon`, which cannot say application/json."""

TIME_RANGES = {
    "24h": timedelta(hours=24),
    "7d": timedelta(days=7),
    "30d": timedelta(days=30),
    "90d": timedelta(days=90),
    "all": None,
}
_BEGINNING = datetime(2000, 1, 1, tzinfo=UTC)
_VERBATIM = frozenset({"missing_fields", "missing_interaction_fields"})


class TrackedInteraction(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """`processing_time` is in ms."""

    interaction_id: str
    session_id: str
    event_type: str
    category: str
    processing_time: float
    timestamp: str


class TrackAnswer(msgspec.Struct, frozen=True, kw_only=True):
    """The answer to a tracked interaction."""

    success: bool
    message: str
    data: TrackedInteraction


class TimelineEntry(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """One interaction of a session; `time_spent` is in ms."""

    id: str
    event_type: str
    category: str
    element_id: str | None
    selection_value: str | None
    timestamp: str
    time_spent: int | None


class Performance(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """Mean time in ms from receipt to being safe, over the interactions that are shown."""

    average_processing_time: float
    tracking_efficiency: str


class Timeline(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """A session: how many interactions it has, and the latest 100, oldest first."""

    session_id: str
    interaction_count: int
    interactions: list[TimelineEntry]
    performance: Performance


class TimelineAnswer(msgspec.Struct, frozen=True, kw_only=True):
    """The answer to a question for a session."""

    success: bool
    data: Timeline


class OverviewSummary(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """Sessions that started in the range; the rate is in percent, the value in euros."""

    total_sessions: int
    completed_configurations: int
    conversion_rate: float
    average_order_value: float


class OverviewData(msgspec.Struct, frozen=True, kw_only=True):
    """What the overview consists of."""

    summary: OverviewSummary


class OverviewAnswer(msgspec.Struct, frozen=True, kw_only=True):
    """The answer to a question for the overview."""

    success: bool
    data: OverviewData


class ActivityEndpoints:
    """Track an interaction, read a session back, summarise all sessions for admins."""

    def __init__(
        self,
        *,
        intake: Intake,
        stream: InteractionStream,
        interactions: Interactions,
        statistics: Statistics,
        is_admin: Callable[[Request], Awaitable[bool]],
        now: Callable[[], datetime],
    ) -> None:
        self._intake = intake
        self._stream = stream
        self._interactions = interactions
        self._statistics = statistics
        self._is_admin = is_admin
        self._now = now

    def endpoints(self) -> list[Endpoint]:
        """The list from which routes and OpenAPI come."""
        return [
            Endpoint(
                method="POST",
                path=TRACK_PATH,
                handler=_answering(self.track),
                summary="Track one interaction; `eventId` (UUIDv7) makes retries safe",
                body=TrackRequest,
                answer=TrackAnswer,
                codes=(
                    "event_unusable",
                    "message_too_large",
                    "unsupported_media_type",
                    "unavailable",
                ),
                tags=("activity",),
            ),
            Endpoint(
                method="GET",
                path=TRACK_PATH,
                handler=_answering(self.timeline),
                summary="The latest interactions of a session",
                query=("sessionId",),
                answer=TimelineAnswer,
                codes=("event_unusable", "unavailable"),
                tags=("activity",),
            ),
            Endpoint(
                method="GET",
                path=OVERVIEW_PATH,
                handler=_answering(self.overview),
                summary="Sessions, completed configurations, conversion, order value (admins)",
                query=("timeRange",),
                answer=OverviewAnswer,
                codes=("admins_only", "unavailable"),
                tags=("activity",),
            ),
        ]

    async def track(self, request: Request) -> Response:
        """Takes one interaction; the answer means that it is safe."""
        media_type = request.headers.get("content-type", "").partition(";")[0].strip().lower()
        if media_type not in JSON_TYPES:
            raise Refused("unsupported_media_type")
        asked = parse_request(await bounded(request, BODY_BYTES_MAX))
        tracked = await self._intake.track(
            asked.session_id,
            asked.interaction,
            event_id=asked.event_id,
            source="rest",
            user_agent=request.headers.get("user-agent"),
        )
        return json(
            TrackAnswer(
                success=True,
                message="Interaction tracked successfully",
                data=TrackedInteraction(
                    interaction_id=str(tracked.event_id),
                    session_id=asked.session_id,
                    event_type=asked.interaction.event_type,
                    category=asked.interaction.category,
                    processing_time=round(tracked.processing_ms, 3),
                    timestamp=_iso(tracked.occurred_at),
                ),
            )
        )

    async def timeline(self, request: Request) -> Response:
        """Reads a session back; every interaction that was answered before is in it.

        Proof. An answered event is in the stream, and it is acknowledged there only after the
        COMMIT that stored it. The stream is read first. If the event is not acknowledged at that
        moment, the stream read returns it. If it is, its COMMIT came before, and the database,
        which is read afterwards, returns it. Events that both return are told apart by their id.
        """
        asked = request.query_params.get("sessionId")
        if not asked:
            return json({"error": "Missing sessionId parameter"}, 400)
        session_id = session_uuid(parse_session_id(asked))
        waiting = _by_id(await self._stream.unacknowledged(session_id))
        stored = await self._interactions.of_session(
            session_id, limit=TIMELINE_MAX, among=[each.event_id for each in waiting]
        )
        fresh = [each for each in waiting if each.event_id not in stored.known]
        latest = sorted([*stored.latest, *fresh], key=lambda each: each.event_id)[-TIMELINE_MAX:]
        return json(
            TimelineAnswer(
                success=True,
                data=Timeline(
                    session_id=asked,
                    interaction_count=stored.count + len(fresh),
                    interactions=[_entry(each) for each in latest],
                    performance=_performance(latest),
                ),
            )
        )

    async def overview(self, request: Request) -> Response:
        """Summarises the sessions that started in the range (default 7d); for admins only."""
        if not await self._is_admin(request):
            raise Refused("admins_only")
        asked = request.query_params.get("timeRange", "7d")
        if asked not in TIME_RANGES:
            known = ", ".join(TIME_RANGES)
            return _error(
                400,
                "unknown_time_range",
                f"timeRange ist eines von: {known}",
                f"timeRange is one of: {known}",
            )
        span = TIME_RANGES[asked]
        found = await self._statistics.overview(_BEGINNING if span is None else self._now() - span)
        return json(
            OverviewAnswer(
                success=True,
                data=OverviewData(
                    summary=OverviewSummary(
                        total_sessions=found.total_sessions,
                        completed_configurations=found.completed_configurations,
                        conversion_rate=found.conversion_rate_percent,
                        average_order_value=found.average_order_value_cents / 100,
                    )
                ),
            )
        )


Handler = Callable[[Request], Awaitable[Response]]


def _answering(handler: Handler) -> Handler:
    """Says no in the words of the original API."""

    async def answer(request: Request) -> Response:
        try:
            return await handler(request)
        except InteractionInvalid as invalid:
            if invalid.code in _VERBATIM:
                return json({"error": invalid.en}, 400)
            return _error(400, invalid.code, invalid.de, invalid.en, field=invalid.field)
        except Refused as refused:
            text = refused.code.text
            return _error(refused.code.status, refused.code.name, text.de, text.en)
        except StorageUnavailable as away:
            log.info("request_not_served", path=request.scope["path"], reason=str(away)[:200])
            text = CODES["unavailable"].text
            wait_ms = max(100, int(away.retry_after_seconds * 1000))
            return _error(
                503,
                "unavailable",
                text.de,
                text.en,
                headers={"retry-after": str(max(1, -(-wait_ms // 1000)))},
                retry_after_ms=wait_ms,
            )

    return answer


def _error(
    status: int,
    code: str,
    de: str,
    en: str,
    *,
    headers: dict[str, str] | None = None,
    **more: object,
) -> Response:
    known = {name: value for name, value in more.items() if value is not None}
    body = {"error": en, "code": code, "message": {"de": de, "en": en}, **known}
    return json(body, status, headers)


def _by_id(entries: list[Entry]) -> list[Recorded]:
    """The events of these entries, each id once; what cannot be read is not anybody's answer."""
    found: dict[object, Recorded] = {}
    for entry in entries:
        try:
            event = decode_entry(entry.payload)
        except InteractionInvalid:
            continue
        if isinstance(event, Filtered):
            continue
        found.setdefault(event.event_id, recorded(event, safe_at_ms=id_pair(entry.id)[0]))
    return list(found.values())


def _entry(each: Recorded) -> TimelineEntry:
    return TimelineEntry(
        id=str(each.event_id),
        event_type=each.event_type,
        category=each.category,
        element_id=each.element_id,
        selection_value=each.selection_value,
        timestamp=_iso(each.occurred_at),
        time_spent=each.time_spent_ms,
    )


def _performance(shown: list[Recorded]) -> Performance:
    mean_ms = sum(each.processing_ms for each in shown) / len(shown) if shown else 0.0
    efficiency = "excellent" if mean_ms < 50 else "good" if mean_ms < 100 else "needs_optimization"
    return Performance(average_processing_time=round(mean_ms, 2), tracking_efficiency=efficiency)


def _iso(moment: datetime) -> str:
    """As JavaScript's toISOString writes it."""
    return f"{moment.astimezone(UTC):%Y-%m-%dT%H:%M:%S}.{moment.microsecond // 1000:03d}Z"
