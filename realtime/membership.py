"""Who is in a room: the connections of this process, and what other processes say of theirs.

Presence is a courtesy and never part of the document: it is told over the bus, kept in Redis with
an expiry, and gone with the process that told it.
"""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Protocol
from uuid import UUID

import msgspec

from configurator.access import Permission, Role, may
from configurator.presence import Member, RemoteMembers, merge_members
from configurator.protocol.messages import MEMBERS_SHOWN, Person, PresenceFrame
from configurator.protocol.sharing import AccessChanged
from configurator.visible import initials
from realtime.frame import Frame
from realtime.outbox import Lapse

PRESENCE_TTL = timedelta(seconds=18)
"""The members of a process that was not heard of for so long are gone. With the second until
somebody looks and the time to tell it, that is within the 20 seconds that are promised."""

QUIET_SECONDS = 0.05
QUIET_SECONDS_PER_MEMBER = 0.002
"""Who is here is told at once, and then again no sooner than this: a full house stays calm."""


class Deliver(Protocol):
    """Queues one frame for a member; never waits. Frames with one key replace another.

    ``lapse`` comes with ops: what may stand for them when the member reads too slowly.
    """

    def __call__(
        self, frame: Frame, *, key: object | None = None, lapse: Lapse | None = None
    ) -> None:
        """Queue the frame."""


@dataclass(slots=True, kw_only=True, eq=False)
class Attachment:
    """A member of this process: who they are, where frames for them go, what they have seen.

    ``last`` is what they see of this stay at most, once they entered again. A member that is not
    ``present`` hears everything and is shown to nobody.
    """

    member: Member
    deliver: Deliver
    present: bool = True
    seen: int = 0
    lapse: Lapse | None = None
    last: Frame | None = None


class MembersReport(msgspec.Struct, frozen=True, kw_only=True):
    """The members of one process in one room, as it tells the others; of many only the first."""

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
        self._quiet: asyncio.TimerHandle | None = None
        self._news = False
        self._own_news = False

    def __len__(self) -> int:
        return len(self._attachments)

    def local(self) -> list[Member]:
        """The members of this process who are present."""
        return [each.member for each in self._attachments.values() if each.present]

    def everybody(self) -> tuple[list[Member], int]:
        """Who is here, all processes together: the first ``MEMBERS_SHOWN``, and how many."""
        merged = merge_members(self.local(), self._remote.values(), now=self._now())
        unlisted = sum(
            max(0, self._remote_counts[name] - len(remote.members))
            for name, remote in self._remote.items()
        )
        return list(merged[:MEMBERS_SHOWN]), len(merged) + unlisted

    def attachments(self) -> list[Attachment]:
        """The members of this process and where frames for them go."""
        return list(self._attachments.values())

    def deliver(self, frame: Frame, *, key: object | None = None) -> None:
        """Queue one frame for every member of this process."""
        for attachment in self.attachments():
            attachment.deliver(frame, key=key)

    def tell_inviting(self) -> None:
        """Say to the members of this process who may invite that links or roles changed."""
        frame = Frame.of(AccessChanged(configuration=self._configuration_id))
        for attachment in self.attachments():
            if may(Role(attachment.member.role), Permission.INVITE):
                attachment.deliver(frame, key=("access", self._configuration_id))

    def add(self, attachment: Attachment) -> None:
        """Let a member in, in place of who they were if they enter again; nobody is told yet."""
        self._attachments[attachment.member.connection] = attachment

    def find(self, connection: str) -> Attachment | None:
        """A member of this process by connection."""
        return self._attachments.get(connection)

    def remove(self, connection: str) -> None:
        """Let a member go; who was shown to nobody is missed by nobody."""
        gone = self._attachments.pop(connection, None)
        if gone is None:
            return
        gone.lapse = None  # it holds on to the member
        if gone.present:
            self.tell()

    def place(self, connection: str, *, category: str | None, view: str | None) -> None:
        """Note where a member is, and tell everybody if that is news."""
        self._change(connection, lambda member: replace(member, category=category, view=view))

    def show(self, connection: str, *, present: bool) -> None:
        """Show a member to everybody, or to nobody."""
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
        """Say to other processes who is here in this one."""
        self._send_report(self.report())

    def report(self) -> bytes:
        """This process's members, as other processes hear and Redis keeps them."""
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
        """Drop the members of processes that were not heard of in time."""
        now = self._now()
        gone = [name for name, remote in self._remote.items() if remote.expires_at <= now]
        for name in gone:
            del self._remote[name], self._remote_counts[name]
        if gone:
            self._tell_soon()

    def close(self) -> None:
        """Nothing is told any more."""
        if self._quiet is not None:
            self._quiet.cancel()

    def _change(self, connection: str, change: Callable[[Member], Member]) -> None:
        attachment = self._attachments.get(connection)
        if attachment is not None and (changed := change(attachment.member)) != attachment.member:
            attachment.member = changed
            self.tell()

    def _tell_soon(self) -> None:
        """Tell now; or, when something was told just now, all that is news once it is time."""
        self._news = True
        if self._quiet is None:
            self._tell_news()

    def _tell_news(self) -> None:
        self._quiet = None
        if not self._news:
            return
        self._news, own_news, self._own_news = False, self._own_news, False
        self._show()
        if own_news:
            self.tell_others()
        quiet = QUIET_SECONDS + QUIET_SECONDS_PER_MEMBER * len(self._attachments)
        self._quiet = asyncio.get_running_loop().call_later(quiet, self._tell_news)

    def _show(self) -> None:
        if not self._attachments:
            return
        members, count = self.everybody()
        frame = PresenceFrame(
            configuration=self._configuration_id, members=members, member_count=count
        )
        self.deliver(Frame.of(frame), key=("presence", self._configuration_id))
