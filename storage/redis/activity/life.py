"""One life of the stream: from the first entry after Redis was empty until entries of it are lost.

A stream that was emptied (FLUSHALL, another server, a lost disk) looks like any other. Its first
entry therefore creates a name, and a counter of entries beside it; both disappear with the stream.
Each append returns them together with the ids, so the count of a life is known after Redis has lost
it.

An older state of Redis (a damaged append-only file, an older copy, a replica that lagged) has the
same name and a smaller count. A process that knows a larger count begins a new life before any other
entry is counted: otherwise the next entries would take the numbers of the lost ones.
"""

from dataclasses import dataclass, field
from typing import Final

LIFE: Final = "{activity}:life"
"""A hash: `life` is the name, `n` the entries that the stream took in it, `base` those before it."""

COUNT: Final = """
local function added_to(events_key)
  if redis.call('EXISTS', events_key) == 0 then return 0 end
  local info = redis.call('XINFO', 'STREAM', events_key)
  for i = 1, #info, 2 do if info[i] == 'entries-added' then return info[i + 1] end end
end
local function new_name()
  local time = redis.call('TIME')
  return string.format('%d.%06d', time[1], time[2])
end
local function counted(life_key, events_key, added)
  local n = redis.call('HINCRBY', life_key, 'n', added)
  local life = redis.call('HGET', life_key, 'life')
  if life then return life, n end
  life, n = new_name(), added_to(events_key)
  redis.call('HSET', life_key, 'life', life, 'n', n)
  return life, n
end
local function begun_anew(life_key, events_key, life, known)
  local now = redis.call('HMGET', life_key, 'life', 'n', 'base')
  if now[1] ~= life then return false end
  local n, base = tonumber(now[2] or 0), tonumber(now[3] or 0)
  known = tonumber(known)
  if n >= known then return false end
  local added = added_to(events_key)
  if added - base >= known then return false end
  redis.call('HSET', life_key, 'life', new_name(), 'n', 0, 'base', added)
  return true
end
"""
"""Lua: `counted` adds `added` to the count; `begun_anew` ends `life` if its count is below the
`known` one. A life is named after the moment at which it began."""

BEGIN_ANEW: Final = COUNT + "return begun_anew(KEYS[1], KEYS[2], ARGV[1], ARGV[2]) and 1 or 0"


@dataclass(frozen=True, slots=True)
class Life:
    """The name of a life, and how many entries the stream took in it so far."""

    name: str
    offered: int
    goes_on: bool = field(default=False, compare=False)
    """It began in an older state, with entries of the previous life and ids that follow theirs."""

    def began_before(self, unix_ms: int) -> bool:
        """Whether it began before this time, by the clock of Redis; False before its first entry."""
        return bool(self.name) and float(self.name) * 1000 <= unix_ms
