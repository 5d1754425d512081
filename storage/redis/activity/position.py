"""The position of the stream's consumer group, and so how far the database is behind."""

from contextlib import suppress
from dataclasses import dataclass
from typing import Any

from redis.exceptions import ResponseError

from configurator.activity.entries import decode_entry, id_pair
from configurator.activity.event_ids import unix_ms
from configurator.activity.untrusted import InteractionInvalid
from storage.redis.activity.entries import FIRST_ID, entries_of, next_id, text
from storage.redis.activity.keys import EVENTS, GROUP
from storage.redis.client import Redis, call, commands


@dataclass(frozen=True, slots=True, kw_only=True)
class GroupPosition:
    """The group's position at one moment. Ids are text; `oldest_pending` None: nothing is pending."""

    last_delivered: str = FIRST_ID
    pending: int = 0
    oldest_pending: str | None = None
    undelivered: int = 0
    redis_ms: int = 0

    @property
    def first_unfinished(self) -> str:
        """An id such that every unacknowledged entry has this id or a larger one."""
        return self.oldest_pending or next_id(self.last_delivered)


@dataclass(frozen=True, slots=True, kw_only=True)
class Lag:
    """Entries that are not stored yet; `seconds` is the age of the oldest one, 0 without any."""

    entries: int
    seconds: float


async def position(redis: Redis) -> GroupPosition:
    """The group's position, read in one transaction; the start if stream or group is missing."""
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
        tolerate_absence(groups, pending)
    seconds, micros = time
    redis_ms = seconds * 1000 + micros // 1000
    group = next((each for each in _listed(groups) if text(each["name"]) == GROUP), None)
    if group is None or isinstance(pending, ResponseError):
        return GroupPosition(undelivered=length, redis_ms=redis_ms)
    delivered = text(group["last-delivered-id"])
    everything = not newest or text(newest[0][0]) == delivered
    lag = 0 if everything else group.get("lag")
    return GroupPosition(
        last_delivered=delivered,
        pending=pending["pending"],
        oldest_pending=text(pending["min"]) if pending["min"] is not None else None,
        undelivered=length if lag is None else lag,
        redis_ms=redis_ms,
    )


async def stream_lag(redis: Redis) -> Lag:
    """The entries and seconds by which the database is behind the stream, according to Redis."""
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
    if age_ms < 0:  # the clock of Redis was ahead: only the event itself has the right time
        with suppress(InteractionInvalid):
            age_ms = where.redis_ms - unix_ms(decode_entry(entry.payload).received_at)
    return Lag(entries=entries, seconds=max(0, age_ms) / 1000)


def tolerate_absence(*answers: object) -> None:
    """Raise the first error among the answers, except errors for a missing stream or group."""
    for answer in answers:
        absent = isinstance(answer, ResponseError) and (
            "no such key" in str(answer).lower() or "NOGROUP" in str(answer)
        )
        if isinstance(answer, Exception) and not absent:
            raise answer


def _listed(groups: object) -> list[dict[str, Any]]:
    return groups if isinstance(groups, list) else []
