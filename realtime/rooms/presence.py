"""Presence and the report of this process, kept in Redis for the other processes."""

import asyncio
from collections.abc import Callable, Sequence

import msgspec
import structlog

from configurator.protocol import codec
from realtime.process.report import REPORT_SECONDS, ProcessReport, RoomReport
from realtime.rooms.membership import PRESENCE_TTL
from realtime.rooms.open_rooms import OpenRoom
from realtime.rooms.parts import RoomParts
from realtime.rooms.room import Room
from storage.outage import Outage
from storage.redis.presence import PresenceReports

log = structlog.get_logger()

PRESENCE_SECONDS = 5.0
REPORT_TTL_SECONDS = 10
REPORT_ROOMS_MAX = 500


class KeptPresence:
    """The members of this process's rooms, told to other processes and stored with an expiry."""

    def __init__(
        self,
        *,
        parts: RoomParts,
        presence: PresenceReports,
        rooms: Callable[[], Sequence[OpenRoom]],
    ) -> None:
        self._parts = parts
        self._presence = presence
        self._rooms = rooms
        self.outage = Outage("telling other processes who is here")

    async def tell_forever(self) -> None:
        """Tell other processes of changes, until cancelled.

        A process that ends without a word is told by nobody: its members expire.
        """
        rounds = 0
        while True:
            await asyncio.sleep(REPORT_SECONDS)
            rounds += 1
            for room in self._open():
                room.members.forget_expired()
                if rounds % int(PRESENCE_SECONDS / REPORT_SECONDS) == 0:
                    room.members.tell_others()

    async def keep_forever(self) -> None:
        """Store the report every ``REPORT_SECONDS``, and presence every ``PRESENCE_SECONDS``."""
        rounds = 0
        loop = asyncio.get_running_loop()
        while True:
            planned = loop.time() + REPORT_SECONDS
            await asyncio.sleep(REPORT_SECONDS)
            rounds += 1
            self._parts.process_health.beat(loop.time(), loop.time() - planned)
            with self.outage.tolerated():
                await self.tell_report()
                if rounds % int(PRESENCE_SECONDS / REPORT_SECONDS) == 0:
                    await self.store_presence()

    async def store_presence(self) -> None:
        """Store the presence of each room.

        Ends at the first failure: the rest would fail one by one.
        """
        for room in self._open():
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

    async def hear_stored(self, room: Room) -> None:
        """Tell a room that was just opened which members it has on other processes."""
        with self.outage.tolerated():
            for process, report in (await self._presence.all(room.id)).items():
                try:
                    room.members.hear(report)
                except codec.UNREADABLE:
                    log.warning("members_unreadable", process=process)

    async def withdraw_all(self) -> None:
        """Remove the presence of all rooms.

        Ends at the first failure: presence expires by itself.
        """
        for room in self._open():
            await self._presence.remove(room.id, self._parts.process)

    def report(self) -> ProcessReport:
        """The rooms in which somebody is present here, and who."""
        occupied = [opened for opened in self._rooms() if opened.room.members.local()]
        members = [member for opened in occupied for member in opened.room.members.local()]
        process_health = self._parts.process_health
        return ProcessReport(
            process=self._parts.process,
            rooms=[_room_report(opened) for opened in occupied[:REPORT_ROOMS_MAX]],
            people=list({member.person for member in members}),
            connections=len(members),
            room_count=len(occupied),
            ops_per_second=process_health.ops_per_second,
            dropped=process_health.dropped,
            page_dropped=process_health.page_dropped,
            late_ms=process_health.late_ms,
            bus_healthy=self._parts.bus.healthy,
        )

    async def tell_report(self) -> None:
        """Store the report of this process. Raises StorageUnavailable."""
        payload = msgspec.json.encode(self.report())
        await self._presence.report(self._parts.process, payload, REPORT_TTL_SECONDS)

    def _open(self) -> list[Room]:
        return [opened.room for opened in self._rooms()]


def _room_report(opened: OpenRoom) -> RoomReport:
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
