"""When something happened, told by a client whose clock may be years off.

Two differences can be trusted whatever a clock says: between two readings of the client's clock
(how long ago it was when it was sent), and between two of ours. So an event happened as long before
its receipt as it waited at the client, and the client's clock is only believed where it agrees.
"""

from dataclasses import dataclass
from datetime import datetime

from configurator.event_ids import moment_of, unix_ms

DAY_MS = 86_400_000
RECEIVED_AHEAD_MS = DAY_MS
"""So far may the clocks of two of our own machines differ."""
RECEIVED_BEHIND_MS = 400 * DAY_MS
"""An entry that is older was a dead letter for more than a year; its day has no place any more."""
OCCURRED_APART_MS = 32 * DAY_MS
"""The days around a session's first event for which partitions are made (`interaction_key`)."""
BELIEVED_MS = 2_000
"""A clock that differs by no more is right: so much is lost on the way and to slow networks."""


@dataclass(frozen=True, slots=True)
class Happened:
    """`at` is None where the time in the event id holds.

    `skew_ms` is how far the client's clock is ahead of ours, None where nothing tells.
    """

    at: datetime | None = None
    skew_ms: int | None = None


def happened(event_ms: int, *, received_at: datetime, sent_at_ms: int | None) -> Happened:
    """When the event with this time in its id happened by our clock, in whole milliseconds.

    `sent_at_ms` is the client's clock at the moment of sending. Never later than `received_at`,
    never more than a day before it.
    """
    received_ms = unix_ms(received_at)
    if sent_at_ms is None:
        ahead_ms = event_ms - received_ms
        if ahead_ms > BELIEVED_MS or ahead_ms < -DAY_MS:
            return Happened(moment_of(received_ms), ahead_ms)
        return Happened(moment_of(received_ms) if ahead_ms > 0 else None)
    skew_ms = sent_at_ms - received_ms
    waited_ms = min(max(sent_at_ms - event_ms, 0), DAY_MS)
    believed = abs(skew_ms) <= BELIEVED_MS and received_ms - DAY_MS <= event_ms <= received_ms
    return Happened(None if believed else moment_of(received_ms - waited_ms), skew_ms)


def unbelievable(received_at: datetime, occurred_at: datetime, *, written_ms: int) -> str | None:
    """Which of the two times cannot be stored, `received_at` or `occurred_at`; None when both can.

    Roll-ups, partitions and audits hold a place for the days around the moment `written_ms` (ms
    since 1970) at which an entry was written, not for every day that a datetime can say.
    """
    received_ms = unix_ms(received_at)
    if not written_ms - RECEIVED_BEHIND_MS <= received_ms <= written_ms + RECEIVED_AHEAD_MS:
        return "received_at"
    if abs(unix_ms(occurred_at) - received_ms) > OCCURRED_APART_MS:
        return "occurred_at"
    return None
