"""A house that this client has joined: its shown and confirmed state, and all operations on it."""

from collections.abc import AsyncGenerator, Mapping, Sequence
from typing import Protocol
from uuid import UUID

import msgspec

from nest_haus_client.answers import Said
from nest_haus_client.core.confirmed import Confirmed
from nest_haus_client.core.operations import (
    Apply,
    Clear,
    Operation,
    Redo,
    Reset,
    Select,
    SetQuantity,
    SingleOperation,
    Undo,
)
from nest_haus_client.core.queue import PendingOp
from nest_haus_client.core.selection import Chosen, plain
from nest_haus_client.core.sendable import check_operation, check_sendable
from nest_haus_client.events import Event
from nest_haus_client.ids import new_op_id
from nest_haus_client.messages import Introduce, Member, Outcome, OutcomeOf, You
from nest_haus_client.seat import Seat, Submitted


class Host(Protocol):
    """The methods of the client that a house needs."""

    @property
    def is_closed(self) -> bool:
        """Whether nothing can be asked any more."""

    def now(self) -> float:
        """The loop's clock."""

    def wake(self) -> None:
        """Send what was asked."""

    def hear(self) -> None:
        """Hand out what has happened."""

    def check_open(self) -> None:
        """Raises ClientClosed."""

    async def ask(self, message: OutcomeOf | Introduce, answer: type[Said]) -> Said:
        """The answer to a question, which is of this type. Raises Refused, ClientClosed."""


class House:
    """One house; made by ``Client.join``. Not safe across threads.

    The shown ``selection`` is a guess while ops of this client are pending. The price never is:
    ``total_cents`` is the server's price for ``version``, and ``price_pending`` says that another
    one will follow.
    """

    def __init__(self, seat: Seat, host: Host) -> None:
        self._seat = seat
        self._state = seat.state
        self._host = host

    # ---- what is known

    @property
    def id(self) -> UUID:
        """The configuration's id."""
        return self.confirmed.id

    @property
    def code(self) -> str:
        """The configuration's code, as people say it."""
        return self.confirmed.code

    @property
    def catalogue(self) -> str:
        """The catalogue its prices come from."""
        return self.confirmed.catalogue

    @property
    def selection(self) -> dict[str, Chosen]:
        """The shown selection, including own pending ops, which are guesses until their outcome.

        A plain copy that can be written as JSON: ``{"nest": {"option": "nest80"}, ...}``.
        """
        return plain(self._state.shown)

    @property
    def confirmed(self) -> Confirmed:
        """The last confirmed state."""
        if self._state.confirmed is None:
            raise LookupError("The client has not joined this house yet.")
        return self._state.confirmed

    @property
    def version(self) -> int:
        """The confirmed version."""
        return self._state.version

    @property
    def total_cents(self) -> int:
        """The price of the confirmed version."""
        return self.confirmed.total_cents

    @property
    def price_pending(self) -> bool:
        """Whether own ops are pending, so that the price does not belong to the shown selection."""
        return bool(self._state.pending)

    @property
    def derived(self) -> Mapping[str, object]:
        """Everything that follows from the confirmed selection: price, differences, bounds, pictures."""
        found: dict[str, object] = msgspec.json.decode(self.confirmed.derived)
        return found

    @property
    def pending(self) -> tuple[PendingOp, ...]:
        """The ops of this client without an outcome, oldest first."""
        return self._state.pending

    @property
    def members(self) -> tuple[Member, ...]:
        """The members of the house; if there are many, only some of them."""
        return self._state.members

    @property
    def member_count(self) -> int:
        """The number of members."""
        return self._state.member_count

    @property
    def you(self) -> You:
        """This client's own person and role here, and whether undo is possible."""
        return self.confirmed.you

    @property
    def ended(self) -> str | None:
        """The code with which this client left the house; None while it is in it."""
        return None if self._state.ended is None else self._state.ended.code

    # ---- asking

    async def select(
        self, category: str, option: str, quantity: int | None = None, *, guarded: bool = False
    ) -> Outcome:
        """Choose an option; returns its outcome. See ``submit`` for what is raised."""
        return await self.submit(Select(category, option, quantity), guarded=guarded)

    async def set_quantity(self, category: str, quantity: int, *, guarded: bool = False) -> Outcome:
        """Set the quantity; 0 clears the category."""
        return await self.submit(SetQuantity(category, quantity), guarded=guarded)

    async def clear(self, category: str, *, guarded: bool = False) -> Outcome:
        """Leave a category out."""
        return await self.submit(Clear(category), guarded=guarded)

    async def apply(
        self, operations: Sequence[SingleOperation], *, guarded: bool = False
    ) -> Outcome:
        """Do several operations at once, all or nothing."""
        return await self.submit(Apply(tuple(operations)), guarded=guarded)

    async def reset(self, *, guarded: bool = False) -> Outcome:
        """Go back to the defaults of the catalogue."""
        return await self.submit(Reset(), guarded=guarded)

    async def undo(self, *, anyway: bool = False) -> Outcome:
        """Take back this person's newest op."""
        return await self.submit(Undo(anyway))

    async def redo(self, *, anyway: bool = False) -> Outcome:
        """Bring back what this person's newest undo took back."""
        return await self.submit(Redo(anyway))

    def submit(
        self, operation: Operation, *, guarded: bool = False, op_id: UUID | None = None
    ) -> Submitted:
        """Queue an op, with or without a connection, and show it at once; await it for its outcome.

        A guarded op commits only if nobody else changed what it relies on. Awaiting raises
        ``Refused`` when it will never be carried out, ``Undecided`` when the client or the house
        ended first.

        Raises:
            QueueFull: too many ops are pending; this one was not queued.
            HouseEnded: this client is no longer in the house.
            ClientClosed: the client is closed.
            Refused: it cannot be written as JSON, or the server would refuse it for its shape, so it
                was not taken.
        """
        self._host.check_open()
        check_operation(operation)
        op_id = op_id or new_op_id()
        self._state.submit(op_id, operation, self._host.now(), guarded=guarded)
        submitted = self._seat.waiting_for(op_id)
        self._host.wake()
        return submitted

    def withdraw(self, op_id: UUID) -> bool:
        """Withdraw an op that was never sent: it never will be, and awaiting it raises Withdrawn.

        False if it was sent, or may have been: it continues to its outcome.
        """
        return self._seat.withdraw(op_id)

    async def outcome_of(self, op_id: UUID) -> Outcome:
        """The outcome of any op, also another client's; waits for it while it is pending here.

        Raises Refused (``op_unknown``: it is not stored), HouseEnded, ClientClosed.
        """
        if any(op.op_id == op_id for op in self._state.pending):
            return await self._seat.waiting_for(op_id)
        return await self._host.ask(OutcomeOf(configuration=str(self.id), op_id=op_id), Outcome)

    async def settled(self) -> None:
        """Wait until no op of this client is pending. Raises HouseEnded, ClientClosed."""
        while self._state.pending:
            self._check()
            await self._seat.news.wait()

    async def reached(self, version: int) -> None:
        """Wait until this version is confirmed here. Raises HouseEnded, ClientClosed."""
        while self.version < version:
            self._check()
            await self._seat.news.wait()

    async def present(self, *, category: str | None = None, view: str | None = None) -> None:
        """Tell the others where in the configurator this person is; the latest counts."""
        self._check()
        check_sendable((category, view))
        self._state.present(category, view, self._host.now())
        self._host.wake()

    def events(self) -> AsyncGenerator[Event, None]:
        """All events from this call on, until this client is no longer in the house.

        A slow consumer gets the newest ones and a ``Skipped``.
        """
        queue = self._seat.listen()
        if self.ended is not None or self._host.is_closed:
            queue.close()
        return queue.take()

    async def leave(self) -> None:
        """Leave permanently. Pending ops stay undecided: sent ones may still be carried out."""
        self._state.leave()
        self._host.hear()
        self._host.wake()

    def _check(self) -> None:
        self._host.check_open()
        self._state.check_not_ended()
