"""Answers that took long, kept for a while: several people look at the same dashboard."""

from collections.abc import Awaitable, Callable, Hashable
from dataclasses import dataclass
from typing import Final

from cachetools import LRUCache

SLOW_SECONDS: Final = 0.05
LIFE_SECONDS: Final = 10.0
LONGER_THAN_IT_TOOK: Final = 10
KEPT_MAX: Final = 256


@dataclass(frozen=True, slots=True)
class _Kept:
    answer: object
    counted: Hashable
    made_at: float
    took: float


class Recent:
    """Remembers answers; the key of an answer is its whole question.

    An answer is used again for LIFE_SECONDS as long as nothing new was ``counted``; changes without
    an event, such as a session that ends or an inquiry, show after that time. Even after new events
    it is used again for ten times as long as it took to compute: a slow question keeps the database
    busy for at most a tenth of the time. The answer names the last entry that it counts. An answer
    that took less than ``slow_seconds`` is computed every time.
    """

    def __init__(self, *, clock: Callable[[], float], slow_seconds: float = SLOW_SECONDS) -> None:
        self._clock = clock
        self._slow_seconds = slow_seconds
        self._kept: LRUCache[Hashable, _Kept] = LRUCache(KEPT_MAX)

    async def of(
        self, key: Hashable, make: Callable[[], Awaitable[object]], *, counted: Hashable = None
    ) -> object:
        """The answer with this key, computed now or lately.

        ``counted`` says how much of the stream an answer computed now would count.
        """
        began = self._clock()
        known = self._kept.get(key)
        if known is not None:
            life = LONGER_THAN_IT_TOOK * known.took
            if known.counted == counted:
                life = max(life, LIFE_SECONDS)
            if began - known.made_at < life:
                return known.answer
        answer = await make()
        now = self._clock()
        if now - began >= self._slow_seconds:
            self._kept[key] = _Kept(answer, counted, now, now - began)
        return answer
