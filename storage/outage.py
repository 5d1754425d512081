"""Outages of the stores that loops need: what a loop logs, counts and waits for meanwhile.

An operator can change every answer of a store at run time, so no answer ends a loop: the loop
continues, and its step works again as soon as the store does. Errors that do not come from a store
are our own bugs; they pass through here and end the process.
"""

import asyncio
from collections.abc import Awaitable, Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from typing import Protocol, TypeVar

import structlog

from storage.errors import StorageDefect, StorageError

log = structlog.get_logger()

Result = TypeVar("Result")

REASON_CHARACTERS_MAX = 200
RETRY_SECONDS = 2.0

TOLD_SECONDS = 15.0
"""Seconds that a failure is reported: without a newer try, the step may be possible again."""


class Outage:
    """Whether the store of one step is away; logs the beginning and the end of an outage.

    `step` is a few words for a log line and for `/readyz`, which strangers read: it names the action,
    never a host. `clock` is monotonic, in seconds; None: the running event loop's clock.
    """

    def __init__(self, step: str, *, clock: Callable[[], float] | None = None) -> None:
        self.step = step
        self.errors = 0
        """The number of failures of the step since the process began."""
        self.failures = 0
        """The number of failures since it last worked; 0 while its store is available."""
        self._clock = clock
        self._began = 0.0
        self._latest = 0.0
        self._reason = ""

    @contextmanager
    def tolerated(self) -> Iterator[None]:
        """A try of the step: a StorageError ends only the block."""
        try:
            yield
        except StorageError as error:
            self.met(error)
        else:
            self.over()

    def met(self, error: StorageError) -> None:
        """Record that the step failed."""
        self.errors += 1
        self.failures += 1
        self._reason = str(error)[:REASON_CHARACTERS_MAX]
        self._latest = self._now()
        if self.failures == 1:
            self._began = self._latest
            if isinstance(error, StorageDefect):
                # Our own bug, which only a new release can mend: log an error with the traceback.
                log.error("store_away", step=self.step, reason=self._reason, exc_info=error)
            else:
                log.warning("store_away", step=self.step, reason=self._reason)

    def over(self) -> None:
        """Record that the step worked; logs how long it failed and how often it was tried."""
        if self.failures:
            seconds = round(self._lasted(), 1)
            log.info("store_back", step=self.step, away_seconds=seconds, failures=self.failures)
            self.failures = 0

    def pause(self, usual_seconds: float) -> float:
        """Seconds until the next try; while the store is away, tries are more frequent."""
        return min(usual_seconds, RETRY_SECONDS) if self.failures else usual_seconds

    @property
    def problem(self) -> str | None:
        """One sentence while the store is away, judged by recent tries; else None."""
        if not self.failures or self._now() - self._latest > TOLD_SECONDS:
            return None
        return f"{self.step}: not possible for {self._lasted():.0f} s ({self._reason})"

    def _lasted(self) -> float:
        return self._now() - self._began

    def _now(self) -> float:
        return self._clock() if self._clock is not None else asyncio.get_running_loop().time()


class UnlessAway(Protocol):
    """Does work that needs PostgreSQL, without waiting for a PostgreSQL that is away."""

    async def __call__(self, work: Callable[[], Awaitable[Result]], /) -> Result:
        """The result of `work`. Raises StorageUnavailable as soon as PostgreSQL counts as away."""
        ...


class Stepping(Protocol):
    """A part of the process with steps that are repeated."""

    @property
    def outages(self) -> Iterable[Outage]:
        """One outage for each step."""


class Outages:
    """The outages of all steps of a process, for its monitoring."""

    def __init__(self, parts: Iterable[Stepping]) -> None:
        self._steps = tuple(step for part in parts for step in part.outages)

    def problems(self) -> list[str]:
        """One sentence for each step whose store is away now; without the names of machines."""
        return [problem for step in self._steps if (problem := step.problem) is not None]

    def errors(self) -> Mapping[str, int]:
        """The number of failures of each step since the process began."""
        return {step.step: step.errors for step in self._steps}
