"""Limits of messages over connections; requests and connections of one person count together.

Figures for requests, by network and person, are in ``allowances``; the arithmetic is in ``buckets``.
"""

from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from heapq import heappop, heappush
from typing import Final
from uuid import UUID

from configurator.protocol.codes import CODES, Refused
from realtime.limits.allowances import RequestLimits
from realtime.limits.buckets import (
    MILLISECOND_NS,
    SECOND_NS,
    Bucket,
    Buckets,
    KilobyteBucket,
    Rate,
    spend_all,
)

NO_HOUSE: Final = CODES["not_found"]
"""The refusal that answers a wrong guess of the name of a house."""

FLOOD_REFUSALS = 100
FLOOD_NS = 10 * SECOND_NS
"""The time within which too many hasty refusals are flooding."""

TOLD_MAX = 1000
"""The most moments to come back at that are remembered for one connection."""

TOGETHER_NS = SECOND_NS // 4
"""A message refused this soon after a first refusal was sent before its author could read that."""

EARLY_NS = 5 * MILLISECOND_NS
"""Nanoseconds by which the timers of some programs fire too early."""


READ_KILOBYTES = Rate(64, 128)
"""The kilobytes of one connection, in messages of 1 kB and more. To read 64 kB takes up to 3 ms, so
all connections of one network take a third of a core. A new connection may send 128 kB at once;
`ALLOWANCES` has how many sockets a network may open."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Rates:
    """All limits of a process."""

    connection_ops: Rate = Rate(20, 60)
    connection_presence: Rate = Rate(30, 30)
    connection_interactions: Rate = Rate(50, 200)
    connection_other: Rate = Rate(20, 60)
    connection_kilobytes: Rate = READ_KILOBYTES
    person_ops: Rate = Rate(40, 120)
    room_ops: Rate = Rate(200, 400)

    def scaled(self, scale: float) -> "Rates":
        """The same limits, each rate multiplied by ``scale``."""
        return Rates(
            connection_ops=self.connection_ops.scaled(scale),
            connection_presence=self.connection_presence.scaled(scale),
            connection_interactions=self.connection_interactions.scaled(scale),
            connection_other=self.connection_other.scaled(scale),
            connection_kilobytes=self.connection_kilobytes.scaled(scale),
            person_ops=self.person_ops.scaled(scale),
            room_ops=self.room_ops.scaled(scale),
        )


class Patience:
    """Tells a connection that waits as told from one that floods.

    Each refusal tells a moment to come back. A later refusal is hasty unless one of these moments
    has come, and each moment excuses one refusal. A peer that waits every time is therefore never
    hasty, whatever makes its next message too much again: other connections, a full house, many
    messages that wait together.

    Messages that are sent together are all under way before the first refusal is read. For ops and
    interactions, refusals at the same moment are therefore not hasty either.
    """

    __slots__ = ("_began", "_hasty", "_last", "_together", "_told")

    def __init__(self) -> None:
        self._hasty: deque[int] | None = None  # most connections are never refused
        self._told: list[int] = []
        self._began = 0
        self._last: int | None = None
        self._together = 0

    def refuse(self, now_ns: int, wait_ms: int, *, together: bool = False) -> bool:
        """Note a refusal that says ``wait_ms``; returns whether too many refusals were hasty.

        ``together`` says that programs send many messages of this kind at once.
        """
        if self._last is None or now_ns - self._last > FLOOD_NS:
            self._began, self._together = now_ns, 0
        self._last = now_ns
        excused = self._waited(now_ns)
        if len(self._told) < TOLD_MAX:
            heappush(self._told, now_ns + wait_ms * MILLISECOND_NS)
        if together and now_ns - self._began <= TOGETHER_NS and self._together < TOLD_MAX:
            self._together += 1
            excused = True
        return not excused and self._too_many(now_ns)

    def _waited(self, now_ns: int) -> bool:
        """Use up one moment that was told and has come; returns whether there was one."""
        while self._told and self._told[0] < now_ns - FLOOD_NS:
            heappop(self._told)
        if not self._told or self._told[0] > now_ns + EARLY_NS:
            return False
        heappop(self._told)
        return True

    def _too_many(self, now_ns: int) -> bool:
        if self._hasty is None:
            self._hasty = deque(maxlen=FLOOD_REFUSALS)
        self._hasty.append(now_ns)
        whole = len(self._hasty) == FLOOD_REFUSALS
        return whole and now_ns - self._hasty[0] <= FLOOD_NS


class Limits:
    """The buckets of one process. ``clock_ns`` is monotonic, in nanoseconds.

    ``requests`` has the buckets of networks: messages over a connection count there, too.
    """

    def __init__(
        self, rates: Rates, *, clock_ns: Callable[[], int], requests: RequestLimits | None = None
    ) -> None:
        self._rates = rates
        self._clock_ns = clock_ns
        self.requests = requests or RequestLimits(scale=1.0, clock_ns=clock_ns)
        self._people: Buckets[UUID] = Buckets(rates.person_ops)
        self._rooms: Buckets[UUID] = Buckets(rates.room_ops)

    def of_connection(self, network: str | None = None) -> "ConnectionLimits":
        """The limits of one more connection; without a network it shares none with others."""
        return ConnectionLimits(self, self._rates, self._clock_ns, network)

    def too_fast(self, person_id: UUID) -> int:
        """Like ``op``, for any op of this person, but without taking anything."""
        now_ns = self._clock_ns()
        bucket = self._people.of(person_id, now_ns)
        return spend_all([bucket], now_ns) if bucket.wait_ns(now_ns) else 0

    def op_of_room(self, configuration_id: UUID) -> int:
        """Admit one op to a configuration that was found only after the op itself was admitted."""
        now_ns = self._clock_ns()
        return spend_all([self._rooms.of(configuration_id, now_ns)], now_ns)

    def op(self, person_id: UUID, configuration_id: UUID | None, own: Sequence[Bucket] = ()) -> int:
        """Admit one op of a person and return 0, or return the wait in ms.

        ``configuration_id`` is None for a person who may not edit: they use up nothing of others.
        """
        now_ns = self._clock_ns()
        buckets = [*own, self._people.of(person_id, now_ns)]
        if configuration_id is not None:
            buckets.append(self._rooms.of(configuration_id, now_ns))
        return spend_all(buckets, now_ns)


class ConnectionLimits:
    """The limits of one connection. Each method returns 0, or the wait in ms."""

    __slots__ = (
        "_clock_ns",
        "_interactions",
        "_kilobytes",
        "_limits",
        "_network",
        "_ops",
        "_other",
        "_patience",
        "_presence",
    )

    def __init__(
        self, limits: Limits, rates: Rates, clock_ns: Callable[[], int], network: str | None
    ) -> None:
        self._limits = limits
        self._network = network
        self._clock_ns = clock_ns
        self._ops = Bucket(rates.connection_ops)
        self._presence = Bucket(rates.connection_presence)
        self._interactions = Bucket(rates.connection_interactions)
        self._other = Bucket(rates.connection_other)
        self._kilobytes = KilobyteBucket(rates.connection_kilobytes)
        self._patience = Patience()

    def reads(self, n_bytes: int) -> bool:
        """Whether a message of any kind is still read; one below 1 kB takes nothing."""
        return self._kilobytes.spends(self._clock_ns(), n_bytes)

    def op(self, person_id: UUID, configuration_id: UUID | None) -> int:
        """Admit one op, and charge its room if that is known and the person may edit there."""
        shared = self._limits.requests.buckets("op", self._network)
        return self._limits.op(person_id, configuration_id, [self._ops, *shared])

    def op_of_room(self, configuration_id: UUID) -> int:
        """Like ``Limits.op_of_room``."""
        return self._limits.op_of_room(configuration_id)

    def presence(self) -> int:
        """Admit one presence that is to be shown."""
        return spend_all([self._presence], self._clock_ns())

    def interaction(self) -> int:
        """Admit one interaction."""
        shared = self._limits.requests.buckets("track", self._network)
        return spend_all([self._interactions, *shared], self._clock_ns())

    def invitation(self) -> int:
        """Admit one new invitation."""
        shared = self._limits.requests.buckets("share", self._network)
        return spend_all([self._other, *shared], self._clock_ns())

    def other(self) -> int:
        """Admit one message of any other kind, or an unreadable one."""
        return spend_all([self._other], self._clock_ns())

    def guess(self) -> int:
        """Admit one message that names a house by its code, which only some people know."""
        return 0 if self._network is None else self._limits.requests.guess(self._network)

    def note(self, refused: Refused) -> None:
        """Count the refusal as a wrong guess, if it answers one."""
        if refused.code is NO_HOUSE and self._network is not None:
            self._limits.requests.missed(self._network)

    def flooding(self, wait_ms: int, *, together: bool) -> bool:
        """Note a refusal with a wait of ``wait_ms``; returns whether to end, see ``Patience``."""
        return self._patience.refuse(self._clock_ns(), wait_ms, together=together)

    def check(self, wait_ms: int, *, together: bool) -> None:
        """Raise Refused unless ``wait_ms`` is 0: ``too_many_requests``, or at last ``flooding``."""
        if not wait_ms:
            return
        if self.flooding(wait_ms, together=together):
            raise Refused("flooding", retry_after_ms=FLOOD_NS // MILLISECOND_NS)
        raise Refused("too_many_requests", retry_after_ms=wait_ms)
