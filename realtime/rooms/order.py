"""The order in which the ops of one configuration are judged and committed in this process.

Ops are judged one after the other (``_turn``), each on the state that the one before it leads to,
and committed together: an op is stored only if the op that it was judged on is stored
(``Committer.begin``); else it is judged again. Judging therefore never waits for a commit, and if
the op before fails, that costs one more judgement, never a wrong house.

Some ops need the log to be judged: an undo needs the person's own ops, a guarded op those of
others. Ops under way are not in the log yet, so such an op waits until there are none
(``_judge_by_log``).
"""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import assert_never
from uuid import UUID

import msgspec

from configurator.operations.intents import Redo, Undo
from configurator.operations.outcomes import Conflict
from configurator.operations.undo import Reversal
from configurator.protocol.codes import Refused
from configurator.protocol.messages import OpRequest, Outcome
from realtime.delivery.frame import Frame
from realtime.people.principal import Principal
from realtime.rooms.following import Following
from realtime.rooms.guards import guard_conflict, relies_on_base, require_base
from realtime.rooms.judge import Head, Judged, body_sha256, judge, judged_frame, repeated_outcome
from realtime.rooms.parts import RoomParts
from realtime.rooms.under_way import OpUnderWay, UnderWay
from storage.errors import StorageUnavailable
from storage.postgres.configurations.commit.statement import (
    CommitResult,
    Gone,
    HeadMoved,
    NotAllowed,
    Repeated,
    Stored,
)
from storage.postgres.configurations.stored import StoredOperation
from storage.redis.bus.bus import room_channel

COMMIT_TRIES = 16
"""The most times that an op is judged while other processes are faster; then its author has to try
again."""


class Order:
    """The order of one room's ops. ``following`` has the head that they are judged on."""

    def __init__(self, *, parts: RoomParts, following: Following) -> None:
        self._parts = parts
        self._following = following
        self._one_op = asyncio.Lock()
        self._under_way = UnderWay(parts.committer)

    @property
    def under_way(self) -> int:
        """The number of ops that were judged and have no answer yet."""
        return len(self._under_way)

    @property
    def judging(self) -> bool:
        """Whether the turn is taken: an op is being judged, or waits until none is under way."""
        return self._one_op.locked()

    async def submit(self, principal: Principal, asked: OpRequest) -> Outcome | NotAllowed:
        """See ``Room.submit``."""
        following = self._following
        if asked.epoch is None:  # an op without an epoch belongs to the history shown when it came
            asked = msgspec.structs.replace(asked, epoch=following.epoch)
        for attempt in range(COMMIT_TRIES):
            judged, result = await self._commit(principal, asked, alone=attempt > 0)
            match result:
                case Stored() if judged.request.epoch != following.epoch:
                    # A restore came in between, and the op that was stored before it is gone: judge
                    # again.
                    pass
                case Stored():
                    await self._tell_committed(principal, asked, judged, result)
                    return self._with_undo(judged.outcome, principal)
                case Repeated():
                    outcome = await self._repeat(result.operation, asked)
                    return self._with_undo(outcome, principal)
                case HeadMoved(head=None):
                    pass  # the op that this one was judged on catches up: judge again
                case HeadMoved():
                    # Read the log even if the bus told of the version already: reading takes time,
                    # so an op that lost the race does not race again in step with the process that
                    # won it.
                    await following.catch_up()
                case NotAllowed():
                    return result
                case Gone():
                    raise Refused("not_found")
                case _:
                    assert_never(result)
        raise Refused("not_saved", retry_after_ms=100)

    async def settled(self) -> None:
        """Return when all ops that came before this call have an outcome.

        Raises StorageUnavailable.
        """
        async with self._turn():
            await self._under_way.drained()

    # ---- judging and committing

    async def _commit(
        self, principal: Principal, asked: OpRequest, *, alone: bool
    ) -> tuple[Judged, CommitResult]:
        """Judge and commit.

        With ``alone`` the op is not committed together with others, on whose fate its own would
        depend.
        """
        if alone:
            # The turn is held until the answer: no other op is judged on this one, which has lost
            # once, and would then have to be judged again with it.
            async with self._turn():
                await self._under_way.drained()
                op = await self._begin(principal, asked)
                return op.judged, await self._under_way.end(op)
        async with self._turn():
            op = await self._begin(principal, asked)
        return op.judged, await self._under_way.end(op)

    @asynccontextmanager
    async def _turn(self) -> AsyncIterator[None]:
        """The turn of one op: ops are judged one at a time.

        The wait for it is bounded, because the op before may be reading the log.
        """
        try:
            async with asyncio.timeout(self._parts.turn_seconds):
                await self._one_op.acquire()
        except TimeoutError:
            raise StorageUnavailable("other ops of this house are waiting") from None
        try:
            yield
        finally:
            self._one_op.release()

    async def _begin(self, principal: Principal, asked: OpRequest) -> OpUnderWay:
        """Judge an op on the newest state that may come true, and begin its commit."""
        following = self._following
        if asked.epoch != following.epoch or asked.base_version > following.version:
            await following.catch_up()
            await require_base(self._parts.configurations, following.id, asked, following.position)
        if relies_on_base(asked):
            await self._under_way.drained()
            after, judged = None, await self._judge_by_log(principal, asked)
        elif after := self._under_way.newest(following.version):
            head, epoch = after.judged.head, after.judged.request.epoch
            judged = self._judge(principal, asked, head, epoch=epoch)
        else:
            judged = self._judge(principal, asked, following.head, epoch=following.epoch)
        return self._under_way.begin(judged, after=after)

    async def _judge_by_log(self, principal: Principal, asked: OpRequest) -> Judged:
        """Judge an op whose outcome depends on the authors of earlier ops."""
        # Head and epoch are taken before the log is read: if the room moves on meanwhile, the
        # commit finds that the head moved, and the op is judged again.
        head, epoch = self._following.head, self._following.epoch
        reversal: Reversal | None = None
        conflicting: Conflict | None = None
        if isinstance(asked.operation, Undo | Redo):
            reversal = await self._following.undo.reversal(
                principal.person.id,
                asked.operation,
                catalogue=self._following.rules.catalogue,
                document=head.document,
                epoch=epoch,
            )
        if asked.guarded:
            conflicting = await guard_conflict(
                self._parts.configurations,
                self._following.id,
                asked,
                catalogue=self._following.rules.catalogue,
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
            self._following.rules,
            head,
            configuration_id=self._following.id,
            epoch=epoch,
            author=principal.person,
            asked=asked,
            conflicting=conflicting,
            reversal=reversal,
        )

    # ---- telling

    async def _tell_committed(
        self, principal: Principal, asked: OpRequest, judged: Judged, stored: Stored
    ) -> None:
        if stored.version is None:  # only the author is told of a refused op
            return
        self._parts.process_health.ops += 1
        frame = judged_frame(
            judged,
            asked=asked,
            author=principal.person,
            epoch=self._following.epoch,
            at=stored.committed_at,
        )
        encoded = Frame.of(frame)
        # Always published: this room may know the op from the log, but other processes may not.
        self._parts.bus.publish(room_channel(self._following.id), b"o" + encoded.json)
        await self._following.committed(judged.head, frame, encoded)

    async def _repeat(self, operation: StoredOperation, asked: OpRequest) -> Outcome:
        if operation.body_sha256 != body_sha256(asked):
            raise Refused("op_id_reused")
        if operation.version is not None and operation.version > self._following.version:
            await self._following.catch_up()
        return repeated_outcome(operation)

    def _with_undo(self, outcome: Outcome, principal: Principal) -> Outcome:
        """The outcome with what its author can undo and redo after it, if that is known."""
        known = self._following.undo_known(principal.person.id)
        if known is None:
            return outcome
        return msgspec.structs.replace(outcome, can_undo=known[0], can_redo=known[1])
