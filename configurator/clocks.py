"""When something happened, told by a client whose clock may be years off.

Two differences can be trusted whatever a clock says: between two readings of the client's clock
(how long ago it was when it was sent), and between two of ours. So an event happened as long before
its receipt as it waited at the client, and the client's clock is only believed where it agrees.
"""

from dataclasses import dataclass
from datetime import datetime

from configurator.event_ids import moment_of, unix_ms

DAY_MS = 86_400_000
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
