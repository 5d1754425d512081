"""The undo and redo stacks of the people in one room, kept in step with its versions.

This is a cache: the stacks of a person follow from the log (``configurator.operations.undo``). They
are read from the log when first asked for, and updated with every op that the room takes. If the
room skips versions or shows another history, all stacks are forgotten and read again when needed.
"""

from typing import TypeAlias
from uuid import UUID

import msgspec
from cachetools import LRUCache

from configurator.catalogue.model import Catalogue
from configurator.operations.document import Document, written_since
from configurator.operations.intents import Redo, Undo
from configurator.operations.outcomes import Change
from configurator.operations.undo import (
    HISTORY_VERSIONS,
    KEPT,
    OwnOp,
    Reversal,
    Stacks,
    stacks,
    touched,
)
from configurator.protocol.messages import OpFrame
from storage.postgres.configurations.configurations import Configurations

PEOPLE_MAX = 256
"""The number of people whose stacks are kept; the least recently used are forgotten."""

At: TypeAlias = tuple[UUID, int]
"""An epoch and a version in it."""


class UndoStacks:
    """The stacks of the people of one configuration."""

    def __init__(self, configuration_id: UUID, configurations: Configurations) -> None:
        self._id = configuration_id
        self._configurations = configurations
        self._at: At | None = None
        self._people: LRUCache[UUID, Stacks] = LRUCache(PEOPLE_MAX)

    def __len__(self) -> int:
        return len(self._people)

    def follow(self, frame: OpFrame) -> None:
        """Update the stacks with one op; the room passes every version, in order."""
        if self._at != (frame.epoch, frame.version - 1):
            self._people.clear()
        self._at = (frame.epoch, frame.version)
        known = self._people.get(frame.author.id)
        if known is not None:
            self._people[frame.author.id] = known.after(
                OwnOp(
                    version=frame.version,
                    kind=frame.operation_kind,
                    reverts=frame.reverts,
                    changed=bool(frame.changes),
                )
            )

    def known(self, person_id: UUID, at: At) -> Stacks | None:
        """The stacks of a person at this version, if they are in memory."""
        found = self._people.get(person_id) if self._at == at else None
        within = found.within(at[1]) if found is not None else None
        return within if within is not None and within.known else None

    async def read(self, person_id: UUID, at: At) -> Stacks:
        """The stacks of a person at this version. Raises StorageUnavailable."""
        if self._at != at:
            self._people.clear()
            self._at = at
        found = self.known(person_id, at)
        if found is None:
            found = await self._read_log(person_id, at[1])
        if self._at == at:  # else the room moved on during the read
            self._people[person_id] = found
        return found

    async def _read_log(self, person_id: UUID, version: int) -> Stacks:
        """The newest steps of both stacks. Own ops are read backwards, in ever larger portions."""
        log: list[OwnOp] = []
        limit = KEPT
        while True:
            older = await self._configurations.own_operations(
                self._id,
                person_id,
                since_version=version - HISTORY_VERSIONS,
                to_version=log[0].version - 1 if log else version,
                limit=limit,
            )
            log = older + log
            found = stacks(log, goes_on=len(older) == limit)
            if found.deep:
                return found
            limit *= 2

    async def reversal(
        self,
        person_id: UUID,
        asked: Undo | Redo,
        *,
        catalogue: Catalogue,
        document: Document,
        epoch: UUID,
    ) -> Reversal | None:
        """The op that an undo or redo would take back; None if there is none.

        Raises StorageUnavailable.
        """
        version = (await self.read(person_id, (epoch, document.version))).next(asked)
        taken = version and await self._configurations.operation_at(self._id, version)
        if not taken or not version:
            return None
        changes = tuple(msgspec.convert(taken.changes, list[Change]))
        contested = touched(catalogue, document.selection, changes) & written_since(
            document, version
        )
        changed_by = (
            await self._configurations.changed_by_others(
                self._id, person_id, since_version=version, categories=contested
            )
            if contested
            else {}
        )
        return Reversal(version=version, changes=changes, changed_by=changed_by)
