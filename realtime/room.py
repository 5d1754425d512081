"""One configuration that is open in this process: its head, its order, its fan-out.

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
from collections import deque
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import datetime
from typing import assert_never
from uuid import UUID

import msgspec
import structlog

from configurator.catalogue import Catalogue
from configurator.derived import PreviewUrl
from configurator.document import apply_changes, written_since
from configurator.errors import DocumentInvalid
from configurator.operations import Change, Conflict, conflict, reads
from configurator.presence import Member
from configurator.protocol import codec
from configurator.protocol.codes import Refused
from configurator.protocol.messages import (
    OpFrame,
    OpRequest,
    Ops,
    Outcome,
    Position,
    Snapshot,
    You,
)
from realtime.judge import (
    Head,
    Judged,
    Rules,
    body_sha256,
    judge,
    judged_frame,
    logged_frame,
    repeated_outcome,
    stored_head,
)
from realtime.membership import Attachment, Membership
from realtime.principal import Principal
from storage.errors import StorageUnavailable
from storage.postgres.committer import (
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

log = structlog.get_logger()

RECENT_OPS = 256
"""So many op frames are kept for members that missed a few; who missed more gets a snapshot."""

CATCH_UP_OPS = 500
"""A room that is further behind takes a fresh snapshot instead of reading every op."""

COMMIT_TRIES = 16
"""So often an op is judged again because other processes were faster, before its author waits."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RoomParts:
    """What every room of a process shares; ``turn_seconds``: so long an op waits for others."""

    process: str
    configurations: Configurations
    committer: Committer
    bus: Bus
    turn_seconds: float
    now: Callable[[], datetime]
    preview_url: PreviewUrl


class Room:
    """One open configuration. Made by the hub, which owns its tasks; not safe across threads."""

    def __init__(
        self, *, parts: RoomParts, catalogue: Catalogue, stored: StoredConfiguration
    ) -> None:
        self._parts = parts
        self._rules = Rules(catalogue=catalogue, preview_url=parts.preview_url)
        self._stored = stored
        self._head = stored_head(self._rules, stored)
        self._recent: deque[tuple[int, bytes]] = deque(maxlen=RECENT_OPS)
        self._one_op = asyncio.Lock()
        self._one_reader = asyncio.Lock()
        self.members = Membership(
            configuration_id=stored.id,
            process=parts.process,
            now=parts.now,
            tell_others=lambda report: parts.bus.publish(room_channel(stored.id), b"p" + report),
        )

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
        return self._head.version

    @property
    def total_cents(self) -> int:
        """The price at that version."""
        return self._head.total_cents

    # ---- ops

    async def submit(self, principal: Principal, asked: OpRequest) -> Outcome:
        """Judge, commit, then tell everybody; the answer is for the author.

        Raises:
            Refused: ``version_unknown``, ``op_id_reused``, ``read_only`` or ``not_found``.
            StorageUnavailable: the outcome is unknown; the same ``op_id`` again decides it.
        """
        async with self._turn():
            for _ in range(COMMIT_TRIES):
                judged = await self._judge(principal, asked)
                result = await self._parts.committer.commit(judged.request)
                match result:
                    case Stored():
                        self._tell_committed(principal, asked, judged, result)
                        return judged.outcome
                    case Repeated():
                        return await self._repeat(result.operation, asked)
                    case HeadMoved():
                        await self.catch_up()
                    case NotAllowed():
                        raise Refused("read_only")
                    case Gone():
                        raise Refused("not_found")
                    case _:
                        assert_never(result)
        raise Refused("not_saved", retry_after_ms=100)

    @asynccontextmanager
    async def _turn(self) -> AsyncIterator[None]:
        """One op at a time. While the store is away nobody waits for the deadlines of all others."""
        try:
            async with asyncio.timeout(self._parts.turn_seconds):
                await self._one_op.acquire()
        except TimeoutError:
            raise StorageUnavailable("other ops of this house are waiting") from None
        try:
            yield
        finally:
            self._one_op.release()

    async def _judge(self, principal: Principal, asked: OpRequest) -> Judged:
        if asked.base_version > self.version:
            await self.catch_up()
            if asked.base_version > self.version:
                raise Refused("version_unknown")
        return judge(
            self._rules,
            self._head,
            configuration_id=self.id,
            author=principal.person,
            asked=asked,
            conflicting=await self._conflict(asked) if asked.guarded else None,
        )

    async def _conflict(self, asked: OpRequest) -> Conflict | None:
        """The answer to a guarded op when somebody changed what it relies on, naming who."""
        relied_on = reads(self._rules.catalogue, asked.operation)
        if not written_since(self._head.document, asked.base_version) & relied_on:
            return None
        changed_by: dict[str, str] = {}
        for operation in await self._parts.configurations.operations_since(
            self.id, asked.base_version, CATCH_UP_OPS
        ):
            for change in msgspec.convert(operation.changes, list[Change]):
                changed_by[change.category] = operation.author_name
        return conflict(self._rules.catalogue, asked.operation, changed_by)

    def _tell_committed(
        self, principal: Principal, asked: OpRequest, judged: Judged, stored: Stored
    ) -> None:
        if stored.version is None:  # a refused op is the author's business alone
            return
        frame = codec.encode(
            judged_frame(
                judged,
                asked=asked,
                author=principal.person,
                epoch=self._stored.epoch,
                at=stored.committed_at,
            )
        )
        if stored.version > self.version:  # else it was read from the log while we waited
            self._advance(judged.head, frame)
        self._parts.bus.publish(room_channel(self.id), b"o" + frame)

    async def _repeat(self, operation: StoredOperation, asked: OpRequest) -> Outcome:
        if operation.body_sha256 != body_sha256(asked):
            raise Refused("op_id_reused")
        if operation.version is not None and operation.version > self.version:
            await self.catch_up()
        return repeated_outcome(operation)

    # ---- learning of versions

    def hear(self, payload: bytes) -> bool:
        """Take what another process published; False when the log must be read instead.

        Raises ``codec.UNREADABLE``.
        """
        kind, content = payload[:1], payload[1:]
        if kind == b"p":
            self.members.hear(content)
        return kind != b"o" or self._hear_op(content)

    def _hear_op(self, content: bytes) -> bool:
        frame = codec.decode_op(content)
        if frame.epoch == self._stored.epoch and frame.version <= self.version:
            return True
        if frame.epoch != self._stored.epoch or frame.version != self.version + 1:
            return False
        try:
            self._advance(_heard_head(self._head, frame), content)
        except DocumentInvalid:
            return False
        return True

    async def catch_up(self) -> None:
        """Read the log up to its end and tell the members. Raises StorageUnavailable."""
        async with self._one_reader:
            since = self.version
            found = await self._parts.configurations.load_with_operations(
                self.id, since, CATCH_UP_OPS
            )
            if found is None:
                return
            stored, operations = found
            whole = [op.version for op in operations] == list(range(since + 1, stored.version + 1))
            if stored.epoch != self._stored.epoch or not (whole and self._take_all(operations)):
                self._begin_again(stored)

    def _take_all(self, operations: list[StoredOperation]) -> bool:
        """Take what is new in the log; False when it does not continue what this room has."""
        try:
            for operation in operations:
                if operation.version == self.version + 1:
                    frame, head = logged_frame(
                        self._rules, self._head, operation, epoch=self._stored.epoch
                    )
                    self._advance(head, codec.encode(frame))
        except DocumentInvalid:
            log.exception("log_does_not_fit", configuration=str(self.id))
            return False
        return True

    def _advance(self, head: Head, frame: bytes) -> None:
        self._head = head
        self._recent.append((head.version, frame))
        self.members.deliver(frame)

    def _begin_again(self, stored: StoredConfiguration) -> None:
        """Show the stored state as a snapshot to everybody, unless it is older than what they see."""
        if stored.epoch == self._stored.epoch and stored.version < self.version:
            return
        self._stored = stored
        self._head = stored_head(self._rules, stored)
        self._recent.clear()
        for attachment in self.members.attachments():
            attachment.deliver(self._snapshot(attachment.member))

    # ---- entering

    def attach(
        self, attachment: Attachment, *, since: Position | None = None, re: str | None = None
    ) -> bytes:
        """Let a member in: the missed ops or a snapshot first, then everything that follows."""
        self.members.add(attachment)
        missed = self._missed(since) if since is not None else None
        if since is None or missed is None:
            entry = self._snapshot(attachment.member, re=re)
        else:
            entry = self._missed_ops(attachment.member, since.version, missed, re=re)
        attachment.deliver(entry)
        self.members.tell()
        return entry

    def _missed(self, since: Position) -> list[msgspec.Raw] | None:
        """Exactly the frames after ``since``, or None when they are not all here."""
        if since.epoch != self._stored.epoch or since.version > self.version:
            return None
        missed = [msgspec.Raw(frame) for version, frame in self._recent if version > since.version]
        return missed if len(missed) == self.version - since.version else None

    def _snapshot(self, member: Member, *, re: str | None = None) -> bytes:
        return codec.encode(
            Snapshot(
                re=re,
                configuration=self.id,
                code=self.code,
                catalogue=self._rules.catalogue.id,
                epoch=self._stored.epoch,
                version=self.version,
                selection=dict(self._head.document.selection),
                derived=self._head.derived,
                members=self.members.everybody(),
                you=You(person=member.person, role=member.role),
            )
        )

    def _missed_ops(
        self, member: Member, since: int, missed: list[msgspec.Raw], *, re: str | None
    ) -> bytes:
        return codec.encode(
            Ops(
                re=re,
                configuration=self.id,
                epoch=self._stored.epoch,
                from_=since,
                to=self.version,
                ops=missed,
                members=self.members.everybody(),
                you=You(person=member.person, role=member.role),
            )
        )


class _Total(msgspec.Struct, frozen=True):
    total_cents: int


class _Priced(msgspec.Struct, frozen=True):
    price: _Total


_priced = msgspec.json.Decoder(_Priced)


def _heard_head(head: Head, frame: OpFrame) -> Head:
    """The head after an op that another process judged; it is not computed a second time."""
    return Head(
        document=apply_changes(head.document, frame.changes, frame.version),
        derived=frame.derived,
        total_cents=_priced.decode(frame.derived).price.total_cents,
    )
