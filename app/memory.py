"""Gives back memory after a flood: reference cycles to Python, free memory to the system.

`spare_what_stays` makes the garbage collector run rarely, because ops and interactions leave no
reference cycles. Pages and handshakes do, and after a flood no allocations trigger the collector.
This module therefore measures the memory. Once it has grown, it is collected and trimmed, and again
at the next `LOOKS_AFTER` looks: sessions and pages of a flood end up to a minute later, and the
memory that they free then is no growth that a look would notice. A process that does not grow never
pauses.

A process that stays above its budget although everything was given back logs that once, and once more
when it is below the budget again.
"""

import asyncio
import ctypes
import gc
import os
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Final

import structlog
from typing_extensions import override

from storage.tasks import TaskOwner

LOOK_SECONDS: Final = 20.0
GROWN_BYTES: Final = 8_000_000
"""Growth since the last collection that justifies a pause: scanning that many objects takes about 20 ms."""

LOOKS_AFTER: Final = 4
"""The number of looks after a growth that also give memory back: they cover 60 to 80 s."""

BACK_PART: Final = 0.9
"""The share of the budget below which a process is within it again, so that it does not log often."""

_STATM: Final = Path("/proc/self/statm")

log = structlog.get_logger()


def resident_bytes() -> int:
    """The resident memory of this process; 0 if the system does not report it."""
    try:
        pages = int(_STATM.read_bytes().split()[1])
    except (OSError, IndexError, ValueError):
        return 0
    return pages * os.sysconf("SC_PAGE_SIZE")


def give_back() -> None:
    """Collect all cycles, then return free memory to the system where that is possible."""
    gc.collect()
    with suppress(AttributeError, OSError):
        ctypes.CDLL(None).malloc_trim(0)


class MemoryKeeper(TaskOwner):
    """Watches the memory of this process while it is entered."""

    def __init__(
        self,
        budget_bytes: int,
        *,
        resident: Callable[[], int] = resident_bytes,
        give_back: Callable[[], None] = give_back,
    ) -> None:
        super().__init__()
        self._budget_bytes = budget_bytes
        self._over = False
        self._resident = resident
        self._give_back = give_back
        self._least = resident()
        self._looks_left = 0

    def look(self) -> None:
        """Give memory back if the process has grown since the last time, or did so recently."""
        found = self._resident()
        if found - self._least > GROWN_BYTES:
            self._looks_left = LOOKS_AFTER
        elif self._looks_left:
            self._looks_left -= 1
        else:
            self._least = min(self._least, found)
            self._compare(found)
            return
        self._give_back()
        self._least = self._resident()
        self._compare(self._least)

    def _compare(self, found: int) -> None:
        over = found > self._budget_bytes * (BACK_PART if self._over else 1)
        if over is not self._over:
            self._over = over
            tell = log.warning if over else log.info
            tell(
                "memory_over_budget" if over else "memory_within_budget",
                resident_mb=found // 1_000_000,
                budget_mb=self._budget_bytes // 1_000_000,
            )

    @override
    def _begin(self) -> None:
        self._tasks.start(self._look_often(), name="memory")

    async def _look_often(self) -> None:
        while True:
            await asyncio.sleep(LOOK_SECONDS)
            self.look()
