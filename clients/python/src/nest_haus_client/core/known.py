"""Everything that is known of one house: confirmed, members, and the ops on top.

The caller decides which messages continue the confirmed state; each change becomes an event.
"""

from collections.abc import Sequence
from uuid import UUID

import msgspec

from nest_haus_client.core.confirmed import Confirmed
from nest_haus_client.core.queue import Queue
from nest_haus_client.core.selection import Selection
from nest_haus_client.events import Changed, HouseEvent, Members, Replaced
from nest_haus_client.messages import Member, OpFrame, Outcome, Snapshot, You


class Known:
    """``confirmed`` is None before the first snapshot; ``events`` are those not taken yet."""

    def __init__(self, queue: Queue) -> None:
        self.confirmed: Confirmed | None = None
        self.members: tuple[Member, ...] = ()
        self.member_count = 0
        self.events: list[HouseEvent] = []
        self._queue = queue

    @property
    def version(self) -> int:
        """The confirmed version; 0 before anything is known."""
        return self.confirmed.version if self.confirmed else 0

    @property
    def shown(self) -> Selection:
        """The confirmed selection with the guesses of the pending ops on top."""
        return self._queue.over(self.confirmed.choices if self.confirmed else {})

    def has(self, epoch: UUID, version: int) -> bool:
        """Whether ``version`` is here already, so that what follows it can be applied."""
        return self.confirmed is not None and self.confirmed.has(epoch, version)

    def replace(self, frame: Snapshot) -> None:
        """Replace everything by a snapshot, and settle the ops whose outcomes it includes."""
        before = self.confirmed
        self.confirmed = Confirmed.of(frame)
        another_epoch = before is not None and before.epoch != frame.epoch
        if before is not None and not another_epoch:
            self.meet(before.told(frame.you).you)
        self.events.append(
            Replaced(
                version=frame.version,
                before=before.version if before else None,
                total_cents=self.confirmed.total_cents,
                restored=another_epoch,
                restored_to=frame.restored_to if another_epoch else None,
            )
        )
        self.events += self._queue.reached(None if another_epoch else frame.version)
        self.present(frame.members, frame.member_count)

    def apply(self, frame: OpFrame) -> bool:
        """Move to the version of an op, if it follows; returns whether it did or is known already."""
        before = self.confirmed
        if before is None or not self.has(frame.epoch, frame.version - 1):
            return False
        if frame.version > before.version:
            self._move(before, frame)
        self.events += self._queue.arrived(frame)
        self.events += self._queue.reached(self.version)
        return True

    def hear(self, outcome: Outcome, now: float) -> None:
        """Record the outcome of an op, which is settled once its version is confirmed."""
        own = self._queue.answered(outcome, now)
        if self.confirmed is not None:
            said = outcome if own else msgspec.structs.replace(outcome, reasons=[])
            self.confirmed = self.confirmed.told_by(said)
        self.events += self._queue.reached(self.version)

    def meet(self, you: You | None) -> None:
        """Record the server's facts about this client, if there are any."""
        if self.confirmed is not None:
            self.confirmed = self.confirmed.told(you)

    def present(self, members: Sequence[Member], count: int) -> None:
        """Record the members; a large house lists only some of them, ``count`` is their number."""
        now_here = tuple(members)
        if self.confirmed is not None:
            self.confirmed = self.confirmed.among(now_here)
        count = max(count, len(now_here))
        if (now_here, count) != (self.members, self.member_count):
            self.members, self.member_count = now_here, count
            self.events.append(Members(members=now_here, count=count))

    def _move(self, before: Confirmed, frame: OpFrame) -> None:
        self.confirmed = before.after(frame)
        self.events.append(
            Changed(
                op=frame,
                difference_cents=frame.total_cents - before.total_cents,
                mine=frame.op_id in self._queue,
            )
        )
