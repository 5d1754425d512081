"""Answers that took long, kept for seconds: several people look at the same dashboard."""

from collections import OrderedDict
from collections.abc import Awaitable, Callable, Hashable
from typing import Final

SLOW_SECONDS: Final = 0.05
LIFE_SECONDS: Final = 10.0
KEPT_MAX: Final = 256


class Recent:
    """Remembers an answer by everything that it was made from, for at most LIFE_SECONDS.

    The key holds how far the stream is stored, so new events are in the next answer; what changes
    without an event - a session that ends, an inquiry - is in it after LIFE_SECONDS. What took less
    than ``slow_seconds`` is made anew every time.
    """

    def __init__(self, *, clock: Callable[[], float], slow_seconds: float = SLOW_SECONDS) -> None:
        self._clock = clock
        self._slow_seconds = slow_seconds
        self._kept: OrderedDict[Hashable, tuple[float, object]] = OrderedDict()

    async def of(self, key: Hashable, make: Callable[[], Awaitable[object]]) -> object:
        """The answer with this key, made now or not long ago."""
        began = self._clock()
        known = self._kept.get(key)
        if known is not None and began - known[0] < LIFE_SECONDS:
            return known[1]
        answer = await make()
        if self._clock() - began >= self._slow_seconds:
            self._kept[key] = (self._clock(), answer)
            self._kept.move_to_end(key)
            if len(self._kept) > KEPT_MAX:
                self._kept.popitem(last=False)
        return answer
