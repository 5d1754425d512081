"""Workers that stopped by themselves, for the people who have to look: a short list, newest first.

The list is a courtesy, as everything in Redis that is not the stream: it says that somebody should
look, and nothing depends on it.
"""

from datetime import UTC, datetime

import msgspec

from storage.redis.client import Redis
from storage.redis.stream import call, commands

STOPS = "{activity}:stops"
KEPT = 20
KEPT_SECONDS = 7 * 86_400


class Stop(msgspec.Struct, frozen=True, kw_only=True):
    """A worker ended because too many of the last entries could not be stored."""

    node: str
    at: datetime
    unreadable: int
    of_last: int


class WorkerStops:
    """Writes and reads the list. Every method raises StorageUnavailable when Redis is away."""

    def __init__(self, redis: Redis) -> None:
        self._redis = redis

    async def note(self, node: str, *, unreadable: int, of_last: int) -> None:
        """Says that this worker stops now; the oldest beyond `KEPT` are forgotten."""
        async with call(self._redis):
            seconds, micros = await commands(self._redis).time()
            stop = Stop(
                node=node,
                at=datetime.fromtimestamp(seconds + micros / 1_000_000, UTC),
                unreadable=unreadable,
                of_last=of_last,
            )
            pipe = commands(self._redis).pipeline(transaction=True)
            pipe.lpush(STOPS, msgspec.json.encode(stop))
            pipe.ltrim(STOPS, 0, KEPT - 1)
            pipe.expire(STOPS, KEPT_SECONDS)
            await pipe.execute()

    async def latest(self) -> list[Stop]:
        """Who stopped in the last seven days, newest first, at most `KEPT`."""
        async with call(self._redis):
            found = await commands(self._redis).lrange(STOPS, 0, KEPT - 1)
        return [msgspec.json.decode(each, type=Stop) for each in found]
