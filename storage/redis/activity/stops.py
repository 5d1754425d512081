"""A short list, newest first, of workers that ended without being told to, for operators.

A worker that ends because of an error records that; one that was killed cannot. Each worker
therefore reports every few seconds that it is alive, and removes its report when it is told to
stop: a worker whose report stays and becomes old was killed. Both kinds are in one list, which
reveals a crash loop.

Like everything in Redis except the stream, the list is a convenience: it tells operators to look,
and nothing depends on it.
"""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

import msgspec

from storage.redis.client import Redis, call, commands

STOPS = "{activity}:stops"
ALIVE = "{activity}:workers"
KEPT = 20
KEPT_SECONDS = 7 * 86_400
SILENT_MS = 60_000
"""A worker reports every few seconds; a sleeping host may be silent for a while."""

TOO_MUCH_POISON = "too_much_poison"
KILLED = "killed"
RESTARTS_WITHIN = timedelta(minutes=10)

# Each lost worker is returned once, to the caller that removes its report: workers that were silent
# for too long, and an earlier worker with the name of the one that begins.
_ALIVE = """
local gone = {}
if ARGV[2] == '1' and redis.call('ZREM', KEYS[1], ARGV[1]) == 1 then gone[1] = ARGV[1] end
local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)
redis.call('ZREMRANGEBYSCORE', KEYS[1], '(' .. now, '+inf')  -- said when this clock was ahead
redis.call('ZADD', KEYS[1], now, ARGV[1])
redis.call('EXPIRE', KEYS[1], ARGV[4])
for _, each in ipairs(redis.call('ZRANGEBYSCORE', KEYS[1], '-inf', now - tonumber(ARGV[3]))) do
  redis.call('ZREM', KEYS[1], each)
  gone[#gone + 1] = each
end
return gone
"""


class Stop(msgspec.Struct, frozen=True, kw_only=True):
    """A worker that ended without being told to.

    `reason`: `too_much_poison` (`unreadable` of the last `of_last` entries could not be stored),
    `killed` (it stopped reporting), or the name of the error that ended it.
    """

    node: str
    at: datetime
    reason: str = TOO_MUCH_POISON
    unreadable: int = 0
    of_last: int = 0


class WorkerStops:
    """Writes and reads the list. Every method raises StorageUnavailable if Redis is away."""

    def __init__(self, redis: Redis) -> None:
        self._redis = redis

    async def begun(self, node: str) -> list[str]:
        """Reports that this worker has begun; an earlier one of its name that never ended was killed.

        Returns the workers found to be killed, which are in the list of stops now.
        """
        return await self._say_alive(node, begins=True)

    async def alive(self, node: str) -> list[str]:
        """Reports that this worker is alive. Returns the same as `begun`."""
        return await self._say_alive(node, begins=False)

    async def ended(self, node: str) -> None:
        """Removes this worker's report: it was told to stop, or has noted why it stops."""
        async with call(self._redis):
            await commands(self._redis).zrem(ALIVE, node)

    async def _say_alive(self, node: str, *, begins: bool) -> list[str]:
        async with call(self._redis):
            found: list[Any] = await commands(self._redis).eval(
                _ALIVE, 1, ALIVE, node, int(begins), SILENT_MS, KEPT_SECONDS
            )
        gone = [each.decode() for each in found]
        for each in gone:
            await self.note(each, reason=KILLED)
        return gone

    async def note(
        self, node: str, *, reason: str = TOO_MUCH_POISON, unreadable: int = 0, of_last: int = 0
    ) -> None:
        """Records that this worker stops now; deletes the oldest stops beyond `KEPT`."""
        async with call(self._redis):
            seconds, micros = await commands(self._redis).time()
            stop = Stop(
                node=node,
                at=datetime.fromtimestamp(seconds + micros / 1_000_000, UTC),
                reason=reason,
                unreadable=unreadable,
                of_last=of_last,
            )
            pipe = commands(self._redis).pipeline(transaction=True)
            pipe.lpush(STOPS, msgspec.json.encode(stop))
            pipe.ltrim(STOPS, 0, KEPT - 1)
            pipe.expire(STOPS, KEPT_SECONDS)
            await pipe.execute()

    async def latest(self) -> list[Stop]:
        """The workers that stopped in the last seven days, newest first, at most `KEPT`.

        Stops noted while the clock of Redis was ahead are left out: they would count as of the last
        ten minutes for years.
        """
        async with call(self._redis):
            seconds, _ = await commands(self._redis).time()
            found = await commands(self._redis).lrange(STOPS, 0, KEPT - 1)
        soon = datetime.fromtimestamp(seconds + 60, UTC)
        stops = [msgspec.json.decode(each, type=Stop) for each in found]
        return [each for each in stops if each.at < soon]


def restarts(stops: Sequence[Stop], now: datetime) -> int:
    """The number of these stops in the last ten minutes; more than two are a crash loop."""
    return sum(now - stop.at <= RESTARTS_WITHIN for stop in stops)
