"""What the original API tells of interactions: those of a session, and the overview."""

from collections.abc import Callable
from datetime import datetime
from uuid import UUID

import msgspec
from starlette.requests import Request
from starlette.responses import Response

from configurator.activity import Event, Recorded, parse_session_id, recorded
from configurator.entries import decode_storable
from configurator.event_ids import session_uuid, unix_ms
from configurator.protocol.codes import Refused
from configurator.ranges import TIME_RANGES, RangeInvalid, parse_range
from configurator.rounding import hundredths
from configurator.untrusted import NAME_PATTERN, InteractionInvalid
from realtime.door import network_in
from realtime.http.edge import json
from realtime.http.endpoints import UUID_TEXT, AdminName, Endpoint, one_of_these
from realtime.http.original import OriginalRefusal, answering, error, iso
from realtime.http.tracking import TRACK_PATH
from realtime.looks import Looks
from storage.postgres.analytics.figures import Figures
from storage.postgres.audit import Actor
from storage.postgres.interactions import Interactions
from storage.redis.entries import Entry, id_pair
from storage.redis.stream import InteractionStream

ADMIN_TIMELINE_PATH = "/api/admin/sessions/{id}/timeline"
OVERVIEW_PATH = "/api/admin/analytics/overview"
TIMELINE_MAX = 100
PERFORMANCE_OF = 10

_SESSION_ID = {"type": "string", "minLength": 1, "maxLength": 128, "pattern": NAME_PATTERN}
OVERVIEW_RANGE = "30d"
"""What the original takes when none, or an empty one, is asked for."""


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
    """Mean time in ms from receipt to being safe, over the latest ten."""

    average_processing_time: float
    tracking_efficiency: str


class Timeline(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """A session: how many interactions it has, and the 100 that came last, oldest first.

    The original counted and showed the first 100.

    `lost_events`: so many its tabs counted that never came.
    """

    session_id: str
    interaction_count: int
    interactions: list[TimelineEntry]
    performance: Performance
    lost_events: int


class TimelineAnswer(msgspec.Struct, frozen=True, kw_only=True):
    """The answer to a question for a session."""

    success: bool
    data: Timeline


class OverviewSummary(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """Sessions of people that started in the range, the same as in `kpis`.

    `conversion_rate`: completed of all sessions, in percent, two decimals; 0 without sessions.
    `average_order_value`: over completed sessions, in euros, rounded to a cent; 0 without any.
    """

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
    """Read a session back, summarise all sessions for admins."""

    def __init__(
        self,
        *,
        stream: InteractionStream,
        interactions: Interactions,
        figures: Figures,
        admin_name: AdminName,
        looks: Looks,
        now: Callable[[], datetime],
    ) -> None:
        self._stream = stream
        self._interactions = interactions
        self._figures = figures
        self._admin_name = admin_name
        self._looks = looks
        self._now = now

    def endpoints(self) -> list[Endpoint]:
        """The list from which routes and OpenAPI come."""
        return [
            Endpoint(
                method="GET",
                path=TRACK_PATH,
                handler=answering(self.timeline),
                summary="The latest interactions of a session",
                query=("sessionId",),
                required=("sessionId",),
                parameters={"sessionId": _SESSION_ID},
                answer=TimelineAnswer,
                codes=("event_unusable", "unavailable"),
                refused=OriginalRefusal,
                tags=("activity",),
                limit="figures",
            ),
            Endpoint(
                method="GET",
                path=ADMIN_TIMELINE_PATH,
                handler=self.timeline_for_admins,
                summary="The latest interactions of the session with this stored id: an address of "
                "an admin has no id by which others could read the session",
                parameters={"id": UUID_TEXT},
                answer=TimelineAnswer,
                codes=("session_unknown", "unavailable"),
                tags=("activity",),
                admins=True,
            ),
            Endpoint(
                method="GET",
                path=OVERVIEW_PATH,
                handler=answering(self.overview),
                summary="Sessions, completed configurations, conversion, order value of the last 30 "
                "days or `timeRange` (24h, 7d, 30d, 90d, all; others are refused); without bots "
                "(admins)",
                query=("timeRange",),
                parameters={"timeRange": one_of_these("OverviewRange", [*TIME_RANGES, "all", ""])},
                answer=OverviewAnswer,
                codes=("admins_only", "event_unusable", "unavailable"),
                refused=OriginalRefusal,
                tags=("activity",),
                limit="admin",
            ),
        ]

    async def timeline(self, request: Request) -> Response:
        """Reads a session back; every interaction that was answered before is in it.

        Proof. An answered event is in the stream, and it is acknowledged there only after the
        COMMIT that stored it. The stream is read first. If the event is not acknowledged at that
        moment, the stream read returns it. If it is, its COMMIT came before, and the database,
        which is read afterwards, returns it. Events that both return are told apart by their id.
        """
        asked = next(iter(request.query_params.getlist("sessionId")), "")
        if not asked:
            return json({"error": "Missing sessionId parameter"}, 400)
        session_id = session_uuid(parse_session_id(asked))
        await self._note(request, session_id)
        return await self._timeline(session_id, asked)

    async def timeline_for_admins(self, request: Request) -> Response:
        """``GET /api/admin/sessions/{id}/timeline``: the same, by the stored id."""
        try:
            session_id = UUID(request.path_params["id"])
        except ValueError:
            raise Refused("session_unknown") from None
        await self._note(request, session_id)
        return await self._timeline(session_id, str(session_id))

    async def _note(self, request: Request, session_id: UUID) -> None:
        """Writes into the audit that an admin looks at this session."""
        if name := await self._admin_name(request):
            await self._looks.session(Actor(name, network_in(request.scope)), str(session_id))

    async def _timeline(self, session_id: UUID, asked: str) -> Response:
        events = _readable(await self._stream.unacknowledged(session_id), unix_ms(self._now()))
        waiting = _by_id(events)
        stored = await self._interactions.of_session(
            session_id,
            limit=TIMELINE_MAX,
            among=[each.event_id for each in waiting],
            waiting=[(event.tab, event.seq) for _, event in events],
        )
        fresh = [each for each in waiting if each.event_id not in stored.known]
        came = [*stored.latest, *fresh][-TIMELINE_MAX:]
        return json(
            TimelineAnswer(
                success=True,
                data=Timeline(
                    session_id=asked,
                    interaction_count=stored.count + len(fresh),
                    interactions=[_entry(each) for each in sorted(came, key=_place)],
                    performance=_performance(came[-PERFORMANCE_OF:]),
                    lost_events=stored.lost,
                ),
            )
        )

    async def overview(self, request: Request) -> Response:
        """Summarises the sessions that started in the range (default 30d); for admins only.

        The original takes what it does not know as `all`; here that is refused.
        """
        if await self._admin_name(request) is None:
            raise Refused("admins_only")
        asked = request.query_params.getlist("timeRange")[:1]
        try:
            span = parse_range({"timeRange": "".join(asked) or OVERVIEW_RANGE}, self._now())
        except RangeInvalid:
            known = ", ".join([*TIME_RANGES, "all"])
            return error(
                400,
                "unknown_time_range",
                f"timeRange ist eines von: {known}",
                f"timeRange is one of: {known}",
            )
        found = await self._figures.outcomes(span)
        rate = found.completed / found.sessions * 100 if found.sessions else 0.0
        return json(
            OverviewAnswer(
                success=True,
                data=OverviewData(
                    summary=OverviewSummary(
                        total_sessions=found.sessions,
                        completed_configurations=found.completed,
                        conversion_rate=hundredths(rate),
                        average_order_value=(found.average_order_value_cents or 0) / 100,
                    )
                ),
            )
        )


def _readable(entries: list[Entry], now_ms: int) -> list[tuple[str, Event]]:
    """The events of these entries with the entry's id; what cannot be read is nobody's answer."""
    found: list[tuple[str, Event]] = []
    for entry in entries:
        try:
            event = decode_storable(entry.payload, written_ms=id_pair(entry.id)[0], now_ms=now_ms)
        except InteractionInvalid:
            continue
        if isinstance(event, Event):
            found.append((entry.id, event))
    return found


def _by_id(events: list[tuple[str, Event]]) -> list[Recorded]:
    """Each event id once."""
    found: dict[UUID, Recorded] = {}
    for entry_id, event in events:
        found.setdefault(event.event_id, recorded(event, safe_at_ms=id_pair(entry_id)[0]))
    return list(found.values())


def _place(each: Recorded) -> tuple[datetime, UUID]:
    """By our clock: an id that a wrong clock made says nothing."""
    return each.occurred_at, each.event_id


def _entry(each: Recorded) -> TimelineEntry:
    return TimelineEntry(
        id=str(each.event_id),
        event_type=each.event_type,
        category=each.category,
        element_id=each.element_id,
        selection_value=each.selection_value,
        timestamp=iso(each.occurred_at),
        time_spent=each.time_spent_ms,
    )


def _performance(shown: list[Recorded]) -> Performance:
    mean_ms = sum(each.processing_ms for each in shown) / len(shown) if shown else 0.0
    efficiency = "excellent" if mean_ms < 50 else "good" if mean_ms < 100 else "needs_optimization"
    return Performance(average_processing_time=hundredths(mean_ms), tracking_efficiency=efficiency)
