"""Dead letters: entries of the stream that cannot be stored, kept until somebody handles them.

A letter has the fields `id` (of its original entry), `e` (its payload), `reason`, `at` (ms since
1970), `deliveries` and, once fixed, `fixed`. Nothing is ever trimmed: at `LETTERS_MAX` letters the
worker refuses to bury more, and entries that it cannot store stay in the stream.

`BURIED` has the ids of buried entries for as long as the stream has the entries: one that is
delivered again (the group was created again from the start) is not buried twice, whatever happened
to its letter meanwhile.
"""

import re
from collections import Counter
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from typing import Any, TypeVar

from configurator.activity.entries import decode_entry, id_pair
from configurator.activity.interaction import Filtered
from configurator.activity.untrusted import InteractionInvalid
from storage.errors import StorageUnavailable
from storage.redis.activity.entries import Entry
from storage.redis.activity.keys import DEAD, EVENTS, GROUP, WAITING
from storage.redis.activity.life import COUNT, LIFE
from storage.redis.client import Redis, call, commands

T = TypeVar("T")

LETTER_ID = re.compile(r"\d{1,18}-\d{1,18}", re.ASCII)
BURIED = "{activity}:buried"
LETTERS_MAX = 50_000
PAGE_MAX = 200
SCAN_MAX = 2_000
"""The most letters that are read for one page with a filter."""

REDRIVE_STEP = 200
_FULL_RETRY_SECONDS = 5.0

# XACK answers 1 only for a pending entry, so each delivery is buried once, however often it is
# tried; ZADD NX answers 1 only for an entry that was never buried. All or nothing.
_BURY = """
if redis.call('XLEN', KEYS[2]) + (#ARGV - 2) / 4 > tonumber(ARGV[2]) then return 'full' end
local now = redis.call('TIME')
local at = now[1] * 1000 + math.floor(now[2] / 1000)
for i = 3, #ARGV, 4 do
  local id = ARGV[i]
  local waiting = redis.pcall('XPENDING', KEYS[1], ARGV[1], id, id, 1)
  local deliveries = waiting and waiting[1] and waiting[1][4] or 1
  redis.call('SREM', KEYS[4] .. ARGV[i + 3], id)
  if redis.call('XACK', KEYS[1], ARGV[1], id) == 1
      and redis.call('ZADD', KEYS[3], 'NX', string.match(id, '^%d+'), id) == 1 then
    redis.call('XADD', KEYS[2], '*', 'id', id, 'e', ARGV[i + 1], 'reason', ARGV[i + 2],
      'at', string.format('%.0f', at), 'deliveries', deliveries)
  end
end
return 'buried'
"""

# Moves letters back into the stream in one step, so none is lost or doubled. The contents of a
# letter never change under its id, so the session that was read before still belongs to it.
_REDRIVE = (
    COUNT
    + """
local driven = {}
for i = 1, #ARGV, 2 do
  local found = redis.call('XRANGE', KEYS[2], ARGV[i], ARGV[i])[1]
  if found then
    local new = redis.call('XADD', KEYS[1], '*', 's', ARGV[i + 1], 'e', found[2][4],
      'redriven', '1')
    if ARGV[i + 1] ~= '' then redis.call('SADD', KEYS[3] .. ARGV[i + 1], new) end
    redis.call('XDEL', KEYS[2], ARGV[i])
    driven[#driven + 1] = ARGV[i]
    driven[#driven + 1] = new
  end
end
if #driven > 0 then counted(KEYS[4], KEYS[1], #driven / 2) end
return driven
"""
)

_FIX = """
local found = redis.call('XRANGE', KEYS[1], ARGV[1], ARGV[1])[1]
if not found then return false end
local fields = {}
for i = 1, #found[2], 2 do
  if found[2][i] ~= 'fixed' then
    fields[#fields + 1] = found[2][i]
    fields[#fields + 1] = found[2][i] == 'e' and ARGV[2] or found[2][i + 1]
  end
end
fields[#fields + 1] = 'fixed'
fields[#fields + 1] = '1'
local new = redis.call('XADD', KEYS[1], '*', unpack(fields))
redis.call('XDEL', KEYS[1], ARGV[1])
return new
"""

# Redis counts the reasons itself, because there may be 50,000 letters.
_KINDS = """
local batch = redis.call('XRANGE', KEYS[1], ARGV[1], '+', 'COUNT', ARGV[2])
local counts = {}
for _, letter in ipairs(batch) do
  for i = 1, #letter[2], 2 do
    if letter[2][i] == 'reason' then
      local kind = string.match(letter[2][i + 1], '^[^ ]*')
      counts[kind] = (counts[kind] or 0) + 1
    end
  end
end
local found = {}
for kind, n in pairs(counts) do
  found[#found + 1] = kind
  found[#found + 1] = n
end
return {#batch, #batch > 0 and batch[#batch][1] or '', found}
"""
_KINDS_STEP = 1_000


@dataclass(frozen=True, slots=True, kw_only=True)
class DeadLetter:
    """An entry that cannot be stored, and the reason."""

    entry: Entry
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Letter:
    """A dead letter as it is kept.

    `id` is the letter's own; `entry` is its entry of the stream of events, with the fixed payload if
    there is one. `buried_ms` counts from 1970; `deliveries`: how often a worker received it, or None.
    """

    id: str
    entry: Entry
    reason: str
    buried_ms: int
    deliveries: int | None
    fixed: bool

    @property
    def kind(self) -> str:
        """The first word of the reason, by which letters are selected."""
        return self.reason.partition(" ")[0]


@dataclass(frozen=True, slots=True, kw_only=True)
class LetterPage:
    """Letters, newest first. `before` is the start of the next page; None: this is the last page.

    With a filter, a page may have fewer letters than asked for, even zero, without being the last.
    """

    letters: tuple[Letter, ...]
    before: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Passage:
    """The progress of an entry of the stream.

    `finished`: no worker still has to handle it. Its result is in PostgreSQL, or it is `buried`,
    which means that it is or was a dead letter.
    """

    payload: bytes
    finished: bool
    buried: bool


class DeadLetterStream:
    """Reads, fixes, re-drives and drops letters. Raises StorageUnavailable if Redis is away."""

    def __init__(self, redis: Redis, *, letters_max: int = LETTERS_MAX) -> None:
        self._redis = redis
        self._letters_max = letters_max

    async def bury(self, letters: Sequence[DeadLetter]) -> None:
        """Moves entries out of the stream of events and acknowledges them, all or nothing.

        Entries that are no longer pending (a repeat, another consumer) are skipped.

        Raises StorageUnavailable, also if the limit of letters is reached.
        """
        if not letters:
            return
        arguments = [
            part
            for letter in letters
            for part in (letter.entry.id, letter.entry.payload, letter.reason, letter.entry.session)
        ]
        answer = await self._within(
            lambda: commands(self._redis).eval(
                _BURY, 4, EVENTS, DEAD, BURIED, WAITING, GROUP, self._letters_max, *arguments
            )
        )
        if answer == b"full":
            raise StorageUnavailable(
                f"there are {self._letters_max} dead letters: fix, re-drive or drop some",
                _FULL_RETRY_SECONDS,
            )

    async def count(self) -> int:
        """The number of letters."""
        return int(await self._within(lambda: commands(self._redis).xlen(DEAD)))

    async def page(
        self, *, before: str | None = None, limit: int = 50, kind: str | None = None
    ) -> LetterPage:
        """Up to `limit` (at most 200) letters older than the letter `before`, of one kind or all."""
        limit = max(1, min(limit, PAGE_MAX))
        found: list[Letter] = []
        for _ in range(0, SCAN_MAX, PAGE_MAX):
            letters = await self._older(before, PAGE_MAX if kind else limit)
            for letter in letters:
                before = letter.id
                if kind is None or letter.kind == kind:
                    found.append(letter)
                if len(found) == limit:
                    return LetterPage(letters=tuple(found), before=before)
            if len(letters) < (PAGE_MAX if kind else limit):
                return LetterPage(letters=tuple(found), before=None)
        return LetterPage(letters=tuple(found), before=before)

    async def kinds(self) -> dict[str, int]:
        """The number of letters of each kind, the largest first."""
        counts: Counter[str] = Counter()
        start = "-"
        while True:
            async with call(self._redis):
                scanned, last, found = await commands(self._redis).eval(
                    _KINDS, 1, DEAD, start, _KINDS_STEP
                )
            for kind, n in zip(found[::2], found[1::2], strict=True):
                counts[kind.decode("utf-8", "replace")] += n
            if scanned < _KINDS_STEP:
                return dict(counts.most_common())
            start = f"({last.decode()}"

    async def passage(self, entry_id: str) -> Passage | None:
        """The progress of this entry; None: the stream no longer has it, or never had it.

        The answer is as of one moment; the result of a finished entry was committed before it.
        """

        async def ask() -> list[Any]:
            pipe = commands(self._redis).pipeline(transaction=True)
            pipe.xrange(EVENTS, entry_id, entry_id, 1)
            pipe.xinfo_groups(EVENTS)
            pipe.xpending_range(EVENTS, GROUP, entry_id, entry_id, 1)
            pipe.zscore(BURIED, entry_id)
            answers: list[Any] = await pipe.execute(raise_on_error=False)
            return answers

        found, groups, pending, buried = await self._within(ask)
        if isinstance(found, Exception):
            raise found
        if not found:
            return None
        delivered = [
            each["last-delivered-id"].decode()
            for each in (groups if isinstance(groups, list) else [])
            if each["name"] == GROUP.encode()
        ]
        reached = any(id_pair(each) >= id_pair(entry_id) for each in delivered)
        return Passage(
            payload=found[0][1].get(b"e", b""),
            finished=reached and pending == [],
            buried=buried is not None and not isinstance(buried, Exception),
        )

    async def get(self, letter_id: str) -> Letter | None:
        """One letter, or None if it does not exist any more."""
        found = await self._within(
            lambda: commands(self._redis).xrange(DEAD, letter_id, letter_id, 1)
        )
        return _letter(*found[0]) if found else None

    async def fix(self, letter_id: str, payload: bytes) -> Letter | None:
        """Replaces the payload by a readable one; the letter gets a new id.

        None: there is no such letter. Raises InteractionInvalid if the payload is not an event.
        """
        decode_entry(payload)
        new = await self._within(
            lambda: commands(self._redis).eval(_FIX, 1, DEAD, letter_id, payload)
        )
        return await self.get(new.decode()) if new else None

    async def redrive(self, letter_ids: Sequence[str]) -> dict[str, str]:
        """Puts letters back into the stream as new entries; returns their ids by letter id.

        Letters that no longer exist are left out.
        """
        driven: dict[str, str] = {}
        for start in range(0, len(letter_ids), REDRIVE_STEP):
            step = letter_ids[start : start + REDRIVE_STEP]
            letters = [letter for each in step if (letter := await self.get(each)) is not None]
            driven |= await self._redrive(letters)
        return driven

    async def redrive_all(self, kind: str, *, newest: str) -> int:
        """Puts every letter of this kind up to the letter `newest` back; returns how many.

        Letters that arrive meanwhile, because they cannot be stored this time either, stay.
        """
        driven = 0
        before: str | None = _after(newest)
        while before is not None:
            page = await self.page(before=before, limit=PAGE_MAX, kind=kind)
            driven += len(await self._redrive(page.letters))
            before = page.before
        return driven

    async def drop(self, letter_id: str) -> bool:
        """Deletes a letter permanently; returns whether it existed."""
        return bool(await self._within(lambda: commands(self._redis).xdel(DEAD, letter_id)))

    async def forget_buried(self, before_stream_id: str) -> None:
        """Forgets that entries before this id were buried; the stream must no longer have them."""
        below = f"({id_pair(before_stream_id)[0]}"
        await self._within(lambda: commands(self._redis).zremrangebyscore(BURIED, "-inf", below))

    async def _older(self, before: str | None, count: int) -> list[Letter]:
        if before is not None and id_pair(before) == (0, 0):
            return []  # Redis would answer with an error: nothing can be older
        newest = f"({before}" if before else "+"
        found = await self._within(
            lambda: commands(self._redis).xrevrange(DEAD, newest, "-", count)
        )
        return [_letter(*each) for each in found]

    async def _redrive(self, letters: Sequence[Letter]) -> dict[str, str]:
        if not letters:
            return {}
        arguments = [
            part for letter in letters for part in (letter.id, _session_of(letter.entry.payload))
        ]
        answer = await self._within(
            lambda: commands(self._redis).eval(_REDRIVE, 4, EVENTS, DEAD, WAITING, LIFE, *arguments)
        )
        texts = [each.decode() for each in answer]
        return dict(zip(texts[::2], texts[1::2], strict=True))

    async def _within(self, step: Callable[[], Awaitable[T]]) -> T:
        async with call(self._redis):
            return await step()


def _letter(letter_id: bytes, fields: dict[bytes, bytes]) -> Letter:
    deliveries = fields.get(b"deliveries")
    own_ms = id_pair(letter_id.decode())[0]
    return Letter(
        id=letter_id.decode(),
        entry=Entry(id=fields[b"id"].decode(), payload=fields[b"e"]),
        reason=fields[b"reason"].decode("utf-8", "replace"),
        buried_ms=int(fields.get(b"at", own_ms)),
        deliveries=int(deliveries) if deliveries is not None else None,
        fixed=b"fixed" in fields,
    )


def _session_of(payload: bytes) -> str:
    """The value of an entry's field `s`: its session id, or "" if the payload has no session."""
    try:
        event = decode_entry(payload)
    except InteractionInvalid:
        return ""
    return "" if isinstance(event, Filtered) else str(event.session_id)


def _after(stream_id: str) -> str:
    """The smallest id above this one, so that "older than" includes this one."""
    milliseconds, sequence = id_pair(stream_id)
    return f"{milliseconds}-{sequence + 1}"
