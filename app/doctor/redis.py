"""The findings of `nest doctor` about Redis."""

from datetime import UTC, datetime, timedelta
from functools import partial
from typing import Final

from app.doctor.clocks import clocks
from app.doctor.finding import Finding, FindingState
from app.doctor.usable import SINGLE
from app.settings.settings import without_secrets
from configurator.activity.entries import id_pair
from configurator.activity.event_ids import unix_ms
from realtime.process.clock import read_clock
from storage.errors import StorageError
from storage.redis.activity.capacity import INTAKE_SHARE
from storage.redis.activity.stream import InteractionStream
from storage.redis.client import Durability, Memory, Redis
from storage.redis.clock import redis_time
from storage.redis.reasons import answered, refuses_login
from storage.redis.suitable import missing_rights, unsuitable

OLDEST: Final = (7, 0)
MB: Final = 1_000_000
IDS_APART: Final = timedelta(seconds=10)


async def look_at_redis(url: str) -> list[Finding]:
    """The findings about the server at `url`."""
    if not url:
        text = "no REDIS_URL; `nest run` starts an embedded Valkey"
        return [Finding(state="note", subject="redis", text=text)]
    place = without_secrets(url)
    try:
        async with Redis(url, pool_size=2) as redis:
            await redis.ping()
            if problem := await unsuitable(redis):
                return [_wrong(f"{place}: {problem}", f"{SINGLE}.")]
            missing = await missing_rights(redis)
            if missing:
                return [_lacking(purpose, lacking) for purpose, lacking in missing.items()]
            durability = await redis.durability()
            memory = await redis.memory()
            kind, version = await redis.version()
            clock = await read_clock(partial(redis_time, redis))
            bounds = await InteractionStream(redis).bounds()
    except (StorageError, OSError, ValueError) as error:
        return [
            _wrong(
                f"{place} cannot be used: {error}",
                f"{_what_to_check(error)} Editing goes on without it; live updates and statistics "
                "wait.",
            )
        ]
    new_enough = tuple(int(part) for part in version.split(".")[:2]) >= OLDEST
    return [
        Finding(
            state="ok" if new_enough else "wrong",
            subject="redis",
            text=f"{place} answers, {kind} {version}",
            mend="" if new_enough else "Redis 7.0 or Valkey 8 or newer is needed.",
        ),
        _durability(durability),
        _memory(memory),
        *clocks("redis", clock),
        *_ids_ahead(timedelta(milliseconds=id_pair(bounds.last)[0] - unix_ms(datetime.now(UTC)))),
    ]


def _what_to_check(error: Exception) -> str:
    if refuses_login(error):
        return "Name a user and a password in REDIS_URL that it accepts."
    if answered(error):
        return "Redis or Valkey itself says so; its log may say more."
    return "Check that Redis or Valkey runs there and that REDIS_URL is right."


def _wrong(text: str, mend: str) -> Finding:
    return Finding(state="wrong", subject="redis", text=text, mend=mend)


def _lacking(purpose: str, commands: tuple[str, ...]) -> Finding:
    return _wrong(
        f"the login may not use {', '.join(commands)}: without them {purpose} do not work",
        "Give the login of REDIS_URL these rights (ACL SETUSER): all keys and channels of this "
        "database, and every command but those of @admin and @dangerous, with INFO and CONFIG|GET.",
    )


def _durability(durability: Durability) -> Finding:
    keeps = durability.loses_nothing and durability.flushes_first
    doubtful: FindingState = "wrong" if durability.loses_nothing is False else "note"
    return Finding(
        state="ok" if keeps else doubtful,
        subject="redis",
        text=f"appendonly={_yes_no(durability.append_only)} "
        f"appendfsync={durability.append_fsync or 'unknown'} "
        f"maxmemory-policy={durability.eviction_policy or 'unknown'}",
        mend=""
        if keeps
        else "Set `appendonly yes`, `appendfsync always` and `maxmemory-policy noeviction`, or "
        "interactions that were acknowledged can be lost.",
    )


def _memory(memory: Memory) -> Finding:
    used = f"uses {memory.used_bytes // MB} MB"
    if not memory.most_bytes:
        return Finding(
            state="note",
            subject="redis",
            text=f"{used} without a limit: waiting interactions can fill the memory of this machine",
            mend="Set `maxmemory` (NEST_VALKEY_MEMORY_MB where `nest run` starts it); interactions "
            "are then refused with 503 before it is full, and nothing that was acknowledged is lost.",
        )
    full = memory.share >= INTAKE_SHARE
    return Finding(
        state="wrong" if full else "ok",
        subject="redis",
        text=f"{used} of {memory.most_bytes // MB} MB"
        + (": interactions are refused with 503" if full else ""),
        mend="See that a worker runs and PostgreSQL answers: what is stored makes room. Else give "
        "it more memory (`maxmemory`, NEST_VALKEY_MEMORY_MB)."
        if full
        else "",
    )


def _ids_ahead(ahead: timedelta) -> list[Finding]:
    """A finding if the clock of Redis was ahead, because ids of the stream continue from there."""
    if ahead < IDS_APART:
        return []
    seconds = timedelta(seconds=round(ahead.total_seconds()))
    text = f"its clock was ahead once: the ids of the stream are {seconds} ahead of this machine's"
    mend = "Nothing is lost; for that time the live view knows less about when entries were stored."
    return [Finding(state="note", subject="redis", text=text, mend=mend)]


def _yes_no(value: bool | None) -> str:
    return {True: "yes", False: "no", None: "unknown"}[value]
