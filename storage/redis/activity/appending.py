"""Appends events to the stream, which holds acknowledged events until PostgreSQL has them.

All events that wait in the same turn of the event loop are sent in one pipeline; events that arrive
meanwhile form the next one. No event waits for a batch to fill.
"""

import asyncio
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from types import TracebackType
from typing import Any, Self
from uuid import UUID

from configurator.activity.event_ids import uuid7_ms
from configurator.activity.interaction import Event, Filtered, encode_event
from storage.errors import StorageError, StorageUnavailable
from storage.outage import Outage
from storage.redis.activity.capacity import Capacity, StreamLimits
from storage.redis.activity.entries import text
from storage.redis.activity.keys import EVENTS, HINTS, SEEN, WAITING
from storage.redis.activity.life import COUNT, LIFE, Life
from storage.redis.client import Redis, call, commands
from storage.redis.silence import SILENT_SECONDS, SILENT_TRY_SECONDS, Silence
from storage.tasks import OwnedTasks

FLUSH_EVENTS_MAX = 1_000
SEEN_SECONDS = 900

# In one step, so that every entry of the stream can be found by its session.
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


@dataclass(frozen=True, slots=True, kw_only=True)
class Appended:
    """An event that Redis has. `duplicate`: its id was appended before, in the last 15 minutes."""

    stream_id: str
    duplicate: bool


@dataclass(slots=True)
class _Waiting:
    """One `append` that waits for its answer."""

    events: Sequence[Event | Filtered]
    may_repeat: bool
    answer: asyncio.Future[list[Appended]]


class Appending:
    """Appends to the stream. Async context manager that owns the task that flushes."""

    def __init__(
        self,
        redis: Redis,
        *,
        limits: StreamLimits,
        outage: Outage,
        newest_life: Callable[[], Life],
        heard: Callable[[Life], None],
    ) -> None:
        """`newest_life` returns the known life; each flush passes the present one to `heard`."""
        self._redis = redis
        self._limits = limits
        self._outage = outage
        self._newest_life = newest_life
        self._heard = heard
        self._waiting: deque[_Waiting] = deque()
        self._waiting_events = 0
        """The number of events in `_waiting`."""
        self._wake = asyncio.Event()
        """Set while events wait."""
        self._tasks = OwnedTasks()
        self._flusher: asyncio.Task[None] | None = None
        """The flushing task, from entering on; once it is done, no `append` would be answered."""
        self._looker: asyncio.Task[None] | None = None
        self._capacity = Capacity(redis, limits, stream=EVENTS)
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
        self._fail(self._empty(), StorageUnavailable("stopping", store="Redis"))
        await self._tasks.__aexit__(kind, error, trace)

    async def append(
        self, events: Sequence[Event | Filtered], *, may_repeat: bool = False
    ) -> list[Appended]:
        """Returns when Redis has the events, with one answer for each, in order.

        `may_repeat`: the ids come from a client, so repeats are detected. A repeat is appended
        nevertheless: the database ignores it, and the first attempt may not have been appended.

        Raises:
            StorageUnavailable: Redis is away or full, or did not answer in time. The events may
                have been appended; sending them again is safe.
        """
        if self._waiting_events + len(events) > self._limits.waiting:
            raise self._redis.unusable("too many events wait")
        if self._flusher is None or self._flusher.done():
            raise self._redis.unusable("stopped")
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
            batch = self._next_batch()
            if not batch:
                continue
            try:
                await self._flush(batch)
            except StorageError as error:
                self._silence.heard(error)
                self._outage.met(error)
                self._fail(batch, error)
            except asyncio.CancelledError:
                self._fail(batch, StorageUnavailable("stopping", store="Redis"))
                raise
            else:
                self._silence.heard()
                self._outage.over()

    async def _flush(self, batch: list[_Waiting]) -> None:
        async with call(self._redis, seconds=self._silence.patience(SILENT_TRY_SECONDS)):
            events = [event for waiting in batch for event in waiting.events]
            payloads = [encode_event(event) for event in events]
            await self._capacity.require(sum(map(len, payloads)), len(payloads))
            pipe = commands(self._redis).pipeline(transaction=False)
            life = self._newest_life()
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
            del answers[-1]  # the hint's: if it fails, watchers see the events up to 1 s later
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

    def _next_batch(self) -> list[_Waiting]:
        """The next batch, without callers that have given up."""
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

    def _empty(self) -> list[_Waiting]:
        everything = list(self._waiting)
        self._waiting.clear()
        self._waiting_events = 0
        return everything

    def _fail(self, batch: list[_Waiting], error: Exception) -> None:
        for waiting in batch:
            if not waiting.answer.done():
                waiting.answer.set_exception(error)


def _seen_key(event_id: UUID) -> str:
    """The key that remembers an id: one key per minute of the id's own time, so repeats find it."""
    return f"{SEEN}{uuid7_ms(event_id) // 60_000}"
