"""The one way in for interactions, whatever brought them: REST, sockets, pages."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from uuid import UUID

from configurator.activity import (
    Event,
    Interaction,
    InteractionInvalid,
    check_event_id,
    parse_interaction,
    parse_session_id,
    uuid7,
    uuid7_time,
)
from configurator.protocol.codes import Refused
from storage.redis.stream import InteractionStream

USER_AGENT_MAX = 256
_EPOCH = datetime.fromtimestamp(0, UTC)


@dataclass(frozen=True, slots=True, kw_only=True)
class Tracked:
    """An interaction that is safe: the stream has it, and PostgreSQL will.

    `duplicate`: the client sent this event id before, at most 15 minutes ago; it counts once all
    the same, however late the repeat.
    """

    event_id: UUID
    stream_id: str
    duplicate: bool
    processing_ms: float

    @property
    def occurred_at(self) -> datetime:
        """The time in the event id."""
        return uuid7_time(self.event_id)


class Intake:
    """Takes interactions. `random_bits()` gives 74 random bits."""

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

    async def track(
        self,
        session_id: str,
        interaction: Interaction,
        *,
        event_id: UUID | None,
        source: str,
        user_agent: str | None = None,
        now: datetime | None = None,
    ) -> Tracked:
        """Returns when the interaction is safe. With the same `event_id` again it counts once.

        `session_id` and `interaction` are parsed already (`configurator.activity`).

        Raises:
            InteractionInvalid: the event id is none that a client may make now.
            StorageUnavailable: not safe, or not known to be.
        """
        received_at = now or self._now()
        if event_id is not None:
            check_event_id(event_id, received_at)
        event = Event(
            event_id=event_id or self._new_id(received_at),
            session=session_id,
            received_at=received_at,
            source=source,
            interaction=interaction,
            user_agent=_printable(user_agent),
        )
        (appended,) = await self._stream.append([event], may_repeat=event_id is not None)
        return Tracked(
            event_id=event.event_id,
            stream_id=appended.stream_id,
            duplicate=appended.duplicate,
            processing_ms=max(0.0, (self._now() - received_at) / timedelta(milliseconds=1)),
        )

    def _new_id(self, moment: datetime) -> UUID:
        """A UUIDv7 larger than the last one of this millisecond: the timeline keeps its order."""
        unix_ms = (moment - _EPOCH) // timedelta(milliseconds=1)
        made = uuid7(unix_ms, self._random_bits() >> 1)  # half the range, to leave room above
        if self._last_id.int >> 80 == unix_ms and made <= self._last_id:
            made = uuid7(unix_ms, _random_part(self._last_id) + 1)
        self._last_id = made
        return made


class MessageTracker:
    """What a connection needs of the intake: raw JSON in, refusals of the protocol out."""

    def __init__(self, intake: Intake) -> None:
        self._intake = intake

    async def track(
        self, *, session_id: str, interaction: bytes, event_id: UUID | None, source: str
    ) -> tuple[UUID, bool]:
        """The event's id and whether it was known.

        Raises Refused `event_unusable` (its detail names code and field) and StorageUnavailable.
        """
        try:
            tracked = await self._intake.track(
                parse_session_id(session_id),
                parse_interaction(interaction),
                event_id=event_id,
                source=source,
            )
        except InteractionInvalid as invalid:
            detail = ": ".join(part for part in (invalid.code, invalid.field) if part)
            raise Refused("event_unusable", detail=detail) from None
        return tracked.event_id, tracked.duplicate


def _random_part(event_id: UUID) -> int:
    value = event_id.int
    return ((value >> 64) & 0xFFF) << 62 | (value & ((1 << 62) - 1))


def _printable(user_agent: str | None) -> str | None:
    if user_agent is None:
        return None
    kept = "".join(character for character in user_agent if character.isprintable())
    return kept[:USER_AGENT_MAX] or None
