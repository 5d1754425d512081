"""One house as this client knows it: confirmed, pending, shown. No I/O, no clock, no tasks.

Theory. The server decides; this class remembers what it said and what was asked of it since.

    confirmed   the last version that the server sent, whole: selection and price
    pending     ops that were asked for and have no outcome here yet, oldest first
    shown       confirmed with what the pending ops were guessed to make of it, in order

Confirmed moves to version + 1 by an op, or is replaced by a snapshot; never otherwise. Whatever
does not continue it (a gap, another epoch, a position that is ahead) is answered by a join with
our position, and nothing is applied until that is answered.

An op leaves pending in one step with its effect: when its own op arrives, or when its outcome is
known and confirmed has reached the version of that outcome. Its guess is made once, when it is
asked for, so what is shown for a category does not move until then. One op at a time is on its
way; the next is sent when it has its answer, so a refusal that is waited out cannot reorder them.

The caller (``session``) passes in time and messages, and takes messages and events out:
``take_messages()`` after every call, ``take_events()`` too, ``tick(now)`` at ``wake_at()``.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from enum import Enum
from random import Random
from types import MappingProxyType
from uuid import UUID

import msgspec

from nest_haus_client.backoff import delay_seconds
from nest_haus_client.errors import HouseEnded, QueueFull, Refused
from nest_haus_client.events import (
    Changed,
    Ended,
    HouseEvent,
    Members,
    Replaced,
    Settled,
)
from nest_haus_client.messages import (
    ErrorFrame,
    Join,
    Leave,
    Left,
    Member,
    Op,
    OpFrame,
    Ops,
    Outcome,
    Position,
    PositionFrame,
    PresenceFrame,
    Present,
    Snapshot,
    ToServer,
    You,
)
from nest_haus_client.operations import Choice, Guess, Operation, Selection, guess

ANSWER_SECONDS = 10.0
"""Longer than the server's own deadlines; who hears nothing for so long has lost the connection."""

ARRIVAL_SECONDS = 4.0
"""So long may a version be missing that an outcome spoke of: two position beacons."""

PRESENCE_SECONDS = 0.1
"""Where this person is, is told so often at most; the latest counts."""

HouseFrame = Snapshot | Ops | OpFrame | Outcome | PositionFrame | PresenceFrame | Left


class PendingOp(msgspec.Struct, frozen=True, kw_only=True):
    """An op without an outcome, as it may be kept and given to a new client."""

    op_id: UUID
    base_version: int
    operation: Operation
    guarded: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Confirmed:
    """What the server said last: price and selection belong to the version; who we are here."""

    id: UUID
    code: str
    catalogue: str
    you: You
    epoch: UUID
    version: int
    selection: Selection
    total_cents: int
    derived: msgspec.Raw


class _Total(msgspec.Struct):
    total_cents: int


class _Priced(msgspec.Struct):
    price: _Total


_priced = msgspec.json.Decoder(_Priced)


class _Phase(Enum):
    AWAY = "away"  # no connection, or a join that has to wait
    JOINING = "joining"  # a join is unanswered
    HERE = "here"
    ENDED = "ended"


@dataclass(slots=True)
class _Pending:
    op: PendingOp
    guess: Guess
    sent: bool = False  # once sent its body is fixed: the server knows the op by it
    in_flight: bool = False
    tries: int = 0
    resend_at: float = 0.0
    outcome: Outcome | None = None  # known, but confirmed has not reached its version


@dataclass(slots=True)
class _Place:
    """Where this person is; ``told`` is False while the server has to be told."""

    category: str | None = None
    view: str | None = None
    told: bool = True
    next_at: float = 0.0


@dataclass(slots=True)
class _Deadlines:
    """Moments of the loop's clock; None is never."""

    join_answer: float | None = None
    op_answer: float | None = None
    arrival: float | None = None
    join_again: float | None = None

    def earliest(self) -> float | None:
        moments = (self.join_answer, self.op_answer, self.arrival, self.join_again)
        return min((moment for moment in moments if moment is not None), default=None)


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
        self._capacity = capacity
        self._random = random
        self._pending: dict[UUID, _Pending] = {}
        self._phase = _Phase.AWAY
        self._joins = 0
        self._join_id: str | None = None
        self._join_tries = 0
        self._deadlines = _Deadlines()
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
        shown = dict(self.confirmed.selection) if self.confirmed else {}
        for entry in self._pending.values():
            for category, choice in entry.guess.items():
                if choice is None:
                    shown.pop(category, None)
                else:
                    shown[category] = choice
        return MappingProxyType(shown)

    @property
    def pending(self) -> tuple[PendingOp, ...]:
        """The ops without an outcome, oldest first."""
        return tuple(entry.op for entry in self._pending.values())

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
        known = self._pending.get(op_id)
        if known is not None and (known.op.operation, known.op.guarded) == (operation, guarded):
            return
        if known is not None:
            raise ValueError("This op_id belongs to another op that is pending.")
        if len(self._pending) >= self._capacity:
            raise QueueFull(self._capacity)
        op = PendingOp(op_id=op_id, base_version=self.version, operation=operation, guarded=guarded)
        self._pending[op_id] = _Pending(op, guess(operation, self.shown))
        self._pump(now)

    def restore(self, ops: Iterable[PendingOp], now: float) -> None:
        """Queue ops of an earlier client again. They may have been sent: their body is fixed."""
        for op in ops:
            if op.op_id not in self._pending:
                self._pending[op.op_id] = _Pending(op, guess(op.operation, self.shown), sent=True)
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
        self._deadlines = _Deadlines()
        self.overdue = False
        if self._phase is not _Phase.ENDED:
            self._phase = _Phase.AWAY
        for entry in self._pending.values():
            entry.in_flight = False

    def wake_at(self) -> float | None:
        """When ``tick`` has something to do; None: not before something else happens."""
        moments = [self._deadlines.earliest()]
        if self._phase is _Phase.HERE:
            if not self._place.told:
                moments.append(self._place.next_at)
            waiting = self._next()
            if waiting is not None and not waiting.in_flight:
                moments.append(waiting.resend_at)
        return min((moment for moment in moments if moment is not None), default=None)

    def tick(self, now: float) -> None:
        """Do what is due. ``overdue`` is set when an answer is missing for too long."""
        due = self._deadlines
        if _is_due(due.join_answer, now) or _is_due(due.op_answer, now):
            self.overdue = True
        if _is_due(due.join_again, now):
            self._join(now)
        elif _is_due(due.arrival, now):
            due.arrival = None
            self._join_for_gap(now)
        self._pump(now)

    # ---- hearing

    def answers(self, re: str | None) -> bool:
        """Whether a message with this ``re`` answers something that was asked here."""
        return re is not None and (
            re in {self._join_id, self._place_id} or self._op_of(None, re) is not None
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
        entry = self._op_of(frame.op_id, frame.re)
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
        self.confirmed = Confirmed(
            id=frame.configuration,
            code=frame.code,
            catalogue=frame.catalogue,
            you=frame.you,
            epoch=frame.epoch,
            version=frame.version,
            selection=frame.selection,
            total_cents=_priced.decode(frame.derived).price.total_cents,
            derived=frame.derived,
        )
        self._events.append(
            Replaced(
                version=frame.version,
                before=before.version if before else None,
                total_cents=self.confirmed.total_cents,
            )
        )
        self._settle_reached(any_version=before is not None and before.epoch != frame.epoch)
        self._set_members(frame.members, frame.member_count)

    def _ops(self, frame: Ops, now: float) -> None:
        if not self._has(frame.epoch, frame.from_):
            self._join_for_gap(now)
            return
        for op in frame.ops:
            self._op(op, now)
        if self.confirmed is not None and frame.you is not None:
            self.confirmed = replace(self.confirmed, you=frame.you)
        if frame.members is not None:
            self._set_members(frame.members, frame.member_count or 0)
        if not self._has(frame.epoch, frame.to):
            self._join_for_gap(now)

    def _op(self, frame: OpFrame, now: float) -> None:
        before = self.confirmed
        if before is None or not self._has(frame.epoch, frame.version - 1):
            self._join_for_gap(now)
        elif frame.version <= before.version:
            self._settle_own(frame)
        else:
            self._apply(frame, before)

    def _apply(self, frame: OpFrame, before: Confirmed) -> None:
        selection = frame.selection
        self.confirmed = replace(
            before,
            version=frame.version,
            selection=_changed(before.selection, frame) if selection is None else selection,
            total_cents=frame.total_cents,
            derived=frame.derived if bytes(frame.derived) else before.derived,
        )
        self._events.append(
            Changed(
                op=frame,
                difference_cents=frame.total_cents - before.total_cents,
                mine=frame.op_id in self._pending,
            )
        )
        self._settle_own(frame)
        self._settle_reached()

    def _settle_own(self, frame: OpFrame) -> None:
        """An own op has arrived: this is its outcome, whether or not that was told before."""
        entry = self._pending.get(frame.op_id)
        if entry is None:
            return
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
        self._settle(entry, outcome=outcome)

    def _move_bases(self, frame: OpFrame) -> None:
        """Who asked for more after an own op saw it, too: their guard must not trip over it.

        Only while nobody else's op came in between, and before the op was sent the first time.
        """
        for entry in self._pending.values():
            if not entry.sent and entry.op.base_version == frame.version - 1:
                entry.op = msgspec.structs.replace(entry.op, base_version=frame.version)

    def _outcome(self, frame: Outcome, now: float) -> None:
        if self.confirmed is not None and frame.can_undo is not None:
            you = msgspec.structs.replace(
                self.confirmed.you, can_undo=frame.can_undo, can_redo=frame.can_redo
            )
            self.confirmed = replace(self.confirmed, you=you)
        entry = self._pending.get(frame.op_id)
        if entry is None:
            return
        entry.outcome = frame
        entry.in_flight = False
        self._deadlines.op_answer = None
        self._settle_reached()
        if entry.op.op_id in self._pending:
            self._deadlines.arrival = now + ARRIVAL_SECONDS

    def _position(self, frame: PositionFrame, now: float) -> None:
        if not self._has(frame.epoch, frame.version):
            self._join_for_gap(now)

    def _settle_reached(self, *, any_version: bool = False) -> None:
        """Settle what has an outcome whose version is here (or belongs to an epoch that is gone)."""
        for entry in list(self._pending.values()):
            if entry.outcome and (any_version or entry.outcome.version <= self.version):
                self._settle(entry, outcome=entry.outcome)

    def _settle(
        self, entry: _Pending, *, outcome: Outcome | None = None, refused: Refused | None = None
    ) -> None:
        del self._pending[entry.op.op_id]
        if entry.in_flight:
            self._deadlines.op_answer = None
        if not any(each.outcome for each in self._pending.values()):
            self._deadlines.arrival = None
        self._events.append(
            Settled(
                op_id=entry.op.op_id,
                operation=entry.op.operation,
                outcome=outcome,
                refused=refused,
            )
        )

    def _op_refused(self, entry: _Pending, frame: ErrorFrame, now: float) -> None:
        entry.in_flight = False
        self._deadlines.op_answer = None
        rejoin = frame.code == "not_joined" or (
            frame.code == "version_unknown" and not entry.op.guarded
        )
        if not (frame.retryable or rejoin):
            self._settle(entry, refused=_refused(frame))
            return
        entry.resend_at = now + delay_seconds(entry.tries - 1, self._random, frame.retry_after_ms)
        if rejoin:
            self._join(now, whole=frame.code == "version_unknown")

    def _op_of(self, op_id: UUID | None, re: str | None) -> _Pending | None:
        if op_id is not None and op_id in self._pending:
            return self._pending[op_id]
        return next((e for e in self._pending.values() if str(e.op.op_id) == re), None)

    # ---- joining

    def _has(self, epoch: UUID, version: int) -> bool:
        """Whether ``version`` is here already, so that what follows it can be applied."""
        known = self.confirmed
        return known is not None and known.epoch == epoch and version <= known.version

    def _join_for_gap(self, now: float) -> None:
        if self._phase is _Phase.HERE:  # else the answer to the join will tell
            self._join(now)

    def _join(self, now: float, *, whole: bool = False) -> None:
        if self._phase is _Phase.ENDED:
            return
        since = None
        if self.confirmed is not None and not whole:
            since = Position(epoch=self.confirmed.epoch, version=self.confirmed.version)
        self._joins += 1
        self._join_id = f"join-{self._number}-{self._joins}"
        self._phase = _Phase.JOINING
        self._deadlines.join_again = None
        self._deadlines.join_answer = now + ANSWER_SECONDS
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
        self._deadlines.join_answer = None
        if self._place.category is not None or self._place.view is not None:
            self._place.told = False  # to the server this is a new member

    def _join_refused(self, frame: ErrorFrame, now: float) -> None:
        self._deadlines.join_answer = None
        self._join_id = None
        if not frame.retryable:
            self._end(frame.code, _refused(frame))
            return
        self._phase = _Phase.AWAY
        pause = delay_seconds(self._join_tries, self._random, frame.retry_after_ms)
        self._deadlines.join_again = now + pause
        self._join_tries += 1

    def _end(self, code: str, refused: Refused | None = None) -> None:
        self._phase = _Phase.ENDED
        self.ended = code
        self._deadlines = _Deadlines()
        self._events.append(Ended(code=code, undecided=tuple(self._pending), refused=refused))

    # ---- sending

    @property
    def _address(self) -> str:
        return str(self.id) if self.id is not None else self.reference

    @property
    def _place_id(self) -> str:
        return f"place-{self._number}"

    def _next(self) -> _Pending | None:
        """The oldest op without an answer: the only one that may be on its way."""
        return next((entry for entry in self._pending.values() if entry.outcome is None), None)

    def _pump(self, now: float) -> None:
        if self._phase is not _Phase.HERE:
            return
        entry = self._next()
        if entry is not None and not entry.in_flight and now >= entry.resend_at:
            self._send(entry, now)
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

    def _send(self, entry: _Pending, now: float) -> None:
        if not entry.op.guarded:  # then only the operation is what the server knows it by
            entry.op = msgspec.structs.replace(entry.op, base_version=self.version)
        entry.sent = entry.in_flight = True
        entry.tries += 1
        self._deadlines.op_answer = now + ANSWER_SECONDS
        self._messages.append(
            Op(
                id=str(entry.op.op_id),
                configuration=self._address,
                op_id=entry.op.op_id,
                base_version=entry.op.base_version,
                operation=entry.op.operation,
                guarded=entry.op.guarded,
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


def _changed(selection: Selection, frame: OpFrame) -> Mapping[str, Choice]:
    after = dict(selection)
    for change in frame.changes:
        if change.after is None:
            after.pop(change.category, None)
        else:
            after[change.category] = change.after
    return after


def _refused(frame: ErrorFrame) -> Refused:
    return Refused(
        frame.code,
        text=frame.message,
        detail=frame.detail,
        retryable=frame.retryable,
        retry_after_ms=frame.retry_after_ms,
    )
