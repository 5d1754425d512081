"""One configuration that is open in this process: its head, its order, its fan-out.

Theory. PostgreSQL holds the truth: an append-only log of versions 1..n. A room is a cache of its
head and a fan-out to the members of this process. It moves forward only, by one version at a time,
and there are three ways in which it learns of version v + 1:

1. an op of one of its own members was committed (``submit``),
2. another process published the op frame on the bus (``hear``),
3. it read the log (``catch_up``): after a gap, a reconnected bus, a head beacon or a moved head.

Ops are judged one after the other, each on what the one before it will lead to, and committed
together: an op is stored only if the one that it was judged on is (`Committer.begin`), else it is
judged again.

Whichever comes first wins; the others are recognised by their version and ignored. So every member
sees every version once and in order (`fan_out`).
"""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import datetime
from typing import assert_never
from uuid import UUID

import msgspec
import structlog

from configurator.catalogue import Catalogue
from configurator.derived import PreviewUrl
from configurator.document import apply_changes
from configurator.errors import DocumentInvalid
from configurator.operations import Conflict, Redo, Undo
from configurator.protocol import codec
from configurator.protocol.codes import Refused
from configurator.protocol.messages import (
    OpFrame,
    OpRequest,
    Outcome,
    Position,
)
from configurator.undo import Reversal
from realtime.fan_out import FanOut, Shown, compact
from realtime.frame import Frame
from realtime.guards import guard_conflict, relies_on_base, require_base
from realtime.judge import (
    DerivedStates,
    Head,
    Judged,
    Rules,
    body_sha256,
    head_of,
    heard_head,
    judge,
    judged_frame,
    logged_frame,
    repeated_outcome,
    stored_head,
)
from realtime.membership import Attachment, Membership
from realtime.principal import Principal
from realtime.pulse import Pulse
from realtime.recent_ops import OPS_MAX, RecentOps
from realtime.under_way import OpUnderWay, UnderWay
from realtime.undo_stacks import UndoStacks
from storage.errors import StorageUnavailable
from storage.postgres.committer import (
    CommitResult,
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
    derived: DerivedStates = field(default_factory=DerivedStates)
    pulse: Pulse = field(default_factory=Pulse)


class Room:
    """One open configuration. Made by the hub, which owns its tasks; not safe across threads."""

    def __init__(
        self, *, parts: RoomParts, catalogue: Catalogue, stored: StoredConfiguration
    ) -> None:
        self._parts = parts
        self._rules = Rules(
            catalogue=catalogue, preview_url=parts.preview_url, derived=parts.derived
        )
        self._stored = stored
        self._head = stored_head(self._rules, stored)
        self._recent = RecentOps()
        self._undo = UndoStacks(stored.id, parts.configurations)
        self._one_op = asyncio.Lock()
        self._under_way = UnderWay(parts.committer)
        self._one_reader = asyncio.Lock()
        self.members = Membership(
            configuration_id=stored.id,
            process=parts.process,
            now=parts.now,
            tell_others=lambda report: parts.bus.publish(room_channel(stored.id), b"p" + report),
        )
        self._fan_out = FanOut(self.members, self._shown)

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
    def epoch(self) -> UUID:
        """The history that the version counts in; a restored database has another."""
        return self._stored.epoch

    @property
    def position(self) -> Position:
        """The version its members have seen, in its history."""
        return Position(epoch=self.epoch, version=self.version)

    @property
    def total_cents(self) -> int:
        """The price at that version."""
        return self._head.total_cents

    def picture(self, view: str) -> str:
        """Where the picture of that version is."""
        return self._parts.preview_url(view, self._rules.catalogue, self._head.document.selection)

    # ---- ops

    async def submit(self, principal: Principal, asked: OpRequest) -> Outcome:
        """Judge, commit, then tell everybody; the answer is for the author.

        Raises:
            Refused: ``version_unknown``, ``op_id_reused``, ``read_only`` or ``not_found``.
            StorageUnavailable: the outcome is unknown; the same ``op_id`` again decides it.
        """
        if asked.epoch is None:  # then it is of the history that was shown when it came
            asked = msgspec.structs.replace(asked, epoch=self.epoch)
        for attempt in range(COMMIT_TRIES):
            judged, result = await self._commit(principal, asked, alone=attempt > 0)
            match result:
                case Stored() if judged.request.epoch != self.epoch:
                    pass  # a backup came in between, and what was stored before it is gone
                case Stored():
                    await self._tell_committed(principal, asked, judged, result)
                    return self._with_undo(judged.outcome, principal)
                case Repeated():
                    outcome = await self._repeat(result.operation, asked)
                    return self._with_undo(outcome, principal)
                case HeadMoved(head=None):
                    pass  # whoever it followed reads the log
                case HeadMoved():
                    # Also where the news came already: whoever lost the race must not run it in step.
                    await self.catch_up()
                case NotAllowed():
                    raise Refused("read_only")
                case Gone():
                    raise Refused("not_found")
                case _:
                    assert_never(result)
        raise Refused("not_saved", retry_after_ms=100)

    async def _commit(
        self, principal: Principal, asked: OpRequest, *, alone: bool
    ) -> tuple[Judged, CommitResult]:
        """Judge and commit; ``alone``: not together with others, whose fate it would share."""
        if alone:
            async with self._turn():
                await self._under_way.none()
                op = await self._begin(principal, asked)
                return op.judged, await self._under_way.end(op)
        async with self._turn():
            op = await self._begin(principal, asked)
        return op.judged, await self._under_way.end(op)

    async def _begin(self, principal: Principal, asked: OpRequest) -> OpUnderWay:
        """Judge an op on the newest state that may come true, and put it on its way.

        What is read from the log for an op - own ops to undo, others' ops to guard against - is
        not there yet for ops that are on their way, so such an op waits for them.
        """
        if asked.epoch != self.epoch or asked.base_version > self.version:
            await self.catch_up()
            await require_base(self._parts.configurations, self.id, asked, self.position)
        if relies_on_base(asked):
            await self._under_way.none()
            after, judged = None, await self._judge_by_log(principal, asked)
        elif after := self._under_way.newest(self.version):
            head, epoch = after.judged.head, after.judged.request.epoch
            judged = self._judge(principal, asked, head, epoch=epoch)
        else:
            judged = self._judge(principal, asked, self._head, epoch=self.epoch)
        return self._under_way.begin(judged, after=after)

    async def settled(self) -> None:
        """Returns when every op that was here before has its outcome. Raises StorageUnavailable."""
        async with self._turn():
            await self._under_way.none()

    @asynccontextmanager
    async def _turn(self) -> AsyncIterator[None]:
        """Ops are judged one at a time; nobody waits for ever while one of them reads the log."""
        try:
            async with asyncio.timeout(self._parts.turn_seconds):
                await self._one_op.acquire()
        except TimeoutError:
            raise StorageUnavailable("other ops of this house are waiting") from None
        try:
            yield
        finally:
            self._one_op.release()

    async def _judge_by_log(self, principal: Principal, asked: OpRequest) -> Judged:
        """Judge an op whose outcome depends on who did what before."""
        head, epoch = self._head, self.epoch
        reversal: Reversal | None = None
        conflicting: Conflict | None = None
        if isinstance(asked.operation, Undo | Redo):
            reversal = await self._undo.reversal(
                principal.person.id,
                asked.operation,
                catalogue=self._rules.catalogue,
                document=head.document,
                epoch=epoch,
            )
        if asked.guarded:
            conflicting = await guard_conflict(
                self._parts.configurations,
                self.id,
                asked,
                catalogue=self._rules.catalogue,
                document=head.document,
                reversal=reversal,
            )
        return self._judge(
            principal, asked, head, epoch=epoch, conflicting=conflicting, reversal=reversal
        )

    def _judge(
        self,
        principal: Principal,
        asked: OpRequest,
        head: Head,
        *,
        epoch: UUID,
        conflicting: Conflict | None = None,
        reversal: Reversal | None = None,
    ) -> Judged:
        return judge(
            self._rules,
            head,
            configuration_id=self.id,
            epoch=epoch,
            author=principal.person,
            asked=asked,
            conflicting=conflicting,
            reversal=reversal,
        )

    async def undo_state(self, person_id: UUID) -> tuple[bool, bool]:
        """Whether this person has something to undo, and to redo. Raises StorageUnavailable."""
        stacks = await self._undo.read(person_id, (self._stored.epoch, self.version))
        return bool(stacks.undo), bool(stacks.redo)

    def _with_undo(self, outcome: Outcome, principal: Principal) -> Outcome:
        """The outcome with what its author can undo and redo after it, where that is known."""
        stacks = self._undo.known(principal.person.id, (self._stored.epoch, self.version))
        if stacks is None:
            return outcome
        return msgspec.structs.replace(
            outcome, can_undo=bool(stacks.undo), can_redo=bool(stacks.redo)
        )

    async def _tell_committed(
        self, principal: Principal, asked: OpRequest, judged: Judged, stored: Stored
    ) -> None:
        if stored.version is None:  # a refused op is the author's business alone
            return
        self._parts.pulse.ops += 1
        frame = judged_frame(
            judged,
            asked=asked,
            author=principal.person,
            epoch=self._stored.epoch,
            at=stored.committed_at,
        )
        encoded = Frame.of(frame)
        self._parts.bus.publish(room_channel(self.id), b"o" + encoded.json)
        if stored.version == self.version + 1:
            self._take(judged.head, [frame], encoded)
        elif stored.version > self.version:  # nobody was left to tell of the op before it
            await self.catch_up()

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
            self._take(heard_head(self._head, frame), [frame], Frame("op", content))
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
            whole = _continues(operations, since, stored.version)
            if stored.epoch != self._stored.epoch or not (whole and self._take_all(operations)):
                self._begin_again(stored)

    def _take_all(self, operations: list[StoredOperation]) -> bool:
        """Take what is new in the log; False when it does not continue what this room has."""
        document, frames = self._head.document, []
        try:
            for operation in operations:
                if operation.version == document.version + 1:
                    frame = logged_frame(operation, epoch=self._stored.epoch)
                    document = apply_changes(document, frame.changes, frame.version)
                    frames.append(frame)
        except DocumentInvalid:
            log.exception("log_does_not_fit", configuration=str(self.id))
            return False
        if frames:
            self._take(head_of(self._rules, document), frames)
        return True

    def _take(self, head: Head, frames: list[OpFrame], encoded: Frame | None = None) -> None:
        """Move on to ``head`` by these ops; ``encoded`` is the frame of a single one."""
        self._head = head
        for frame in frames:
            self._recent.append(compact(frame))
            self._undo.take(frame)
        self._fan_out.tell(frames, encoded)

    def _begin_again(self, stored: StoredConfiguration) -> None:
        """Show the stored state as a snapshot to everybody, unless it is older than what they see."""
        if stored.epoch == self._stored.epoch and stored.version < self.version:
            return
        self._stored = stored
        self._head = stored_head(self._rules, stored)
        self._recent.clear()
        self._fan_out.begin_again()

    def forget_authors(self) -> None:
        """The newest ops are read from the log again, where an erased author has no name."""
        self._recent.clear()

    # ---- telling the members

    def show_to(self, connection: str) -> None:
        """Tell one member what waits for the next flush, now: an author learns of their op first."""
        self._fan_out.show_to(connection)

    def tell_position(self) -> None:
        """Say to the members which version is the newest, in case somebody missed it."""
        self._fan_out.tell_position()

    # ---- entering

    async def reach(self, since: Position) -> None:
        """Before somebody enters who has seen ``since``: have that version, and what came after.

        A room that is behind them reads on; ops that are not in memory any more are read from the
        log, once for everybody who comes back. Raises StorageUnavailable.
        """
        if since.epoch != self._stored.epoch:
            return
        if since.version > self.version:
            await self.catch_up()
        if self._missed(since) is None and 0 < self.version - since.version <= OPS_MAX:
            await self._remember(since.version)

    async def _remember(self, since: int) -> None:
        async with self._one_reader:
            if self._recent.after(since, self.version) is not None:
                return
            found = await self._parts.configurations.load_with_operations(self.id, since, OPS_MAX)
            if found is None:
                return
            stored, operations = found
            if stored.epoch == self._stored.epoch and _continues(
                operations, since, min(stored.version, since + OPS_MAX)
            ):
                known = [op for op in operations if (op.version or 0) <= self.version]
                self._recent.prepend(
                    [logged_frame(operation, epoch=self._stored.epoch) for operation in known]
                )

    def attach(
        self,
        attachment: Attachment,
        *,
        since: Position | None = None,
        can_undo: tuple[bool, bool] | None = None,
        re: str | None = None,
    ) -> Frame:
        """Let a member in: the missed ops or a snapshot first, then everything that follows."""
        missed = self._missed(since) if since is not None else None
        if since is None or missed is None:
            return self._fan_out.enter(attachment, can_undo=can_undo, re=re)
        return self._fan_out.come_back(attachment, since.version, missed, re=re)

    def _missed(self, since: Position) -> list[bytes] | None:
        """Exactly the ops after ``since``, or None when they are not all here."""
        if since.epoch != self._stored.epoch or since.version > self.version:
            return None
        return self._recent.after(since.version, self.version)

    def close(self) -> None:
        """Nothing is told any more."""
        self.members.close()
        self._fan_out.close()

    def _shown(self) -> Shown:
        """What members see at the head."""
        return Shown(
            configuration=self.id,
            code=self.code,
            catalogue=self._rules.catalogue.id,
            epoch=self._stored.epoch,
            version=self.version,
            selection=self._head.document.selection,
            derived=self._head.derived,
            restored_to=self._stored.restored_to,
        )


def _continues(operations: list[StoredOperation], since: int, to: int) -> bool:
    """Whether these are all versions after ``since`` up to ``to``."""
    return [operation.version for operation in operations] == list(range(since + 1, to + 1))
