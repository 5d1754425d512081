"""The consuming side of the stream: take entries, acknowledge what is stored, trim behind.

What was delivered and not acknowledged stays with the group, whoever dies. Redis 7.0 is enough.
"""

from collections.abc import Awaitable, Callable, Sequence
from functools import partial
from typing import TypeVar
from uuid import UUID

from redis.exceptions import ResponseError

from storage.redis.capacity import TIGHT_SHARE
from storage.redis.client import Redis
from storage.redis.dead_letters import DeadLetters
from storage.redis.entries import FIRST_ID, Entry, entries_of, id_pair
from storage.redis.stops import WorkerStops
from storage.redis.stream import (
    EVENTS,
    GROUP,
    WAITING,
    Position,
    call,
    commands,
    position,
)

T = TypeVar("T")

KEPT_MS = 600_000
KEPT_TIGHT_MS = 10_000
"""Stored entries stay so long, so that a live view can repair its gaps."""
MARKS = "{activity}:marks"

# Up to where everything was delivered when, about once a minute, and the newest such place of
# KEPT_MS ago. A mark of a time to come is of a clock that was ahead.
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

# In one step, as deleting a consumer that has pending entries would lose them.
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
"""Lua unpacks a few thousand values at most."""


HISTORY = "{activity}:history"
"""The epoch of the database that the entries were stored in."""

# Nothing is known of an earlier epoch: then nothing was stored that could be gone.
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

    `consumer` is unique among running workers; one that stays the same over restarts finds what it
    left over at once.

    Every method raises StorageUnavailable when Redis is away. A group that is gone (FLUSHALL, a
    new server) is created again from the start of the stream: a replay changes nothing.
    """

    def __init__(self, redis: Redis, *, consumer: str) -> None:
        self._redis = redis
        self.consumer = consumer
        self._claim_cursor = FIRST_ID
        self.dead_letters = DeadLetters(redis)
        self.stops = WorkerStops(redis)

    async def left_over(self, count: int) -> list[Entry]:
        """Entries that an earlier life of this consumer took and did not finish. Never waits."""
        return await self._take(lambda: self._read(FIRST_ID, count, None))

    async def read(self, count: int, block_ms: int) -> list[Entry]:
        """New entries; waits up to `block_ms`, at most half the deadline of a call."""
        block_ms = max(1, min(block_ms, int(self._redis.call_seconds * 500)))
        return await self._take(lambda: self._read(">", count, block_ms))

    async def claim(self, count: int, min_idle_ms: int) -> list[Entry]:
        """Entries that any consumer took `min_idle_ms` ago or earlier and did not finish.

        Goes on where the last call stopped; an empty answer may only mean an empty stretch, see
        `claim_complete`.
        """

        async def claim() -> list[Entry]:
            cursor, found, _deleted = await commands(self._redis).xautoclaim(
                EVENTS, GROUP, self.consumer, min_idle_ms, self._claim_cursor, count=count
            )
            self._claim_cursor = cursor.decode()
            return entries_of(found)

        return await self._take(claim)

    @property
    def claim_complete(self) -> bool:
        """Whether the last `claim` reached the end of what is pending."""
        return self._claim_cursor == FIRST_ID

    async def acknowledge(self, entries: Sequence[Entry]) -> None:
        """Forgets entries that are stored: they do not wait any more."""
        for start in range(0, len(entries), _ACKNOWLEDGE_STEP):
            await self._within(
                partial(self._acknowledge, entries[start : start + _ACKNOWLEDGE_STEP])
            )

    async def _acknowledge(self, entries: Sequence[Entry]) -> None:
        named = [part for entry in entries for part in (entry.id, entry.session)]
        await commands(self._redis).eval(_ACKNOWLEDGE, 2, EVENTS, WAITING, GROUP, *named)

    async def trim(self) -> int:
        """Removes entries that are stored and older than `KEPT_MS`; returns how many.

        While Redis is short of memory they are kept for `KEPT_TIGHT_MS` only.

        An entry that is pending or undelivered has an id at or above the position that was read
        before, and entries never become pending again below it; so none of them is removed.
        After the clock of Redis was ahead no id says how old its entry is: then it is remembered
        how far the stream was at what time.
        """
        where = await position(self._redis)
        tight = (await self._redis.memory()).share >= TIGHT_SHARE
        oldest = f"{max(0, where.redis_ms - (KEPT_TIGHT_MS if tight else KEPT_MS))}-0"
        if id_pair(where.last_delivered)[0] > where.redis_ms:
            oldest = max(oldest, await self._delivered_then(where.last_delivered), key=id_pair)
        keep_from = min(where.oldest_pending or oldest, where.last_delivered, oldest, key=id_pair)
        return int(
            await self._within(
                lambda: commands(self._redis).xtrim(EVENTS, minid=keep_from, approximate=True)
            )
        )

    async def _delivered_then(self, last_delivered: str) -> str:
        """Up to where everything was delivered `KEPT_MS` ago, as far as it was noted."""
        found = await self._within(
            lambda: commands(self._redis).eval(_MARK, 1, MARKS, last_delivered, KEPT_MS)
        )
        return found.decode() if found else FIRST_ID

    async def follow(self, epoch: UUID) -> bool:
        """Reads everything that is still in the stream again, once, when the database has a new epoch.

        A restore takes from PostgreSQL what was stored after the backup was made.
        As far as the stream still has it, it is stored again; of what is there already nothing
        changes. Returns whether it began again.
        """
        again = await self._within(
            lambda: commands(self._redis).eval(_BEGIN_AGAIN, 2, EVENTS, HISTORY, GROUP, str(epoch))
        )
        return bool(again)

    async def kept_from(self) -> str | None:
        """The oldest entry that is still there; None: the stream is empty."""
        found = await self._within(lambda: commands(self._redis).xrange(EVENTS, "-", "+", 1))
        return found[0][0].decode() if found else None

    async def forget_consumers(self, idle_ms: int) -> int:
        """Removes consumers that have nothing pending and were idle so long; returns how many."""

        async def forget() -> int:
            try:
                return int(await commands(self._redis).eval(_FORGET, 1, EVENTS, GROUP, idle_ms))
            except ResponseError as error:
                if "NOGROUP" in str(error) or "no such key" in str(error).lower():
                    return 0
                raise

        return await self._within(forget)

    async def position(self) -> Position:
        """Where the group stands."""
        return await position(self._redis)

    async def _read(self, start: str, count: int, block_ms: int | None) -> list[Entry]:
        found = await commands(self._redis).xreadgroup(
            GROUP, self.consumer, {EVENTS: start}, count=count, block=block_ms
        )
        return entries_of(found[0][1]) if found else []

    async def _take(self, take: Callable[[], Awaitable[list[Entry]]]) -> list[Entry]:
        async def take_with_group() -> list[Entry]:
            try:
                return await take()
            except ResponseError as error:
                if "NOGROUP" not in str(error):
                    raise
                await self._create()
                return await take()

        return await self._within(take_with_group)

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
