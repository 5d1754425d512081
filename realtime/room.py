"""One configuration that is open in this process: its head, its members, its order.

Theory. PostgreSQL holds the truth: an append-only log of versions 1..n. A room is a cache of its
head and a fan-out to the members of this process. It moves forward only, by one version at a time,
and there are three ways in which it learns of version v + 1:

1. an op of one of its own members was committed (``submit``),
2. another process published the op frame on the bus (``hear``),
3. it read the log (``catch_up``): after a gap, a reconnected bus, a head beacon or a moved head.

Whichever comes first wins; the others are recognised by their version and ignored. So every member
sees every version once and in order. Frames are encoded once per room, not once per member.
"""

import asyncio
import hashlib
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Protocol, assert_never
from uuid import UUID

import msgspec

from configurator.catalogue import Catalogue
from configurator.derived import PreviewUrl, derive, derived_to_json
from configurator.document import Document, apply_changes, written_since
from configurator.operations import (
    Adjusted,
    Change,
    Committed,
    Conflict,
    Reason,
    Rejected,
    Repair,
    conflict,
    evaluate,
    operation_kind,
    reads,
)
from configurator.presence import Member, RemoteMembers, initials, merge_members
from configurator.protocol import codec
from configurator.protocol.codes import Refused
from configurator.protocol.messages import (
    OpFrame,
    OpRequest,
    Ops,
    Outcome,
    OutcomeName,
    Person,
    Position,
    PresenceFrame,
    Snapshot,
    You,
)
from configurator.selection import Choice, Selection
from realtime.principal import Principal
from storage.postgres.committer import (
    CommitRequest,
    Committer,
    Gone,
    HeadMoved,
    NotAllowed,
    Repeated,
    Stored,
)
from storage.postgres.configurations import (
    Configurations,
    StoredConfiguration,
    StoredOperation,
)
from storage.redis.bus import Bus, room_channel

RECENT_OPS = 256
"""So many op frames are kept for members that missed a few; older ones come from the log."""

CATCH_UP_OPS = 500
"""A room that is further behind takes a fresh snapshot instead of reading every op."""

PRESENCE_TTL = timedelta(seconds=20)
"""The members of a process that was not heard of for so long are gone."""

COMMIT_TRIES = 16
"""So often an op is judged again because other processes were faster, before it waits its turn."""


class Deliver(Protocol):
    """Queues one encoded frame for a member; never waits. Frames with one key replace another."""

    def __call__(self, frame: bytes, *, key: object | None = None) -> None:
        """Queue the frame."""


@dataclass(slots=True, kw_only=True)
class Attachment:
    """A member of this process: who they are, and where frames for them go."""

    member: Member
    deliver: Deliver


@dataclass(frozen=True, slots=True, kw_only=True)
class RoomParts:
    """What every room of a process shares."""

    process: str
    configurations: Configurations
    committer: Committer
    bus: Bus
    now: Callable[[], datetime]
    preview_url: PreviewUrl


class Room:
    """One open configuration. Made by the hub, which owns its tasks; not safe across threads."""

    def __init__(
        self, *, parts: RoomParts, catalogue: Catalogue, stored: StoredConfiguration
    ) -> None:
        self._parts = parts
        self._stored = stored
        self._lock = asyncio.Lock()
        self._catching_up = asyncio.Lock()
        self._attachments: dict[str, Attachment] = {}
        self._remote: dict[str, RemoteMembers] = {}
        self._recent: deque[tuple[int, bytes]] = deque(maxlen=RECENT_OPS)
        self.catalogue = catalogue
        self._reset(stored)

    @property
    def id(self) -> UUID:
        """The configuration's id."""
        return self._stored.id

    @property
    def code(self) -> str:
        """The configuration's code."""
        return self._stored.code

    @property
    def version(self) -> int:
        """The version its members have seen."""
        return self._document.version

    @property
    def total_cents(self) -> int:
        """The price at that version."""
        return self._total_cents

    @property
    def empty(self) -> bool:
        """Whether nobody of this process is in it."""
        return not self._attachments

    # ---- ops

    async def submit(self, principal: Principal, request: OpRequest) -> Outcome:
        """Judge, commit, then tell everybody; the answer is for the author.

        Raises:
            Refused: ``version_unknown``, ``op_id_reused``, ``read_only`` or ``not_found``.
            StorageUnavailable: the outcome is unknown; the same ``op_id`` again decides it.
        """
        body_sha256 = _body_sha256(request)
        async with self._lock:
            for _ in range(COMMIT_TRIES):
                if request.base_version > self.version:
                    await self.catch_up()
                    if request.base_version > self.version:
                        raise Refused("version_unknown")
                conflicting = await self._conflict(request) if request.guarded else None
                commit = self._judge(principal, request, body_sha256, conflicting)
                result = await self._parts.committer.commit(commit.request)
                match result:
                    case Stored():
                        return self._committed(principal, commit, result)
                    case Repeated():
                        return await self._repeated(result.operation, body_sha256)
                    case HeadMoved():
                        await self.catch_up()
                    case NotAllowed():
                        raise Refused("read_only")
                    case Gone():
                        raise Refused("not_found")
                    case _:
                        assert_never(result)
        raise Refused("not_saved", retry_after_ms=100)

    def _judge(
        self,
        principal: Principal,
        request: OpRequest,
        body_sha256: bytes,
        conflicting: Conflict | None,
    ) -> "_Commit":
        document = self._document
        outcome = conflicting or evaluate(self.catalogue, document.selection, request.operation)
        if isinstance(outcome, Committed | Adjusted):
            after = apply_changes(document, outcome.changes, document.version + 1)
            derived = derive(self.catalogue, after.selection, preview_url=self._parts.preview_url)
            total_cents = derived.price.total_cents
            derived_json = _json(derived_to_json(derived))
        else:
            after, total_cents, derived_json = document, self._total_cents, self._derived
        name = _OUTCOME_NAMES[type(outcome)]
        changes = list(outcome.changes) if isinstance(outcome, Committed | Adjusted) else []
        repairs = list(outcome.repairs) if isinstance(outcome, Rejected) else []
        return _Commit(
            request=CommitRequest(
                configuration_id=self.id,
                op_id=request.op_id,
                person_id=principal.person.id,
                expected_version=document.version,
                takes_version=after is not document,
                outcome=name,
                base_version=request.base_version,
                guarded=request.guarded,
                body_sha256=body_sha256,
                operation=_text(request.operation),
                changes=_text(changes),
                reasons=_text(list(outcome.reasons)),
                repairs=_text(repairs),
                selection=_text(dict(after.selection)),
                written=_text(dict(after.written)),
                total_cents=total_cents,
            ),
            after=after,
            derived=derived_json,
            changes=changes,
            outcome=Outcome(
                configuration=self.id,
                op_id=request.op_id,
                outcome=name,
                version=document.version,
                total_cents=self._total_cents,
                reasons=list(outcome.reasons),
                repairs=repairs,
            ),
            operation_kind=operation_kind(request.operation),
        )

    async def _conflict(self, request: OpRequest) -> Conflict | None:
        """The answer to a guarded op when somebody changed what it relies on, naming who."""
        relied_on = reads(self.catalogue, request.operation)
        if not written_since(self._document, request.base_version) & relied_on:
            return None
        changed_by: dict[str, str] = {}
        for operation in await self._parts.configurations.operations_since(
            self.id, request.base_version, CATCH_UP_OPS
        ):
            for change in msgspec.convert(operation.changes, list[Change]):
                changed_by[change.category] = operation.author_name
        return conflict(self.catalogue, request.operation, changed_by)

    def _committed(self, principal: Principal, commit: "_Commit", stored: Stored) -> Outcome:
        if stored.version is None:
            return commit.outcome
        outcome = msgspec.structs.replace(
            commit.outcome, version=stored.version, total_cents=commit.request.total_cents
        )
        if stored.version <= self.version:  # the log was read while the commit was answered
            return outcome
        frame = self._advance(
            OpFrame(
                configuration=self.id,
                epoch=self._stored.epoch,
                version=stored.version,
                op_id=commit.request.op_id,
                outcome="adjusted" if commit.request.outcome == "adjusted" else "committed",
                author=principal.person,
                operation_kind=commit.operation_kind,
                changes=commit.changes,
                reasons=commit.outcome.reasons,
                selection=dict(commit.after.selection),
                derived=commit.derived,
                at=stored.committed_at,
            ),
            commit.after,
            commit.request.total_cents,
        )
        self._parts.bus.publish(room_channel(self.id), b"o" + frame)
        return outcome

    async def _repeated(self, operation: StoredOperation, body_sha256: bytes) -> Outcome:
        if operation.body_sha256 != body_sha256:
            raise Refused("op_id_reused")
        if operation.version is not None and operation.version > self.version:
            await self.catch_up()
        return Outcome(
            configuration=self.id,
            op_id=operation.op_id,
            outcome=msgspec.convert(operation.outcome, OutcomeName),
            version=operation.version or operation.judged_at_version,
            total_cents=operation.total_cents,
            reasons=msgspec.convert(operation.reasons, list[Reason]),
            repairs=msgspec.convert(operation.repairs, list[Repair]),
            repeated=True,
        )

    # ---- learning of versions

    def hear(self, payload: bytes) -> bool:
        """Take what another process published; False when a gap means that the log must be read."""
        if payload[:1] == b"p":
            return self._hear_presence(payload[1:])
        if payload[:1] != b"o":
            return True
        frame = codec.decode_op(payload[1:])
        if frame.epoch != self._stored.epoch:
            return False
        if frame.version <= self.version:
            return True
        if frame.version != self.version + 1:
            return False
        self._take(frame, payload[1:])
        return True

    async def catch_up(self) -> None:
        """Read the log up to its end and tell the members. Raises StorageUnavailable."""
        async with self._catching_up:
            found = await self._parts.configurations.load_with_operations(
                self.id, self.version, CATCH_UP_OPS
            )
            if found is None:
                return
            stored, operations = found
            contiguous = [op.version for op in operations] == list(
                range(self.version + 1, stored.version + 1)
            )
            if stored.epoch != self._stored.epoch or not contiguous:
                if stored.epoch != self._stored.epoch or stored.version > self.version:
                    self._reset(stored)
                    self._tell_snapshot()
                return
            for operation in operations:
                if operation.version == self.version + 1:
                    frame = self._frame_of(operation)
                    self._take(frame, codec.encode(frame))

    def _frame_of(self, operation: StoredOperation) -> OpFrame:
        changes = msgspec.convert(operation.changes, list[Change])
        after = apply_changes(self._document, changes, self.version + 1)
        derived = derive(self.catalogue, after.selection, preview_url=self._parts.preview_url)
        return OpFrame(
            configuration=self.id,
            epoch=self._stored.epoch,
            version=self.version + 1,
            op_id=operation.op_id,
            outcome="adjusted" if operation.outcome == "adjusted" else "committed",
            author=Person(
                id=operation.person_id, name=operation.author_name, colour=operation.author_colour
            ),
            operation_kind=str(operation.operation["kind"]),
            changes=changes,
            reasons=msgspec.convert(operation.reasons, list[Reason]),
            selection=dict(after.selection),
            derived=_json(derived_to_json(derived)),
            at=operation.committed_at,
        )

    def _take(self, frame: OpFrame, encoded: bytes) -> None:
        after = apply_changes(self._document, frame.changes, frame.version)
        self._advance(frame, after, _total_of(frame.derived), encoded)

    def _advance(
        self, frame: OpFrame, after: Document, total_cents: int, encoded: bytes | None = None
    ) -> bytes:
        encoded = codec.encode(frame) if encoded is None else encoded
        self._document, self._derived, self._total_cents = after, frame.derived, total_cents
        self._recent.append((frame.version, encoded))
        for attachment in list(self._attachments.values()):
            attachment.deliver(encoded)
        return encoded

    def _reset(self, stored: StoredConfiguration) -> None:
        selection = Selection(msgspec.convert(stored.selection, dict[str, Choice]))
        derived = derive(self.catalogue, selection, preview_url=self._parts.preview_url)
        self._stored = stored
        self._document = Document(
            version=stored.version,
            selection=selection,
            written=msgspec.convert(stored.written, dict[str, int]),
        )
        self._derived = _json(derived_to_json(derived))
        self._total_cents = derived.price.total_cents
        self._recent.clear()

    # ---- members

    def attach(
        self, attachment: Attachment, *, since: Position | None = None, re: str | None = None
    ) -> bytes:
        """Let a member in: the missed ops or a snapshot first, then everything that follows."""
        self._attachments[attachment.member.connection] = attachment
        entry = self.entry(attachment.member, since=since, re=re)
        attachment.deliver(entry)
        self.tell_presence()
        return entry

    def entry(self, member: Member, *, since: Position | None, re: str | None = None) -> bytes:
        """What somebody needs to be whole: exactly the missed ops, or a snapshot that says so."""
        you = You(person=member.person, role=member.role)
        missed = self._missed(since)
        if missed is None or since is None:
            return codec.encode(
                Snapshot(
                    re=re,
                    configuration=self.id,
                    code=self.code,
                    catalogue=self.catalogue.id,
                    epoch=self._stored.epoch,
                    version=self.version,
                    selection=dict(self._document.selection),
                    derived=self._derived,
                    members=self.members(),
                    you=you,
                )
            )
        return codec.encode(
            Ops(
                re=re,
                configuration=self.id,
                epoch=self._stored.epoch,
                from_=since.version,
                to=self.version,
                ops=missed,
                members=self.members(),
                you=you,
            )
        )

    def _missed(self, since: Position | None) -> list[msgspec.Raw] | None:
        if since is None or since.epoch != self._stored.epoch or since.version > self.version:
            return None
        if since.version == self.version:
            return []
        if not self._recent or self._recent[0][0] > since.version + 1:
            return None
        return [msgspec.Raw(frame) for version, frame in self._recent if version > since.version]

    def detach(self, connection: str) -> None:
        """Let a member go."""
        if self._attachments.pop(connection, None) is not None:
            self.tell_presence()

    def place(self, connection: str, *, category: str | None, view: str | None) -> None:
        """Note where a member is, and tell everybody if that is news."""
        attachment = self._attachments.get(connection)
        if attachment is None:
            return
        moved = replace(attachment.member, category=category, view=view)
        if moved != attachment.member:
            attachment.member = moved
            self.tell_presence()

    def rename(self, connection: str, person: Person) -> None:
        """Show a member's new name."""
        attachment = self._attachments.get(connection)
        if attachment is not None:
            attachment.member = replace(
                attachment.member, name=person.name, initials=initials(person.name)
            )
            self.tell_presence()

    def local_members(self) -> list[Member]:
        """The members of this process."""
        return [attachment.member for attachment in self._attachments.values()]

    def members(self) -> list[Member]:
        """Everybody who is here, all processes together."""
        return list(
            merge_members(self.local_members(), self._remote.values(), now=self._parts.now())
        )

    def tell_presence(self) -> None:
        """Show the members to everybody, here and in other processes."""
        self._show_members()
        self.tell_others()

    def tell_others(self) -> None:
        """Say to other processes who is here in this one."""
        self._parts.bus.publish(room_channel(self.id), b"p" + self.presence_payload())

    def presence_payload(self) -> bytes:
        """This process's members, as other processes hear and store them."""
        report = RemoteReport(process=self._parts.process, members=self.local_members())
        return _json_encoder.encode(report)

    def hear_report(self, payload: bytes) -> None:
        """Take the members of another process, as published or stored by it."""
        report = _report.decode(payload)
        if report.process == self._parts.process:
            return
        expires_at = self._parts.now() + PRESENCE_TTL
        known = self._remote.get(report.process)
        if report.members:
            self._remote[report.process] = RemoteMembers(
                process=report.process, members=tuple(report.members), expires_at=expires_at
            )
        else:
            self._remote.pop(report.process, None)
        if tuple(report.members) != (known.members if known else ()):
            self._show_members()

    def forget_expired(self) -> None:
        """Drop the members of processes that were not heard of in time."""
        now = self._parts.now()
        gone = [name for name, remote in self._remote.items() if remote.expires_at <= now]
        for name in gone:
            del self._remote[name]
        if gone:
            self._show_members()

    def _hear_presence(self, payload: bytes) -> bool:
        self.hear_report(payload)
        return True

    def _show_members(self) -> None:
        frame = codec.encode(PresenceFrame(configuration=self.id, members=self.members()))
        for attachment in list(self._attachments.values()):
            attachment.deliver(frame, key=("presence", self.id))

    def _tell_snapshot(self) -> None:
        for attachment in list(self._attachments.values()):
            attachment.deliver(self.entry(attachment.member, since=None))


@dataclass(frozen=True, slots=True, kw_only=True)
class _Commit:
    """A judged op: what is stored, and what is shown once it is."""

    request: CommitRequest
    after: Document
    derived: msgspec.Raw
    changes: list[Change]
    outcome: Outcome
    operation_kind: str


class RemoteReport(msgspec.Struct, frozen=True, kw_only=True):
    """The members of one process in one room."""

    process: str
    members: list[Member]


class _Total(msgspec.Struct, frozen=True):
    total_cents: int


class _Priced(msgspec.Struct, frozen=True):
    price: _Total


_report = msgspec.json.Decoder(RemoteReport)
_priced = msgspec.json.Decoder(_Priced)
_json_encoder = msgspec.json.Encoder()
_OUTCOME_NAMES: dict[type, OutcomeName] = {
    Committed: "committed",
    Adjusted: "adjusted",
    Rejected: "rejected",
    Conflict: "conflict",
}


def _json(value: object) -> msgspec.Raw:
    return msgspec.Raw(_json_encoder.encode(value))


def _text(value: object) -> str:
    return _json_encoder.encode(value).decode()


def _total_of(derived: msgspec.Raw) -> int:
    return _priced.decode(derived).price.total_cents


def _body_sha256(request: OpRequest) -> bytes:
    """What the author asked for, so that a reused op_id can be told from a retry.

    A retry may have seen a later version; only a guarded op means the version it saw.
    """
    seen = request.base_version if request.guarded else None
    asked = (seen, request.operation)
    return hashlib.sha256(_json_encoder.encode(asked)).digest()
