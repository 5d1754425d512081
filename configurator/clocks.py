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


def ahead_ms(received_at: datetime, occurred_at: datetime, *, now_ms: int) -> int:
    """How far the clock of the machine that received an event is ahead of `now_ms`, in ms.

    0 if that is little enough to be believed, and if the two times do not belong together as those
    of one clock do (`happened`): then no clock was wrong, somebody made them up.
    """
    received_ms = unix_ms(received_at)
    waited_ms = received_ms - unix_ms(occurred_at)
    one_clock = -BELIEVED_MS <= waited_ms <= DAY_MS + BELIEVED_MS
    ahead = received_ms - now_ms
    return ahead if one_clock and ahead > RECEIVED_AHEAD_MS else 0


def unbelievable(
    received_at: datetime, occurred_at: datetime, *, written_ms: int, now_ms: int
) -> str | None:
    """Which of the two times cannot be stored, `received_at` or `occurred_at`; None when both can.

    Roll-ups, partitions and audits hold a place for the days around now, not for every day that a
    datetime can say. `now_ms` is the clock of whoever asks, `written_ms` the time in the id of the
    entry, both in ms since 1970. Redis gives ids that only grow: after its clock was ahead they stay
    ahead for as long, so they say nothing about what is too late.
    """
    received_ms = unix_ms(received_at)
    earliest_ms = min(written_ms, now_ms) - RECEIVED_BEHIND_MS
    if not earliest_ms <= received_ms <= now_ms + RECEIVED_AHEAD_MS:
        return "received_at"
    if abs(unix_ms(occurred_at) - received_ms) > OCCURRED_APART_MS:
        return "occurred_at"
    return None
