"""The ops of a house that have no outcome here yet, oldest first.

An op leaves in one step with its effect: when it arrives as an op, or when its outcome is known
and confirmed has reached the version of that outcome. Its guess is made once, when it is asked
for, so what is shown for a category does not move until then.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from types import MappingProxyType
from uuid import UUID

import msgspec

from nest_haus_client.errors import QueueFull, Refused
from nest_haus_client.events import Settled
from nest_haus_client.messages import Op, OpFrame, Outcome, Position
from nest_haus_client.operations import Guess, Operation, Redo, Selection, Undo, guess

ANSWER_SECONDS = 10.0
"""Longer than the server's own deadlines; who hears nothing for so long has lost the connection."""

ARRIVAL_SECONDS = 4.0
"""So long may a version be missing that an outcome spoke of: two position beacons."""


class PendingOp(msgspec.Struct, frozen=True, kw_only=True):
    """An op without an outcome, as it may be kept and given to a new client."""

    op_id: UUID
    base_version: int
    operation: Operation
    guarded: bool = False
    epoch: UUID | None = None

    @property
    def relies_on_base(self) -> bool:
        """Whether it means something else on another state than the one that its author saw."""
        return self.guarded or isinstance(self.operation, Undo | Redo)


@dataclass(slots=True)
class Entry:
    """A pending op and how far it has come."""

    op: PendingOp
    guess: Guess
    sent: bool = False  # once sent its body is fixed: the server knows the op by it
    tries: int = 0
    send_at: float = 0.0
    answer_by: float | None = None  # set while it is on its way
    outcome: Outcome | None = None  # known, but confirmed has not reached its version
    arrive_by: float | None = None  # set with the outcome

    def send(self, configuration: str, here: Position, now: float) -> Op:
        """The message that asks for it, now that the position ``here`` is confirmed."""
        if not self.op.relies_on_base:  # then only the operation is what the server knows it by
            self.op = msgspec.structs.replace(self.op, base_version=here.version, epoch=here.epoch)
        self.sent = True
        self.tries += 1
        self.answer_by = now + ANSWER_SECONDS
        return Op(
            id=str(self.op.op_id),
            configuration=configuration,
            op_id=self.op.op_id,
            base_version=self.op.base_version,
            operation=self.op.operation,
            guarded=self.op.guarded,
            epoch=self.op.epoch,
        )


class PendingOps:
    """At most ``capacity`` of them."""

    def __init__(self, capacity: int) -> None:
        self._capacity = capacity
        self._entries: dict[UUID, Entry] = {}

    def __iter__(self) -> Iterator[Entry]:
        return iter(self._entries.values())

    def __contains__(self, op_id: object) -> bool:
        return op_id in self._entries

    @property
    def ops(self) -> tuple[PendingOp, ...]:
        """What was asked for."""
        return tuple(entry.op for entry in self)

    def over(self, selection: Selection) -> Selection:
        """A selection with the guesses on top, in order."""
        shown = dict(selection)
        for entry in self:
            for category, choice in entry.guess.items():
                if choice is None:
                    shown.pop(category, None)
                else:
                    shown[category] = choice
        return MappingProxyType(shown)

    # ---- asking

    def add(self, op: PendingOp, shown: Selection) -> None:
        """Queue an op; the same again does nothing. Raises QueueFull."""
        known = self._entries.get(op.op_id)
        if known is None and len(self._entries) >= self._capacity:
            raise QueueFull(self._capacity)
        if known is None:
            self._entries[op.op_id] = Entry(op, guess(op.operation, shown))
        elif (known.op.operation, known.op.guarded) != (op.operation, op.guarded):
            raise ValueError("This op_id belongs to another op that is pending.")

    def restore(self, ops: Iterable[PendingOp], shown: Selection) -> None:
        """Queue ops of an earlier client. They may have been sent, so their body is fixed."""
        for op in ops:
            if op.op_id not in self._entries:
                self._entries[op.op_id] = Entry(op, guess(op.operation, shown), sent=True)

    def next(self) -> Entry | None:
        """The oldest op without an answer: the only one that may be on its way."""
        return next((entry for entry in self if entry.outcome is None), None)

    def lost(self) -> None:
        """The connection is gone, and with it whatever was on its way."""
        for entry in self:
            entry.answer_by = entry.arrive_by = None

    # ---- hearing

    def of(self, op_id: UUID | None, re: str | None) -> Entry | None:
        """The op that a message is about, by ``op_id`` or by the ``id`` it was sent with."""
        if op_id is not None and op_id in self._entries:
            return self._entries[op_id]
        try:
            return self._entries.get(UUID(re)) if re is not None else None
        except ValueError:
            return None

    def answered(self, outcome: Outcome, now: float) -> None:
        """An outcome is known; ``reached`` settles it."""
        entry = self._entries.get(outcome.op_id)
        if entry is not None:
            entry.outcome, entry.answer_by = outcome, None
            entry.arrive_by = now + ARRIVAL_SECONDS

    def reached(self, version: int | None) -> list[Settled]:
        """Settle what has an outcome at ``version`` or before; None: of whatever version."""
        return [
            self._settle(entry, outcome=entry.outcome)
            for entry in list(self)
            if entry.outcome and (version is None or entry.outcome.version <= version)
        ]

    def arrived(self, frame: OpFrame) -> list[Settled]:
        """An op has arrived: if it is one of these, that is its outcome."""
        entry = self._entries.get(frame.op_id)
        if entry is None:
            return []
        if frame.outcome == "committed":
            self._move_bases(frame)
        outcome = entry.outcome or Outcome(
            configuration=frame.configuration,
            op_id=frame.op_id,
            outcome=frame.outcome,
            version=frame.version,
            total_cents=frame.total_cents,
            reasons=frame.reasons,
        )
        return [self._settle(entry, outcome=outcome)]

    def refuse(self, entry: Entry, refused: Refused) -> Settled:
        """An op will never be carried out."""
        return self._settle(entry, refused=refused)

    def withdraw(self, op_id: UUID) -> Settled | None:
        """Take out an op that was never sent; None where it may have been, or is not pending."""
        entry = self._entries.get(op_id)
        return None if entry is None or entry.sent else self._settle(entry)

    def _settle(
        self, entry: Entry, *, outcome: Outcome | None = None, refused: Refused | None = None
    ) -> Settled:
        del self._entries[entry.op.op_id]
        return Settled(
            op_id=entry.op.op_id, operation=entry.op.operation, outcome=outcome, refused=refused
        )

    def _move_bases(self, frame: OpFrame) -> None:
        """Who asked for more after an own op saw it, too: their guard must not trip over it.

        Only while nobody else's op came in between, and before the op was sent the first time.
        """
        for entry in self:
            op = entry.op
            follows = op.base_version == frame.version - 1 and op.epoch in (None, frame.epoch)
            if not entry.sent and follows:
                entry.op = msgspec.structs.replace(
                    op, base_version=frame.version, epoch=frame.epoch
                )
