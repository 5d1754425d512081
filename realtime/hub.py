"""Every room of this process: opened once, kept whole, closed when nobody is left.

Owns the tasks that keep rooms true: the head beacon (a room that missed a version hears of it
within ``BEACON_SECONDS`` even when the bus loses messages or is away), presence, and the report of
this process for the admin page.
"""

import asyncio
from collections.abc import Collection
from dataclasses import dataclass, field
from uuid import UUID

import msgspec
import structlog
from typing_extensions import override

from configurator.protocol import codec
from configurator.protocol.codes import Refused
from configurator.protocol.messages import POSITION_MS, Position
from realtime.catalogues import CatalogueShelf
from realtime.membership import PRESENCE_TTL
from realtime.room import Room, RoomParts
from storage.outage import Outage
from storage.redis.bus import room_channel
from storage.redis.presence import Presence
from storage.tasks import TaskOwner

log = structlog.get_logger()

BEACON_SECONDS = 2.0
POSITION_SECONDS = POSITION_MS / 1000
POSITION_ROUNDS = 5
"""A room that did not move tells its position every so many rounds."""

PRESENCE_SECONDS = 5.0
REPORT_SECONDS = 1.0
IDLE_ROUNDS = 15
"""A room without members is closed after so many beacons."""

REPORT_TTL_SECONDS = 10
REPORT_ROOMS_MAX = 500


class RoomReport(msgspec.Struct, frozen=True, kw_only=True):
    """One open configuration, for the admin page."""

    id: UUID
    code: str
    total_cents: int
    version: int
    people: list[str]
    preview: str | None = None


class ProcessReport(msgspec.Struct, frozen=True, kw_only=True):
    """What one web process has open and how it fares; ``people`` are person ids.

    What has a default is missing in reports of an earlier release. ``dropped``: frames that gave
    way since the process began; ``page_dropped``: what the queues of pages did not take;
    ``late_ms``: the most that its loop was late in ten seconds.
    """

    process: str
    rooms: list[RoomReport]
    people: list[UUID]
    connections: int
    room_count: int = 0
    ops_per_second: float = 0.0
    dropped: int = 0
    page_dropped: int = 0
    late_ms: int = 0
    bus_healthy: bool = True


@dataclass(slots=True)
class _Open:
    room: Room
    idle_rounds: int = 0
    told: Position | None = None
    quiet_rounds: int = 0
    picture: tuple[int, str] | None = None


@dataclass(slots=True)
class _Opening:
    one: asyncio.Lock = field(default_factory=asyncio.Lock)
    waiting: int = 0


class Hub(TaskOwner):
    """The rooms of a process. An async context manager: it owns their tasks."""

    def __init__(self, *, parts: RoomParts, catalogues: CatalogueShelf, presence: Presence) -> None:
        super().__init__()
        self._parts = parts
        self._catalogues = catalogues
        self._presence = presence
        self._rooms: dict[UUID, _Open] = {}
        self._by_channel: dict[str, _Open] = {}
        self._by_code: dict[str, _Open] = {}
        self._opening: dict[UUID, _Opening] = {}
        self._stale: set[UUID] = set()
        self._suspicious = False
        self._wake = asyncio.Event()
        self.heads_outage = Outage("comparing open houses with what is stored")
        self.presence_outage = Outage("telling other processes who is here")
        self.outages = (self.heads_outage, self.presence_outage)

    @override
    def _begin(self) -> None:
        """Start the loops; rooms open on demand."""
        self._tasks.start(self._beacon(), name="head beacon")
        self._tasks.start(self._tell_positions(), name="positions")
        self._tasks.start(self._tell_presence(), name="presence")
        self._tasks.start(self._keep_presence(), name="kept presence")
        self._tasks.start(self._repair(), name="repair")

    @override
    async def _end(self) -> None:
        """Stop the loops and say that this process's members are gone."""
        for room in self.rooms():
            room.close()
        with self.presence_outage.tolerated():
            await self._withdraw_all()

    def rooms(self) -> list[Room]:
        """The open rooms."""
        return [opened.room for opened in self._rooms.values()]

    def opened(
        self, *, code: str | None = None, configuration_id: UUID | None = None
    ) -> Room | None:
        """The room with this code (as it is stored) or id, if it is open in this process."""
        found = self._by_code.get(code) if code is not None else None
        if configuration_id is not None:
            found = self._rooms.get(configuration_id)
        return found.room if found is not None else None

    async def room(self, configuration_id: UUID) -> Room:
        """The room of a configuration, opened when needed.

        Raises:
            Refused: ``not_found``.
            StorageUnavailable: it is not open and cannot be loaded now.
        """
        opened = self._rooms.get(configuration_id)
        if opened is None:
            opening = self._opening.setdefault(configuration_id, _Opening())
            opening.waiting += 1
            try:
                async with opening.one:
                    opened = self._rooms.get(configuration_id) or await self._open(configuration_id)
            finally:
                opening.waiting -= 1
                if not opening.waiting:
                    del self._opening[configuration_id]
        opened.idle_rounds = 0
        return opened.room

    async def _open(self, configuration_id: UUID) -> _Open:
        heard = self._parts.bus.subscribe(room_channel(configuration_id))
        try:
            await heard
            opened = _Open(await self._load(configuration_id))
        except BaseException:
            self._parts.bus.unsubscribe(room_channel(configuration_id))
            raise
        self._rooms[configuration_id] = self._by_channel[room_channel(configuration_id)] = opened
        self._by_code[opened.room.code] = opened
        await self._hear_stored_presence(opened.room)
        return opened

    async def _load(self, configuration_id: UUID) -> Room:
        stored = await self._parts.configurations.load(configuration_id)
        if stored is None:
            raise Refused("not_found")
        catalogue = await self._catalogues.get(stored.catalogue_id)
        return Room(parts=self._parts, catalogue=catalogue, stored=stored)

    # ---- the bus

    def hear(self, name: str, payload: bytes) -> None:
        """Take one message of the bus."""
        opened = self._by_channel.get(name)
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
        """Links or roles changed: whoever may see the list of them reads it again."""
        opened = self._rooms.get(configuration_id)
        if opened is not None:
            opened.room.members.tell_inviting()

    def forget_authors(self, configurations: Collection[UUID]) -> None:
        """Somebody who took part in these was erased: nothing is shown from memory any more."""
        for configuration_id in configurations:
            opened = self._rooms.get(configuration_id)
            if opened is not None:
                opened.room.forget_authors()

    def suspect_all(self) -> None:
        """Anything may have been lost: every room compares its head with the store."""
        self._suspicious = True
        self._wake.set()

    def _mark(self, configuration_id: UUID) -> None:
        self._stale.add(configuration_id)
        self._wake.set()

    async def repair(self) -> None:
        """Let every room that may have missed something read its log."""
        self._wake.clear()
        if self._suspicious:
            self._suspicious = False
            with self.heads_outage.tolerated():
                await self.compare_heads()
        while self._stale:
            opened = self._rooms.get(self._stale.pop())
            if opened is not None:
                with self.heads_outage.tolerated():
                    await opened.room.catch_up()

    async def _repair(self) -> None:
        while True:
            await self._wake.wait()
            await self.repair()

    async def _beacon(self) -> None:
        while True:
            await asyncio.sleep(BEACON_SECONDS if self._parts.bus.healthy else BEACON_SECONDS / 2)
            with self.heads_outage.tolerated():
                await self.compare_heads()
            self._close_idle()

    async def compare_heads(self) -> None:
        """The head beacon: find the rooms that missed a version or belong to another history."""
        told = {room.id: room.position for room in self.rooms()}
        heads = await self._parts.configurations.heads(list(told))
        lost: UUID | None = None
        for configuration_id, head in heads.items():
            opened = self._rooms.get(configuration_id)
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
        """Begin a new epoch: the database was put back, and ops that were told as stored are gone.

        With another epoch everybody takes a snapshot, on every process, also who is away now and
        comes back with a version that means something else by then.
        """
        epoch = await self._parts.configurations.history_lost(lost)
        log.critical("history_went_back", before=str(lost), epoch=str(epoch))
        self.suspect_all()

    async def _tell_positions(self) -> None:
        while True:
            await asyncio.sleep(POSITION_SECONDS)
            self.tell_positions()

    def tell_positions(self) -> None:
        """Say to members which version is the newest, where it changed and now and then anyway."""
        for opened in list(self._rooms.values()):
            position = opened.room.position
            opened.quiet_rounds = 0 if position != opened.told else opened.quiet_rounds + 1
            opened.told = position
            if opened.quiet_rounds % POSITION_ROUNDS == 0:
                opened.room.tell_position()

    def _close_idle(self) -> None:
        for configuration_id, opened in list(self._rooms.items()):
            opened.idle_rounds = opened.idle_rounds + 1 if not opened.room.members else 0
            if opened.idle_rounds > IDLE_ROUNDS:
                del self._rooms[configuration_id], self._by_channel[room_channel(configuration_id)]
                del self._by_code[opened.room.code]
                opened.room.close()
                self._parts.bus.unsubscribe(room_channel(configuration_id))

    # ---- presence and report

    async def _tell_presence(self) -> None:
        """Waits for nobody: who is gone is gone, also while Redis does not answer."""
        rounds = 0
        while True:
            await asyncio.sleep(REPORT_SECONDS)
            rounds += 1
            for room in self.rooms():
                room.members.forget_expired()
                if rounds % int(PRESENCE_SECONDS / REPORT_SECONDS) == 0:
                    room.members.tell_others()

    async def _keep_presence(self) -> None:
        rounds = 0
        loop = asyncio.get_running_loop()
        while True:
            planned = loop.time() + REPORT_SECONDS
            await asyncio.sleep(REPORT_SECONDS)
            rounds += 1
            self._parts.pulse.beat(loop.time(), loop.time() - planned)
            with self.presence_outage.tolerated():
                await self._report()
                if rounds % int(PRESENCE_SECONDS / REPORT_SECONDS) == 0:
                    await self._store_presence()

    async def _store_presence(self) -> None:
        """Ends at the first failure: with many rooms the rest would fail one after the other."""
        for room in self.rooms():
            await self._store_members(room)

    async def _store_members(self, room: Room) -> None:
        if not room.members:
            await self._presence.remove(room.id, self._parts.process)
        else:
            await self._presence.put(
                room.id,
                self._parts.process,
                room.members.report(),
                int(PRESENCE_TTL.total_seconds()),
            )

    async def _hear_stored_presence(self, room: Room) -> None:
        with self.presence_outage.tolerated():
            for process, report in (await self._presence.all(room.id)).items():
                try:
                    room.members.hear(report)
                except codec.UNREADABLE:
                    log.warning("members_unreadable", process=process)

    async def _withdraw_all(self) -> None:
        """Ends at the first failure: a stopping process does not wait; presence expires by itself."""
        for room in self.rooms():
            await self._presence.remove(room.id, self._parts.process)

    def count_dropped(self, frames: int) -> None:
        """Frames gave way because somebody read too slowly."""
        self._parts.pulse.dropped += frames

    def count_page_dropped(self) -> None:
        """The queue of a page did not take something: its browser is away, or sends too fast."""
        self._parts.pulse.page_dropped += 1

    def report(self) -> ProcessReport:
        """The rooms in which somebody is present here, and who."""
        occupied = [opened for opened in self._rooms.values() if opened.room.members.local()]
        members = [member for opened in occupied for member in opened.room.members.local()]
        pulse = self._parts.pulse
        return ProcessReport(
            process=self._parts.process,
            rooms=[_room_report(opened) for opened in occupied[:REPORT_ROOMS_MAX]],
            people=list({member.person for member in members}),
            connections=len(members),
            room_count=len(occupied),
            ops_per_second=pulse.ops_per_second,
            dropped=pulse.dropped,
            page_dropped=pulse.page_dropped,
            late_ms=pulse.late_ms,
            bus_healthy=self._parts.bus.healthy,
        )

    async def _report(self) -> None:
        payload = msgspec.json.encode(self.report())
        await self._presence.report(self._parts.process, payload, REPORT_TTL_SECONDS)


def _room_report(opened: _Open) -> RoomReport:
    room = opened.room
    if opened.picture is None or opened.picture[0] != room.version:
        opened.picture = (room.version, room.picture("exterior"))
    return RoomReport(
        id=room.id,
        code=room.code,
        total_cents=room.total_cents,
        version=room.version,
        people=[member.name for member in room.members.local()],
        preview=opened.picture[1],
    )
