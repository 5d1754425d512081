"""Answers that took long, kept for a while: several people look at the same dashboard."""

from collections import OrderedDict
from collections.abc import Awaitable, Callable, Hashable
from dataclasses import dataclass
from typing import Final

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
    """Remembers an answer by everything that it was asked for.

    It is given again for LIFE_SECONDS while nothing new was ``counted``; what changes without an
    event - a session that ends, an inquiry - is in it after that. Whatever was counted, it is given
    again for ten times as long as it took, so that under steady traffic a long question keeps the
    database busy for a tenth of the time; the answer itself says how far it counted. What took less
    than ``slow_seconds`` is made anew every time.
    """

    def __init__(self, *, clock: Callable[[], float], slow_seconds: float = SLOW_SECONDS) -> None:
        self._clock = clock
        self._slow_seconds = slow_seconds
        self._kept: OrderedDict[Hashable, _Kept] = OrderedDict()

    async def of(
        self, key: Hashable, make: Callable[[], Awaitable[object]], *, counted: Hashable = None
    ) -> object:
        """The answer with this key, made now or not long ago; ``counted``: how far, if made now."""
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
            self._kept.move_to_end(key)
            if len(self._kept) > KEPT_MAX:
                self._kept.popitem(last=False)
        return answer
