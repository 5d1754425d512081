"""The intake, through which every interaction comes: from REST, sockets and pages."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Literal
from uuid import UUID

from configurator.activity.clocks import Happened, happened
from configurator.activity.event_ids import unix_ms, uuid7, uuid7_ms, uuid7_random
from configurator.activity.interaction import (
    Event,
    Filtered,
    Reported,
    parse_interaction,
    parse_session_id,
    report,
)
from configurator.activity.untrusted import InteractionInvalid
from configurator.activity.visitor import VisitorTraits
from configurator.protocol.codes import Refused
from configurator.protocol.watching import Track
from configurator.protocol.watching import Tracked as TrackedFrame
from storage.redis.activity.stream import InteractionStream

Acceptance = Literal["accepted", "duplicate", "filtered"]


@dataclass(frozen=True, slots=True, kw_only=True)
class IntakeResult:
    """An interaction that is stored safely: the stream has it, and PostgreSQL will.

    `duplicate`: the client sent this event id before, within the last 15 minutes. (A later repeat
    is not noticed here, but counts only once, too.) `filtered`: the visitor does not want it
    stored, for the reason `objection`; only the number of such interactions is kept.
    """

    event_id: UUID
    occurred_at: datetime
    outcome: Acceptance
    processing_ms: float
    objection: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Sender:
    """The sender of interactions: its session, its visitor, and what the client says of itself.

    `session_id` is parsed already. `sent_at_ms` is the time of the client's clock; `tab` names the
    tab, because each tab counts its own events.
    """

    session_id: str
    visitor: VisitorTraits
    source: str
    sent_at_ms: int | None = None
    tab: int | None = None


def unusable_event(invalid: InteractionInvalid) -> Refused:
    """The refusal of an event that is not an interaction."""
    detail = ": ".join(part for part in (invalid.code, invalid.field) if part)
    return Refused("event_unusable", detail=detail, field=invalid.field, reason=invalid.code)


class Intake:
    """Takes interactions. `random_bits()` returns 74 random bits."""

    def __init__(
        self,
        stream: InteractionStream,
        *,
        now: Callable[[], datetime],
        random_bits: Callable[[], int],
    ) -> None:
        self._stream = stream
        self._now = now
        self._random_bits = random_bits
        self._last_id = UUID(int=0)

    async def track(self, sender: Sender, reported: Sequence[Reported]) -> list[IntakeResult]:
        """Store interactions; returns when all are safe, with an answer for each, in order.

        The interactions are parsed already (`configurator.activity.interaction`). Several with the
        same `event_id` count once.

        Raises:
            StorageUnavailable: they are not known to be stored; send the same ones again.
        """
        received_at = self._now()
        events = [self._event(sender, each, received_at) for each in reported]
        objection = sender.visitor.objection
        waiting: Sequence[Event | Filtered] = events
        if objection is not None:
            waiting = [Filtered(filtered=objection, received_at=received_at)] * len(events)
        repeatable = any(each.event_id is not None for each in reported)
        appended = await self._stream.append(waiting, may_repeat=repeatable)
        processing_ms = max(0.0, (self._now() - received_at) / timedelta(milliseconds=1))
        return [
            IntakeResult(
                event_id=event.event_id,
                occurred_at=event.occurred_at,
                outcome="filtered" if objection else "duplicate" if it.duplicate else "accepted",
                processing_ms=processing_ms,
                objection=objection,
            )
            for event, it in zip(events, appended, strict=True)
        ]

    def _event(self, sender: Sender, reported: Reported, received_at: datetime) -> Event:
        visitor, event_id = sender.visitor, reported.event_id
        if event_id is None:
            sent_at_ms = sender.sent_at_ms
            skew_ms = None if sent_at_ms is None else sent_at_ms - unix_ms(received_at)
            event_id, when = self._new_id(received_at), Happened(skew_ms=skew_ms)
        else:
            when = happened(
                uuid7_ms(event_id), received_at=received_at, sent_at_ms=sender.sent_at_ms
            )
        return Event(
            event_id=event_id,
            session=sender.session_id,
            received_at=received_at,
            source=sender.source,
            interaction=reported.interaction,
            happened_at=when.at,
            skew_ms=when.skew_ms,
            tab=sender.tab,
            seq=reported.seq,
            bot=visitor.bot,
            user_agent=visitor.user_agent,
            language=visitor.language,
            referrer=visitor.referrer,
            network=visitor.network,
        )

    def _new_id(self, moment: datetime) -> UUID:
        """A UUIDv7, one after the last of this millisecond: so ids keep the order of arrival."""
        milliseconds = unix_ms(moment)
        if uuid7_ms(self._last_id) == milliseconds:
            made = uuid7(milliseconds, uuid7_random(self._last_id) + 1)
        else:  # only half the range, which leaves room above
            made = uuid7(milliseconds, self._random_bits() >> 1)
        self._last_id = made
        return made


class MessageTracker:
    """The intake for a connection: takes messages of the protocol and returns them."""

    def __init__(self, intake: Intake) -> None:
        self._intake = intake

    async def track(self, message: Track, *, visitor: VisitorTraits, source: str) -> TrackedFrame:
        """Store an interaction, and return the reply when it is safe.

        Raises Refused `event_unusable` with the field and the reason and StorageUnavailable.
        """
        try:
            sender = Sender(
                session_id=parse_session_id(message.session_id),
                visitor=visitor,
                source=source,
                sent_at_ms=message.sent_at_ms,
                tab=message.tab,
            )
            interaction = parse_interaction(bytes(message.interaction))
            reported = report(interaction, event_id=message.event_id, seq=message.seq)
        except InteractionInvalid as invalid:
            raise unusable_event(invalid) from None
        (tracked,) = await self._intake.track(sender, [reported])
        return TrackedFrame(
            re=message.id,
            event_id=tracked.event_id,
            duplicate=tracked.outcome == "duplicate",
            filtered=tracked.objection,
        )
