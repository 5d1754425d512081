"""One op on its way to PostgreSQL, and the states that it goes through.

    WAITING ──take──▶ SENT ─────put_off─────┬──────────────┐
       ▲               │                    │ delayed      │ at once
       └───give_back───┘                    ▼              ▼
                                         DELAYED ───────▶ SOLO ──take──▶ SENT_SOLO
                                            ▲      due     ▲                │  │
                                            │              └──give_back─────┘  │
                                            └───────────────────put_off────────┘

`give_back`: the connection failed, so the op is sent unchanged on another one. `put_off`: another
transaction holds the row of its configuration, so the op is sent alone from now on; other ops would
have to wait with it. From every state an op may become DONE, which is final: it was answered, or its
caller gave up.
"""

import asyncio
from dataclasses import dataclass
from enum import Enum

from storage.postgres.configurations.commit.statement import CommitRequest, CommitResult, Stored


class State(Enum):
    """See the drawing above."""

    WAITING = "waiting"
    """In the queue; it may share a statement with other ops."""
    SENT = "sent"
    """In a batch that a connection has taken."""
    SOLO = "solo"
    """In the queue; it will be sent alone."""
    SENT_SOLO = "sent_solo"
    """In a batch of its own."""
    DELAYED = "delayed"
    """In the queue; it cannot be taken before its delay is over."""
    DONE = "done"
    """Answered, or given up by its caller."""


TRANSITIONS = {
    State.WAITING: frozenset({State.SENT}),
    State.SENT: frozenset({State.WAITING, State.SOLO, State.DELAYED}),
    State.SOLO: frozenset({State.SENT_SOLO}),
    State.SENT_SOLO: frozenset({State.SOLO, State.DELAYED}),
    State.DELAYED: frozenset({State.SOLO}),
    State.DONE: frozenset[State](),
}
"""Every state may become DONE as well."""


@dataclass(slots=True, eq=False)
class Waiting:
    """One op on its way.

    `after`: the op on whose success this one was judged; this one is sent only together with it or
    after it was stored. None once this op is answered. `tries`: how often it was sent. `unknown`: an
    attempt got no answer, so the op may be committed.
    """

    request: CommitRequest
    result: "asyncio.Future[CommitResult]"
    after: "Waiting | None" = None
    tries: int = 0
    unknown: bool = False
    moved_to: State = State.WAITING
    """The state as the queue knows it; the op may be DONE before the queue learns of it."""

    @property
    def state(self) -> State:
        """The present state."""
        return State.DONE if self.result.done() else self.moved_to

    def move(self, to: State) -> None:
        """Change the state; a transition that is not in the drawing is our own bug."""
        if to is not State.DONE and to not in TRANSITIONS[self.moved_to]:
            raise AssertionError(f"an op never goes from {self.moved_to} to {to}")
        self.moved_to = to

    @property
    def base_committed(self) -> bool:
        """Whether the op that this one was judged on was stored; ask once `after` is answered."""
        if self.after is None:
            return True
        answer = self.after.result
        if not answer.done() or answer.cancelled() or answer.exception() is not None:
            return False
        result = answer.result()
        return isinstance(result, Stored) and result.version == self.request.expected_version
