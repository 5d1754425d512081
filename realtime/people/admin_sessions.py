"""Open admin sessions, and all that must end in this process when one ends.

Each socket, page and watch of the live view is a holder of its admin's session, and ends within a
second of it. The process where the admin logs out tells its own holders, and those of other
processes over the bus; a clock ends sessions that run out. When the bus is away, the sweep finds
the end (`SWEEP_SECONDS`). While PostgreSQL is away, sessions stay open until the end that was read
last.
"""

import asyncio
from collections.abc import Callable, Collection, Iterable
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import datetime

from cachetools import LRUCache
from typing_extensions import override

from storage.errors import StorageError
from storage.outage import Outage
from storage.postgres.people.admins import Admins
from storage.tasks import TaskOwner

SWEEP_SECONDS = 10.0
"""Seconds between two reads of the sessions, roles and tokens of who is connected here: an end that
no process was told of is noticed this late."""

SOONEST_SECONDS = 0.2
"""The least number of seconds between two reads, so that a slow clock causes no busy loop."""

ENDED_MAX = 1_000
"""The number of ended sessions that are remembered: a holder that was let in just before the end,
and registers only after it, must end too."""

Ended = Callable[[], None]
"""Called once when the session has ended; must not wait."""


@dataclass(slots=True, eq=False)
class _Held:
    until: datetime | None = None
    ended: set[Ended] = field(default_factory=set)


class AdminSessions(TaskOwner):
    """An async context manager: it owns the sweep. ``now`` is the time of day."""

    def __init__(
        self,
        *,
        admins: Admins,
        now: Callable[[], datetime],
        sweep_seconds: float = SWEEP_SECONDS,
    ) -> None:
        super().__init__()
        self._sweep_seconds = sweep_seconds
        self._admins = admins
        self._now = now
        self._held: dict[bytes, _Held] = {}
        self._over: LRUCache[bytes, None] = LRUCache(ENDED_MAX)
        self._news = asyncio.Event()
        self.outage = Outage("checking the sessions of admins")
        self.outages = (self.outage,)

    @override
    def _begin(self) -> None:
        self._tasks.start(self._sweep_forever(), name="admin sessions")

    def hold(self, session_sha256: bytes, ended: Ended) -> None:
        """Have ``ended`` called when this session ends, or soon if it has ended already."""
        if session_sha256 in self._over:
            asyncio.get_running_loop().call_soon(ended)
            return
        if session_sha256 not in self._held:
            self._news.set()
        self._held.setdefault(session_sha256, _Held()).ended.add(ended)

    def release(self, session_sha256: bytes, ended: Ended) -> None:
        """Do nothing: the holder has ended already."""
        held = self._held.get(session_sha256)
        if held is not None:
            held.ended.discard(ended)
            if not held.ended:
                del self._held[session_sha256]

    def end(self, sessions_sha256: Iterable[bytes]) -> None:
        """End these sessions here: call their holders."""
        for session in sessions_sha256:
            self._over[session] = None
            held = self._held.pop(session, None)
            for ended in list(held.ended) if held is not None else []:
                ended()

    async def still_open(self, session_sha256: bytes) -> bool:
        """Whether the session is open: now, or when last read while PostgreSQL is away."""
        if session_sha256 in self._over:
            return False
        with suppress(StorageError):
            await self._look([session_sha256])
        return session_sha256 not in self._over

    async def sweep(self) -> None:
        """Read every held session, and end those that are over. Raises StorageUnavailable."""
        if self._held:
            await self._look(list(self._held))

    async def _look(self, sessions: Collection[bytes]) -> None:
        now = self._now()
        try:
            found = await self._admins.open_until(sessions, now)
        except StorageError:
            self.end(
                session
                for session in sessions
                if (held := self._held.get(session)) and held.until and held.until <= now
            )
            raise
        for session in sessions:
            until = found.get(session)
            if until is None:
                self.end([session])
            elif held := self._held.get(session):
                held.until = until

    async def _sweep_forever(self) -> None:
        while True:
            with self.outage.tolerated():
                await self.sweep()
            self._news.clear()
            with suppress(TimeoutError):
                async with asyncio.timeout(self._wait_seconds()):
                    await self._news.wait()

    def _wait_seconds(self) -> float:
        """Seconds until the next read: when the first session runs out, or the sweep is due."""
        now = self._now()
        ends = [(held.until - now).total_seconds() for held in self._held.values() if held.until]
        return max(SOONEST_SECONDS, min([self.outage.pause(self._sweep_seconds), *ends]))
