"""The clock of a process, compared with PostgreSQL's, by which stored days and times go.

The clock of a machine may be hours off, or jump. Therefore PostgreSQL (or else Redis) is asked for
the time at the start, once a minute, and as soon as the machine's clock moves against the steady
clock, which only counts on. If server and machine agree within `APART_SECONDS`, the machine's time
is used, because it does not jump with round trips. If they do not, `now` is the server's time plus
the seconds that the steady clock counted since, and the process reports it: in the log, in a
metric, and in a sentence of readiness. Until the first answer the machine's time is used.
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
"""Seconds that a starting process waits for the first answer."""

TRIP_SECONDS_MAX: Final = 2.0
"""An answer that took longer than this is not used."""

AskTime = Callable[[], Awaitable[datetime]]


def wall() -> datetime:
    """The time of this machine, in UTC."""
    return datetime.now(UTC)


def steady() -> float:
    """Monotonic seconds; they go on while the machine sleeps, if the system counts that."""
    boot: int | None = getattr(time, "CLOCK_BOOTTIME", None)
    return time.monotonic() if boot is None else time.clock_gettime(boot)


@dataclass(frozen=True, slots=True, kw_only=True)
class Reading:
    """The time `server` of a server at the steady time `at`, the middle of a round trip.

    The trip took `trip_seconds`; the machine's clock was `off_seconds` ahead of the server's.
    """

    server: datetime
    at: float
    off_seconds: float
    trip_seconds: float

    @property
    def is_off(self) -> bool:
        """Whether the clocks certainly differ by more than `APART_SECONDS`.

        The server may have read its clock at any moment of the trip.
        """
        return abs(self.off_seconds) - self.trip_seconds / 2 > APART_SECONDS


async def read_clock(
    ask: AskTime, *, wall: Callable[[], datetime] = wall, steady: Callable[[], float] = steady
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
    """The time that a process stores, as long as it is entered.

    `ask` are servers, the best first.
    """

    def __init__(
        self,
        ask: Sequence[AskTime],
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
        """The time in UTC: the server's if the machine's clock is off."""
        local = self._wall()
        off_seconds = self._off(local)
        if abs(off_seconds) <= APART_SECONDS:
            return local
        return local - timedelta(seconds=off_seconds)

    @property
    def off_seconds(self) -> float:
        """Seconds by which the machine's clock is ahead of the server's; 0 if that is not known."""
        return self._off(self._wall())

    def problems(self) -> tuple[str, ...]:
        """A sentence for operators if the machine's clock is off, else nothing."""
        off_seconds = self.off_seconds
        if abs(off_seconds) <= APART_SECONDS:
            return ()
        side = "ahead of" if off_seconds > 0 else "behind"
        found = f"the clock of this machine is {abs(off_seconds):.0f} s {side} that of PostgreSQL"
        return (f"{found}, which is used instead: let both follow the same time (NTP)",)

    async def tick(self) -> None:
        """Ask again if that is due, or the machine's clock moved. Call it every second."""
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
        """Ask the servers in turn; returns whether one of them answered."""
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
