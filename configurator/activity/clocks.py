"""The time of an event that a client reports, whose clock may be years off.

Two differences can be trusted even if a clock is wrong: that of two readings of the client's clock
(how long the event waited until it was sent), and that of two readings of ours. An event therefore
happened as long before its receipt as it waited at the client; the time of the client's clock is
used only if it agrees with that.
"""

from dataclasses import dataclass
from datetime import datetime

from configurator.activity.event_ids import moment_of, unix_ms

DAY_MS = 86_400_000
RECEIVED_AHEAD_MS = DAY_MS
"""The largest difference between the clocks of two of our own machines."""
RECEIVED_BEHIND_MS = 400 * DAY_MS
"""An entry older than this was a dead letter for more than a year, and its day has no partition any
more."""
OCCURRED_APART_MS = 32 * DAY_MS
"""The distance from a session's first event within which partitions are made
(`interaction_key`)."""
BELIEVED_MS = 2_000
"""A client's clock that differs by no more counts as right: a slow network takes that much time."""


@dataclass(frozen=True, slots=True)
class Happened:
    """`at` is None if the time in the event id is used.

    `skew_ms` is by how many ms the client's clock is ahead of ours; None if that is not known.
    """

    at: datetime | None = None
    skew_ms: int | None = None


def happened(event_ms: int, *, received_at: datetime, sent_at_ms: int | None) -> Happened:
    """The time by our clock, in whole ms, of the event with this time in its id.

    `sent_at_ms` is the time of the client's clock when it sent the event. The result is never later
    than `received_at`, and never more than a day before it.
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
    """The ms by which the clock of the machine that received an event is ahead of `now_ms`.

    0 if the difference is small enough to be right, or if the two times cannot come from one clock
    (`happened`): then no clock was wrong, but the times were made up.
    """
    received_ms = unix_ms(received_at)
    waited_ms = received_ms - unix_ms(occurred_at)
    one_clock = -BELIEVED_MS <= waited_ms <= DAY_MS + BELIEVED_MS
    ahead = received_ms - now_ms
    return ahead if one_clock and ahead > RECEIVED_AHEAD_MS else 0


def unbelievable(
    received_at: datetime, occurred_at: datetime, *, written_ms: int, now_ms: int
) -> str | None:
    """The name of the time that cannot be stored, `received_at` or `occurred_at`; None if both can.

    Roll-ups, partitions and audits have room for the days around now, not for every day that a
    datetime can express. `now_ms` is the time of the caller's clock, `written_ms` the time in the
    id of the entry, both in ms since 1970. Ids of Redis only grow: after its clock was ahead they
    stay ahead until it catches up, so they cannot tell that a time is too late.
    """
    received_ms = unix_ms(received_at)
    earliest_ms = min(written_ms, now_ms) - RECEIVED_BEHIND_MS
    if not earliest_ms <= received_ms <= now_ms + RECEIVED_AHEAD_MS:
        return "received_at"
    if abs(unix_ms(occurred_at) - received_ms) > OCCURRED_APART_MS:
        return "occurred_at"
    return None
