"""The stream of interactions: it holds acknowledged events until PostgreSQL has them.

An entry has the fields `s` (session id, text of a UUID; empty if it may not be stored) and `e`
(`encode_event`), in this order, and `redriven` if it was a dead letter.
Ids of entries only grow. The consumer group `postgres` holds entries that are not stored yet; an entry
leaves it (XACK) only after the COMMIT that stored it. The stream is never trimmed by length.

Appending is in `appending`, reading as a group in `stream_group`; this module has all reading that
takes nothing from the stream.
"""

from collections.abc import Sequence
from types import TracebackType
from typing import Any, Self
from uuid import UUID

from redis.exceptions import ResponseError

from configurator.activity.entries import id_pair
from configurator.activity.interaction import Event, Filtered
from storage.errors import StorageUnavailable
from storage.outage import Outage
from storage.redis.activity.appending import Appended, Appending
from storage.redis.activity.capacity import StreamLimits
from storage.redis.activity.entries import FIRST_ID, Bounds, Entry, entries_of, text
from storage.redis.activity.keys import DEAD, EVENTS, WAITING
from storage.redis.activity.life import BEGIN_ANEW, LIFE, Life
from storage.redis.activity.position import Lag, stream_lag, tolerate_absence
from storage.redis.client import Memory, Redis, call, commands

WAITING_MAX = 2_000
"""The most waiting entries of one session that are read: about 5 ms of Redis' time."""

WAITING_RETRY_SECONDS = 5.0

_WAITING = """
if redis.call('SCARD', KEYS[2]) > tonumber(ARGV[1]) then return false end
local found = {}
for _, id in ipairs(redis.call('SMEMBERS', KEYS[2])) do
  local entry = redis.call('XRANGE', KEYS[1], id, id)[1]
  if entry then found[#found + 1] = {id, entry[2][4]} end
end
return found
"""


class InteractionStream:
    """Appends and reads events. Async context manager; appending needs it to be entered."""

    def __init__(self, redis: Redis, *, limits: StreamLimits | None = None) -> None:
        self._redis = redis
        self.outage = Outage("taking interactions")
        self.outages = (self.outage,)
        self.lives: dict[str, int] = {}
        """The count of each life of the stream, by name, as this process last heard it."""
        self._newest_life = Life("", 0)
        self._appending = Appending(
            redis,
            limits=limits or StreamLimits(),
            outage=self.outage,
            newest_life=lambda: self._newest_life,
            heard=self._heard,
        )

    async def __aenter__(self) -> Self:
        await self._appending.__aenter__()
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        await self._appending.__aexit__(kind, error, trace)

    async def append(
        self, events: Sequence[Event | Filtered], *, may_repeat: bool = False
    ) -> list[Appended]:
        """Returns when Redis has the events, one answer for each, in order. See `Appending`."""
        return await self._appending.append(events, may_repeat=may_repeat)

    # ---- reading

    async def read_after(self, after_id: str, count: int) -> list[Entry]:
        """Up to `count` entries with ids larger than `after_id`, ascending."""
        async with call(self._redis):
            found = await commands(self._redis).xrange(EVENTS, f"({after_id}", "+", count)
        return entries_of(found)

    async def read_on(self, after_id: str | None, count: int) -> tuple[list[Entry], Life | None]:
        """The entries of `read_after`, or the newest ones if `after_id` is None; and the stream's present life.

        The life is None if the stream has no life yet.
        """
        async with call(self._redis):
            pipe = commands(self._redis).pipeline(transaction=True)
            if after_id is None:
                pipe.xrevrange(EVENTS, "+", "-", count)
            else:
                pipe.xrange(EVENTS, f"({after_id}", "+", count)
            pipe.hmget(LIFE, "life", "n", "base")
            found, (name, counted, base) = await pipe.execute()
        entries = entries_of(found)
        life = Life(text(name), int(counted or 0), int(base or 0) > 0) if name else None
        return entries[::-1] if after_id is None else entries, life

    async def newest(self, count: int) -> list[Entry]:
        """The last `count` entries, ascending."""
        async with call(self._redis):
            found = await commands(self._redis).xrevrange(EVENTS, "+", "-", count)
        return entries_of(found)[::-1]

    async def first_id(self) -> str | None:
        """The id of the oldest kept entry, or None."""
        found = await self.read_after(FIRST_ID, 1)
        return found[0].id if found else None

    async def bounds(self) -> Bounds:
        """The ends of the stream at one moment. `last` is the newest id that it ever assigned."""
        found = await self._info()
        if found is None:
            return Bounds()
        first = found["first-entry"]
        return Bounds(
            first=text(first[0]) if first else None,
            last=text(found["last-generated-id"]),
            whole=found["entries-added"] == found["length"],
        )

    async def _info(self) -> dict[str, Any] | None:
        """Redis' XINFO of the stream; None if there is no stream."""
        async with call(self._redis):
            try:
                found: dict[str, Any] = await commands(self._redis).xinfo_stream(EVENTS)
            except ResponseError as error:
                tolerate_absence(error)
                return None
        return found

    # ---- its life, and how much of it is not stored

    async def offered(self) -> int:
        """The number of entries that this stream ever took; each ends in the ledger once."""
        return (await self.its_life()).offered

    async def its_life(self) -> Life:
        """The stream's present life; its name is "" before the first entry."""
        async with call(self._redis):
            pipe = commands(self._redis).pipeline(transaction=True)
            pipe.hmget(LIFE, "life", "n", "base")
            pipe.xinfo_stream(EVENTS)
            counts, info = await pipe.execute(raise_on_error=False)
            if isinstance(counts, Exception):
                raise counts
            tolerate_absence(info)
        life, counted, base = counts
        added = 0 if isinstance(info, Exception) else int(info["entries-added"])
        # Processes of a release that does not count yet may append, too.
        before = int(base or 0)
        now = Life(text(life or b""), max(int(counted or 0), added - before), before > 0)
        if now.name:
            self._heard(now)
        return now

    async def begin_anew(self, known: Life) -> bool:
        """Begins a new life if the present one has counted fewer entries than `known` says.

        Of several simultaneous callers one begins it. Returns whether this call did. Entries stay.
        """
        self._heard(known)
        async with call(self._redis):
            begun = await commands(self._redis).eval(
                BEGIN_ANEW, 2, LIFE, EVENTS, known.name, known.offered
            )
        return bool(begun)

    def _heard(self, life: Life) -> None:
        offered = max(life.offered, self.lives.get(life.name, 0))
        self.lives[life.name] = offered
        self._newest_life = Life(life.name, offered)

    async def lag(self) -> Lag:
        """The entries and seconds by which the database is behind, according to Redis."""
        return await stream_lag(self._redis)

    async def memory(self) -> Memory:
        """The memory that Redis uses and may use."""
        return await self._redis.memory()

    async def dead_count(self) -> int:
        """The number of dead letters: entries that could not be stored."""
        async with call(self._redis):
            return int(await commands(self._redis).xlen(DEAD))

    async def unacknowledged(self, session_id: UUID) -> list[Entry]:
        """All unacknowledged entries of the session, ascending.

        They are found by the session's key, so waiting entries of other sessions cost nothing.

        Raises StorageUnavailable if more than `WAITING_MAX` entries of this session wait.
        """
        async with call(self._redis):
            found = await commands(self._redis).eval(
                _WAITING, 2, EVENTS, f"{WAITING}{session_id}", WAITING_MAX
            )
        if found is None:
            raise StorageUnavailable("too many events of one session wait", WAITING_RETRY_SECONDS)
        entries = [Entry(id=text(each), payload=payload) for each, payload in found]
        return sorted(entries, key=lambda entry: id_pair(entry.id))
