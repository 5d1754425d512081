"""One house as this client knows it: confirmed, pending, shown. No I/O, no clock, no tasks.

Theory. The server decides; this class remembers what it said and what was asked of it since.

    confirmed   the last version that the server sent, whole: selection and price
    pending     ops that were asked for and have no outcome here yet, oldest first
    shown       confirmed with what the pending ops were guessed to make of it, in order

Confirmed moves to version + 1 by an op, or is replaced by a snapshot; never otherwise. Whatever
does not continue it (a gap, another epoch, a position that is ahead) is answered by a join with
our position, and nothing is applied until that is answered.

An op leaves pending in one step with its effect (see ``pending``). One op at a time is on its way;
the next is sent when it has its answer, so a refusal that is waited out cannot reorder them.

The caller (``session``) passes in time and messages, and takes messages and events out:
``take_messages()`` after every call, ``take_events()`` too, ``tick(now)`` at ``wake_at()``.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from enum import Enum
from random import Random
from uuid import UUID

from nest_haus_client.backoff import delay_seconds
from nest_haus_client.confirmed import Confirmed
from nest_haus_client.errors import HouseEnded, Refused
from nest_haus_client.events import (
    Changed,
    Ended,
    HouseEvent,
    Members,
    Replaced,
)
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
    Present,
    Snapshot,
    ToServer,
)
from nest_haus_client.operations import Operation, Selection
from nest_haus_client.pending import ANSWER_SECONDS, Entry, PendingOp, PendingOps

PRESENCE_SECONDS = 0.1
"""Where this person is, is told so often at most; the latest counts."""

HouseFrame = Snapshot | Ops | OpFrame | Outcome | PositionFrame | PresenceFrame | Left


class _Phase(Enum):
    AWAY = "away"  # no connection, or a join that has to wait
    JOINING = "joining"  # a join is unanswered
    HERE = "here"
    ENDED = "ended"


@dataclass(slots=True)
class _Place:
    """Where this person is; ``told`` is False while the server has to be told."""

    category: str | None = None
    view: str | None = None
    told: bool = True
    next_at: float = 0.0


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
        self.members: tuple[Member, ...] = ()
        self.member_count = 0
        self.confirmed: Confirmed | None = None
        self.ended: str | None = None
        self._number = number
        self._random = random
        self._pending = PendingOps(capacity)
        self._phase = _Phase.AWAY
        self._joins = 0
        self._join_id: str | None = None
        self._join_tries = 0
        self._join_answer_by: float | None = None
        self._join_again_at: float | None = None
        self._place = _Place()
        self._messages: list[ToServer] = []
        self._events: list[HouseEvent] = []
        self.overdue = False

    # ---- what is known

    @property
    def here(self) -> bool:
        """Whether the server has let us in on this connection."""
        return self._phase is _Phase.HERE

    @property
    def id(self) -> UUID | None:
        """The configuration's id; None before anything is known."""
        return self.confirmed.id if self.confirmed else None

    @property
    def version(self) -> int:
        """The confirmed version; 0 before anything is known."""
        return self.confirmed.version if self.confirmed else 0

    @property
    def shown(self) -> Selection:
        """The confirmed selection with the guesses of the pending ops on top."""
        return self._pending.over(self.confirmed.choices if self.confirmed else {})

    @property
    def pending(self) -> tuple[PendingOp, ...]:
        """The ops without an outcome, oldest first."""
        return self._pending.ops

    def take_messages(self) -> list[ToServer]:
        """What to send now, in order."""
        taken, self._messages = self._messages, []
        return taken

    def take_events(self) -> list[HouseEvent]:
        """What has happened since the last call, in order."""
        taken, self._events = self._events, []
        return taken

    # ---- asking

    def submit(
        self, op_id: UUID, operation: Operation, now: float, *, guarded: bool = False
    ) -> None:
        """Queue an op and show its guess; the same again does nothing. Raises QueueFull, HouseEnded."""
        if self.ended is not None:
            raise HouseEnded(self.ended)
        op = PendingOp(
            op_id=op_id,
            base_version=self.version,
            operation=operation,
            guarded=guarded,
            epoch=self.confirmed.epoch if self.confirmed is not None else None,
        )
        self._pending.add(op, self.shown)
        self._pump(now)

    def withdraw(self, op_id: UUID) -> bool:
        """Take an op out that was never sent; whether it is out, and never will be sent."""
        settled = self._pending.withdraw(op_id)
        if settled is not None:
            self._events.append(settled)
        return settled is not None

    def restore(self, ops: Iterable[PendingOp], now: float) -> None:
        """Queue ops of an earlier client again. They may have been sent: their body is fixed."""
        self._pending.restore(ops, self.shown)
        self._pump(now)

    def present(self, category: str | None, view: str | None, now: float) -> None:
        """Tell where this person is, now or when the house is joined."""
        self._place.category, self._place.view, self._place.told = category, view, False
        self._pump(now)

    def leave(self) -> None:
        """Leave for good; ops without an outcome stay undecided."""
        if self.ended is None:
            if self._phase is not _Phase.AWAY:
                self._messages.append(Leave(configuration=self._address))
            self._end("left")

    # ---- the connection

    def connected(self, now: float) -> None:
        """The server knows who we are: join, with our position if there is one."""
        self._join(now)

    def disconnected(self) -> None:
        """Whatever was on its way may be lost; it is sent again after the next join."""
        self._messages.clear()
        self._join_answer_by = self._join_again_at = None
        self.overdue = False
        if self._phase is not _Phase.ENDED:
            self._phase = _Phase.AWAY
        self._pending.lost()

    def wake_at(self) -> float | None:
        """When ``tick`` has something to do; None: not before something else happens."""
        moments = [self._join_answer_by, self._join_again_at]
        for entry in self._pending:
            moments += [entry.answer_by, entry.arrive_by]
        if self._phase is _Phase.HERE:
            waiting = self._pending.next()
            if waiting is not None and waiting.answer_by is None:
                moments.append(waiting.send_at)
            if not self._place.told:
                moments.append(self._place.next_at)
        return min((moment for moment in moments if moment is not None), default=None)

    def tick(self, now: float) -> None:
        """Do what is due. ``overdue`` is set when an answer is missing for too long."""
        answers = [self._join_answer_by, *(entry.answer_by for entry in self._pending)]
        self.overdue = self.overdue or any(_is_due(moment, now) for moment in answers)
        missing = [entry for entry in self._pending if _is_due(entry.arrive_by, now)]
        for entry in missing:
            entry.arrive_by = None
        if _is_due(self._join_again_at, now):
            self._join(now)
        elif missing:
            self._join_for_gap(now)
        self._pump(now)

    # ---- hearing

    def answers(self, re: str | None) -> bool:
        """Whether a message with this ``re`` answers something that was asked here."""
        return re is not None and (
            re in {self._join_id, self._place_id} or self._pending.of(None, re) is not None
        )

    def concerns(self, frame: ErrorFrame) -> bool:
        """Whether an error is about a join, an op or a place of ours."""
        return self.answers(frame.re) or (frame.op_id is not None and frame.op_id in self._pending)

    def receive(self, frame: HouseFrame, now: float) -> None:
        """Take a message of the server about this house."""
        match frame:
            case Snapshot():
                self._snapshot(frame)
            case Ops():
                self._ops(frame, now)
            case OpFrame():
                self._op(frame, now)
            case Outcome():
                self._outcome(frame, now)
            case PositionFrame():
                self._position(frame, now)
            case PresenceFrame():
                self._set_members(frame.members, frame.member_count)
            case Left():
                self._end(frame.code or "left")
        self._joined(frame, now)
        self._pump(now)

    def refused(self, frame: ErrorFrame, now: float) -> None:
        """Take an error that answers our join or one of our ops."""
        entry = self._pending.of(frame.op_id, frame.re)
        if frame.re is not None and frame.re == self._join_id:
            self._join_refused(frame, now)
        elif entry is not None:
            self._op_refused(entry, frame, now)
        elif frame.re == self._place_id and frame.retryable:
            self._place.told = False
            self._place.next_at = now + delay_seconds(0, self._random, frame.retry_after_ms)
        self._pump(now)

    def _snapshot(self, frame: Snapshot) -> None:
        before = self.confirmed
        self.confirmed = Confirmed.of(frame)
        another_epoch = before is not None and before.epoch != frame.epoch
        self._events.append(
            Replaced(
                version=frame.version,
                before=before.version if before else None,
                total_cents=self.confirmed.total_cents,
                restored=another_epoch,
                restored_to=frame.restored_to if another_epoch else None,
            )
        )
        self._events += self._pending.reached(None if another_epoch else frame.version)
        self._set_members(frame.members, frame.member_count)

    def _ops(self, frame: Ops, now: float) -> None:
        if not self._has(frame.epoch, frame.from_):
            self._join_for_gap(now)
            return
        for op in frame.ops:
            self._op(op, now)
        if self.confirmed is not None:
            self.confirmed = self.confirmed.told(frame.you)
        if frame.members is not None:
            self._set_members(frame.members, frame.member_count or 0)
        if not self._has(frame.epoch, frame.to):
            self._join_for_gap(now)

    def _op(self, frame: OpFrame, now: float) -> None:
        before = self.confirmed
        if before is None or not self._has(frame.epoch, frame.version - 1):
            self._join_for_gap(now)
        elif frame.version <= before.version:
            self._events += self._pending.arrived(frame)
        else:
            self._apply(frame, before)

    def _apply(self, frame: OpFrame, before: Confirmed) -> None:
        self.confirmed = before.after(frame)
        self._events.append(
            Changed(
                op=frame,
                difference_cents=frame.total_cents - before.total_cents,
                mine=frame.op_id in self._pending,
            )
        )
        self._events += self._pending.arrived(frame)
        self._events += self._pending.reached(frame.version)

    def _outcome(self, frame: Outcome, now: float) -> None:
        if self.confirmed is not None:
            self.confirmed = self.confirmed.told_by(frame)
        self._pending.answered(frame, now)
        self._events += self._pending.reached(self.version)

    def _position(self, frame: PositionFrame, now: float) -> None:
        if not self._has(frame.epoch, frame.version):
            self._join_for_gap(now)

    def _op_refused(self, entry: Entry, frame: ErrorFrame, now: float) -> None:
        entry.answer_by = None
        rejoin = frame.code == "not_joined" or (
            frame.code == "version_unknown" and not entry.op.relies_on_base
        )
        if not (frame.retryable or rejoin):
            self._events.append(self._pending.refuse(entry, _refused(frame)))
            return
        entry.send_at = now + delay_seconds(entry.tries - 1, self._random, frame.retry_after_ms)
        if rejoin:
            self._join(now, whole=frame.code == "version_unknown")

    # ---- joining

    def _has(self, epoch: UUID, version: int) -> bool:
        """Whether ``version`` is here already, so that what follows it can be applied."""
        return self.confirmed is not None and self.confirmed.has(epoch, version)

    def _join_for_gap(self, now: float) -> None:
        if self._phase is _Phase.HERE:  # else the answer to the join will tell
            self._join(now)

    def _join(self, now: float, *, whole: bool = False) -> None:
        if self._phase is _Phase.ENDED:
            return
        since = None
        if self.confirmed is not None and not whole:
            since = self.confirmed.position
        self._joins += 1
        self._join_id = f"join-{self._number}-{self._joins}"
        self._phase = _Phase.JOINING
        self._join_again_at = None
        self._join_answer_by = now + ANSWER_SECONDS
        self._messages.append(Join(id=self._join_id, configuration=self._address, since=since))

    def _joined(self, frame: HouseFrame, now: float) -> None:
        if frame.re is None or frame.re != self._join_id or self._phase is not _Phase.JOINING:
            return
        if isinstance(frame, Ops) and not self._has(frame.epoch, frame.to):
            self._join(now, whole=True)  # not what was asked for: begin again
            return
        self._phase = _Phase.HERE
        self._join_id = None
        self._join_tries = 0
        self._join_answer_by = None
        if self._place.category is not None or self._place.view is not None:
            self._place.told = False  # to the server this is a new member

    def _join_refused(self, frame: ErrorFrame, now: float) -> None:
        self._join_answer_by = None
        self._join_id = None
        if not frame.retryable:
            self._end(frame.code, _refused(frame))
            return
        self._phase = _Phase.AWAY
        pause = delay_seconds(self._join_tries, self._random, frame.retry_after_ms)
        self._join_again_at = now + pause
        self._join_tries += 1

    def _end(self, code: str, refused: Refused | None = None) -> None:
        self._phase = _Phase.ENDED
        self.ended = code
        self._join_answer_by = self._join_again_at = None
        undecided = tuple(op.op_id for op in self.pending)
        self._events.append(Ended(code=code, undecided=undecided, refused=refused))

    # ---- sending

    @property
    def _address(self) -> str:
        return str(self.id) if self.id is not None else self.reference

    @property
    def _place_id(self) -> str:
        return f"place-{self._number}"

    def _pump(self, now: float) -> None:
        if self._phase is not _Phase.HERE:
            return
        entry = self._pending.next()
        here = self.confirmed and self.confirmed.position
        if entry is not None and here and entry.answer_by is None and now >= entry.send_at:
            self._messages.append(entry.send(self._address, here, now))
        if not self._place.told and now >= self._place.next_at:
            place = self._place
            place.told, place.next_at = True, now + PRESENCE_SECONDS
            self._messages.append(
                Present(
                    id=self._place_id,
                    configuration=self._address,
                    category=place.category,
                    view=place.view,
                )
            )

    def _set_members(self, members: list[Member], count: int) -> None:
        now_here = tuple(members)
        count = max(count, len(now_here))
        if (now_here, count) != (self.members, self.member_count):
            self.members, self.member_count = now_here, count
            self._events.append(Members(members=now_here, count=count))


def _is_due(moment: float | None, now: float) -> bool:
    return moment is not None and now >= moment


def _refused(frame: ErrorFrame) -> Refused:
    return Refused(
        frame.code,
        text=frame.message,
        detail=frame.detail,
        retryable=frame.retryable,
        retry_after_ms=frame.retry_after_ms,
    )
