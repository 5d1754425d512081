"""The members of a room: connections of this process, and those that other processes report.

Presence is no part of the document: it is told over the bus, kept in Redis with an expiry, and ends
with the process that told it.
"""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from uuid import UUID

import msgspec

from configurator.people.presence import Member, RemoteMembers, merge_members
from configurator.people.roles import Permission, Role
from configurator.people.visible import initials
from configurator.protocol.messages import MEMBERS_SHOWN, Person, PresenceFrame
from configurator.protocol.sharing import AccessChanged
from realtime.delivery.frame import Frame
from realtime.delivery.outbox import Deliver, SnapshotInstead

PRESENCE_TTL = timedelta(seconds=18)
"""Members of a process without a report for this long count as gone. Together with the second until
the next check and the time to tell members, that is within the promised 20 seconds."""

QUIET_SECONDS = 0.05
QUIET_SECONDS_PER_MEMBER = 0.002
"""Seconds, for each member, between two tellings of the member list: a full house stays calm."""


@dataclass(slots=True, kw_only=True, eq=False)
class Attachment:
    """A member of this process: the person, the way to their peer, and the version they have seen.

    After the member entered again, ``last`` is the latest version that this stay may show. A member
    who is not ``present`` gets everything, but is shown to nobody.
    """

    member: Member
    deliver: Deliver
    present: bool = True
    seen: int = 0
    instead: SnapshotInstead | None = None
    last: Frame | None = None


class MembersReport(msgspec.Struct, frozen=True, kw_only=True):
    """The members of one process in one room, for other processes; only the first of many."""

    process: str
    members: list[Member]
    count: int | None = None


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
        self._remote_counts: dict[str, int] = {}
        self.quiet: asyncio.TimerHandle | None = None
        self._news = False
        self._own_news = False

    def __len__(self) -> int:
        return len(self._attachments)

    def local(self) -> list[Member]:
        """The members of this process who are present."""
        return [each.member for each in self._attachments.values() if each.present]

    def everybody(self) -> tuple[list[Member], int]:
        """The members over all processes: the first ``MEMBERS_SHOWN``, and their total number."""
        merged = merge_members(self.local(), self._remote.values(), now=self._now())
        unlisted = sum(
            max(0, self._remote_counts[name] - len(remote.members))
            for name, remote in self._remote.items()
        )
        return list(merged[:MEMBERS_SHOWN]), len(merged) + unlisted

    def attachments(self) -> list[Attachment]:
        """The members of this process, with the way to their peers."""
        return list(self._attachments.values())

    def deliver(self, frame: Frame, *, key: object | None = None) -> None:
        """Queue one frame for every member of this process."""
        for attachment in self.attachments():
            attachment.deliver(frame, key=key)

    def tell_inviting(self) -> None:
        """Tell the members of this process who may invite that links or roles changed."""
        frame = Frame.of(AccessChanged(configuration=self._configuration_id))
        for attachment in self.attachments():
            if attachment.member.role.may(Permission.INVITE):
                attachment.deliver(frame, key=("access", self._configuration_id))

    def add(self, attachment: Attachment) -> None:
        """Add a member, or replace them if they enter again; nobody is told yet."""
        self._attachments[attachment.member.connection] = attachment

    def find(self, connection: str) -> Attachment | None:
        """A member of this process by connection."""
        return self._attachments.get(connection)

    def remove(self, connection: str) -> None:
        """Remove a member; the others are told if the member was shown."""
        gone = self._attachments.pop(connection, None)
        if gone is None:
            return
        gone.instead = None  # it refers to the member
        if gone.present:
            self.tell()

    def place(self, connection: str, *, category: str | None, view: str | None) -> None:
        """Note where a member is, and tell everybody if that changed."""
        self._change(connection, lambda member: replace(member, category=category, view=view))

    def show(self, connection: str, *, present: bool) -> None:
        """Show a member to everybody, or hide them."""
        attachment = self._attachments.get(connection)
        if attachment is not None and attachment.present is not present:
            attachment.present = present
            self.tell()

    def rename(self, connection: str, person: Person) -> None:
        """Show a member's new name."""
        self._change(
            connection,
            lambda member: replace(member, name=person.name, initials=initials(person.name)),
        )

    def assign(self, connection: str, role: Role) -> None:
        """Show a member's new role."""
        self._change(connection, lambda member: replace(member, role=role))

    def tell(self) -> None:
        """Show the members to everybody, here and in other processes."""
        self._own_news = True
        self._tell_soon()

    def tell_others(self) -> None:
        """Tell other processes the members of this one."""
        self._send_report(self.report())

    def report(self) -> bytes:
        """The members of this process, in the form for other processes and for Redis."""
        local = self.local()
        return _encoder.encode(
            MembersReport(process=self._process, members=local[:MEMBERS_SHOWN], count=len(local))
        )

    def hear(self, payload: bytes) -> None:
        """Take the report of another process. Raises ``codec.UNREADABLE``."""
        report = _reports.decode(payload)
        if report.process == self._process:
            return
        count = len(report.members) if report.count is None else report.count
        known = self._remote.pop(report.process, None)
        known_count = self._remote_counts.pop(report.process, 0)
        if report.members:
            self._remote[report.process] = RemoteMembers(
                process=report.process,
                members=tuple(report.members),
                expires_at=self._now() + PRESENCE_TTL,
            )
            self._remote_counts[report.process] = count
        if tuple(report.members) != (known.members if known else ()) or count != known_count:
            self._tell_soon()

    def forget_expired(self) -> None:
        """Drop the members of processes that did not report in time."""
        now = self._now()
        gone = [name for name, remote in self._remote.items() if remote.expires_at <= now]
        for name in gone:
            del self._remote[name], self._remote_counts[name]
        if gone:
            self._tell_soon()

    def close(self) -> None:
        """Send the members nothing any more."""
        if self.quiet is not None:
            self.quiet.cancel()

    def _change(self, connection: str, change: Callable[[Member], Member]) -> None:
        attachment = self._attachments.get(connection)
        if attachment is not None and (changed := change(attachment.member)) != attachment.member:
            attachment.member = changed
            self.tell()

    def _tell_soon(self) -> None:
        """Tell the members now; or, if they were told just now, all changes at once in a moment."""
        self._news = True
        if self.quiet is None:
            self._tell_news()

    def _tell_news(self) -> None:
        self.quiet = None
        if not self._news:
            return
        self._news, own_news, self._own_news = False, self._own_news, False
        self._show()
        if own_news:
            self.tell_others()
        quiet = QUIET_SECONDS + QUIET_SECONDS_PER_MEMBER * len(self._attachments)
        self.quiet = asyncio.get_running_loop().call_later(quiet, self._tell_news)

    def _show(self) -> None:
        if not self._attachments:
            return
        members, count = self.everybody()
        frame = PresenceFrame(
            configuration=self._configuration_id, members=members, member_count=count
        )
        self.deliver(Frame.of(frame), key=("presence", self._configuration_id))
