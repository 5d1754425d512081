"""What the members of a room are told: each version once, in order, encoded once for all of them.

What a room learned goes out in a flush: one message, the same bytes for every member. A quiet room
flushes at once; one that is busy and full spends at most about half of the loop's time on it, and
what is committed meanwhile goes out together. Each member's ``seen`` says which version went to
them last, so an author can be told of their own op before its outcome (``show_to``), and somebody
who enters between two flushes gets nothing twice.
"""

import asyncio
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

import msgspec

from configurator.protocol import codec
from configurator.protocol.messages import (
    NOT_SAID,
    OpFrame,
    Ops,
    PositionFrame,
    Snapshot,
    You,
)
from configurator.selection import Choice
from realtime.frame import Frame
from realtime.membership import Attachment, Membership
from realtime.outbox import Lapse

FLUSH_SECONDS_PER_MEMBER = 20e-6
"""Between two flushes; about twice what a delivery costs."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Shown:
    """What members see of a configuration at one version."""

    configuration: UUID
    code: str
    catalogue: str
    epoch: UUID
    version: int
    selection: Mapping[str, Choice]
    derived: msgspec.Raw
    restored_to: datetime | None = None


class FanOut:
    """The members of a room and what they were told; ``shown`` gives the newest state."""

    def __init__(self, members: Membership, shown: Callable[[], Shown]) -> None:
        self._members = members
        self._shown = shown
        self._unsent: list[OpFrame] = []
        self._busy: asyncio.TimerHandle | None = None

    # ---- versions

    def tell(self, frames: list[OpFrame], encoded: Frame | None = None) -> None:
        """Tell of ops that led to what is shown now; ``encoded`` is the frame of a single one."""
        self._unsent += frames
        if self._busy is None:
            self._flush(encoded)

    def show_to(self, connection: str) -> None:
        """Tell one member what waits for the next flush, now."""
        attachment = self._members.find(connection)
        if attachment is not None and self._unsent:
            self._show(attachment, self._unsent)

    def tell_position(self) -> None:
        """Say which version is the newest, unless it is about to be told."""
        if self._unsent:
            return
        shown = self._shown()
        frame = PositionFrame(
            configuration=shown.configuration, epoch=shown.epoch, version=shown.version
        )
        self._members.deliver(Frame.of(frame), key=("position", shown.configuration))

    def begin_again(self) -> None:
        """Show the state to everybody: it does not follow from what they have seen.

        To a slow reader it gives way like ops: one snapshot stands for all that came before it and
        after it, so none leads back, no outcome loses the version it acknowledges, none piles up.
        """
        self._unsent.clear()
        for attachment in self._members.attachments():
            attachment.deliver(self._snapshot(attachment), lapse=attachment.lapse)

    def close(self) -> None:
        """Nothing is told any more."""
        if self._busy is not None:
            self._busy.cancel()

    def _flush(self, encoded: Frame | None = None) -> None:
        """Tell all members what they have not seen, then leave the loop to others for a while."""
        self._busy = None
        unsent, self._unsent = self._unsent, []
        if not unsent:
            return
        attachments = self._members.attachments()
        before, newest = unsent[0].version - 1, unsent[-1].version
        if encoded is None or len(unsent) > 1:
            encoded = self._ops_frame(unsent)
        for attachment in attachments:
            if attachment.seen == before:
                attachment.seen = newest
                attachment.deliver(encoded, lapse=attachment.lapse)
            elif attachment.seen < newest:
                self._show(attachment, unsent)
        self._busy = asyncio.get_running_loop().call_later(
            FLUSH_SECONDS_PER_MEMBER * len(attachments), self._flush
        )

    def _show(self, attachment: Attachment, unsent: list[OpFrame]) -> None:
        news = [frame for frame in unsent if frame.version > attachment.seen]
        if news:
            attachment.seen = news[-1].version
            attachment.deliver(self._ops_frame(news), lapse=attachment.lapse)

    def _ops_frame(self, frames: list[OpFrame]) -> Frame:
        """One op, or several as one message; the last one led to what is shown."""
        shown = self._shown()
        last = _whole(frames[-1], shown)
        if len(frames) == 1:
            return Frame.of(last)
        earlier = [codec.encode(compact(frame)) for frame in frames[:-1]]
        return Frame.of(
            Ops(
                configuration=shown.configuration,
                epoch=shown.epoch,
                from_=frames[0].version - 1,
                to=frames[-1].version,
                ops=[msgspec.Raw(each) for each in (*earlier, codec.encode(last))],
            )
        )

    # ---- entering

    def enter(
        self,
        attachment: Attachment,
        *,
        can_undo: tuple[bool, bool] | None = None,
        re: str | None = None,
    ) -> Frame:
        """Let a member in with a snapshot; returns it."""
        self._admit(attachment)
        return self._greet(attachment, self._snapshot(attachment, can_undo=can_undo, re=re))

    def come_back(
        self, attachment: Attachment, since: int, missed: list[bytes], *, re: str | None
    ) -> Frame:
        """Let a member in with exactly these compact ops after ``since``; returns the message."""
        self._admit(attachment)
        return self._greet(attachment, self._missed_ops(attachment, since, missed, re=re))

    def _admit(self, attachment: Attachment) -> None:
        before = self._members.find(attachment.member.connection)
        if before is not None:
            before.last = self._snapshot(before)
        attachment.lapse = self._lapse(attachment)
        self._members.add(attachment)

    def _lapse(self, attachment: Attachment) -> Lapse:
        """What may stand for ops: the state of then, but nothing of after the end of a stay.

        Who entered again was answered with what was the newest then, and must not be led back.
        """

        def snapshot() -> Frame | None:
            here = self._members.find(attachment.member.connection) is attachment
            return self._snapshot(attachment) if here else attachment.last

        return Lapse(snapshot)

    def _greet(self, attachment: Attachment, entry: Frame) -> Frame:
        attachment.deliver(entry)
        if attachment.present:
            self._members.tell()
        return entry

    def _snapshot(
        self,
        attachment: Attachment,
        *,
        can_undo: tuple[bool, bool] | None = None,
        re: str | None = None,
    ) -> Frame:
        shown = self._shown()
        attachment.seen = shown.version
        members, count = self._members.everybody()
        return Frame.of(
            Snapshot(
                re=re,
                configuration=shown.configuration,
                code=shown.code,
                catalogue=shown.catalogue,
                epoch=shown.epoch,
                version=shown.version,
                selection=dict(shown.selection),
                derived=shown.derived,
                members=members,
                member_count=count,
                you=_you(attachment, can_undo),
                restored_to=shown.restored_to,
            )
        )

    def _missed_ops(
        self, attachment: Attachment, since: int, missed: list[bytes], *, re: str | None
    ) -> Frame:
        shown = self._shown()
        attachment.seen = shown.version
        if missed:
            last = _whole(codec.decode_op(missed[-1]), shown)
            missed = [*missed[:-1], codec.encode(last)]
        members, count = self._members.everybody()
        return Frame.of(
            Ops(
                re=re,
                configuration=shown.configuration,
                epoch=shown.epoch,
                from_=since,
                to=shown.version,
                ops=[msgspec.Raw(each) for each in missed],
                recovered=True,
                members=members,
                member_count=count,
                you=_you(attachment, None),
            )
        )


def compact(frame: OpFrame) -> OpFrame:
    """The op without the state after it."""
    return msgspec.structs.replace(frame, selection=None, derived=NOT_SAID)


def _whole(frame: OpFrame, shown: Shown) -> OpFrame:
    """The newest op with the state that it led to."""
    return msgspec.structs.replace(frame, selection=dict(shown.selection), derived=shown.derived)


def _you(attachment: Attachment, can_undo: tuple[bool, bool] | None) -> You:
    undo, redo = can_undo or (None, None)
    member = attachment.member
    return You(person=member.person, role=member.role, can_undo=undo, can_redo=redo)
