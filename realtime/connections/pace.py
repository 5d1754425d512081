"""The pace of one connection: which messages are too many, and when its presence is shown.

Limits count a message before it is handled, so a refused message costs next to nothing. Presence is
never refused: if it comes too fast, only the newest place is kept, and shown as soon as the limit
allows.
"""

import asyncio
from uuid import UUID

from configurator.people.roles import Permission
from configurator.protocol.messages import FromClient, Join, Op, OutcomeOf, Presence
from configurator.protocol.sharing import Invite, SharingMessage
from configurator.protocol.watching import Track
from realtime.connections.connected_person import ConnectedPerson
from realtime.limits.connections import ConnectionLimits
from realtime.people.principal import Staff


class Pace:
    """Holds one connection to its limits, and shows the place of its person at that pace."""

    def __init__(
        self, limits: ConnectionLimits, connection_id: str, person: ConnectedPerson
    ) -> None:
        self._limits = limits
        self._id = connection_id
        self._person = person
        self._placing: asyncio.TimerHandle | None = None
        """Set while a place waits until the limit allows to show it."""

    def admit(self, message: FromClient | None) -> None:
        """Charge one message, readable or not (None), against the limits. Raises Refused."""
        wait_ms = self._wait_ms(message)
        names = Join | Op | OutcomeOf | SharingMessage
        if isinstance(message, names) and self._person.find(message.configuration) is None:
            # The message names a house that the peer has not joined: that may be a guess of its
            # code.
            is_staff = isinstance(self._person.principal, Staff)
            wait_ms = wait_ms or (0 if is_staff else self._limits.guess())
        self._limits.check(wait_ms, together=isinstance(message, Op | Track))

    def _wait_ms(self, message: FromClient | None) -> int:
        match message:
            case Op() if self._person.principal is not None:
                joined = self._person.find(message.configuration)
                edits = joined is not None and joined.role.may(Permission.EDIT)
                room_id = joined.room.id if joined is not None and edits else None
                return self._limits.op(self._person.principal.person.id, room_id)
            case Track():
                return self._limits.interaction()
            case Invite():
                return self._limits.invitation()
            case Presence() if self._person.find(message.configuration) is not None:
                return 0  # ``place`` spreads the places over time
            case _:
                return self._limits.other()

    def admit_to(self, room_id: UUID) -> None:
        """Charge an op to its room, which was found only after ``admit``. Raises Refused."""
        self._limits.check(self._limits.op_of_room(room_id), together=True)

    def place(self, message: Presence) -> None:
        """Show the place of the person.

        Of places that come too fast only the newest is kept, and shown when the limit allows it.
        """
        self._person.joined(message.configuration).place = message
        if self._placing is None:
            self._show_places()

    def _show_places(self) -> None:
        self._placing = None
        for joined in self._person.rooms():
            if joined.place is None:
                continue
            if wait_ms := self._limits.presence():
                loop = asyncio.get_running_loop()
                self._placing = loop.call_later(wait_ms / 1000, self._show_places)
                return
            place, joined.place = joined.place, None
            joined.room.members.place(self._id, category=place.category, view=place.view)

    def close(self) -> None:
        """Drop the place that waits to be shown."""
        if self._placing is not None:
            self._placing.cancel()
