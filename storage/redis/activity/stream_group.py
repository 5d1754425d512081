"""The consuming side of the stream: take entries, acknowledge stored ones, trim old ones.

Delivered entries that are not acknowledged stay with the group, even if a worker dies. Needs Redis 7.0.
"""

from collections.abc import Awaitable, Callable, Sequence
from functools import partial
from typing import TypeVar
from uuid import UUID

from redis.exceptions import ResponseError

from configurator.activity.entries import id_pair
from storage.redis.activity.capacity import TIGHT_SHARE
from storage.redis.activity.dead_letters import DeadLetterStream
from storage.redis.activity.entries import FIRST_ID, Entry, entries_of
from storage.redis.activity.keys import EVENTS, GROUP, WAITING
from storage.redis.activity.position import GroupPosition, position
from storage.redis.activity.stops import WorkerStops
from storage.redis.client import Redis, call, commands

T = TypeVar("T")

KEPT_MS = 600_000
KEPT_TIGHT_MS = 10_000
"""Milliseconds that stored entries are kept when memory is short, so that a live view can fill gaps."""
MARKS = "{activity}:marks"

# Records about once a minute up to which id everything was delivered, and returns the newest such id
# of KEPT_MS ago. A mark in the future comes from a clock that was ahead.
_MARK = """
local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)
local function text(ms) return string.format('%.0f', ms) end
redis.call('ZREMRANGEBYSCORE', KEYS[1], '(' .. text(now), '+inf')
if redis.call('ZCOUNT', KEYS[1], text(now - 60000), '+inf') == 0 then
  redis.call('ZADD', KEYS[1], 'NX', text(now), ARGV[1])
end
redis.call('PEXPIRE', KEYS[1], 2 * ARGV[2])
local old = redis.call('ZREVRANGEBYSCORE', KEYS[1], text(now - ARGV[2]), '-inf',
  'WITHSCORES', 'LIMIT', 0, 1)
if not old[1] then return false end
redis.call('ZREMRANGEBYSCORE', KEYS[1], '-inf', '(' .. old[2])
return old[1]
"""

# In one step, because deleting a consumer with pending entries would lose them.
_FORGET = """
local forgotten = 0
for _, consumer in ipairs(redis.call('XINFO', 'CONSUMERS', KEYS[1], ARGV[1])) do
  local field = {}
  for i = 1, #consumer, 2 do field[consumer[i]] = consumer[i + 1] end
  if field.pending == 0 and field.idle > tonumber(ARGV[2]) then
    redis.call('XGROUP', 'DELCONSUMER', KEYS[1], ARGV[1], field.name)
    forgotten = forgotten + 1
  end
end
return forgotten
"""


_ACKNOWLEDGE = """
local ids, settled = {}, {}
for i = 2, #ARGV, 2 do
  local id, session = ARGV[i], ARGV[i + 1]
  ids[#ids + 1] = id
  local mine = settled[session]
  if mine then mine[#mine + 1] = id else settled[session] = {id} end
end
for session, mine in pairs(settled) do redis.call('SREM', KEYS[2] .. session, unpack(mine)) end
return redis.call('XACK', KEYS[1], ARGV[1], unpack(ids))
"""
_ACKNOWLEDGE_STEP = 1_000
"""Entries per call, because Lua can unpack only a few thousand values."""


HISTORY = "{activity}:history"
"""The key with the epoch of the database in which the entries were stored."""

# If no earlier epoch is known, no entry was stored that could be lost.
_BEGIN_AGAIN = """
local before = redis.call('GET', KEYS[2])
if before == ARGV[2] then return 0 end
redis.call('SET', KEYS[2], ARGV[2])
if not before then return 0 end
redis.pcall('XGROUP', 'SETID', KEYS[1], ARGV[1], '0-0')
return 1
"""


class StreamGroup:
    """One consumer of the group.

    `consumer` is unique among running workers; a worker that keeps its name over restarts finds its
    unfinished entries at once.

    Every method raises StorageUnavailable if Redis is away. A group that was lost (FLUSHALL, a
    new server) is created again from the start of the stream: a replay changes nothing.
    """

    def __init__(self, redis: Redis, *, consumer: str, kept_tight_ms: int = KEPT_TIGHT_MS) -> None:
        self._redis = redis
        self._kept_tight_ms = kept_tight_ms
        self.consumer = consumer
        self._claim_cursor = FIRST_ID
        self.dead_letters = DeadLetterStream(redis)
        self.stops = WorkerStops(redis)

    async def left_over(self, count: int) -> list[Entry]:
        """Entries that this consumer took before a restart and did not finish. Never waits."""
        return await self._of_group(lambda: self._read(FIRST_ID, count, None))

    async def read(self, count: int, block_ms: int) -> list[Entry]:
        """New entries; waits up to `block_ms`, at most half the deadline of a call."""
        block_ms = max(1, min(block_ms, int(self._redis.call_seconds * 500)))
        return await self._of_group(lambda: self._read(">", count, block_ms))

    async def claim(self, count: int, min_idle_ms: int) -> list[Entry]:
        """Entries that any consumer took at least `min_idle_ms` ago and did not finish.

        Continues where the last call stopped. An empty answer does not mean that no such entries
        are left; see `claim_complete`.
        """

        async def claim() -> list[Entry]:
            cursor, found, _deleted = await commands(self._redis).xautoclaim(
                EVENTS, GROUP, self.consumer, min_idle_ms, self._claim_cursor, count=count
            )
            self._claim_cursor = cursor.decode()
            return entries_of(found)

        return await self._of_group(claim)

    @property
    def claim_complete(self) -> bool:
        """Whether the last `claim` reached the end of the pending entries."""
        return self._claim_cursor == FIRST_ID

    async def acknowledge(self, entries: Sequence[Entry]) -> None:
        """Acknowledges stored entries, so that they are no longer pending."""
        for start in range(0, len(entries), _ACKNOWLEDGE_STEP):
            await self._within(
                partial(self._acknowledge, entries[start : start + _ACKNOWLEDGE_STEP])
            )

    async def _acknowledge(self, entries: Sequence[Entry]) -> None:
        named = [part for entry in entries for part in (entry.id, entry.session)]
        await commands(self._redis).eval(_ACKNOWLEDGE, 2, EVENTS, WAITING, GROUP, *named)

    async def trim(self) -> int:
        """Removes stored entries older than `KEPT_MS`; returns how many.

        While Redis is short of memory, they are kept for `kept_tight_ms` only.

        A pending or undelivered entry has an id at or above the position that was read before, and
        no entry below it becomes pending again; so no such entry is removed.
        After the clock of Redis was ahead, ids do not tell the age of entries; marks of positions
        and times are used instead.
        """
        where = await position(self._redis)
        tight = (await self._redis.memory()).share >= TIGHT_SHARE
        oldest = f"{max(0, where.redis_ms - (self._kept_tight_ms if tight else KEPT_MS))}-0"
        if id_pair(where.last_delivered)[0] > where.redis_ms:
            oldest = max(oldest, await self._delivered_then(where.last_delivered), key=id_pair)
        keep_from = min(where.oldest_pending or oldest, where.last_delivered, oldest, key=id_pair)
        return int(
            await self._within(
                lambda: commands(self._redis).xtrim(EVENTS, minid=keep_from, approximate=True)
            )
        )

    async def _delivered_then(self, last_delivered: str) -> str:
        """The id up to which everything was delivered `KEPT_MS` ago, according to the marks."""
        found = await self._within(
            lambda: commands(self._redis).eval(_MARK, 1, MARKS, last_delivered, KEPT_MS)
        )
        return found.decode() if found else FIRST_ID

    async def follow(self, epoch: UUID) -> bool:
        """Makes the group read the whole stream again, once, if the database has a new epoch.

        A restore removes the rows that were stored after the backup. Those that the stream still has
        are stored again; existing rows do not change. Returns whether the group began again.
        """
        again = await self._within(
            lambda: commands(self._redis).eval(_BEGIN_AGAIN, 2, EVENTS, HISTORY, GROUP, str(epoch))
        )
        return bool(again)

    async def kept_from(self) -> str | None:
        """The id of the oldest kept entry; None if the stream is empty."""
        found = await self._within(lambda: commands(self._redis).xrange(EVENTS, "-", "+", 1))
        return found[0][0].decode() if found else None

    async def forget_consumers(self, idle_ms: int) -> int:
        """Removes consumers without pending entries that were idle for `idle_ms`; returns how many."""

        async def forget() -> int:
            try:
                return int(await commands(self._redis).eval(_FORGET, 1, EVENTS, GROUP, idle_ms))
            except ResponseError as error:
                if "NOGROUP" in str(error) or "no such key" in str(error).lower():
                    return 0
                raise

        return await self._within(forget)

    async def position(self) -> GroupPosition:
        """The group's position."""
        return await position(self._redis)

    async def _read(self, start: str, count: int, block_ms: int | None) -> list[Entry]:
        found = await commands(self._redis).xreadgroup(
            GROUP, self.consumer, {EVENTS: start}, count=count, block=block_ms
        )
        return entries_of(found[0][1]) if found else []

    async def _of_group(self, read: Callable[[], Awaitable[list[Entry]]]) -> list[Entry]:
        async def read_from_group() -> list[Entry]:
            try:
                return await read()
            except ResponseError as error:
                if "NOGROUP" not in str(error):
                    raise
                await self._create()
                return await read()

        return await self._within(read_from_group)

    async def _create(self) -> None:
        self._claim_cursor = FIRST_ID
        try:
            await commands(self._redis).xgroup_create(EVENTS, GROUP, FIRST_ID, mkstream=True)
        except ResponseError as error:
            if "BUSYGROUP" not in str(error):
                raise

    async def _within(self, step: Callable[[], Awaitable[T]]) -> T:
        async with call(self._redis):
            return await step()
