"""The events of a house, for ``House.events()``, and their bounded queue."""

import asyncio
from collections import deque
from collections.abc import AsyncGenerator
from datetime import datetime
from typing import Literal
from uuid import UUID

import msgspec

from nest_haus_client.core.operations import Operation
from nest_haus_client.errors import Refused
from nest_haus_client.messages import Member, OpFrame, Outcome

EVENTS_KEPT = 256
"""The most events that wait for a slow consumer; beyond that, only their number is reported."""

StatusName = Literal["connecting", "online", "offline", "closed", "refused"]


class Changed(msgspec.Struct, frozen=True, kw_only=True):
    """One op was committed. ``difference_cents``: the change of the price.

    ``mine``: this client asked for it (not merely the same person elsewhere).
    """

    op: OpFrame
    difference_cents: int
    mine: bool


class Replaced(msgspec.Struct, frozen=True, kw_only=True):
    """The confirmed state was replaced as a whole: at the start, or after a gap or a new epoch.

    ``before``: the version that was known until then, None at the start. ``restored``: a backup
    took the place of what was there, and what was changed after ``restored_to`` (None: not said)
    is gone.
    """

    version: int
    before: int | None
    total_cents: int
    restored: bool = False
    restored_to: datetime | None = None


class Settled(msgspec.Struct, frozen=True, kw_only=True):
    """An op of this client has its outcome, or (``refused``) will never be carried out.

    With neither it was withdrawn before it was sent.
    """

    op_id: UUID
    operation: Operation
    outcome: Outcome | None = None
    refused: Refused | None = None


class Members(msgspec.Struct, frozen=True, kw_only=True):
    """The members now; a large house lists only some of them, ``count`` is their number."""

    members: tuple[Member, ...]
    count: int


class Status(msgspec.Struct, frozen=True, kw_only=True):
    """The status of the connection changed; ``detail`` says why, if there is a problem.

    ``retry_in_seconds``: when the next connection is tried, while it is ``offline``.
    """

    status: StatusName
    detail: str | None = None
    retry_in_seconds: float | None = None


class Ended(msgspec.Struct, frozen=True, kw_only=True):
    """This client is no longer in the house; no event follows.

    ``code`` is ``left`` when somebody asked for that; ``refused`` is set when the server said so in
    answer to a join or an op.
    """

    code: str
    undecided: tuple[UUID, ...] = ()
    refused: Refused | None = None


class Skipped(msgspec.Struct, frozen=True, kw_only=True):
    """``count`` events were left out here, because they were not taken in time.

    The house itself (``selection``, ``version``, ``members``) is complete nevertheless.
    """

    count: int


Event = Changed | Replaced | Settled | Members | Status | Ended | Skipped
HouseEvent = Changed | Replaced | Settled | Members | Ended


class EventQueue:
    """The events that one consumer has not taken yet: the newest ``limit``, and a count of the rest."""

    def __init__(self, limit: int = EVENTS_KEPT) -> None:
        self._limit = limit
        self._events: deque[Event] = deque()
        self._skipped = 0
        self._some = asyncio.Event()
        self._last = False

    def put(self, event: Event) -> None:
        """Keep an event; the oldest gives way. Nothing is kept after ``Ended``."""
        if self._last:
            return
        if isinstance(event, Members | Status):  # the latest of these replaces earlier ones
            self._events = deque(each for each in self._events if type(each) is not type(event))
        if len(self._events) >= self._limit:
            self._events.popleft()
            self._skipped += 1
        self._events.append(event)
        self._last = isinstance(event, Ended)
        self._some.set()

    def close(self) -> None:
        """No event follows; the consumer still gets those that wait."""
        self._last = True
        self._some.set()

    async def take(self) -> AsyncGenerator[Event, None]:
        """Every event, until the last."""
        while True:
            while self._skipped or self._events:
                if self._skipped:
                    skipped, self._skipped = self._skipped, 0
                    yield Skipped(count=skipped)
                else:
                    yield self._events.popleft()
            if self._last:
                return
            self._some.clear()
            await self._some.wait()
