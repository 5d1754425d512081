"""Loops and the stores they need: what one says, counts and waits while a store does not serve it.

Whatever a store answers at run time can be changed by its operator, so no answer ends a loop: the
loop goes on as before and its step works again as soon as the store does. Errors that come from no
store are our own bugs; they pass through here and end the process.
"""

import asyncio
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from typing import Protocol

import structlog

from storage.errors import StorageDefect, StorageError

log = structlog.get_logger()

REASON_CHARACTERS_MAX = 200
RETRY_SECONDS = 2.0

TOLD_SECONDS = 15.0
"""A failure is told for this time: a step that nobody asked for since may be possible again."""


class Outage:
    """Whether the store of one step is away: logged when that begins and when it is over.

    `step` is a few words for a log line and for `/readyz`, which strangers read: what is done, never
    where. `clock` gives seconds that only go on; None: the running event loop's.
    """

    def __init__(self, step: str, *, clock: Callable[[], float] | None = None) -> None:
        self.step = step
        self.errors = 0
        """How many times the step failed since the process began."""
        self.failures = 0
        """How many times it failed since it last worked; 0: its store is there."""
        self._clock = clock
        self._began = 0.0
        self._latest = 0.0
        self._reason = ""

    @contextmanager
    def tolerated(self) -> Iterator[None]:
        """A try of the step: a StorageError ends the block, and nothing else."""
        try:
            yield
        except StorageError as error:
            self.met(error)
        else:
            self.over()

    def met(self, error: StorageError) -> None:
        """The step failed."""
        self.errors += 1
        self.failures += 1
        self._reason = str(error)[:REASON_CHARACTERS_MAX]
        self._latest = self._now()
        if self.failures == 1:
            self._began = self._latest
            if isinstance(error, StorageDefect):
                # Our own bug, and nobody but us can end it: an error, and where it came from.
                log.error("store_away", step=self.step, reason=self._reason, exc_info=error)
            else:
                log.warning("store_away", step=self.step, reason=self._reason)

    def over(self) -> None:
        """The step worked. Says how long it did not, and how often it was tried."""
        if self.failures:
            seconds = round(self._lasted(), 1)
            log.info("store_back", step=self.step, away_seconds=seconds, failures=self.failures)
            self.failures = 0

    def pause(self, usual_seconds: float) -> float:
        """Seconds until the next try: while the store is away it is not left alone for long."""
        return min(usual_seconds, RETRY_SECONDS) if self.failures else usual_seconds

    @property
    def problem(self) -> str | None:
        """One sentence while the store is away, as far as the tries of late say."""
        if not self.failures or self._now() - self._latest > TOLD_SECONDS:
            return None
        return f"{self.step}: not possible for {self._lasted():.0f} s ({self._reason})"

    def _lasted(self) -> float:
        return self._now() - self._began

    def _now(self) -> float:
        return self._clock() if self._clock is not None else asyncio.get_running_loop().time()


class Stepping(Protocol):
    """A part of the process with steps that are repeated."""

    @property
    def outages(self) -> Iterable[Outage]:
        """One for each step."""


class Outages:
    """All steps of a process, for those who watch it."""

    def __init__(self, parts: Iterable[Stepping]) -> None:
        self._steps = tuple(step for part in parts for step in part.outages)

    def problems(self) -> list[str]:
        """One sentence for each step whose store is away now; without the names of machines."""
        return [problem for step in self._steps if (problem := step.problem) is not None]

    def errors(self) -> Mapping[str, int]:
        """How many times each step has failed since the process began."""
        return {step.step: step.errors for step in self._steps}
