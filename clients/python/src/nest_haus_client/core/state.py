"""One house as this client knows it: confirmed, pending, shown. No I/O, no clock, no tasks.

Theory. The server decides; this class keeps the server's last state and the ops sent since then.

    confirmed   the last version that the server sent, complete: selection and price
    pending     ops without an outcome here, oldest first
    shown       confirmed, with the guessed effects of the pending ops on top, in order

Confirmed moves to version + 1 by an op, or is replaced by a snapshot; it never changes otherwise. After
a message that does not continue it (a gap, another epoch, a position that is ahead), the client joins
again with its position, and applies nothing until the join is answered.

An op leaves pending in one step with its effect (see ``queue``). One op at a time is in flight; the
next is sent once that one is answered, so a temporary refusal cannot reorder them.

The caller (``session``) passes in time and messages, and takes messages and events out:
``take_messages()`` after every call, ``take_events()`` too, ``tick(now)`` at ``wake_at()``.
"""

from collections.abc import Iterable
from enum import Enum
from random import Random
from uuid import UUID

from nest_haus_client.core.confirmed import Confirmed
from nest_haus_client.core.joining import Joining
from nest_haus_client.core.known import Known
from nest_haus_client.core.operations import Operation
from nest_haus_client.core.place import Place
from nest_haus_client.core.queue import Entry, PendingOp, Queue
from nest_haus_client.core.selection import Selection
from nest_haus_client.errors import HouseEnded, Refused
from nest_haus_client.events import Ended, HouseEvent
from nest_haus_client.messages import (
    ErrorFrame,
    Join,
    Leave,
    Left,
    Member,
    OpFrame,
    Ops,
    Outcome,
    PositionFrame,
    PresenceFrame,
    Snapshot,
    ToServer,
)

ENDING = {"access_revoked", "not_found", "not_authenticated"}
"""After an op is refused with one of these codes, no other op would be carried out either."""

HouseFrame = Snapshot | Ops | OpFrame | Outcome | PositionFrame | PresenceFrame | Left


class _Phase(Enum):
    AWAY = "away"  # no connection, or a join that has to wait
    JOINING = "joining"  # a join is unanswered
    HERE = "here"


class HouseState:
    """See the module. ``reference`` is an id or a code; ``capacity`` bounds the pending ops.

    ``number`` tells the houses of a connection apart.
    """

    def __init__(
        self,
        reference: str,
        *,
        number: int,
        capacity: int,
        random: Random,
    ) -> None:
        self.reference = reference
        self.ended: Ended | None = None
        self._random = random
        self._queue = Queue(capacity)
        self._known = Known(self._queue)
        self._phase = _Phase.AWAY
        self._joining = Joining(number, random)
        self._place = Place(number, random)
        self._messages: list[ToServer] = []
        self.overdue = False

    # ---- what is known

    @property
    def here(self) -> bool:
        """Whether the server has let us in on this connection."""
        return self._phase is _Phase.HERE

    @property
    def confirmed(self) -> Confirmed | None:
        """The last confirmed state; None before anything is known."""
        return self._known.confirmed

    @property
    def id(self) -> UUID | None:
        """The configuration's id; None before anything is known."""
        return self.confirmed.id if self.confirmed else None

    @property
    def version(self) -> int:
        """The confirmed version; 0 before anything is known."""
        return self._known.version

    @property
    def shown(self) -> Selection:
        """The confirmed selection with the guesses of the pending ops on top."""
        return self._known.shown

    @property
    def members(self) -> tuple[Member, ...]:
        """The members; a large house lists only some of them."""
        return self._known.members

    @property
    def member_count(self) -> int:
        """The number of members."""
        return self._known.member_count

    @property
    def pending(self) -> tuple[PendingOp, ...]:
        """The ops without an outcome, oldest first."""
        return self._queue.ops

    def check_not_ended(self) -> None:
        """Raises HouseEnded when this client is no longer in the house."""
        if self.ended is not None:
            raise HouseEnded(self.ended.code, refused=self.ended.refused)

    def take_messages(self) -> list[ToServer]:
        """The messages to send now, in order."""
        taken, self._messages = self._messages, []
        return taken

    def take_events(self) -> list[HouseEvent]:
        """The events since the last call, in order."""
        taken, self._known.events = self._known.events, []
        return taken

    # ---- asking

    def submit(
        self, op_id: UUID, operation: Operation, now: float, *, guarded: bool = False
    ) -> None:
        """Queue an op and show its guess; repeating it does nothing. Raises QueueFull, HouseEnded."""
        self.check_not_ended()
        op = PendingOp(
            op_id=op_id,
            base_version=self.version,
            operation=operation,
            guarded=guarded,
            epoch=self.confirmed.epoch if self.confirmed is not None else None,
        )
        self._queue.add(op, self.shown)
        self._pump(now)

    def withdraw(self, op_id: UUID) -> bool:
        """Withdraw an op that was never sent; returns whether it was withdrawn."""
        settled = self._queue.withdraw(op_id)
        if settled is not None:
            self._known.events.append(settled)
        return settled is not None

    def restore(self, ops: Iterable[PendingOp], now: float) -> None:
        """Queue ops of an earlier client again. They may have been sent: their body is fixed."""
        self._queue.restore(ops, self.shown)
        self._pump(now)

    def present(self, category: str | None, view: str | None, now: float) -> None:
        """Tell where this person is, now or when the house is joined."""
        self._place.move(category, view)
        self._pump(now)

    def leave(self) -> None:
        """Leave permanently; ops without an outcome stay undecided."""
        if self.ended is None:
            if self._phase is not _Phase.AWAY:
                self._messages.append(Leave(configuration=self._address))
            self._end("left")

    # ---- the connection

    def connected(self, now: float) -> None:
        """The server knows who we are: join, with our position if there is one.

        If the server refused an earlier join for a while, that pause comes first.
        """
        if self.ended is None and self._joining.connected(now):
            self._join(now)

    def disconnected(self) -> None:
        """Record that messages in flight may be lost; they are sent again after the next join."""
        self._messages.clear()
        self.overdue = False
        self._phase = _Phase.AWAY
        self._joining.disconnected()
        self._place.disconnected()
        self._queue.disconnected()

    def wake_at(self) -> float | None:
        """The time of the next due ``tick``; None if nothing is due before the next event."""
        moments = [self._joining.wake_at()]
        for entry in self._queue:
            moments += [entry.answer_by, entry.arrive_by]
        if self._phase is _Phase.HERE:
            waiting = self._queue.next()
            if waiting is not None and waiting.answer_by is None:
                moments.append(waiting.pause.until)
            moments.append(self._place.wake_at())
        return min((moment for moment in moments if moment is not None), default=None)

    def tick(self, now: float) -> None:
        """Do what is due. ``overdue`` is set when an answer is missing for too long."""
        answers = [self._joining.answer_by, *(entry.answer_by for entry in self._queue)]
        self.overdue = self.overdue or any(_is_due(moment, now) for moment in answers)
        missing = [entry for entry in self._queue if _is_due(entry.arrive_by, now)]
        for entry in missing:
            entry.arrive_by = None
        if self._joining.is_due(now):
            self._join(now)
        elif missing:
            self._join_for_gap(now)
        self._pump(now)

    # ---- hearing

    def answers(self, re: str | None) -> bool:
        """Whether a message with this ``re`` answers something that was asked here."""
        return (
            self._joining.answers(re)
            or self._place.answers(re)
            or self._queue.of(None, re) is not None
        )

    def concerns(self, frame: ErrorFrame) -> bool:
        """Whether an error is about a join, an op or a place of ours."""
        return self.answers(frame.re) or (frame.op_id is not None and frame.op_id in self._queue)

    def receive(self, frame: HouseFrame, now: float) -> None:
        """Take a message of the server about this house; none counts after the end."""
        if self.ended is not None:
            return
        match frame:
            case Snapshot():
                self._known.replace(frame)
            case Ops():
                self._ops(frame, now)
            case OpFrame():
                self._op(frame, now)
            case Outcome():
                self._known.hear(frame, now)
            case PositionFrame():
                self._check_at(frame.epoch, frame.version, now)
            case PresenceFrame():
                self._known.present(frame.members, frame.member_count)
            case Left():
                self._shut_out(frame.code or "left")
        self._joined(frame, now)
        self._pump(now)

    def refused(self, frame: ErrorFrame, now: float) -> None:
        """Take an error that answers our join or one of our ops; none counts after the end."""
        if self.ended is not None:
            return
        entry = self._queue.of(frame.op_id, frame.re)
        if self._joining.answers(frame.re):
            self._join_refused(frame, now)
        elif entry is not None:
            self._op_refused(entry, frame, now)
        elif self._place.answers(frame.re):
            self._place.refused(frame, now)
        self._pump(now)

    def _ops(self, frame: Ops, now: float) -> None:
        if not self._known.has(frame.epoch, frame.from_):
            self._join_for_gap(now)
            return
        for op in frame.ops:
            self._op(op, now)
        self._known.meet(frame.you)
        if frame.members is not None:
            self._known.present(frame.members, frame.member_count or 0)
        self._check_at(frame.epoch, frame.to, now)

    def _op(self, frame: OpFrame, now: float) -> None:
        if not self._known.apply(frame):
            self._join_for_gap(now)

    def _check_at(self, epoch: UUID, version: int, now: float) -> None:
        """Join again unless this version is confirmed here."""
        if not self._known.has(epoch, version):
            self._join_for_gap(now)

    def _op_refused(self, entry: Entry, frame: ErrorFrame, now: float) -> None:
        entry.answer_by = None
        rejoin = frame.code == "not_joined" or (
            frame.code == "version_unknown" and not entry.op.relies_on_base
        )
        if not (frame.retryable or rejoin):
            if frame.code in ENDING:
                self._shut_out(frame.code, Refused.of(frame))
            else:
                self._known.events.append(self._queue.refuse(entry, Refused.of(frame)))
            return
        entry.pause.begin(now, entry.tries - 1, self._random, frame.retry_after_ms)
        if rejoin:
            self._join(now, whole=frame.code == "version_unknown")

    # ---- joining

    def _join_for_gap(self, now: float) -> None:
        if self._phase is _Phase.HERE:  # else the answer to the join will tell
            self._join(now)

    def _join(self, now: float, *, whole: bool = False) -> None:
        since = None
        if self.confirmed is not None and not whole:
            since = self.confirmed.position
        self._phase = _Phase.JOINING
        join_id = self._joining.begin(now)
        self._messages.append(Join(id=join_id, configuration=self._address, since=since))

    def _joined(self, frame: HouseFrame, now: float) -> None:
        if self._phase is not _Phase.JOINING or not self._joining.answers(frame.re):
            return
        if isinstance(frame, Ops) and not self._known.has(frame.epoch, frame.to):
            self._join(now, whole=True)  # not what was asked for: begin again
            return
        self._phase = _Phase.HERE
        self._joining.answered()
        self._place.joined()

    def _join_refused(self, frame: ErrorFrame, now: float) -> None:
        if not frame.retryable:
            self._shut_out(frame.code, Refused.of(frame))
            return
        self._phase = _Phase.AWAY
        self._joining.refused(now, frame.retry_after_ms)

    def _shut_out(self, code: str, refused: Refused | None = None) -> None:
        """End by the decision of the server, which would carry out no message that waits."""
        self._messages.clear()
        self._end(code, refused)

    def _end(self, code: str, refused: Refused | None = None) -> None:
        self._phase = _Phase.AWAY
        self._joining.stop()
        self._queue.disconnected()
        undecided = tuple(op.op_id for op in self.pending)
        self.ended = Ended(code=code, undecided=undecided, refused=refused)
        self._known.events.append(self.ended)

    # ---- sending

    @property
    def _address(self) -> str:
        return str(self.id) if self.id is not None else self.reference

    def _pump(self, now: float) -> None:
        if self._phase is not _Phase.HERE:
            return
        entry = self._queue.next()
        here = self.confirmed and self.confirmed.position
        if entry is not None and here and entry.answer_by is None and entry.pause.is_over(now):
            self._messages.append(entry.send(self._address, here, now))
        place = self._place.message(self._address, now)
        if place is not None:
            self._messages.append(place)


def _is_due(moment: float | None, now: float) -> bool:
    return moment is not None and now >= moment
