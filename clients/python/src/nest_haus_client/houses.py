"""The houses that a client has joined, and the ops that an earlier client left for them."""

from collections.abc import Mapping, Sequence
from random import Random
from uuid import UUID

import msgspec

from nest_haus_client.connecting.addresses import same_name
from nest_haus_client.core.queue import PendingOp
from nest_haus_client.core.state import HouseState
from nest_haus_client.errors import ClientError
from nest_haus_client.events import Ended, Event
from nest_haus_client.house import Host, House
from nest_haus_client.seat import Seat

PendingOps = Mapping[str, Sequence[Mapping[str, object]]]
"""Code of a configuration -> its pending ops as JSON objects."""


class Houses:
    """The joined houses, each with at most ``capacity`` pending ops.

    ``left`` is the result of an earlier client's ``pending_ops()``.
    """

    def __init__(self, capacity: int, random: Random, *, left: PendingOps | None) -> None:
        self._capacity = capacity
        self._random = random
        self._count = 0
        self._joined: list[tuple[Seat, House]] = []
        self._left = {
            code.upper(): msgspec.convert(list(ops), list[PendingOp], strict=False)
            for code, ops in (left or {}).items()
        }

    def add(self, reference: str, host: Host) -> tuple[Seat, House]:
        """A house that is to be joined by this id or code."""
        self._count += 1
        state = HouseState(
            reference, number=self._count, capacity=self._capacity, random=self._random
        )
        seat = Seat(state)
        self._joined.append((seat, House(seat, host)))
        return self._joined[-1]

    def find(self, reference: str) -> tuple[Seat, House] | None:
        """The house with this id or code, in any spelling."""
        return next((each for each in self._joined if _means(reference, each[0].state)), None)

    def take_left(self, code: str) -> list[PendingOp]:
        """The ops that an earlier client left for a house, once."""
        return self._left.pop(code, [])

    def pending_ops(self) -> dict[str, list[dict[str, object]]]:
        """The ops without an outcome, by code, as JSON objects."""
        pending = {code: list(ops) for code, ops in self._left.items()}
        for seat, house in self._joined:
            if seat.state.pending:
                pending.setdefault(house.code, []).extend(house.pending)
        found: dict[str, list[dict[str, object]]] = msgspec.to_builtins(pending)
        return found

    def undecided(self) -> list[UUID]:
        """The ids of the ops without an outcome."""
        return [op.op_id for seat, _ in self._joined for op in seat.state.pending]

    def hear(self) -> list[HouseState]:
        """Distribute new events; returns the states of the houses that ended, which are removed."""
        ended = []
        for seat, house in list(self._joined):
            events = seat.state.take_events()
            seat.hear(events)
            if any(isinstance(event, Ended) for event in events):
                self._joined.remove((seat, house))
                ended.append(seat.state)
        return ended

    def tell(self, event: Event) -> None:
        """Hand an event to the listeners of every house."""
        for seat, _ in self._joined:
            seat.tell(event)

    def close(self, why: ClientError) -> None:
        """End them all: every waiter gets the reason."""
        for seat, _ in self._joined:
            seat.close(why)


def _means(reference: str, state: HouseState) -> bool:
    known = [state.reference]
    if state.confirmed is not None:
        known += [state.confirmed.code, str(state.confirmed.id)]
    return any(same_name(reference, each) for each in known)
