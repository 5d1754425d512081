"""Token buckets, pure, in whole nanoseconds of the caller's clock.

A bucket is one number, the moment at which it will be full again: the tokens that were taken lie
between now and that moment. Nothing is rounded in favour of the asker, so in any window of t
seconds at most ``burst + rate * t`` requests get through.

A refusal says when to come back, and the bucket remembers that moment: the next asker who is
refused is told a moment one interval later. Everybody who waits as told therefore gets through,
even when many wait for the same bucket, unless others ask out of turn.
"""

from collections import OrderedDict
from collections.abc import Hashable, Sequence
from dataclasses import dataclass
from typing import Generic, TypeVar

SECOND_NS = 1_000_000_000
MILLISECOND_NS = 1_000_000
PROMISE_NS = 10 * SECOND_NS
"""The longest wait that is promised because of turns that others were promised."""

BUCKETS_MAX = 20_000

Key = TypeVar("Key", bound=Hashable)


@dataclass(frozen=True, slots=True)
class Rate:
    """Messages a second in the long run, and the burst after a quiet while."""

    per_second: float
    burst: int

    def scaled(self, scale: float) -> "Rate":
        """The rate and the burst, multiplied by ``scale``; the burst is at least 1."""
        return Rate(self.per_second * scale, max(1, int(self.burst * scale)))


class Bucket:
    """One bucket; a new one is full. Moments passed to it must not go back."""

    __slots__ = ("_full_at", "_interval", "_promised", "_room")

    def __init__(self, rate: Rate) -> None:
        self._interval = -int(-SECOND_NS // rate.per_second)
        self._room = self._interval * (rate.burst - 1)
        self._full_at = 0
        self._promised = 0

    def wait_ns(self, now_ns: int) -> int:
        """Nanoseconds until a token is available; 0 if one is."""
        return max(0, self._full_at - self._room - now_ns)

    def spend(self, now_ns: int, cost: int = 1) -> None:
        """Spend ``cost`` tokens after a check.

        Missing ones are owed: the next wait is that much longer.
        """
        self._full_at = max(self._full_at, now_ns) + self._interval * cost

    def promise_ms(self, now_ns: int) -> int:
        """Milliseconds until the turn of one more asker who is refused."""
        free_at = now_ns + self.wait_ns(now_ns)
        turn = max(free_at, self._promised + self._interval)
        wait_ms = whole_ms(min(turn, max(free_at, now_ns + PROMISE_NS)) - now_ns)
        self._promised = now_ns + wait_ms * MILLISECOND_NS
        return wait_ms

    def full(self, now_ns: int) -> bool:
        """Whether the bucket is full, like a new one."""
        return self._full_at <= now_ns


class KilobyteBucket(Bucket):
    """A bucket of kilobytes; a message below 1 kB is never refused and costs nothing."""

    __slots__ = ()

    def spends(self, now_ns: int, n_bytes: int) -> bool:
        """Spend ``n_bytes`` if any kilobyte is available; returns whether they were spent."""
        kilobytes = n_bytes >> 10
        if kilobytes and self.wait_ns(now_ns):
            return False
        self.spend(now_ns, kilobytes)
        return True


def spend_all(buckets: Sequence[Bucket], now_ns: int) -> int:
    """Spend a token of each bucket, or of none if one of them is empty.

    The asker's own buckets come first: an asker who empties those is promised no turn at shared ones.

    Returns:
        0 if the tokens were spent, else the wait in ms before trying again.
    """
    empty = [bucket for bucket in buckets if bucket.wait_ns(now_ns)]
    if not empty:
        for bucket in buckets:
            bucket.spend(now_ns)
        return 0
    others = (whole_ms(bucket.wait_ns(now_ns)) for bucket in empty[1:])
    return max(empty[0].promise_ms(now_ns), *others, 1)


def whole_ms(nanoseconds: int) -> int:
    """Whole milliseconds, rounded up."""
    return -(-nanoseconds // MILLISECOND_NS)


class Buckets(Generic[Key]):
    """A bucket for each key that is in use. Above the bound, the longest unused is dropped."""

    def __init__(self, rate: Rate, *, at_most: int = BUCKETS_MAX) -> None:
        self._rate = rate
        self._at_most = at_most
        self._buckets: OrderedDict[Key, Bucket] = OrderedDict()

    def __len__(self) -> int:
        return len(self._buckets)

    def of(self, key: Key, now_ns: int) -> Bucket:
        """The bucket of this key."""
        bucket = self._buckets.get(key)
        if bucket is None:
            self._forget_full(now_ns)
            bucket = self._buckets[key] = Bucket(self._rate)
        self._buckets.move_to_end(key)
        return bucket

    def _forget_full(self, now_ns: int) -> None:
        """Drop two full buckets for each new one: a full bucket is as good as a new one."""
        for _ in range(2):
            oldest = next(iter(self._buckets), None)
            if oldest is None:
                return
            if len(self._buckets) < self._at_most and not self._buckets[oldest].full(now_ns):
                return
            del self._buckets[oldest]
