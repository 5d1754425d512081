"""Token buckets, pure, in whole nanoseconds of the caller's clock.

A bucket is one number, the moment at which it will be full again: what was taken lies between now
and that moment. Nothing is rounded in favour of the asker, so in any window of t seconds no more
than ``burst + rate * t`` get through.

A refusal says when to come back, and that is kept in mind: the next one who is refused is told a
later moment, one interval after the other. So everybody who waits as told gets through, also when
many wait for the same bucket, as long as nobody else pushes in.
"""

from collections import OrderedDict
from collections.abc import Hashable, Sequence
from dataclasses import dataclass
from typing import Generic, TypeVar

SECOND_NS = 1_000_000_000
MILLISECOND_NS = 1_000_000
PROMISE_NS = 10 * SECOND_NS
"""Nobody is told to wait longer than this for what others were promised."""

BUCKETS_MAX = 20_000

Key = TypeVar("Key", bound=Hashable)


@dataclass(frozen=True, slots=True)
class Rate:
    """The messages a second that are served for long, and the burst that is served after a quiet while."""

    per_second: float
    burst: int

    def scaled(self, scale: float) -> "Rate":
        """Both multiplied by ``scale``; the burst is at least 1."""
        return Rate(self.per_second * scale, max(1, int(self.burst * scale)))


class Bucket:
    """One bucket; full when it is new. Moments must not go back."""

    __slots__ = ("_full_at", "_interval", "_promised", "_room")

    def __init__(self, rate: Rate) -> None:
        self._interval = -int(-SECOND_NS // rate.per_second)
        self._room = self._interval * (rate.burst - 1)
        self._full_at = 0
        self._promised = 0

    def wait_ns(self, now_ns: int) -> int:
        """Nanoseconds until one can be taken; 0 if one can be now."""
        return max(0, self._full_at - self._room - now_ns)

    def take(self, now_ns: int, cost: int = 1) -> None:
        """Take ``cost``; ask first. What is not there is owed: the next wait is that much longer."""
        self._full_at = max(self._full_at, now_ns) + self._interval * cost

    def promise_ms(self, now_ns: int) -> int:
        """Milliseconds until it is the turn of one more of those who were refused."""
        free_at = now_ns + self.wait_ns(now_ns)
        turn = max(free_at, self._promised + self._interval)
        wait_ms = whole_ms(min(turn, max(free_at, now_ns + PROMISE_NS)) - now_ns)
        self._promised = now_ns + wait_ms * MILLISECOND_NS
        return wait_ms

    def full(self, now_ns: int) -> bool:
        """Whether it is as good as new."""
        return self._full_at <= now_ns


class KilobyteBucket(Bucket):
    """A bucket of kilobytes; what is smaller than one is never refused and takes nothing."""

    __slots__ = ()

    def takes(self, now_ns: int, n_bytes: int) -> bool:
        """Take ``n_bytes`` if any can be taken now; whether they were."""
        kilobytes = n_bytes >> 10
        if kilobytes and self.wait_ns(now_ns):
            return False
        self.take(now_ns, kilobytes)
        return True


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
    others = (whole_ms(bucket.wait_ns(now_ns)) for bucket in empty[1:])
    return max(empty[0].promise_ms(now_ns), *others, 1)


def whole_ms(nanoseconds: int) -> int:
    """Whole milliseconds, rounded up."""
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
