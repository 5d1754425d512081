"""How much anybody may ask for: token buckets, pure, in whole nanoseconds of the caller's clock.

A bucket is one number, the moment at which it will be full again: what was taken lies between now
and that moment. Nothing is rounded in favour of the asker, so in any window of t seconds no more
than ``burst + rate * t`` get through.

A refusal says when to come back, and that is kept in mind: the next one who is refused is told a
later moment, one interval after the other. So everybody who waits as told gets through, also when
many wait for the same bucket, as long as nobody else pushes in.
"""

from collections import OrderedDict, deque
from collections.abc import Callable, Hashable, Sequence
from dataclasses import dataclass
from heapq import heappop, heappush
from typing import Generic, TypeVar
from uuid import UUID

from configurator.protocol.codes import Refused

SECOND_NS = 1_000_000_000
MILLISECOND_NS = 1_000_000
PROMISE_NS = 10 * SECOND_NS
"""Nobody is told to wait longer than this for what others were promised."""

BUCKETS_MAX = 20_000
FLOOD_REFUSALS = 100
FLOOD_NS = 10 * SECOND_NS
"""The time within which too many hasty refusals are flooding."""

TOLD_MAX = 1000
"""A connection remembers at most this many moments that it was told to wait for."""

TOGETHER_NS = SECOND_NS // 4
"""What is refused within this time after the first refusal was sent before that could be read."""

EARLY_NS = 5 * MILLISECOND_NS
"""The timers of some programs fire this much too early."""

Key = TypeVar("Key", bound=Hashable)


@dataclass(frozen=True, slots=True)
class Rate:
    """The messages a second that are served for long, and the burst that is served after a quiet while."""

    per_second: float
    burst: int

    def scaled(self, scale: float) -> "Rate":
        """Both multiplied by ``scale``; the burst is at least 1."""
        return Rate(self.per_second * scale, max(1, int(self.burst * scale)))


@dataclass(frozen=True, slots=True, kw_only=True)
class Rates:
    """Every limit of a process."""

    connection_ops: Rate = Rate(20, 60)
    connection_presence: Rate = Rate(30, 30)
    connection_interactions: Rate = Rate(50, 200)
    connection_other: Rate = Rate(20, 60)
    person_ops: Rate = Rate(40, 120)
    room_ops: Rate = Rate(200, 400)

    def scaled(self, scale: float) -> "Rates":
        """Every rate multiplied by ``scale``."""
        return Rates(
            connection_ops=self.connection_ops.scaled(scale),
            connection_presence=self.connection_presence.scaled(scale),
            connection_interactions=self.connection_interactions.scaled(scale),
            connection_other=self.connection_other.scaled(scale),
            person_ops=self.person_ops.scaled(scale),
            room_ops=self.room_ops.scaled(scale),
        )


class Bucket:
    """One bucket; full when it is new. Moments must not go back."""

    __slots__ = ("_full_at", "_interval", "_promised", "_room")

    def __init__(self, rate: Rate) -> None:
        self._interval = -int(-SECOND_NS // rate.per_second)
        self._room = self._interval * (rate.burst - 1)
        self._full_at = 0
        self._promised = 0

    def wait_ns(self, now_ns: int) -> int:
        """So long until one can be taken; 0: now."""
        return max(0, self._full_at - self._room - now_ns)

    def take(self, now_ns: int) -> None:
        """Take one; ask first."""
        self._full_at = max(self._full_at, now_ns) + self._interval

    def promise_ms(self, now_ns: int) -> int:
        """So many ms until it is the turn of one more of those who were refused."""
        free_at = now_ns + self.wait_ns(now_ns)
        turn = max(free_at, self._promised + self._interval)
        wait_ms = _whole_ms(min(turn, max(free_at, now_ns + PROMISE_NS)) - now_ns)
        self._promised = now_ns + wait_ms * MILLISECOND_NS
        return wait_ms

    def full(self, now_ns: int) -> bool:
        """Whether it is as good as new."""
        return self._full_at <= now_ns


def take_all(buckets: Sequence[Bucket], now_ns: int) -> int:
    """Take one from each bucket, or from none when one of them has none.

    The asker's own buckets come first: who empties those is promised no turn at shared ones.

    Returns:
        0 when they were taken, else after so many ms it is worth trying again.
    """
    empty = [bucket for bucket in buckets if bucket.wait_ns(now_ns)]
    if not empty:
        for bucket in buckets:
            bucket.take(now_ns)
        return 0
    others = (_whole_ms(bucket.wait_ns(now_ns)) for bucket in empty[1:])
    return max(empty[0].promise_ms(now_ns), *others, 1)


def _whole_ms(nanoseconds: int) -> int:
    return -(-nanoseconds // MILLISECOND_NS)


class Buckets(Generic[Key]):
    """A bucket for each of many, those that are used. Of too many the longest unused is forgotten."""

    def __init__(self, rate: Rate, *, at_most: int = BUCKETS_MAX) -> None:
        self._rate = rate
        self._at_most = at_most
        self._buckets: OrderedDict[Key, Bucket] = OrderedDict()

    def __len__(self) -> int:
        return len(self._buckets)

    def of(self, key: Key, now_ns: int) -> Bucket:
        """The bucket of this one."""
        bucket = self._buckets.get(key)
        if bucket is None:
            self._forget_full(now_ns)
            bucket = self._buckets[key] = Bucket(self._rate)
        self._buckets.move_to_end(key)
        return bucket

    def _forget_full(self, now_ns: int) -> None:
        """Two out for one in: a bucket that is full again is as good as a new one."""
        for _ in range(2):
            oldest = next(iter(self._buckets), None)
            if oldest is None:
                return
            if len(self._buckets) < self._at_most and not self._buckets[oldest].full(now_ns):
                return
            del self._buckets[oldest]


class Patience:
    """Tells a connection that waits as told from one that floods.

    A refusal is hasty unless a moment that was told earlier has come: each such moment excuses one
    refusal. Somebody who waits every time is therefore never hasty, whatever else makes their next
    message too much as well: other connections, a full house, many messages that wait together.

    Messages that are sent together are all on their way before the first refusal is read. For ops
    and interactions the refusals of one moment are therefore not hasty either.
    """

    __slots__ = ("_began", "_hasty", "_last", "_together", "_told")

    def __init__(self) -> None:
        self._hasty: deque[int] | None = None  # most connections are never refused
        self._told: list[int] = []
        self._began = 0
        self._last: int | None = None
        self._together = 0

    def refuse(self, now_ns: int, wait_ms: int, *, together: bool = False) -> bool:
        """Note a refusal that says ``wait_ms``. True: too many of them were hasty.

        ``together``: the message is of a kind that programs send many of at once.
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
        """Use up one of the moments that were told and have come."""
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
    """The buckets of one process; ``clock_ns`` never goes back."""

    def __init__(self, rates: Rates, *, clock_ns: Callable[[], int]) -> None:
        self._rates = rates
        self._clock_ns = clock_ns
        self._people: Buckets[UUID] = Buckets(rates.person_ops)
        self._rooms: Buckets[UUID] = Buckets(rates.room_ops)

    def of_connection(self) -> "ConnectionLimits":
        """The limits of one more connection."""
        return ConnectionLimits(self, self._rates, self._clock_ns)

    def too_fast(self, person_id: UUID) -> int:
        """As ``op``, for whatever op of this person would be refused; nothing is taken."""
        now_ns = self._clock_ns()
        bucket = self._people.of(person_id, now_ns)
        return take_all([bucket], now_ns) if bucket.wait_ns(now_ns) else 0

    def op_of_room(self, configuration_id: UUID) -> int:
        """Admit one op to a configuration, of somebody whose op was admitted before it was found."""
        now_ns = self._clock_ns()
        return take_all([self._rooms.of(configuration_id, now_ns)], now_ns)

    def op(self, person_id: UUID, configuration_id: UUID | None, own: Sequence[Bucket] = ()) -> int:
        """Admit one op of a person: 0, or after so many ms it is worth trying again.

        ``configuration_id`` is left out for whoever may not edit: they take nothing from others.
        """
        now_ns = self._clock_ns()
        buckets = [*own, self._people.of(person_id, now_ns)]
        if configuration_id is not None:
            buckets.append(self._rooms.of(configuration_id, now_ns))
        return take_all(buckets, now_ns)


class ConnectionLimits:
    """What one connection may send. Every answer: 0, or after so many ms it is worth trying again."""

    __slots__ = (
        "_clock_ns",
        "_interactions",
        "_limits",
        "_ops",
        "_other",
        "_patience",
        "_presence",
    )

    def __init__(self, limits: Limits, rates: Rates, clock_ns: Callable[[], int]) -> None:
        self._limits = limits
        self._clock_ns = clock_ns
        self._ops = Bucket(rates.connection_ops)
        self._presence = Bucket(rates.connection_presence)
        self._interactions = Bucket(rates.connection_interactions)
        self._other = Bucket(rates.connection_other)
        self._patience = Patience()

    def op(self, person_id: UUID, configuration_id: UUID | None) -> int:
        """One op, in the room where it belongs, if it is known and they may edit there."""
        return self._limits.op(person_id, configuration_id, [self._ops])

    def op_of_room(self, configuration_id: UUID) -> int:
        """As ``Limits.op_of_room``."""
        return self._limits.op_of_room(configuration_id)

    def presence(self) -> int:
        """One presence that is shown."""
        return take_all([self._presence], self._clock_ns())

    def interaction(self) -> int:
        """One interaction."""
        return take_all([self._interactions], self._clock_ns())

    def other(self) -> int:
        """One message of any other kind, or of none."""
        return take_all([self._other], self._clock_ns())

    def flooding(self, wait_ms: int, *, together: bool) -> bool:
        """Note that something was refused for ``wait_ms``. True: it is enough, see ``Patience``."""
        return self._patience.refuse(self._clock_ns(), wait_ms, together=together)

    def check(self, wait_ms: int, *, together: bool) -> None:
        """Raises Refused unless ``wait_ms`` is 0: ``too_many_requests``, or in the end ``flooding``."""
        if not wait_ms:
            return
        if self.flooding(wait_ms, together=together):
            raise Refused("flooding", retry_after_ms=FLOOD_NS // MILLISECOND_NS)
        raise Refused("too_many_requests", retry_after_ms=wait_ms)
