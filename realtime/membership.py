"""Who is in a room: the connections of this process, and what other processes say of theirs.

Presence is a courtesy and never part of the document: it is told over the bus, kept in Redis with
an expiry, and gone with the process that told it.
"""

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Protocol
from uuid import UUID

import msgspec

from configurator.presence import Member, RemoteMembers, initials, merge_members
from configurator.protocol import codec
from configurator.protocol.messages import Person, PresenceFrame

PRESENCE_TTL = timedelta(seconds=20)
"""The members of a process that was not heard of for so long are gone."""


class Deliver(Protocol):
    """Queues one encoded frame for a member; never waits. Frames with one key replace another."""

    def __call__(self, frame: bytes, *, key: object | None = None) -> None:
        """Queue the frame."""


@dataclass(slots=True, kw_only=True)
class Attachment:
    """A member of this process: who they are, and where frames for them go."""

    member: Member
    deliver: Deliver


class MembersReport(msgspec.Struct, frozen=True, kw_only=True):
    """The members of one process in one room, as it tells the others."""

    process: str
    members: list[Member]


_reports = msgspec.json.Decoder(MembersReport)
_encoder = msgspec.json.Encoder()


class Membership:
    """The members of one room. ``tell_others`` sends this process's report to the others."""

    def __init__(
        self,
        *,
        configuration_id: UUID,
        process: str,
        now: Callable[[], datetime],
        tell_others: Callable[[bytes], None],
    ) -> None:
        self._configuration_id = configuration_id
        self._process = process
        self._now = now
        self._send_report = tell_others
        self._attachments: dict[str, Attachment] = {}
        self._remote: dict[str, RemoteMembers] = {}

    def __len__(self) -> int:
        return len(self._attachments)

    def local(self) -> list[Member]:
        """The members of this process."""
        return [attachment.member for attachment in self._attachments.values()]

    def everybody(self) -> list[Member]:
        """Everybody who is here, all processes together."""
        return list(merge_members(self.local(), self._remote.values(), now=self._now()))

    def attachments(self) -> list[Attachment]:
        """The members of this process and where frames for them go."""
        return list(self._attachments.values())

    def deliver(self, frame: bytes, *, key: object | None = None) -> None:
        """Queue one frame for every member of this process."""
        for attachment in self.attachments():
            attachment.deliver(frame, key=key)

    def add(self, attachment: Attachment) -> None:
        """Let a member in, without telling anybody yet."""
        self._attachments[attachment.member.connection] = attachment

    def remove(self, connection: str) -> None:
        """Let a member go."""
        if self._attachments.pop(connection, None) is not None:
            self.tell()

    def place(self, connection: str, *, category: str | None, view: str | None) -> None:
        """Note where a member is, and tell everybody if that is news."""
        self._change(connection, lambda member: replace(member, category=category, view=view))

    def rename(self, connection: str, person: Person) -> None:
        """Show a member's new name."""
        self._change(
            connection,
            lambda member: replace(member, name=person.name, initials=initials(person.name)),
        )

    def tell(self) -> None:
        """Show the members to everybody, here and in other processes."""
        self._show()
        self.tell_others()

    def tell_others(self) -> None:
        """Say to other processes who is here in this one."""
        self._send_report(self.report())

    def report(self) -> bytes:
        """This process's members, as other processes hear and Redis keeps them."""
        return _encoder.encode(MembersReport(process=self._process, members=self.local()))

    def hear(self, payload: bytes) -> None:
        """Take the report of another process. Raises ``codec.UNREADABLE``."""
        report = _reports.decode(payload)
        if report.process == self._process:
            return
        known = self._remote.pop(report.process, None)
        if report.members:
            self._remote[report.process] = RemoteMembers(
                process=report.process,
                members=tuple(report.members),
                expires_at=self._now() + PRESENCE_TTL,
            )
        if tuple(report.members) != (known.members if known else ()):
            self._show()

    def forget_expired(self) -> None:
        """Drop the members of processes that were not heard of in time."""
        now = self._now()
        gone = [name for name, remote in self._remote.items() if remote.expires_at <= now]
        for name in gone:
            del self._remote[name]
        if gone:
            self._show()

    def _change(self, connection: str, change: Callable[[Member], Member]) -> None:
        attachment = self._attachments.get(connection)
        if attachment is not None and (changed := change(attachment.member)) != attachment.member:
            attachment.member = changed
            self.tell()

    def _show(self) -> None:
        everybody = self.everybody()
        frame = PresenceFrame(
            configuration=self._configuration_id, members=everybody, member_count=len(everybody)
        )
        self.deliver(codec.encode(frame), key=("presence", self._configuration_id))
