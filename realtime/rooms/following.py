"""The head of one open configuration in this process, and every way in which it moves on.

The head moves forward only, version by version. ``_move_on`` is the one place that moves it: it
keeps the newest ops, the undo stacks and the members in step. A version that is known already is
recognised by its number and ignored, so it does not matter which of these sources comes first:

    committed   an op of this process was stored
    hear_op     another process published its op on the bus
    catch_up    the log, read after a gap, a reconnected bus, a head beacon or a moved head

Where the log does not continue the head - the room is too far behind, or a backup was restored,
which begins another epoch - ``_begin_again`` shows the stored state to everybody as a snapshot.
"""

import asyncio
from uuid import UUID

import structlog

from configurator.catalogue.model import Catalogue
from configurator.errors import DocumentInvalid
from configurator.operations.document import apply_changes
from configurator.protocol import codec
from configurator.protocol.messages import OpFrame, Position
from realtime.delivery.frame import Frame
from realtime.rooms.fan_out import FanOut, Shown, compact
from realtime.rooms.judge import Head, Rules, head_of, heard_head, logged_frame, stored_head
from realtime.rooms.membership import Membership
from realtime.rooms.parts import RoomParts
from realtime.rooms.recent_ops import OPS_MAX, RecentOps
from realtime.rooms.undo_stacks import UndoStacks
from storage.postgres.configurations.stored import StoredConfiguration, StoredOperation

log = structlog.get_logger()

CATCH_UP_OPS = 500
"""A room that is further behind takes a fresh snapshot instead of reading every op."""


class Following:
    """The state of a configuration as this process knows it. Not safe across threads."""

    def __init__(
        self,
        *,
        parts: RoomParts,
        catalogue: Catalogue,
        stored: StoredConfiguration,
        members: Membership,
    ) -> None:
        self._configurations = parts.configurations
        self.rules = Rules(catalogue=catalogue, derived=parts.derived)
        self.stored = stored
        """The configuration as it was read last. Of its state only the epoch is still current."""
        self.head = stored_head(self.rules, stored)
        self.undo = UndoStacks(stored.id, parts.configurations)
        self.fan_out = FanOut(members, self._shown)
        self._recent = RecentOps()
        self._one_reader = asyncio.Lock()
        """Held while the log is read: members who miss the same ops wait for one reading."""

    @property
    def id(self) -> UUID:
        """The configuration's id."""
        return self.stored.id

    @property
    def version(self) -> int:
        """The version of the head."""
        return self.head.version

    @property
    def epoch(self) -> UUID:
        """The epoch of the history that the version counts in; a restored database has another."""
        return self.stored.epoch

    @property
    def position(self) -> Position:
        """The version of the head, in its history."""
        return Position(epoch=self.epoch, version=self.version)

    async def undo_state(self, person_id: UUID) -> tuple[bool, bool]:
        """Whether this person has something to undo, and to redo. Raises StorageUnavailable."""
        stacks = await self.undo.read(person_id, (self.epoch, self.version))
        return bool(stacks.undo), bool(stacks.redo)

    def undo_known(self, person_id: UUID) -> tuple[bool, bool] | None:
        """Like ``undo_state``, but only from memory; None if the log would have to be read."""
        stacks = self.undo.known(person_id, (self.epoch, self.version))
        return None if stacks is None else (bool(stacks.undo), bool(stacks.redo))

    # ---- moving on

    async def committed(self, head: Head, frame: OpFrame, encoded: Frame) -> None:
        """Take an op of this process that was stored and led to ``head``.

        Raises StorageUnavailable.
        """
        if frame.version == self.version + 1:
            self._move_on(head, [frame], encoded)
        elif frame.version > self.version:
            # The op before this one was committed, but its request was cancelled, so nobody told of
            # it.
            await self.catch_up()

    def hear_op(self, content: bytes) -> bool:
        """Take an op frame of another process; returns False if the log must be read instead.

        Raises ``codec.UNREADABLE``.
        """
        frame = codec.decode_op(content)
        if frame.epoch == self.epoch and frame.version <= self.version:
            return True
        if frame.epoch != self.epoch or frame.version != self.version + 1:
            return False
        try:
            self._move_on(heard_head(self.head, frame), [frame], Frame("op", content))
        except DocumentInvalid:
            return False
        return True

    async def catch_up(self) -> None:
        """Read the log up to its end and tell the members. Raises StorageUnavailable."""
        async with self._one_reader:
            since = self.version
            found = await self._configurations.load_with_operations(self.id, since, CATCH_UP_OPS)
            if found is None:
                return
            stored, operations = found
            whole = _continues(operations, since, stored.version)
            if stored.epoch != self.epoch or not (whole and self._follow_all(operations)):
                self._begin_again(stored)

    def _follow_all(self, operations: list[StoredOperation]) -> bool:
        """Take the new ops of the log; returns False if they do not continue this room's head."""
        document, frames = self.head.document, []
        try:
            for operation in operations:
                # The room may have moved on while the log was read: ops up to its version are
                # skipped.
                if operation.version == document.version + 1:
                    frame = logged_frame(operation, epoch=self.epoch)
                    document = apply_changes(document, frame.changes, frame.version)
                    frames.append(frame)
        except DocumentInvalid:
            log.exception("log_does_not_fit", configuration=str(self.id))
            return False
        if frames:
            self._move_on(head_of(self.rules, document), frames)
        return True

    def _move_on(self, head: Head, frames: list[OpFrame], encoded: Frame | None = None) -> None:
        """Move on to ``head`` by these ops.

        ``encoded`` is the frame of a single op.
        """
        # The head is set first: messages to members are completed from it (``FanOut``).
        self.head = head
        for frame in frames:
            self._recent.append(compact(frame))
            self.undo.follow(frame)
        self.fan_out.tell(frames, encoded)

    def _begin_again(self, stored: StoredConfiguration) -> None:
        """Send everybody the stored state as a snapshot, unless they see a newer one."""
        if stored.epoch == self.epoch and stored.version < self.version:
            return
        self.stored = stored
        self.head = stored_head(self.rules, stored)
        self._recent.clear()
        self.fan_out.begin_again()

    # ---- the ops that a member missed

    async def reach(self, since: Position) -> None:
        """Make ready for a member who has seen ``since``: have that version and all later ones.

        A room that is behind that version reads on; ops that are not in memory any more are read
        from the log, once for everybody who comes back. Raises StorageUnavailable.
        """
        if since.epoch != self.epoch:
            return
        if since.version > self.version:
            await self.catch_up()
        if self.missed(since) is None and 0 < self.version - since.version <= OPS_MAX:
            await self._remember(since.version)

    def missed(self, since: Position) -> list[bytes] | None:
        """Exactly the ops after ``since``, or None when they are not all in memory."""
        if since.epoch != self.epoch or since.version > self.version:
            return None
        return self._recent.after(since.version, self.version)

    def forget_authors(self) -> None:
        """Drop the newest ops and read them again: in the log an erased author has no name."""
        self._recent.clear()

    async def _remember(self, since: int) -> None:
        async with self._one_reader:
            # A caller that waited for the lock uses what the one before it has read.
            if self._recent.after(since, self.version) is not None:
                return
            found = await self._configurations.load_with_operations(self.id, since, OPS_MAX)
            if found is None:
                return
            stored, operations = found
            if stored.epoch == self.epoch and _continues(
                operations, since, min(stored.version, since + OPS_MAX)
            ):
                known = [op for op in operations if (op.version or 0) <= self.version]
                self._recent.prepend(
                    [logged_frame(operation, epoch=self.epoch) for operation in known]
                )

    def _shown(self) -> Shown:
        """The state that members see at the head."""
        return Shown(
            configuration=self.id,
            code=self.stored.code,
            catalogue=self.rules.catalogue.id,
            epoch=self.epoch,
            version=self.version,
            selection=self.head.document.selection,
            derived=self.head.derived,
            restored_to=self.stored.restored_to,
        )


def _continues(operations: list[StoredOperation], since: int, to: int) -> bool:
    """Whether these are exactly the versions after ``since`` up to ``to``."""
    return [operation.version for operation in operations] == list(range(since + 1, to + 1))
