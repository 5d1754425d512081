"""Memory that a flood leaves behind is given back: reference cycles to Python, free memory to the system.

`spare_what_stays` lets the garbage collector run seldom, because the ways of ops and interactions
leave no cycles; pages and handshakes do, and after a flood nothing is allocated that would make it run.
So memory is looked at, and once it has grown it is collected and trimmed, and again at the next
`LOOKS_AFTER` looks: sessions and pages that a flood began end by themselves up to a minute later, and the
memory they free then makes no process grow. A process that does not grow never pauses for it.

A process that stays above its budget, although everything was given back, says so once, and once more
when it is below it again.
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
"""Growth since the last time that is worth a pause: as objects it takes about 20 ms to look through."""

LOOKS_AFTER: Final = 4
"""Looks after a growth that give memory back once more: they cover 60 to 80 s."""

BACK_PART: Final = 0.9
"""A process is below its budget again at this part of it, so that it does not say so every minute."""

_STATM: Final = Path("/proc/self/statm")

log = structlog.get_logger()


def resident_bytes() -> int:
    """Memory of this process; 0 where the system does not say."""
    try:
        pages = int(_STATM.read_bytes().split()[1])
    except (OSError, IndexError, ValueError):
        return 0
    return pages * os.sysconf("SC_PAGE_SIZE")


def give_back() -> None:
    """Collect every cycle, then hand free memory back to the system where it can be."""
    gc.collect()
    with suppress(AttributeError, OSError):
        ctypes.CDLL(None).malloc_trim(0)


class MemoryKeeper(TaskOwner):
    """Looks at the memory of this process as long as it is entered."""

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
        """Give memory back if the process has grown since the last time, or did lately."""
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
