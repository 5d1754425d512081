"""The clock of a process, held against PostgreSQL's: days and times of what is stored follow that.

The clock of a machine may be hours off, or jump. So PostgreSQL (else Redis) is asked for the time
at the start and once a minute, and again as soon as the machine's clock moved against the steady
one, which only counts on. Where both agree within `APART_SECONDS` the machine's own time is taken:
it has no jumps of a round trip. Where they do not, `now` is the server's time plus what the steady
clock counted since, and the process says so: a line, a metric, a sentence of readiness.

Before the first answer nothing is known, and the machine's time is taken.
"""

import asyncio
import time
from collections.abc import Awaitable, Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from math import inf
from typing import Final, Self

import structlog
from typing_extensions import override

from storage.errors import StorageError
from storage.tasks import TaskOwner

log = structlog.get_logger()

APART_SECONDS: Final = 2.0
LOOK_SECONDS: Final = 60.0
TICK_SECONDS: Final = 1.0
START_SECONDS: Final = 1.0
"""A process that starts waits this long for the first answer."""

TRIP_SECONDS_MAX: Final = 2.0
"""An answer that took longer says too little."""

Ask = Callable[[], Awaitable[datetime]]


def wall() -> datetime:
    """The time of this machine, in UTC."""
    return datetime.now(UTC)


def steady() -> float:
    """Seconds that only go on, also while the machine sleeps where the system counts that."""
    boot: int | None = getattr(time, "CLOCK_BOOTTIME", None)
    return time.monotonic() if boot is None else time.clock_gettime(boot)


@dataclass(frozen=True, slots=True, kw_only=True)
class Reading:
    """A server said `server` at the steady time `at`, as the middle of a trip of `trip_seconds`.

    `off_seconds`: how far the machine's clock was ahead of the server's then.
    """

    server: datetime
    at: float
    off_seconds: float
    trip_seconds: float

    @property
    def is_off(self) -> bool:
        """Whether the clocks differ by more than `APART_SECONDS`, however the trip was divided."""
        return abs(self.off_seconds) - self.trip_seconds / 2 > APART_SECONDS


async def read_clock(
    ask: Ask, *, wall: Callable[[], datetime] = wall, steady: Callable[[], float] = steady
) -> Reading:
    """Ask a server once. Raises what `ask` raises."""
    local, began = wall(), steady()
    server = await ask()
    trip_seconds = steady() - began
    middle = local + timedelta(seconds=trip_seconds / 2)
    return Reading(
        server=server,
        at=began + trip_seconds / 2,
        off_seconds=(middle - server).total_seconds(),
        trip_seconds=trip_seconds,
    )


class Clock(TaskOwner):
    """The time that a process stores by, as long as it is entered. `ask`: servers, the best first."""

    def __init__(
        self,
        ask: Sequence[Ask],
        *,
        wall: Callable[[], datetime] = wall,
        steady: Callable[[], float] = steady,
    ) -> None:
        super().__init__()
        self._ask = ask
        self._wall = wall
        self._steady = steady
        self._reading: Reading | None = None
        self._due = -inf
        self._told = False

    @override
    async def __aenter__(self) -> Self:
        with suppress(TimeoutError):
            async with asyncio.timeout(START_SECONDS):
                await self.tick()
        return await super().__aenter__()

    def now(self) -> datetime:
        """The time, in UTC: the server's where ours is off."""
        local = self._wall()
        off_seconds = self._off(local)
        if abs(off_seconds) <= APART_SECONDS:
            return local
        return local - timedelta(seconds=off_seconds)

    @property
    def off_seconds(self) -> float:
        """How far the machine's clock is ahead of the server's; 0 while nothing is known."""
        return self._off(self._wall())

    def problems(self) -> tuple[str, ...]:
        """A sentence for operators where the machine's clock is off."""
        off_seconds = self.off_seconds
        if abs(off_seconds) <= APART_SECONDS:
            return ()
        side = "ahead of" if off_seconds > 0 else "behind"
        found = f"the clock of this machine is {abs(off_seconds):.0f} s {side} that of PostgreSQL"
        return (f"{found}, which is used instead: let both follow the same time (NTP)",)

    async def tick(self) -> None:
        """Ask again if it is time, or if the machine's clock moved since; to be called each second."""
        if self._steady() >= self._due or self._moved():
            answered = await self._look()
            self._due = self._steady() + (LOOK_SECONDS if answered else 0.0)
        self._tell()

    @override
    def _begin(self) -> None:
        self._tasks.start(self._tick_often(), name="clock")

    async def _tick_often(self) -> None:
        while True:
            await asyncio.sleep(TICK_SECONDS)
            await self.tick()

    async def _look(self) -> bool:
        """Whether one of the servers answered."""
        for ask in self._ask:
            try:
                reading = await read_clock(ask, wall=self._wall, steady=self._steady)
            except (StorageError, OSError):
                continue
            if reading.trip_seconds <= TRIP_SECONDS_MAX:
                self._reading = reading
                return True
        return False

    def _off(self, local: datetime) -> float:
        if self._reading is None:
            return 0.0
        passed = timedelta(seconds=self._steady() - self._reading.at)
        return (local - self._reading.server - passed).total_seconds()

    def _moved(self) -> bool:
        known = 0.0 if self._reading is None else self._reading.off_seconds
        return abs(self.off_seconds - known) > APART_SECONDS

    def _tell(self) -> None:
        problems = self.problems()
        if bool(problems) == self._told:
            return
        self._told = bool(problems)
        if problems:
            log.error("clock_off", off_seconds=round(self.off_seconds, 1), problem=problems[0])
        else:
            log.info("clock_right")
