"""The hub: all rooms of this process, each opened once, kept current, closed when empty.

It owns the tasks that keep rooms current: the head beacon (a room that missed a version learns of
it within ``BEACON_SECONDS`` even if the bus loses messages or is away), the positions that members
are told, and presence with the report of this process (`presence`).
"""

import asyncio
from collections.abc import Collection
from uuid import UUID

import structlog
from typing_extensions import override

from configurator.protocol import codec
from configurator.protocol.messages import POSITION_MS
from realtime.process.report import ProcessReport
from realtime.rooms.catalogues import ParsedCatalogues
from realtime.rooms.open_rooms import OpenRoom, OpenRooms
from realtime.rooms.parts import RoomParts
from realtime.rooms.presence import KeptPresence
from realtime.rooms.room import Room
from storage.outage import Outage
from storage.redis.presence import PresenceReports
from storage.tasks import TaskOwner

log = structlog.get_logger()

BEACON_SECONDS = 2.0
POSITION_SECONDS = POSITION_MS / 1000
POSITION_ROUNDS = 5
"""A room that did not move tells its position once in this many rounds."""


class Hub(TaskOwner):
    """The rooms of a process. An async context manager: it owns their tasks."""

    def __init__(
        self, *, parts: RoomParts, catalogues: ParsedCatalogues, presence: PresenceReports
    ) -> None:
        super().__init__()
        self._parts = parts
        self._presence = KeptPresence(parts=parts, presence=presence, rooms=self._all_open)
        self._open = OpenRooms(
            parts=parts, catalogues=catalogues, opened=self._presence.hear_stored
        )
        self._stale: set[UUID] = set()
        """Rooms that missed a version, until ``catch_up`` has let them read the log."""
        self._suspicious = False
        """Set while any room may have missed a version, until all heads were compared."""
        self._wake = asyncio.Event()
        """Set while there is a room that has to catch up."""
        self.heads_outage = Outage("comparing open houses with what is stored")
        self.presence_outage = self._presence.outage
        self.outages = (self.heads_outage, self.presence_outage)

    @override
    def _begin(self) -> None:
        """Start the loops; rooms open on demand."""
        self._tasks.start(self._beacon(), name="head beacon")
        self._tasks.start(self._tell_positions(), name="positions")
        self._tasks.start(self._presence.tell_forever(), name="presence")
        self._tasks.start(self._presence.keep_forever(), name="kept presence")
        self._tasks.start(self._catch_up_forever(), name="catch up")

    @override
    async def _end(self) -> None:
        """Stop the loops, and tell other processes that this one's members are gone."""
        for room in self.rooms():
            room.close()
        with self.presence_outage.tolerated():
            await self._presence.withdraw_all()

    def rooms(self) -> list[Room]:
        """The open rooms."""
        return [opened.room for opened in self._open.all()]

    def _all_open(self) -> list[OpenRoom]:
        return self._open.all()

    def opened(
        self, *, code: str | None = None, configuration_id: UUID | None = None
    ) -> Room | None:
        """The room with this code (as it is stored) or id, if it is open in this process."""
        found = self._open.by_code(code) if code is not None else None
        if configuration_id is not None:
            found = self._open.by_id(configuration_id)
        return found.room if found is not None else None

    async def room(self, configuration_id: UUID) -> Room:
        """The room of a configuration, opened when needed.

        Raises:
            Refused: ``not_found``.
            StorageUnavailable: it is not open and cannot be loaded now.
        """
        return await self._open.get(configuration_id)

    # ---- the bus

    def hear(self, name: str, payload: bytes) -> None:
        """Handle one message of the bus."""
        opened = self._open.by_channel(name)
        if opened is None:
            return
        room = opened.room
        try:
            whole = room.hear(payload)
        except codec.UNREADABLE:
            log.warning("bus_message_unreadable", channel=name)
            return
        if not whole:
            self._mark(room.id)

    def tell_access_changed(self, configuration_id: UUID) -> None:
        """Tell the members who may see links and roles to read them again."""
        opened = self._open.by_id(configuration_id)
        if opened is not None:
            opened.room.members.tell_inviting()

    def forget_authors(self, configurations: Collection[UUID]) -> None:
        """Drop the ops in memory of these rooms: an erased person took part in them."""
        for configuration_id in configurations:
            opened = self._open.by_id(configuration_id)
            if opened is not None:
                opened.room.forget_authors()

    def suspect_all(self) -> None:
        """Have every room compare its head with the store: messages may have been lost."""
        self._suspicious = True
        self._wake.set()

    def _mark(self, configuration_id: UUID) -> None:
        self._stale.add(configuration_id)
        self._wake.set()

    async def catch_up(self) -> None:
        """Let every room that may have missed a version read the log."""
        self._wake.clear()
        if self._suspicious:
            self._suspicious = False
            with self.heads_outage.tolerated():
                await self.compare_heads()
        while self._stale:
            opened = self._open.by_id(self._stale.pop())
            if opened is not None:
                with self.heads_outage.tolerated():
                    await opened.room.catch_up()

    async def _catch_up_forever(self) -> None:
        while True:
            await self._wake.wait()
            await self.catch_up()

    async def _beacon(self) -> None:
        while True:
            await asyncio.sleep(BEACON_SECONDS if self._parts.bus.healthy else BEACON_SECONDS / 2)
            with self.heads_outage.tolerated():
                await self.compare_heads()
            self._open.close_idle()

    async def compare_heads(self) -> None:
        """The head beacon: find the rooms that missed a version or belong to another history."""
        told = {room.id: room.position for room in self.rooms()}
        heads = await self._parts.configurations.heads(list(told))
        lost: UUID | None = None
        for configuration_id, head in heads.items():
            opened = self._open.by_id(configuration_id)
            if opened is None:
                continue
            room = opened.room
            if head.epoch != room.epoch or head.version > room.version:
                self._mark(configuration_id)
            elif head.epoch == told[configuration_id].epoch and (
                head.version < told[configuration_id].version
            ):
                lost = head.epoch
        if lost is not None:
            await self._begin_new_epoch(lost)

    async def _begin_new_epoch(self, lost: UUID) -> None:
        """Begin a new epoch: the database went back, and ops that members saw as stored are gone.

        In a new epoch every member gets a snapshot, on every process. So does a member who is away
        now and comes back with a version that means another state by then.
        """
        epoch = await self._parts.configurations.history_lost(lost)
        log.critical("history_went_back", before=str(lost), epoch=str(epoch))
        self.suspect_all()

    async def _tell_positions(self) -> None:
        while True:
            await asyncio.sleep(POSITION_SECONDS)
            self.tell_positions()

    def tell_positions(self) -> None:
        """Tell members the newest version where it changed, and from time to time in any case."""
        for opened in self._open.all():
            position = opened.room.position
            opened.quiet_rounds = 0 if position != opened.told else opened.quiet_rounds + 1
            opened.told = position
            if opened.quiet_rounds % POSITION_ROUNDS == 0:
                opened.room.tell_position()

    # ---- the report

    def count_dropped(self, frames: int) -> None:
        """Count frames that were dropped for slow readers."""
        self._parts.process_health.dropped += frames

    def count_page_dropped(self) -> None:
        """Count what the queue of a page refused: its browser is away, or sends too fast."""
        self._parts.process_health.page_dropped += 1

    async def store_presence(self) -> None:
        """Store the presence of this process's members now. Raises StorageUnavailable."""
        await self._presence.store_presence()

    async def tell_report(self) -> None:
        """Store the report of this process now. Raises StorageUnavailable."""
        await self._presence.tell_report()

    def report(self) -> ProcessReport:
        """The rooms of this process in which people are present, and these people."""
        return self._presence.report()
