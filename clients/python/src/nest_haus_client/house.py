"""A house that this client is in: what is shown, what is confirmed, and everything one can ask."""

from collections.abc import AsyncGenerator, Mapping, Sequence
from typing import Protocol, TypeVar
from uuid import UUID

import msgspec

from nest_haus_client.confirmed import Confirmed
from nest_haus_client.errors import HouseEnded
from nest_haus_client.events import Event
from nest_haus_client.ids import new_op_id
from nest_haus_client.messages import Introduce, Introduced, Member, Outcome, OutcomeOf, You
from nest_haus_client.operations import (
    Apply,
    Chosen,
    Clear,
    Operation,
    Redo,
    Reset,
    Select,
    SetQuantity,
    SingleOperation,
    Undo,
    plain,
)
from nest_haus_client.pending import PendingOp
from nest_haus_client.seat import Seat, Submitted
from nest_haus_client.sendable import check_operation, check_sendable

Said = TypeVar("Said", Outcome, Introduced)


class Host(Protocol):
    """What a house needs of its client."""

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

    What is shown (``selection``) is a guess while ops of this client are pending; the price never
    is: ``total_cents`` is what the server said for ``version``, and ``price_pending`` says that
    another one will follow.
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
        """What is chosen, own pending ops included: until their outcome these are guesses.

        A plain copy, which JSON can say: ``{"nest": {"option": "nest80"}, ...}``.
        """
        return plain(self._state.shown)

    @property
    def confirmed(self) -> Confirmed:
        """What the server said last."""
        if self._state.confirmed is None:
            raise LookupError("This house was not entered yet.")
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
        """Whether own ops are pending, so that the price shown is not the price of what is shown."""
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
        """Who is here; of many only some are listed."""
        return self._state.members

    @property
    def member_count(self) -> int:
        """How many are here."""
        return self._state.member_count

    @property
    def you(self) -> You:
        """Who this client is here, and whether there is something to undo."""
        return self.confirmed.you

    @property
    def ended(self) -> str | None:
        """The code with which this client left the house; None while it is in it."""
        return self._state.ended

    # ---- asking

    async def select(
        self, category: str, option: str, quantity: int | None = None, *, guarded: bool = False
    ) -> Outcome:
        """Choose an option; returns its outcome. See ``submit`` for what is raised."""
        return await self.submit(Select(category, option, quantity), guarded=guarded)

    async def set_quantity(self, category: str, quantity: int, *, guarded: bool = False) -> Outcome:
        """Set how many; 0 clears."""
        return await self.submit(SetQuantity(category, quantity), guarded=guarded)

    async def clear(self, category: str, *, guarded: bool = False) -> Outcome:
        """Leave a category out."""
        return await self.submit(Clear(category), guarded=guarded)

    async def apply(
        self, operations: Sequence[SingleOperation], *, guarded: bool = False
    ) -> Outcome:
        """Do several operations at once, all or none."""
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
            QueueFull: so many ops are pending that this one was not taken.
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
        """Take an op of this client back that was never sent: it never is, whoever awaits it gets Withdrawn.

        False where it was sent, or may have been: it goes on to its outcome.
        """
        return self._seat.withdraw(op_id)

    async def outcome_of(self, op_id: UUID) -> Outcome:
        """What became of an op, whoever sent it; waits for it while it is pending here.

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
        """Everything that happens from this call on, until this client is not in the house.

        Who takes them too slowly gets the newest ones and a ``Skipped``.
        """
        queue = self._seat.listen()
        if self.ended is not None or self._host.is_closed:
            queue.close()
        return queue.take()

    async def leave(self) -> None:
        """Leave for good. Pending ops stay undecided: what was sent may still be carried out."""
        self._state.leave()
        self._host.hear()
        self._host.wake()

    def _check(self) -> None:
        self._host.check_open()
        if self.ended is not None:
            raise HouseEnded(self.ended)
