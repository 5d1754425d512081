"""One life of the stream: from the first entry after Redis was empty until Redis is emptied again.

A stream that began anew (FLUSHALL, another server, a lost disk) looks like any other. So a name is
made with its first entry, and beside it is counted what it took; both go with the stream. Whoever
appends learns them with the ids, so what a life took is known after Redis has forgotten it.
"""

from dataclasses import dataclass
from typing import Final

LIFE: Final = "{activity}:life"
"""A hash: `life` is the name, `n` how many entries the stream took in it."""

COUNT: Final = """
local function counted(life_key, events_key, added)
  local n = redis.call('HINCRBY', life_key, 'n', added)
  local life = redis.call('HGET', life_key, 'life')
  if life then return life, n end
  local time = redis.call('TIME')
  life = string.format('%d.%06d', time[1], time[2])
  local info = redis.call('XINFO', 'STREAM', events_key)
  for i = 1, #info, 2 do if info[i] == 'entries-added' then n = info[i + 1] end end
  redis.call('HSET', life_key, 'life', life, 'n', n)
  return life, n
end
"""
"""Lua: notes that the stream took `added` more. A life is named after the moment that it began."""


@dataclass(frozen=True, slots=True)
class Life:
    """A life by its name, and how many entries the stream took in it so far."""

    name: str
    offered: int
