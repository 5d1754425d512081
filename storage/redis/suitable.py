"""Checks whether this Redis can be used at all, and which needed rights its login lacks.

The checks change no data: each right is tried with arguments that the command refuses, and Redis
checks rights before arguments.
"""

from collections.abc import Mapping
from typing import Final

from redis.exceptions import MovedError, NoPermissionError, ResponseError

from storage.errors import StorageError
from storage.redis.activity.keys import DEAD, EVENTS, GROUP, HINTS, SEEN, WAITING
from storage.redis.client import Redis, call, commands
from storage.redis.reasons import NO_SUCH_DATABASE, lacks_database

IN_A_CLUSTER: Final = "it is a node of a cluster"

RedisCommand = tuple[str | int, ...]

NEEDED: Final[Mapping[str, tuple[RedisCommand, ...]]] = {
    "interactions": (
        ("EVAL", "return 1", 1, EVENTS),
        ("XADD", EVENTS, "no id", "s", ""),
        ("XLEN", EVENTS),
        ("XRANGE", EVENTS, "no id", "+"),
        ("XREVRANGE", EVENTS, "no id", "-"),
        ("XINFO", "STREAM", EVENTS),
        ("XPENDING", EVENTS, GROUP),
        ("XREADGROUP", "GROUP", GROUP, "nobody", "STREAMS", EVENTS, "no id"),
        ("XAUTOCLAIM", EVENTS, GROUP, "nobody", "no number", "0"),
        ("XGROUP", "CREATE", EVENTS, GROUP, "no id"),
        ("XACK", EVENTS, GROUP, "no id"),
        ("XTRIM", EVENTS, "MINID", "no id"),
        ("XDEL", EVENTS, "no id"),
        ("XADD", DEAD, "no id", "s", ""),
        ("SREM", f"{WAITING}none", "nothing"),
        ("EXPIRE", f"{SEEN}none", "no number"),
        ("SCARD", f"{WAITING}none"),
        ("MEMORY", "USAGE", EVENTS),
        ("TIME",),
    ),
    "presence": (
        ("SET", "presence:{none}:none", "", "PX", "no number"),
        ("DEL", "presence:{none}:none"),
        ("SMEMBERS", "presence:{none}"),
        ("PEXPIRE", "online:{processes}", "no number"),
        ("MGET", "online:{processes}:none"),
    ),
    "tickets": (("GETDEL", "ticket:{none}"), ("GET", "ticket:{none}")),
    "live updates": (
        ("PUBLISH", HINTS, ""),
        ("PUBLISH", "tick:{none}", ""),
        ("PUBLISH", "room:{none}", ""),
    ),
}
"""The needed commands, by the feature that does not work without them."""


async def unsuitable(redis: Redis) -> str | None:
    """The reason why this server can never be used, as the end of a sentence; None if it can.

    Raises StorageError if it cannot be asked.
    """
    try:
        async with call(redis):
            try:
                found = await redis.client.info("cluster")
            except NoPermissionError:
                found = {}
            if found.get("cluster_enabled"):
                return IN_A_CLUSTER
            await redis.client.exists(EVENTS)
    except StorageError as error:
        if isinstance(error.__cause__, MovedError):
            return IN_A_CLUSTER
        if lacks_database(error):
            return NO_SUCH_DATABASE
        raise
    return None


async def missing_rights(redis: Redis) -> Mapping[str, tuple[str, ...]]:
    """The commands, with their keys, that the login may not use, by the feature that needs them."""
    missing: dict[str, tuple[str, ...]] = {}
    for purpose, needed in NEEDED.items():
        lacking = [named(command) for command in needed if not await _may(redis, command)]
        if lacking:
            missing[purpose] = tuple(dict.fromkeys(lacking))
    if not await _may_subscribe(redis):
        missing["live updates"] = (*missing.get("live updates", ()), "SUBSCRIBE")
    return missing


def named(command: RedisCommand) -> str:
    """The command and its key, in readable form."""
    name, *arguments = map(str, command)
    return f"{name} {next((each for each in arguments if '{' in each or ':' in each), '')}".strip()


async def _may(redis: Redis, command: RedisCommand) -> bool:
    async with call(redis):
        try:
            await commands(redis).execute_command(*command)
        except NoPermissionError:
            return False
        except ResponseError:  # it checked the arguments, so the right is there
            return True
    return True


async def _may_subscribe(redis: Redis) -> bool:
    connection = redis.connection()
    async with call(redis):
        try:
            await connection.connect()  # type: ignore[no-untyped-call]  # in redis-py
            await connection.send_command("SUBSCRIBE", redis.channel("tick:{none}"))
            await connection.read_response()
        except NoPermissionError:
            return False
        finally:
            await connection.disconnect(nowait=True)
    return True
