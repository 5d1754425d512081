"""A house without ``async``."""

from collections.abc import Iterator, Sequence
from uuid import UUID

from nest_haus_client.blocking.background import Background
from nest_haus_client.core.confirmed import Confirmed
from nest_haus_client.core.operations import Operation, SingleOperation
from nest_haus_client.core.queue import PendingOp
from nest_haus_client.core.selection import Chosen
from nest_haus_client.events import Event
from nest_haus_client.house import House as AsyncHouse
from nest_haus_client.messages import Member, Outcome, You


class House:
    """See ``nest_haus_client.House``."""

    def __init__(self, house: AsyncHouse, background: Background) -> None:
        self._house = house
        self._background = background

    @property
    def id(self) -> UUID:
        """The configuration's id."""
        return self._house.id

    @property
    def code(self) -> str:
        """The configuration's code."""
        return self._house.code

    @property
    def selection(self) -> dict[str, Chosen]:
        """The shown selection, including own pending ops."""
        return self._background.look(lambda: self._house.selection)

    @property
    def confirmed(self) -> Confirmed:
        """The last confirmed state."""
        return self._house.confirmed

    @property
    def version(self) -> int:
        """The confirmed version."""
        return self._house.version

    @property
    def total_cents(self) -> int:
        """The price of the confirmed version."""
        return self._house.total_cents

    @property
    def price_pending(self) -> bool:
        """Whether own ops are pending."""
        return bool(self.pending)

    @property
    def pending(self) -> tuple[PendingOp, ...]:
        """The ops of this client without an outcome, oldest first."""
        return self._background.look(lambda: self._house.pending)

    @property
    def members(self) -> tuple[Member, ...]:
        """The members of the house."""
        return self._house.members

    @property
    def you(self) -> You:
        """This client's own person and role in the house."""
        return self._house.you

    def select(
        self,
        category: str,
        option: str,
        quantity: int | None = None,
        *,
        guarded: bool = False,
        timeout: float | None = None,
    ) -> Outcome:
        """Choose an option."""
        asked = self._house.select(category, option, quantity, guarded=guarded)
        return self._background.call(asked, timeout)

    def set_quantity(
        self, category: str, quantity: int, *, guarded: bool = False, timeout: float | None = None
    ) -> Outcome:
        """Set the quantity; 0 clears the category."""
        return self._background.call(
            self._house.set_quantity(category, quantity, guarded=guarded), timeout
        )

    def clear(
        self, category: str, *, guarded: bool = False, timeout: float | None = None
    ) -> Outcome:
        """Leave a category out."""
        return self._background.call(self._house.clear(category, guarded=guarded), timeout)

    def apply(
        self,
        operations: Sequence[SingleOperation],
        *,
        guarded: bool = False,
        timeout: float | None = None,
    ) -> Outcome:
        """Do several operations at once, all or nothing."""
        return self._background.call(self._house.apply(operations, guarded=guarded), timeout)

    def reset(self, *, guarded: bool = False, timeout: float | None = None) -> Outcome:
        """Go back to the defaults of the catalogue."""
        return self._background.call(self._house.reset(guarded=guarded), timeout)

    def undo(self, *, anyway: bool = False, timeout: float | None = None) -> Outcome:
        """Take back this person's newest op."""
        return self._background.call(self._house.undo(anyway=anyway), timeout)

    def redo(self, *, anyway: bool = False, timeout: float | None = None) -> Outcome:
        """Bring back what this person's newest undo took back."""
        return self._background.call(self._house.redo(anyway=anyway), timeout)

    def submit(self, operation: Operation, *, guarded: bool = False) -> UUID:
        """Queue an op and return its op_id at once; ``outcome_of`` waits for its outcome."""
        return self._background.look(lambda: self._house.submit(operation, guarded=guarded).op_id)

    def withdraw(self, op_id: UUID) -> bool:
        """Withdraw an op that was never sent; False if it was sent, or may have been."""
        return self._background.look(lambda: self._house.withdraw(op_id))

    def outcome_of(self, op_id: UUID, *, timeout: float | None = None) -> Outcome:
        """The outcome of an op; waits for it while the op is pending here."""
        return self._background.call(self._house.outcome_of(op_id), timeout)

    def settled(self, *, timeout: float | None = None) -> None:
        """Wait until no op of this client is pending."""
        self._background.call(self._house.settled(), timeout)

    def reached(self, version: int, *, timeout: float | None = None) -> None:
        """Wait until this version is confirmed here."""
        self._background.call(self._house.reached(version), timeout)

    def present(self, *, category: str | None = None, view: str | None = None) -> None:
        """Tell the others where in the configurator this person is."""
        self._background.call(self._house.present(category=category, view=view))

    def events(self, *, timeout: float | None = None) -> Iterator[Event]:
        """All events from now on; ends after ``timeout`` seconds without an event."""
        return self._background.iterate(self._background.look(self._house.events), timeout)

    def leave(self) -> None:
        """Leave the house permanently."""
        self._background.call(self._house.leave())
