"""The stream of interactions: what was answered is in it until PostgreSQL has it.

An entry has the fields `s` (session id, text of a UUID; empty for what may not be stored) and `e`
(`encode_event`), in this order, and `redriven` if it was a dead letter.
Ids of entries only grow. The consumer group `postgres` holds what is not stored yet; an entry
leaves it (XACK) only after the COMMIT that stored it. Nothing is ever trimmed by length.

The keys share one hash tag, so that a transaction over them works on Redis Cluster.
"""

import asyncio
from collections import deque
from collections.abc import AsyncIterator, Iterator, Sequence
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from types import TracebackType
from typing import Any, Self
from uuid import UUID

from redis.exceptions import ResponseError

from configurator.activity import Event, Filtered, encode_event
from configurator.entries import decode_entry
from configurator.event_ids import unix_ms, uuid7_ms
from configurator.untrusted import InteractionInvalid
from storage.deadline import within
from storage.errors import StorageError, StorageUnavailable
from storage.outage import Outage
from storage.redis.capacity import Capacity, Limits
from storage.redis.client import Memory, Redis
from storage.redis.entries import FIRST_ID, Bounds, Entry, entries_of, id_pair, next_id, text
from storage.redis.life import BEGIN_ANEW, COUNT, LIFE, Life
from storage.redis.silence import SILENT_SECONDS, SILENT_TRY_SECONDS, Silence
from storage.tasks import OwnedTasks

EVENTS = "{activity}:events"
DEAD = "{activity}:dead"
SEEN = "{activity}:seen:"
WAITING = "{activity}:waiting:"
"""With a session's id behind it: the set of its entries that the group has not acknowledged.

Redis removes a set with its last entry, so nothing is left of sessions whose entries are stored.
"""

GROUP = "postgres"
HINTS = "activity"
"""The pub/sub channel that says, without a word more, that there are new entries."""

FLUSH_EVENTS_MAX = 1_000
WAITING_MAX = 2_000
"""So many waiting entries of one session are read at most: some 5 ms of Redis' time."""

WAITING_RETRY_SECONDS = 5.0
SEEN_SECONDS = 900

# In one step, so that nothing is in the stream without being found by its session.
_APPEND = (
    COUNT
    + """
begun_anew(KEYS[3], KEYS[1], ARGV[1], ARGV[2])
local ids, waiting = {}, {}
for i = 3, #ARGV, 2 do
  local session = ARGV[i]
  local id = redis.call('XADD', KEYS[1], '*', 's', session, 'e', ARGV[i + 1])
  ids[#ids + 1] = id
  if session ~= '' then
    local mine = waiting[session]
    if mine then mine[#mine + 1] = id else waiting[session] = {id} end
  end
end
for session, mine in pairs(waiting) do redis.call('SADD', KEYS[2] .. session, unpack(mine)) end
return {ids, counted(KEYS[3], KEYS[1], #ids)}
"""
)

_WAITING = """
if redis.call('SCARD', KEYS[2]) > tonumber(ARGV[1]) then return false end
local found = {}
for _, id in ipairs(redis.call('SMEMBERS', KEYS[2])) do
  local entry = redis.call('XRANGE', KEYS[1], id, id)[1]
  if entry then found[#found + 1] = {id, entry[2][4]} end
end
return found
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Appended:
    """An event that is safe. `duplicate`: its id was appended before, in the last 15 minutes."""

    stream_id: str
    duplicate: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Position:
    """How far the group is, at one moment. Ids as text; `oldest_pending` None: nothing pending."""

    last_delivered: str = FIRST_ID
    pending: int = 0
    oldest_pending: str | None = None
    undelivered: int = 0
    redis_ms: int = 0

    @property
    def first_unfinished(self) -> str:
        """Every entry that is not acknowledged has this id or a larger one."""
        return self.oldest_pending or next_id(self.last_delivered)


@dataclass(frozen=True, slots=True, kw_only=True)
class Lag:
    """What is not stored yet; `seconds` is the age of the oldest such entry, 0 without any."""

    entries: int
    seconds: float


@dataclass(slots=True)
class _Waiting:
    """One `append` that waits for its answer."""

    events: Sequence[Event | Filtered]
    may_repeat: bool
    answer: asyncio.Future[list[Appended]]


class InteractionStream:
    """Appends and reads events. Async context manager; appending needs it to be entered.

    Everything that waits in the same turn of the loop goes out in one pipeline; while it is on
    its way the next one gathers. Nobody waits for a batch to fill.
    """

    def __init__(self, redis: Redis, *, limits: Limits | None = None) -> None:
        self._redis = redis
        self._limits = limits or Limits()
        self._waiting: deque[_Waiting] = deque()
        self._waiting_events = 0
        self._wake = asyncio.Event()
        self._tasks = OwnedTasks()
        self._flusher: asyncio.Task[None] | None = None
        self._looker: asyncio.Task[None] | None = None
        self._capacity = Capacity(redis, self._limits, stream=EVENTS)
        self.outage = Outage("taking interactions")
        self.outages = (self.outage,)
        self.lives: dict[str, int] = {}
        """By the name of a life of the stream: what it had taken when this process last heard of it."""
        self._newest_life = Life("", 0)
        self._silence = Silence(patient_seconds=redis.call_seconds, look=self._look)

    async def __aenter__(self) -> Self:
        await self._tasks.__aenter__()
        self._flusher = self._tasks.task(self._flush_forever(), name="activity flush")
        self._looker = self._tasks.task(self._silence.watch(), name="activity look")
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        for task in (self._flusher, self._looker):
            if task is not None:
                task.cancel()
        self._fail(self._take_all(), StorageUnavailable("Redis: stopping"))
        await self._tasks.__aexit__(kind, error, trace)

    # ---- appending

    async def append(
        self, events: Sequence[Event | Filtered], *, may_repeat: bool = False
    ) -> list[Appended]:
        """Returns when Redis has the events, one answer for each, in order.

        `may_repeat`: the ids were made by a client, so tell repeats. A repeat is appended all the
        same: the database ignores it, and an answer that got lost proves nothing.

        Raises:
            StorageUnavailable: Redis is away or full, or did not answer in time. The events may
                have been appended; the same events again are safe.
        """
        if self._waiting_events + len(events) > self._limits.waiting:
            raise StorageUnavailable("Redis: too much is waiting", self._redis.retry_after_seconds)
        if self._flusher is None or self._flusher.done():
            raise StorageUnavailable("Redis: stopped", self._redis.retry_after_seconds)
        answer: asyncio.Future[list[Appended]] = asyncio.get_running_loop().create_future()
        self._waiting.append(_Waiting(events=events, may_repeat=may_repeat, answer=answer))
        self._waiting_events += len(events)
        self._wake.set()
        try:
            async with asyncio.timeout(self._silence.patience(SILENT_SECONDS)):
                return await answer
        except TimeoutError as error:
            raise self._redis.unavailable(error) from error

    async def _look(self) -> None:
        async with call(self._redis):
            await commands(self._redis).ping()

    async def _flush_forever(self) -> None:
        while True:
            await self._wake.wait()
            batch = self._take()
            if not batch:
                continue
            try:
                await self._flush(batch)
            except StorageError as error:
                self._silence.heard(error)
                self.outage.met(error)
                self._fail(batch, error)
            except asyncio.CancelledError:
                self._fail(batch, StorageUnavailable("Redis: stopping"))
                raise
            else:
                self._silence.heard()
                self.outage.over()

    async def _flush(self, batch: list[_Waiting]) -> None:
        async with call(self._redis, seconds=self._silence.patience(SILENT_TRY_SECONDS)):
            events = [event for waiting in batch for event in waiting.events]
            payloads = [encode_event(event) for event in events]
            await self._capacity.require(sum(map(len, payloads)), len(payloads))
            pipe = commands(self._redis).pipeline(transaction=False)
            life = self._newest_life
            arguments: list[str | bytes | int] = [life.name, life.offered]
            for event, payload in zip(events, payloads, strict=True):
                arguments.append(str(event.session_id) if isinstance(event, Event) else "")
                arguments.append(payload)
            pipe.eval(_APPEND, 3, EVENTS, WAITING, LIFE, *arguments)
            told = [event for waiting in batch if waiting.may_repeat for event in waiting.events]
            repeatable = [event for event in told if isinstance(event, Event)]
            for event in repeatable:
                pipe.sadd(_seen_key(event.event_id), event.event_id.bytes)
            for key in {_seen_key(event.event_id) for event in repeatable}:
                pipe.expire(key, SEEN_SECONDS)
            pipe.xlen(EVENTS)
            pipe.publish(self._redis.channel(HINTS), b"")
            answers: list[Any] = await pipe.execute(raise_on_error=False)
            del answers[-1]  # without a hint the watchers see it up to a second later
            for answer in answers:
                if isinstance(answer, Exception):
                    raise answer
        self._capacity.note_length(answers[-1])
        ids, name, offered = answers[0]
        self._heard(Life(text(name), offered))
        self._answer(batch, [text(each) for each in ids], iter(answers[1:]))

    def _answer(self, batch: list[_Waiting], ids: list[str], added: Iterator[int]) -> None:
        taken = iter(ids)
        for waiting in batch:
            answers = [
                Appended(stream_id=next(taken), duplicate=told and next(added) == 0)
                for told in (waiting.may_repeat and isinstance(e, Event) for e in waiting.events)
            ]
            if not waiting.answer.done():
                waiting.answer.set_result(answers)

    def _take(self) -> list[_Waiting]:
        """The next batch; whoever gave up meanwhile is left out."""
        batch: list[_Waiting] = []
        size = 0
        while self._waiting and size < FLUSH_EVENTS_MAX:
            waiting = self._waiting.popleft()
            self._waiting_events -= len(waiting.events)
            if waiting.events and not waiting.answer.done():
                batch.append(waiting)
                size += len(waiting.events)
        if not self._waiting:
            self._wake.clear()
        return batch

    def _take_all(self) -> list[_Waiting]:
        everything = list(self._waiting)
        self._waiting.clear()
        self._waiting_events = 0
        return everything

    def _fail(self, batch: list[_Waiting], error: Exception) -> None:
        for waiting in batch:
            if not waiting.answer.done():
                waiting.answer.set_exception(error)

    # ---- reading

    async def read_after(self, after_id: str, count: int) -> list[Entry]:
        """Up to `count` entries with ids larger than `after_id`, ascending."""
        async with call(self._redis):
            found = await commands(self._redis).xrange(EVENTS, f"({after_id}", "+", count)
        return entries_of(found)

    async def read_on(self, after_id: str | None, count: int) -> tuple[list[Entry], Life | None]:
        """The same, or the newest where there is no id, with the life of the stream then.

        None: it has no life yet.
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
        """The id of the oldest entry that is still kept."""
        found = await self.read_after(FIRST_ID, 1)
        return found[0].id if found else None

    async def bounds(self) -> Bounds:
        """What the stream holds, at one moment. `last` is the newest id it ever gave."""
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
        """What Redis says about the stream; None: there is none."""
        async with call(self._redis):
            try:
                found: dict[str, Any] = await commands(self._redis).xinfo_stream(EVENTS)
            except ResponseError as error:
                _tolerate_absence(error)
                return None
        return found

    async def offered(self) -> int:
        """How many entries this stream ever took; each ends in the ledger once."""
        return (await self.its_life()).offered

    async def its_life(self) -> Life:
        """The life of the stream that is there now; its name is "" before it took an entry."""
        async with call(self._redis):
            pipe = commands(self._redis).pipeline(transaction=True)
            pipe.hmget(LIFE, "life", "n", "base")
            pipe.xinfo_stream(EVENTS)
            counts, info = await pipe.execute(raise_on_error=False)
            if isinstance(counts, Exception):
                raise counts
            _tolerate_absence(info)
        life, counted, base = counts
        added = 0 if isinstance(info, Exception) else int(info["entries-added"])
        # Processes of a release that did not count yet may append, too.
        before = int(base or 0)
        now = Life(text(life or b""), max(int(counted or 0), added - before), before > 0)
        if now.name:
            self._heard(now)
        return now

    async def begin_anew(self, known: Life) -> bool:
        """Begins a new life if fewer entries are counted in this one than are known of.

        Several that know begin one. Returns whether it was this call. What is in the stream stays.
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
        """How far the database is behind the stream, as Redis sees it now."""
        return await stream_lag(self._redis)

    async def memory(self) -> Memory:
        """What memory Redis uses, and may use."""
        return await self._redis.memory()

    async def dead_count(self) -> int:
        """How many entries could not be stored and wait to be looked at."""
        async with call(self._redis):
            return int(await commands(self._redis).xlen(DEAD))

    async def unacknowledged(self, session_id: UUID) -> list[Entry]:
        """All entries of the session that are not acknowledged, ascending.

        Found by the session: what waits of others costs nothing.

        Raises StorageUnavailable when more than `WAITING_MAX` of this session wait to be stored.
        """
        async with call(self._redis):
            found = await commands(self._redis).eval(
                _WAITING, 2, EVENTS, f"{WAITING}{session_id}", WAITING_MAX
            )
        if found is None:
            raise StorageUnavailable("too much of one session waits", WAITING_RETRY_SECONDS)
        entries = [Entry(id=text(each), payload=payload) for each, payload in found]
        return sorted(entries, key=lambda entry: id_pair(entry.id))


def commands(redis: Redis) -> Any:  # noqa: ANN401
    """redis-py's client without its annotations, which allow every protocol and text mode at once."""
    return redis.client


@asynccontextmanager
async def call(redis: Redis, *, seconds: float | None = None) -> AsyncIterator[None]:
    """Deadline (else that of `redis`) and errors of one call to Redis. A cancellation always comes through.

    redis-py sends with `asyncio.wait_for`, which on Python 3.11 forgets a cancellation that comes
    while the command goes out; the task would go on for ever.
    """
    with redis.errors():
        async with within(redis.call_seconds if seconds is None else seconds):
            yield
    task = asyncio.current_task()
    if task is not None and task.cancelling():
        raise asyncio.CancelledError


async def position(redis: Redis) -> Position:
    """Where the group stands, read in one transaction. Without stream or group: at the start."""
    async with call(redis):
        pipe = commands(redis).pipeline(transaction=True)
        pipe.xinfo_groups(EVENTS)
        pipe.xpending(EVENTS, GROUP)
        pipe.xlen(EVENTS)
        pipe.xrevrange(EVENTS, "+", "-", 1)
        pipe.time()
        groups, pending, length, newest, time = await pipe.execute(raise_on_error=False)
        for answer in (length, newest, time):
            if isinstance(answer, Exception):
                raise answer
        _tolerate_absence(groups, pending)
    seconds, micros = time
    redis_ms = seconds * 1000 + micros // 1000
    group = next((each for each in _listed(groups) if text(each["name"]) == GROUP), None)
    if group is None or isinstance(pending, ResponseError):
        return Position(undelivered=length, redis_ms=redis_ms)
    delivered = text(group["last-delivered-id"])
    everything = not newest or text(newest[0][0]) == delivered
    lag = 0 if everything else group.get("lag")
    return Position(
        last_delivered=delivered,
        pending=pending["pending"],
        oldest_pending=text(pending["min"]) if pending["min"] is not None else None,
        undelivered=length if lag is None else lag,
        redis_ms=redis_ms,
    )


async def stream_lag(redis: Redis) -> Lag:
    """How far the database is behind the stream, as Redis sees it now."""
    where = await position(redis)
    entries = where.pending + where.undelivered
    if entries == 0:
        return Lag(entries=0, seconds=0.0)
    async with call(redis):
        first: list[Any] = await commands(redis).xrange(EVENTS, where.first_unfinished, "+", 1)
    if not first:
        return Lag(entries=entries, seconds=0.0)
    (entry,) = entries_of(first)
    age_ms = where.redis_ms - id_pair(entry.id)[0]
    if age_ms < 0:  # the clock of Redis was ahead: only the event says when it came
        with suppress(InteractionInvalid):
            age_ms = where.redis_ms - unix_ms(decode_entry(entry.payload).received_at)
    return Lag(entries=entries, seconds=max(0, age_ms) / 1000)


def _tolerate_absence(*answers: object) -> None:
    """A missing stream or group is an answer; every other error is one."""
    for answer in answers:
        absent = isinstance(answer, ResponseError) and (
            "no such key" in str(answer).lower() or "NOGROUP" in str(answer)
        )
        if isinstance(answer, Exception) and not absent:
            raise answer


def _listed(groups: object) -> list[dict[str, Any]]:
    return groups if isinstance(groups, list) else []


def _seen_key(event_id: UUID) -> str:
    """Ids are remembered by the minute of their own time, so a repeat asks the same key."""
    return f"{SEEN}{uuid7_ms(event_id) // 60_000}"
