"""The waiting callers and listeners of a house that the client has joined."""

import asyncio
from collections.abc import Callable, Generator, Sequence
from uuid import UUID
from weakref import WeakSet

from nest_haus_client.core.state import HouseState
from nest_haus_client.errors import ClientError, HouseEnded, Withdrawn
from nest_haus_client.events import Ended, Event, EventQueue, HouseEvent, Replaced, Settled
from nest_haus_client.messages import Outcome


class Submitted:
    """A queued op; await it for its outcome. Cancelling the wait does not withdraw the op."""

    def __init__(
        self, op_id: UUID, outcome: "asyncio.Future[Outcome]", withdraw: Callable[[UUID], bool]
    ) -> None:
        self.op_id = op_id
        self._outcome = outcome
        self._withdraw = withdraw

    def withdraw(self) -> bool:
        """Withdraw it if it was never sent; awaiting it then raises Withdrawn.

        False if it was sent, or may have been: it continues to its outcome.
        """
        return self._withdraw(self.op_id)

    def __await__(self) -> Generator[object, None, Outcome]:
        return asyncio.shield(self._outcome).__await__()

    @property
    def done(self) -> bool:
        """Whether it has its outcome, or will never have one."""
        return self._outcome.done()


class Seat:
    """A house's state, and all callers in this program that wait for its events."""

    def __init__(self, state: HouseState) -> None:
        self.state = state
        self.news = asyncio.Event()
        self._outcomes: dict[UUID, asyncio.Future[Outcome]] = {}
        self._queues: WeakSet[EventQueue] = WeakSet()  # a queue disappears with its consumer
        self._entered: asyncio.Future[None] = asyncio.get_running_loop().create_future()

    def waiting_for(self, op_id: UUID) -> Submitted:
        """An awaitable for the outcome of a pending op."""
        if op_id not in self._outcomes:
            self._outcomes[op_id] = asyncio.get_running_loop().create_future()
        return Submitted(op_id, self._outcomes[op_id], self.withdraw)

    def withdraw(self, op_id: UUID) -> bool:
        """Withdraw an op that was never sent, and notify its waiters; returns whether it did so."""
        withdrawn = self.state.withdraw(op_id)
        self.hear(self.state.take_events())
        return withdrawn

    def listen(self) -> EventQueue:
        """A queue of all events from now on, filled as long as the caller holds it."""
        queue = EventQueue()
        self._queues.add(queue)
        return queue

    async def enter(self) -> None:
        """Wait for the first state of the house. Raises Refused, Undecided."""
        await asyncio.shield(self._entered)

    def hear(self, events: Sequence[HouseEvent]) -> None:
        """Distribute events to waiters and listeners."""
        for event in events:
            self._note(event)
            self.tell(event)
        if events:
            self._wake()

    def tell(self, event: Event) -> None:
        """Hand an event to every listener."""
        for queue in self._queues:
            queue.put(event)

    def close(self, why: ClientError) -> None:
        """End it: every waiter gets the reason."""
        self._finish(why, why)
        for queue in self._queues:
            queue.close()
        self._wake()

    def _note(self, event: HouseEvent) -> None:
        match event:
            case Settled():
                self._decide(event)
            case Replaced() if not self._entered.done():
                self._entered.set_result(None)
            case Ended(code=code, undecided=undecided, refused=refused):
                ended = HouseEnded(code, undecided, refused=refused)
                self._finish(refused or ended, ended)
            case _:
                pass

    def _decide(self, event: Settled) -> None:
        future = self._outcomes.pop(event.op_id, None)
        if future is None:
            return
        if event.outcome is not None:
            future.set_result(event.outcome)
        else:
            _fail(future, event.refused or Withdrawn())

    def _finish(self, at_the_door: ClientError, inside: ClientError) -> None:
        if not self._entered.done():
            _fail(self._entered, at_the_door)
        for future in self._outcomes.values():
            _fail(future, inside)
        self._outcomes.clear()

    def _wake(self) -> None:
        self.news.set()
        self.news = asyncio.Event()


def _fail(future: "asyncio.Future[None] | asyncio.Future[Outcome]", why: ClientError) -> None:
    future.set_exception(why)
    future.exception()  # mark it as retrieved, because perhaps no caller awaits it
