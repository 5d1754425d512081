"""Intake of interactions: one exactly as in the original API, or up to 500 at once.

A browser sends JSON as `application/json` or, with `sendBeacon`, as `text/plain`. An answer of
success means that the interactions are stored safely.
"""

from collections import Counter
from typing import Annotated, Literal

import msgspec
from starlette.requests import Request
from starlette.responses import Response

from configurator.activity.interaction import (
    BATCH_BYTES_MAX,
    BODY_BYTES_MAX,
    Reported,
    Sending,
    TrackBatchRequest,
    TrackRequest,
    Unusable,
    parse_batch,
    parse_request,
)
from configurator.activity.tracking import TRACKED, TrackedType
from configurator.protocol.codes import Refused
from configurator.text import Text
from realtime.activity.intake.consent import VisitorReader
from realtime.activity.intake.intake import Acceptance, Intake, IntakeResult, Sender
from realtime.api.declared.marks import get, post
from realtime.api.original import OriginalRefusal, error, iso
from realtime.edge.exchange import bounded, json
from realtime.edge.unpacking import BodyTooLarge
from realtime.limits.allowances import TRACK_UNIT_BYTES, RequestLimits
from realtime.people.networks import network_in

TRACK_PATH = "/api/sessions/track-interaction"
TRACK_MANY_PATH = "/api/sessions/track-interactions"
TYPES_PATH = "/api/events/types"
JSON_TYPES = frozenset({"", "application/json", "text/plain"})


class TrackedInteraction(
    msgspec.Struct, frozen=True, kw_only=True, rename="camel", omit_defaults=True
):
    """The tracked interaction.

    `processing_time` is in ms. `dropped` are the fields that were unusable; all others are stored.
    """

    interaction_id: str
    session_id: str
    event_type: str
    category: str
    processing_time: float
    timestamp: str
    dropped: list[str] = []


class TrackAnswer(msgspec.Struct, frozen=True, kw_only=True):
    """The answer to a tracked interaction."""

    success: bool
    message: str
    data: TrackedInteraction


class TrackResult(msgspec.Struct, frozen=True, kw_only=True, rename="camel", omit_defaults=True):
    """The result for one interaction of a batch.

    `accepted` and `duplicate` are stored safely. `filtered`: the visitor does not want it stored;
    `code` says why. `refused`: it is no valid interaction; `code`, `field` and `message` say why,
    and sending it again does not help.
    """

    event_id: str | None
    outcome: Annotated[Literal[Acceptance, "refused"], msgspec.Meta(title="TrackOutcome")]
    code: str | None = None
    field: str | None = None
    message: Text | None = None
    dropped: tuple[str, ...] = ()


class TrackBatchAnswer(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """The answer to a batch: one result for each of its interactions, in order.

    `dropped` are the unusable fields of the batch itself; each result has those of its event.
    """

    success: bool
    message: str
    results: list[TrackResult]
    dropped: list[str] = []


class TypesAnswer(msgspec.Struct, frozen=True, kw_only=True):
    """The tracked event types; events of other types are taken as custom events."""

    types: tuple[TrackedType, ...]


class TrackingEndpoints:
    """The endpoints that track interactions, and list the event types."""

    def __init__(
        self, *, intake: Intake, visitor_reader: VisitorReader, requests: RequestLimits
    ) -> None:
        self._intake = intake
        self._visitor_reader = visitor_reader
        self._requests = requests

    @post(
        TRACK_PATH,
        TrackAnswer,
        body=TrackRequest,
        codes=["event_unusable"],
        refused=OriginalRefusal,
        tag="activity",
        limit="track",
        away="unavailable",
    )
    async def track(self, request: Request) -> Response:
        """Track one interaction; `eventId` (UUIDv7) makes retries safe.

        The answer means that the interaction is stored safely. All is as in the original, except
        for the following.

        Refused: eventType and category above 64 characters, sessionId above 128, elementId above
        256, selectionValue above 1,024, names with control characters or turns of the direction of
        writing, text that is not UTF-8 or has halves of characters, bodies above 64 kB, media types
        other than JSON and text/plain; wrong types with 400 and a code where the original answered
        500.

        Dropped, and named in `dropped`: every other field that is unusable (times below 0 or above
        24 h, sizes below 0 or above 100,000 pixels, a deviceInfo that is not an object, an eventId that
        is no UUIDv7). Milliseconds and pixels are rounded. GET shows the latest 100 interactions,
        and counts all.
        """
        _require_json(request)
        body = await bounded(request, BODY_BYTES_MAX)
        self._charge(request, body, events=1)
        asked, dropped = parse_request(body)
        reported = Reported(interaction=asked.interaction, event_id=asked.event_id, seq=asked.seq)
        (tracked,) = await self._intake.track(self._sender(request, asked), [reported])
        return json(
            TrackAnswer(
                success=True,
                message=_sentence(tracked),
                data=TrackedInteraction(
                    interaction_id=str(tracked.event_id),
                    session_id=asked.session_id,
                    event_type=asked.interaction.event_type,
                    category=asked.interaction.category,
                    processing_time=round(tracked.processing_ms, 3),
                    timestamp=iso(tracked.occurred_at),
                    dropped=dropped,
                ),
            )
        )

    @post(
        TRACK_MANY_PATH,
        TrackBatchAnswer,
        body=TrackBatchRequest,
        codes=["event_unusable"],
        refused=OriginalRefusal,
        tag="activity",
        limit="track",
        away="unavailable",
    )
    async def track_many(self, request: Request) -> Response:
        """Track up to 500 interactions (512 kB); a bad one does not refuse the others.

        The others are stored in one step; the answer means that they are stored safely.
        """
        _require_json(request)
        try:
            body = await bounded(request, BATCH_BYTES_MAX)
        except BodyTooLarge as refused:
            return error(
                refused.code.status,
                refused.code.name,
                "Diese Ereignisse sind zusammen größer als 512 kB. Teile sie auf.",
                "These interactions are larger than 512 kB together. Split them.",
            )
        sending, events, dropped = parse_batch(body)
        self._charge(request, body, events=len(events))
        good = [each for each in events if isinstance(each, Reported)]
        tracked = iter(
            await self._intake.track(self._sender(request, sending), good) if good else []
        )
        results = [
            _refused(each) if isinstance(each, Unusable) else _result(next(tracked), each.dropped)
            for each in events
        ]
        return json(
            TrackBatchAnswer(
                success=True, message=_summary(results), results=results, dropped=dropped
            )
        )

    @get(TYPES_PATH, TypesAnswer, tag="activity")
    async def types(self, _request: Request) -> Response:
        """The tracked event types, each with its meaning and fields."""
        return json(TypesAnswer(types=TRACKED))

    def _charge(self, request: Request, body: bytes, *, events: int) -> None:
        """Charge the rest of this request's cost: one unit was charged before the body was read."""
        units = max(events, -(-len(body) // TRACK_UNIT_BYTES))
        self._requests.charge("track", network_in(request.scope), units - 1)

    def _sender(self, request: Request, sending: Sending) -> Sender:
        return Sender(
            session_id=sending.session_id,
            visitor=self._visitor_reader.visitor(request).on(sending.visit),
            source="rest",
            sent_at_ms=sending.sent_at,
            tab=sending.tab,
        )


def _require_json(request: Request) -> None:
    media_type = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if media_type not in JSON_TYPES:
        raise Refused("unsupported_media_type")


def _sentence(tracked: IntakeResult) -> str:
    if tracked.objection is not None:
        return f"Interaction not stored: {tracked.objection}"
    return "Interaction tracked successfully"


def _result(tracked: IntakeResult, dropped: tuple[str, ...]) -> TrackResult:
    return TrackResult(
        event_id=str(tracked.event_id),
        outcome=tracked.outcome,
        code=tracked.objection,
        dropped=dropped,
    )


def _refused(unusable: Unusable) -> TrackResult:
    problem = unusable.problem
    return TrackResult(
        event_id=unusable.event_id,
        outcome="refused",
        code=problem.code,
        field=problem.field,
        message=Text(de=problem.de, en=problem.en),
    )


def _summary(results: list[TrackResult]) -> str:
    counted = Counter(each.outcome for each in results)
    return ", ".join(f"{n} {outcome}" for outcome, n in sorted(counted.items()))
