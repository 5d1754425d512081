"""Personal data in Redis: entries of the stream, dead letters, presence, remembered ids.

The stream is read in steps of `SCAN_ENTRIES` and filtered by Redis, so that entries of other people
are not loaded. Every method raises StorageUnavailable if Redis is away, and may be repeated.
"""

import re
from collections.abc import AsyncIterator, Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

import msgspec

from configurator.activity.entries import id_pair
from configurator.activity.event_ids import session_uuid
from storage.redis.activity.entries import Entry
from storage.redis.activity.keys import DEAD, EVENTS, GROUP, SEEN, WAITING
from storage.redis.activity.position import position
from storage.redis.client import Redis, call, commands
from storage.redis.one_message import publish_once

SCAN_ENTRIES = 1_000
SCAN_KEYS = 500
FORGOTTEN = "forgotten"
"""The channel that tells web processes which data to remove from memory."""

_OF_SESSIONS = """
local wanted = {}
for i = 3, #ARGV do wanted[ARGV[i]] = true end
local batch = redis.call('XRANGE', KEYS[1], ARGV[1], '+', 'COUNT', ARGV[2])
local found = {}
for _, entry in ipairs(batch) do
  local fields = entry[2]
  if wanted[fields[2]] then found[#found + 1] = {entry[1], fields[2], fields[4]} end
end
return {#batch, #batch > 0 and batch[#batch][1] or '', found}
"""

# First from the group, then from the stream: a pending entry that was deleted would be delivered
# empty. Without a group (a new server) there is nothing to acknowledge.
_REMOVE = """
if #redis.pcall('XINFO', 'GROUPS', KEYS[1]) > 0 then
  redis.pcall('XACK', KEYS[1], ARGV[1], unpack(ARGV, 2))
end
return redis.call('XDEL', KEYS[1], unpack(ARGV, 2))
"""

_SESSION_FIELD = re.compile(rb'"session"\s*:\s*("(?:[^"\\]|\\.)*")')


@dataclass(frozen=True, slots=True, kw_only=True)
class LetterTrace:
    """A dead letter: its id in the dead-letter stream and all its fields."""

    id: str
    fields: Mapping[str, bytes]


class Traces:
    """Finds and removes personal data."""

    def __init__(self, redis: Redis) -> None:
        self._redis = redis

    async def waiting(self, sessions: Collection[UUID]) -> list[Entry]:
        """Entries of these sessions that may not be stored yet, ascending."""
        return await self._of_sessions(sessions, (await position(self._redis)).first_unfinished)

    async def kept(self, sessions: Collection[UUID]) -> list[Entry]:
        """Every entry of these sessions in the stream, ascending."""
        return await self._of_sessions(sessions, "-")

    async def _of_sessions(self, sessions: Collection[UUID], start: str) -> list[Entry]:
        found: list[Entry] = []
        names = [str(each) for each in sessions]
        while names:
            async with call(self._redis):
                scanned, last, mine = await commands(self._redis).eval(
                    _OF_SESSIONS, 1, EVENTS, start, SCAN_ENTRIES, *names
                )
            found += [
                Entry(id=each.decode(), session=session.decode(), payload=payload)
                for each, session, payload in mine
            ]
            if scanned < SCAN_ENTRIES:
                break
            start = f"({last.decode()}"
        return found

    async def letters(self, sessions: Collection[UUID]) -> list[LetterTrace]:
        """Dead letters of these sessions, ascending; also of those that cannot be read."""
        found: list[LetterTrace] = []
        start = "-"
        while sessions:
            async with call(self._redis):
                batch = await commands(self._redis).xrange(DEAD, start, "+", SCAN_ENTRIES)
            for letter_id, fields in batch:
                if any(_belongs(value, sessions) for value in fields.values()):
                    named = {name.decode(): value for name, value in fields.items()}
                    found.append(LetterTrace(id=letter_id.decode(), fields=named))
            if len(batch) < SCAN_ENTRIES:
                break
            start = f"({batch[-1][0].decode()}"
        return found

    async def presence(self, person_id: UUID) -> dict[str, bytes]:
        """The presence reports of processes that contain this person, by key."""
        found: dict[str, bytes] = {}
        async for keys in self._keys("presence:*", "online:*"):
            for key, value in await self._values(keys):
                if str(person_id).encode() in value:
                    found[key.decode()] = value
        return found

    async def remove_entries(self, entries: Sequence[Entry]) -> int:
        """Removes all entries of some sessions from group and stream; returns how many existed."""
        removed = await self._remove(EVENTS, [each.id for each in entries])
        await self._unlink([f"{WAITING}{each}" for each in {entry.session for entry in entries}])
        return removed

    async def remove_letters(self, letters: Sequence[LetterTrace]) -> int:
        """Removes dead letters; returns how many existed."""
        return await self._remove(DEAD, [each.id for each in letters])

    async def _remove(self, stream: str, ids: Sequence[str]) -> int:
        removed = 0
        for start in range(0, len(ids), SCAN_ENTRIES):
            some = ids[start : start + SCAN_ENTRIES]
            async with call(self._redis):
                removed += await commands(self._redis).eval(_REMOVE, 1, stream, GROUP, *some)
        return removed

    async def forget_seen(self, event_ids: Collection[UUID]) -> int:
        """Forgets that these ids were seen; returns how many were remembered."""
        if not event_ids:
            return 0
        async with call(self._redis):
            pipe = commands(self._redis).pipeline(transaction=False)
            for each in event_ids:
                pipe.srem(f"{SEEN}{(each.int >> 80) // 60_000}", each.bytes)
            return sum(await pipe.execute())

    async def forget_presence(self, person_id: UUID) -> int:
        """Removes the reports that contain this person; running processes soon write new ones."""
        return await self._unlink(list(await self.presence(person_id)))

    async def forget_keys(self, ids: Collection[UUID]) -> int:
        """Removes every key whose name contains one of these ids; returns how many."""
        wanted = [str(each).encode() for each in ids]
        found: list[bytes] = []
        async for keys in self._keys("*"):
            found += [key for key in keys if any(each in key for each in wanted)]
        return await self._unlink(found)

    async def tell(self, payload: bytes) -> None:
        """Tells every web process what to forget; one that misses it forgets within 30 s anyway."""
        await publish_once(self._redis, FORGOTTEN, payload)

    async def _keys(self, *patterns: str) -> AsyncIterator[list[bytes]]:
        for pattern in patterns:
            cursor = 0
            while True:
                async with call(self._redis):
                    cursor, keys = await commands(self._redis).scan(
                        cursor, match=pattern, count=SCAN_KEYS
                    )
                yield keys
                if cursor == 0:
                    break

    async def _values(self, keys: Sequence[bytes]) -> list[tuple[bytes, bytes]]:
        """The values of the keys that hold text; MGET answers None for the others."""
        if not keys:
            return []
        async with call(self._redis):
            values: list[Any] = await commands(self._redis).mget(keys)
        return [(key, value) for key, value in zip(keys, values, strict=True) if value is not None]

    async def _unlink(self, keys: Sequence[str | bytes]) -> int:
        if not keys:
            return 0
        async with call(self._redis):
            return int(await commands(self._redis).unlink(*keys))


def entry_pairs(entries: Sequence[Entry]) -> list[tuple[int, int]]:
    """The ids of entries as pairs of numbers."""
    return [id_pair(each.id) for each in entries]


def _belongs(payload: bytes, sessions: Collection[UUID]) -> bool:
    """Whether this payload belongs to one of the sessions, as far as broken bytes can show it."""
    for field in _SESSION_FIELD.findall(payload):
        try:
            if session_uuid(msgspec.json.decode(field, type=str)) in sessions:
                return True
        except (msgspec.DecodeError, UnicodeError):
            continue
    return any(str(each).encode() in payload for each in sessions)
