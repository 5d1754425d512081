"""The rooms that are open in this process: opened once, found by id, code or channel."""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from uuid import UUID
from weakref import WeakValueDictionary

from configurator.protocol.codes import Refused
from configurator.protocol.messages import Position
from realtime.rooms.catalogues import ParsedCatalogues
from realtime.rooms.parts import RoomParts
from realtime.rooms.room import Room
from storage.redis.bus.bus import room_channel

IDLE_ROUNDS = 15
"""A room without members is closed after this number of calls of ``close_idle``."""


@dataclass(slots=True)
class OpenRoom:
    """A room, and the state that this process keeps about it between rounds.

    ``told`` is the position that members were told last, ``quiet_rounds`` the number of rounds
    since then; ``picture`` is the address of a picture, with the version that it shows.
    """

    room: Room
    idle_rounds: int = 0
    told: Position | None = None
    quiet_rounds: int = 0
    picture: tuple[int, str] | None = None


class OpenRooms:
    """The open rooms. ``opened`` is called with each new room before anybody gets it."""

    def __init__(
        self,
        *,
        parts: RoomParts,
        catalogues: ParsedCatalogues,
        opened: Callable[[Room], Awaitable[None]],
    ) -> None:
        self._parts = parts
        self._catalogues = catalogues
        self._opened = opened
        self._rooms: dict[UUID, OpenRoom] = {}
        self._by_channel: dict[str, OpenRoom] = {}
        self._by_code: dict[str, OpenRoom] = {}
        self._opening: WeakValueDictionary[UUID, asyncio.Lock] = WeakValueDictionary()
        """A lock for each room that is being opened, as long as a caller waits for it."""

    def all(self) -> list[OpenRoom]:
        """All open rooms."""
        return list(self._rooms.values())

    def by_id(self, configuration_id: UUID) -> OpenRoom | None:
        """The room of a configuration, if it is open."""
        return self._rooms.get(configuration_id)

    def by_code(self, code: str) -> OpenRoom | None:
        """The room with this code, as it is stored, if it is open."""
        return self._by_code.get(code)

    def by_channel(self, name: str) -> OpenRoom | None:
        """The room that this channel of the bus belongs to, if it is open."""
        return self._by_channel.get(name)

    async def get(self, configuration_id: UUID) -> Room:
        """The room of a configuration, opened when needed.

        Raises:
            Refused: ``not_found``.
            StorageUnavailable: it is not open and cannot be loaded now.
        """
        opened = self._rooms.get(configuration_id)
        if opened is None:
            async with self._opening.setdefault(configuration_id, asyncio.Lock()):
                opened = self._rooms.get(configuration_id) or await self._open(configuration_id)
        opened.idle_rounds = 0
        return opened.room

    async def _open(self, configuration_id: UUID) -> OpenRoom:
        # The channel is subscribed before the head is read: an op that is published in between is
        # either heard or loaded.
        heard = self._parts.bus.subscribe(room_channel(configuration_id))
        try:
            await heard
            opened = OpenRoom(await self._load(configuration_id))
        except BaseException:
            self._parts.bus.unsubscribe(room_channel(configuration_id))
            raise
        self._rooms[configuration_id] = self._by_channel[room_channel(configuration_id)] = opened
        self._by_code[opened.room.code] = opened
        await self._opened(opened.room)
        return opened

    async def _load(self, configuration_id: UUID) -> Room:
        stored = await self._parts.configurations.load(configuration_id)
        if stored is None:
            raise Refused("not_found")
        catalogue = await self._catalogues.get(stored.catalogue_id)
        return Room(parts=self._parts, catalogue=catalogue, stored=stored)

    def close_idle(self) -> None:
        """Close the rooms that had no members for ``IDLE_ROUNDS`` calls."""
        for configuration_id, opened in list(self._rooms.items()):
            opened.idle_rounds = opened.idle_rounds + 1 if not opened.room.members else 0
            if opened.idle_rounds > IDLE_ROUNDS:
                del self._rooms[configuration_id], self._by_channel[room_channel(configuration_id)]
                del self._by_code[opened.room.code]
                opened.room.close()
                self._parts.bus.unsubscribe(room_channel(configuration_id))
