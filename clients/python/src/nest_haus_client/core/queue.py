"""The ops of a house that have no outcome here yet, oldest first.

An op leaves in one step with its effect: when it arrives as an op, or when its outcome is known
and confirmed has reached the version of that outcome. Its guess is made once, when it is asked
for, so what is shown for a category does not move until then.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from uuid import UUID

import msgspec

from nest_haus_client.core.operations import Operation, Redo, Undo, guess
from nest_haus_client.core.pause import Pause
from nest_haus_client.core.selection import Guess, Selection, overlaid
from nest_haus_client.errors import QueueFull, Refused
from nest_haus_client.events import Settled
from nest_haus_client.messages import Op, OpFrame, Outcome, Position

ANSWER_SECONDS = 10.0
"""Longer than the server's deadlines: without an answer for this time, the connection is lost."""

ARRIVAL_SECONDS = 4.0
"""Seconds that the version named in an outcome may be missing: two position beacons."""


class PendingOp(msgspec.Struct, frozen=True, kw_only=True):
    """An op without an outcome, in a form that can be stored and passed to a new client."""

    op_id: UUID
    base_version: int
    operation: Operation
    guarded: bool = False
    epoch: UUID | None = None

    @property
    def relies_on_base(self) -> bool:
        """Whether its meaning depends on the state that its author saw."""
        return self.guarded or isinstance(self.operation, Undo | Redo)


@dataclass(slots=True)
class Entry:
    """A pending op and its progress."""

    op: PendingOp
    guess: Guess
    sent: bool = False  # once sent, its body is fixed, because the server identifies the op by it
    tries: int = 0
    pause: Pause = field(default_factory=Pause)
    answer_by: float | None = None  # set while it is in flight
    outcome: Outcome | None = None  # known, but confirmed has not reached its version
    arrive_by: float | None = None  # set with the outcome

    def send(self, configuration: str, here: Position, now: float) -> Op:
        """The message to send, now that the position ``here`` is confirmed."""
        if not self.op.relies_on_base:  # the server then identifies it by the operation alone
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


class Queue:
    """At most ``capacity`` pending ops."""

    def __init__(self, capacity: int) -> None:
        self._capacity = capacity
        self._entries: dict[UUID, Entry] = {}
        self._owed: set[UUID] = set()  # settled by their effect; their outcome follows

    def __iter__(self) -> Iterator[Entry]:
        return iter(self._entries.values())

    def __contains__(self, op_id: object) -> bool:
        return op_id in self._entries

    @property
    def ops(self) -> tuple[PendingOp, ...]:
        """The ops, oldest first."""
        return tuple(entry.op for entry in self)

    def over(self, selection: Selection) -> Selection:
        """A selection with the guesses on top, in order."""
        return overlaid(selection, (entry.guess for entry in self))

    # ---- asking

    def add(self, op: PendingOp, shown: Selection) -> None:
        """Queue an op; repeating it does nothing. Raises QueueFull."""
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
        """The oldest op without an answer: the only one that may be in flight."""
        return next((entry for entry in self if entry.outcome is None), None)

    def disconnected(self) -> None:
        """Record that the connection is lost, and with it every message in flight."""
        self._owed.clear()
        for entry in self:
            entry.answer_by = entry.arrive_by = None
            entry.pause.disconnected()

    # ---- hearing

    def of(self, op_id: UUID | None, re: str | None) -> Entry | None:
        """The op that a message is about, by ``op_id`` or by the ``id`` it was sent with."""
        if op_id is not None and op_id in self._entries:
            return self._entries[op_id]
        try:
            return self._entries.get(UUID(re)) if re is not None else None
        except ValueError:
            return None

    def answered(self, outcome: Outcome, now: float) -> bool:
        """Record a known outcome, which ``reached`` settles; returns whether it is of one of these.

        The outcome of an op that was settled by its effect comes later, and must not be taken for
        that of another op which was given the same id meanwhile.
        """
        if outcome.op_id in self._owed:
            self._owed.discard(outcome.op_id)
            return False
        entry = self._entries.get(outcome.op_id)
        if entry is None:
            return False
        entry.outcome, entry.answer_by = outcome, None
        entry.arrive_by = now + ARRIVAL_SECONDS
        return True

    def reached(self, version: int | None) -> list[Settled]:
        """Settle the ops with an outcome at ``version`` or before; None: at any version."""
        return [
            self._settle(entry, outcome=entry.outcome)
            for entry in list(self)
            if entry.outcome and (version is None or entry.outcome.version <= version)
        ]

    def arrived(self, frame: OpFrame) -> list[Settled]:
        """Settle the op that has arrived, if it is one of these."""
        entry = self._entries.get(frame.op_id)
        if entry is None:
            return []
        if entry.answer_by is not None:
            self._owed.add(frame.op_id)
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
        """Settle an op that will never be carried out."""
        return self._settle(entry, refused=refused)

    def withdraw(self, op_id: UUID) -> Settled | None:
        """Remove an op that was never sent; None if it may have been sent, or is not pending."""
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
        """Move the bases of later own ops past this own op, so that it does not trigger their guards.

        Only if no other person's op came in between, and before the op was first sent.
        """
        for entry in self:
            op = entry.op
            follows = op.base_version == frame.version - 1 and op.epoch in (None, frame.epoch)
            if not entry.sent and follows:
                entry.op = msgspec.structs.replace(
                    op, base_version=frame.version, epoch=frame.epoch
                )
