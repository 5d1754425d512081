"""The original API for reading interactions: those of one session, and the overview."""

from collections.abc import Callable
from datetime import datetime
from typing import Annotated
from uuid import UUID

import msgspec
from starlette.requests import Request
from starlette.responses import Response

from configurator.activity.entries import decode_storable, id_pair
from configurator.activity.event_ids import session_uuid, unix_ms
from configurator.activity.interaction import Event, parse_session_id
from configurator.activity.ranges import TIME_RANGES, RangeInvalid, parse_range
from configurator.activity.stored import Recorded, recorded
from configurator.activity.untrusted import NAME_PATTERN, InteractionInvalid
from configurator.people.roles import Permission
from configurator.pricing.rounding import hundredths
from configurator.protocol.codes import Refused
from configurator.protocol.parameters import ParameterInvalid
from realtime.api.declared.endpoints import StaffOf
from realtime.api.declared.marks import get
from realtime.api.original import OriginalRefusal, error, iso, query_of_original
from realtime.api.tracking import TRACK_PATH
from realtime.edge.exchange import json
from realtime.people.looks import Looks
from realtime.people.networks import network_in
from storage.postgres.activity.interactions import Interactions
from storage.postgres.analytics.figures import Figures
from storage.postgres.service.audit import Actor
from storage.redis.activity.entries import Entry
from storage.redis.activity.stream import InteractionStream

ADMIN_TIMELINE_PATH = "/api/admin/sessions/{id}/timeline"
OVERVIEW_PATH = "/api/admin/analytics/overview"
TIMELINE_MAX = 100
PERFORMANCE_OF = 10

OVERVIEW_RANGE = "30d"
"""The range that the original takes where none, or an empty one, is given."""


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
    """The mean time in ms between receipt and safe storage, over the latest ten interactions."""

    average_processing_time: float
    tracking_efficiency: str


class Timeline(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """A session: its number of interactions, and the latest 100 of them, oldest first.

    The original counted and showed the first 100.

    `lost_events` is the number of events that the tabs counted and the server never got.
    """

    session_id: str
    interaction_count: int
    interactions: list[TimelineEntry]
    performance: Performance
    lost_events: int


class TimelineAnswer(msgspec.Struct, frozen=True, kw_only=True):
    """The answer with one session."""

    success: bool
    data: Timeline


class OverviewSummary(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """The sessions of people that started in the range; the same numbers as in `kpis`.

    `conversion_rate` is the share of completed sessions in percent, with two decimals; 0 without
    sessions. `average_order_value` is the mean over completed sessions in euros, rounded to a cent;
    0 without any.
    """

    total_sessions: int
    completed_configurations: int
    conversion_rate: float
    average_order_value: float


class OverviewData(msgspec.Struct, frozen=True, kw_only=True):
    """The content of the overview."""

    summary: OverviewSummary


class OverviewAnswer(msgspec.Struct, frozen=True, kw_only=True):
    """The answer with the overview."""

    success: bool
    data: OverviewData


class TimelineQuery(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """The session, by the client's own id.

    `parse_session_id` checks the length and the characters, and says what is wrong with them.
    """

    session_id: Annotated[
        str,
        msgspec.Meta(min_length=1, extra_json_schema={"maxLength": 128, "pattern": NAME_PATTERN}),
    ]


class OverviewQuery(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """The range; empty means the default. `parse_range` checks it."""

    time_range: Annotated[
        str,
        msgspec.Meta(title="OverviewRange", extra_json_schema={"enum": [*TIME_RANGES, "all", ""]}),
    ] = OVERVIEW_RANGE


class ActivityEndpoints:
    """Reads sessions back, and summarises all sessions for admins."""

    def __init__(
        self,
        *,
        stream: InteractionStream,
        interactions: Interactions,
        figures: Figures,
        staff_of: StaffOf,
        looks: Looks,
        now: Callable[[], datetime],
    ) -> None:
        self._stream = stream
        self._interactions = interactions
        self._figures = figures
        self._staff_of = staff_of
        self._looks = looks
        self._now = now

    @get(
        TRACK_PATH,
        TimelineAnswer,
        query=[TimelineQuery],
        codes=["event_unusable"],
        refused=OriginalRefusal,
        tag="activity",
        limit="figures",
    )
    async def timeline(self, request: Request) -> Response:
        """The latest interactions of a session.

        Every interaction that was acknowledged before this request is included.
        """
        try:
            asked = query_of_original(request, TimelineQuery).session_id
        except ParameterInvalid:
            return json({"error": "Missing sessionId parameter"}, 400)
        session_id = session_uuid(parse_session_id(asked))
        await self._note(request, session_id)
        return await self._timeline(session_id, asked)

    @get(
        ADMIN_TIMELINE_PATH,
        TimelineAnswer,
        parameters={"id": UUID},
        codes=["session_unknown"],
        tag="activity",
        needs=Permission.WATCH_ACTIVITY,
    )
    async def timeline_for_admins(self, request: Request) -> Response:
        """The latest interactions of the session with this stored id.

        The address for admins names the stored id, by which nobody else can read the session.
        """
        try:
            session_id = UUID(request.path_params["id"])
        except ValueError:
            raise Refused("session_unknown") from None
        await self._note(request, session_id)
        return await self._timeline(session_id, str(session_id))

    async def _note(self, request: Request, session_id: UUID) -> None:
        """Record in the audit that an admin looks at this session."""
        if staff := await self._staff_of(request):
            await self._looks.session(
                Actor(staff.called, network_in(request.scope)), str(session_id)
            )

    async def _timeline(self, session_id: UUID, asked: str) -> Response:
        """The session, with every interaction that was acknowledged before this call.

        Proof. An event that the client got an answer for is in the stream, where a worker marks it
        as done only after the COMMIT that stored it. The stream is read first. If the event is not
        done at that moment, the stream returns it. If it is done, its COMMIT came before, and the
        database, which is read afterwards, returns it. Events that both return are told apart by
        their id.
        """
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

    @get(
        OVERVIEW_PATH,
        OverviewAnswer,
        query=[OverviewQuery],
        codes=["event_unusable"],
        refused=OriginalRefusal,
        tag="activity",
        needs=Permission.ANALYSE,
    )
    async def overview(self, request: Request) -> Response:
        """Sessions, completed configurations, conversion and order value, without bots.

        The figures cover the sessions that started in the last 30 days, or in the `timeRange`. The
        original takes an unknown range for `all`; this API refuses it.
        """
        asked = query_of_original(request, OverviewQuery).time_range
        try:
            span = parse_range({"timeRange": asked or OVERVIEW_RANGE}, self._now())
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
    """The readable events of these entries, each with the id of its entry; others are skipped."""
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
    """The events, with each event id once."""
    found: dict[UUID, Recorded] = {}
    for entry_id, event in events:
        found.setdefault(event.event_id, recorded(event, safe_at_ms=id_pair(entry_id)[0]))
    return list(found.values())


def _place(each: Recorded) -> tuple[datetime, UUID]:
    """The place of an event by the server's clock: an event id may come from a wrong clock."""
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
