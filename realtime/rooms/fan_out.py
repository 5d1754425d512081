"""Tells the members of a room each version once, in order, encoded once for all of them.

New versions go out in a flush: one message with the same bytes for every member. A quiet room
flushes at once. A busy, full room spends at most about half of the loop's time on flushes; versions
that are committed between two flushes go out together. Each member's ``seen`` is the last version
that was sent to them, so an author can be told of their own op before its outcome (``show_to``),
and a member who enters between two flushes gets no version twice.
"""

import asyncio
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

import msgspec

from configurator.catalogue.selection import Choice
from configurator.protocol import codec
from configurator.protocol.messages import NOT_SAID, OpFrame, Ops, PositionFrame, Snapshot, You
from realtime.delivery.frame import Frame
from realtime.delivery.outbox import SnapshotInstead
from realtime.rooms.membership import Attachment, Membership

FLUSH_SECONDS_PER_MEMBER = 20e-6
"""Seconds between two flushes for each member; about twice the cost of a delivery."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Shown:
    """The state of a configuration at one version, as members see it."""

    configuration: UUID
    code: str
    catalogue: str
    epoch: UUID
    version: int
    selection: Mapping[str, Choice]
    derived: msgspec.Raw
    restored_to: datetime | None = None


class FanOut:
    """Tells the members of a room the versions; ``shown`` returns the newest state."""

    def __init__(self, members: Membership, shown: Callable[[], Shown]) -> None:
        self._members = members
        self._shown = shown
        self._unsent: list[OpFrame] = []
        self._busy: asyncio.TimerHandle | None = None

    # ---- versions

    def tell(self, frames: list[OpFrame], encoded: Frame | None = None) -> None:
        """Tell the members of ops that led to the shown state.

        ``encoded`` is the frame of a single op.
        """
        self._unsent += frames
        if self._busy is None:
            self._flush(encoded)

    def show_to(self, connection: str) -> None:
        """Send one member now the ops that wait for the next flush."""
        attachment = self._members.find(connection)
        if attachment is not None and self._unsent:
            self._show(attachment, self._unsent)

    def tell_position(self) -> None:
        """Tell the members the newest version, unless ops that lead to it are about to go out."""
        if self._unsent:
            return
        shown = self._shown()
        frame = PositionFrame(
            configuration=shown.configuration, epoch=shown.epoch, version=shown.version
        )
        self._members.deliver(Frame.of(frame), key=("position", shown.configuration))

    def begin_again(self) -> None:
        """Send every member a snapshot: the state does not follow from the versions they have seen.

        For a slow reader it is replaced like ops are: one newer snapshot takes the place of this
        one and of the ops around it. So no snapshot leads back to an older state, every outcome
        comes after the version that it acknowledges, and snapshots do not pile up.
        """
        self._unsent.clear()
        for attachment in self._members.attachments():
            attachment.deliver(self._snapshot(attachment), instead=attachment.instead)

    def close(self) -> None:
        """Send the members nothing any more."""
        if self._busy is not None:
            self._busy.cancel()

    def _flush(self, encoded: Frame | None = None) -> None:
        """Send each member the versions they have not seen, then pause in favour of other tasks."""
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
                attachment.deliver(encoded, instead=attachment.instead)
            elif attachment.seen < newest:
                self._show(attachment, unsent)
        self._busy = asyncio.get_running_loop().call_later(
            FLUSH_SECONDS_PER_MEMBER * len(attachments), self._flush
        )

    def _show(self, attachment: Attachment, unsent: list[OpFrame]) -> None:
        news = [frame for frame in unsent if frame.version > attachment.seen]
        if news:
            attachment.seen = news[-1].version
            attachment.deliver(self._ops_frame(news), instead=attachment.instead)

    def _ops_frame(self, frames: list[OpFrame]) -> Frame:
        """One op, or several as one message; the last one has the shown state."""
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
        """Let a member in with a snapshot, which is returned."""
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
        attachment.instead = self._instead(attachment)
        self._members.add(attachment)

    def _instead(self, attachment: Attachment) -> SnapshotInstead:
        """A snapshot that may replace ops, but never after the end of the member's stay.

        A member who entered again was answered with the newest state and must not be led back.
        """

        def snapshot() -> Frame | None:
            here = self._members.find(attachment.member.connection) is attachment
            return self._snapshot(attachment) if here else attachment.last

        return SnapshotInstead(snapshot)

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
