"""Presence: the members of each configuration, as each process reports them. No data depends on it.

Keys: `presence:{<configuration id>}:<process>` holds the members of one process and expires when the
process dies; `presence:{<configuration id>}` lists the processes to read.
`online:<process>` and `online` are the same for whole processes.
"""

from collections.abc import Iterable
from uuid import UUID

from storage.deadline import within
from storage.redis.client import Redis

_ONLINE = "online:{processes}"
# The list lives longer than its longest entry, so that it never hides a live one, and expires, too.
_LIST_TTL_FACTOR = 4


class PresenceReports:
    """Reports and reads presence. Every method raises StorageUnavailable if Redis is away."""

    def __init__(self, redis: Redis) -> None:
        self._redis = redis

    async def put(
        self, configuration_id: UUID, process: str, members_json: bytes, ttl_seconds: float
    ) -> None:
        """Reports this process's members of a configuration, for `ttl_seconds`."""
        await self._put(_room(configuration_id), process, members_json, ttl_seconds)

    async def remove(self, configuration_id: UUID, process: str) -> None:
        """Reports that this process has no more members of the configuration."""
        index = _room(configuration_id)
        with self._redis.errors():
            async with within(self._redis.call_seconds):
                await self._together(("DEL", _entry(index, process)), ("SREM", index, process))

    async def all(self, configuration_id: UUID) -> dict[str, bytes]:
        """The members by process, of every process whose report has not expired."""
        return await self._all(_room(configuration_id))

    async def report(self, process: str, payload: bytes, ttl_seconds: float) -> None:
        """Reports this process's state, for `ttl_seconds`."""
        await self._put(_ONLINE, process, payload, ttl_seconds)

    async def reports(self) -> dict[str, bytes]:
        """The last report of every live process."""
        return await self._all(_ONLINE)

    async def _put(self, index: str, process: str, value: bytes, ttl_seconds: float) -> None:
        ttl_ms = int(ttl_seconds * 1000)
        with self._redis.errors():
            async with within(self._redis.call_seconds):
                await self._together(
                    ("SET", _entry(index, process), value, "PX", ttl_ms),
                    ("SADD", index, process),
                    ("PEXPIRE", index, ttl_ms * _LIST_TTL_FACTOR),
                )

    async def _all(self, index: str) -> dict[str, bytes]:
        with self._redis.errors():
            async with within(self._redis.call_seconds):
                client = self._redis.client
                members = await client.smembers(index)
                processes = sorted(_text(name) for name in members)
                if not processes:
                    return {}
                values = await client.mget([_entry(index, process) for process in processes])
                found = dict(zip(processes, values, strict=True))
                await self._forget(index, (name for name, value in found.items() if value is None))
        return {name: value for name, value in found.items() if isinstance(value, bytes)}

    async def _together(self, *commands: tuple[str | bytes | int, ...]) -> None:
        pipeline = self._redis.client.pipeline(transaction=True)
        for command in commands:
            _queued = pipeline.execute_command(*command)
        await pipeline.execute()

    async def _forget(self, index: str, gone: Iterable[str]) -> None:
        names = list(gone)
        if names:
            await self._redis.client.srem(index, *names)


def _room(configuration_id: UUID) -> str:
    return f"presence:{{{configuration_id}}}"


def _text(name: bytes | str) -> str:
    return name.decode() if isinstance(name, bytes) else name


def _entry(index: str, process: str) -> str:
    return f"{index}:{process}"
