"""The person at one connection: their principal, their rooms and their subscription.

Everything that depends on the principal is here. When the principal changes (another token, the end
of a session, a revoked role), this module alone has to release it all. A connection goes through
these stages, and never back:

                    welcome()
        OPENING ───────────────▶ OPEN        hello: the same principal stays, another one departs
           │                      │          first; signed_out: nobody, until the next hello
           └──────── close() ─────┴────────▶ CLOSED

A message may still be handled while the transport closes. Code that registers something after an
``await`` therefore checks for CLOSED first: a registration made later would never be removed.
"""

from collections.abc import Callable
from dataclasses import dataclass, replace
from enum import Enum
from uuid import UUID

import msgspec

from configurator.house_code import as_code, as_id
from configurator.people.presence import Member
from configurator.people.roles import Permission, Role
from configurator.people.visible import initials
from configurator.protocol.codes import Refused
from configurator.protocol.messages import Join, Left, Position, Presence
from configurator.protocol.watching import Unwatched, Watch
from realtime.actions.access import Admission
from realtime.activity.live.subscriptions import Subscription
from realtime.connections.services import Services
from realtime.connections.signs_of_life import SignsOfLife
from realtime.connections.visits import ConnectionVisit
from realtime.delivery.frame import Frame
from realtime.delivery.outbox import Deliver
from realtime.people.principal import Principal, Visitor
from realtime.rooms.membership import Attachment
from realtime.rooms.room import Room

ROOMS_MAX = 8
"""The most configurations that one connection may have joined at the same time."""


class Stage(Enum):
    """The stages of the drawing above."""

    OPENING = "opening"
    """No hello was accepted yet: only a hello and a ping are understood."""
    OPEN = "open"
    """A hello was accepted. The principal is None from the end of a session to another hello."""
    CLOSED = "closed"
    """The transport is gone; nothing is registered anywhere any more."""


@dataclass(slots=True)
class Joined:
    """A joined room and the role there; ``place`` waits to be shown, None if none does."""

    room: Room
    role: Role
    place: Presence | None = None


class ConnectedPerson:
    """The person who takes part over one connection; a ``realtime.people.grants.Holder``."""

    def __init__(
        self,
        *,
        connection_id: str,
        services: Services,
        deliver: Deliver,
        principal: Principal | None,
        visit: ConnectionVisit,
        seen: bool,
        ended: Callable[[], None],
    ) -> None:
        """The peer is in no room yet.

        ``seen=False`` hides the peer until it is heard of; ``ended`` is called when it is signed
        out.
        """
        self._id = connection_id
        self._services = services
        self._deliver = deliver
        self._visit = visit
        self._ended = ended
        self.stage = Stage.OPENING
        self.principal = principal
        """Taken from the cookie at first, and from each hello with a token after that; None while
        the peer is unknown or signed out."""
        self._arrived: Principal | None = None
        """Set from ``arrive`` to ``depart``: the principal, under the name they had then, for whom
        grants call this object. It is the same person as ``principal`` whenever it is set, and None
        once CLOSED."""
        self._rooms: dict[UUID, Joined] = {}
        """Filled by ``_attach``. Each room here has a member under the id of this connection; where
        the principal is a visitor, this object is also registered as a holder of their role."""
        self._subscription: Subscription | None = None
        """Set from ``watch`` to ``end_watch``: at most one at a time."""
        self.life = SignsOfLife(
            self._show, silent=not seen, silent_seconds=services.timing.silent_seconds
        )

    # ---- the principal

    def known(self) -> Principal:
        """The principal. Raises Refused ``not_authenticated`` where there is none."""
        if self.principal is None:
            raise Refused("not_authenticated")
        return self.principal

    def welcome(self) -> None:
        """Understand every message from now on; a closed connection stays closed."""
        if self.stage is Stage.OPENING:
            self.stage = Stage.OPEN

    def change_to(self, principal: Principal | None) -> None:
        """Become another principal, who is in no room yet; or stay where it is the same person."""
        before = self._arrived
        if before is not None and (principal is None or not principal.is_same_as(before)):
            for room_id in list(self._rooms):
                self._deliver(Frame.of(Left(configuration=room_id)))
            self.depart()
        self.principal = principal

    def arrive(self, principal: Principal) -> None:
        """Register for the principal's new names, and for the end of their session or token."""
        if self.stage is not Stage.CLOSED:
            self._arrived = principal
            self._services.grants.arrive(principal, self)

    def depart(self) -> None:
        """Release everything that depends on the principal: rooms, subscription, registrations."""
        for room_id in list(self._rooms):
            self.let_go(room_id)
        self.end_watch()
        if self._arrived is not None:
            self._services.grants.depart(self._arrived, self)
            self._arrived = None

    def close(self) -> None:
        """Leave every room. Safe to call twice."""
        self.stage = Stage.CLOSED
        self.life.end()
        self.depart()

    # ---- rooms

    def rooms(self) -> list[Joined]:
        """The joined rooms."""
        return list(self._rooms.values())

    def find(self, reference: str) -> Joined | None:
        """The joined room with this id or code, in any spelling that ``Actions.access`` takes."""
        # Compared as our clients spell it first, which costs no parsing.
        for joined in self._rooms.values():
            if reference in {joined.room.code, str(joined.room.id)}:
                return joined
        code, configuration_id = as_code(reference), as_id(reference)
        for joined in self._rooms.values():
            if code == joined.room.code or configuration_id == joined.room.id:
                return joined
        return None

    def joined(self, reference: str) -> Joined:
        """Like ``find``, but raises Refused ``not_joined`` where there is none."""
        if joined := self.find(reference):
            return joined
        raise Refused("not_joined")

    async def link_rooms(self, principal: Principal) -> None:
        """Assign the session that the peer just named to the principal, in every joined room."""
        for room_id in list(self._rooms):
            await self._visit.link(self._services.actions, principal, room_id)

    async def join(self, message: Join) -> Frame | None:
        """Become a member: a snapshot or the missed ops.

        None if the connection closed meanwhile.
        """
        principal, actions, at = self.known(), self._services.actions, self._visit.visitor.network
        if message.since is None:
            access = await actions.access(principal, message.configuration, network=at)
            self._check_room_for(access.configuration.id)
            await self._visit.link(actions, principal, access.configuration.id)
            return await self.enter(access, re=message.id)
        room, role = await actions.rejoin(principal, message.configuration, network=at)
        self._check_room_for(room.id)
        await room.reach(message.since)
        return self._attach(room, role, since=message.since, re=message.id)

    async def enter(self, access: Admission, *, re: str | None = None) -> Frame | None:
        """Become a member with a snapshot, as ``join`` does without a position."""
        person = self.known().person
        room = await self._services.hub.room(access.configuration.id)
        if access.configuration.version > room.version:
            await room.catch_up()
        can_undo = None
        if access.role.may(Permission.EDIT):
            can_undo = await room.undo_state(person.id)
        return self._attach(room, access.role, can_undo=can_undo, re=re)

    def let_go(self, room_id: UUID) -> None:
        """Leave a room, if it is joined."""
        joined = self._rooms.pop(room_id, None)
        if joined is not None:
            joined.room.members.remove(self._id)
            if self._arrived is not None:
                self._services.grants.release(room_id, self._arrived.person.id, self)

    def _check_room_for(self, room_id: UUID) -> None:
        if len(self._rooms) >= ROOMS_MAX and room_id not in self._rooms:
            raise Refused("already_joined")

    def _attach(
        self,
        room: Room,
        role: Role,
        *,
        since: Position | None = None,
        can_undo: tuple[bool, bool] | None = None,
        re: str | None = None,
    ) -> Frame | None:
        """The last step of ``join``. It has no await, so no other task runs between its lines."""
        principal = self.known()  # a session may have ended while the room was reached
        if self.stage is Stage.CLOSED:
            return None
        if isinstance(principal, Visitor):
            # ``role`` was read before the room was opened and caught up. Changes since then were
            # told to the holders of the role, and this connection was not one of them. Therefore it
            # first becomes a holder and then uses the role as it is known now: from here on, every
            # change is told to it. Nothing is registered before this line, so a refusal here leaves
            # nothing behind.
            held = self._services.grants.hold(room.id, principal.person.id, self)
            if held is None:
                raise Refused("not_found")
            role = held
        self.arrive(principal)
        # Set before the member is shown: ``let_go`` must find all that the room knows of this
        # connection.
        self._rooms[room.id] = Joined(room, role)
        member = Member(
            connection=self._id,
            person=principal.person.id,
            name=principal.person.name,
            initials=initials(principal.person.name),
            colour=principal.person.colour,
            role=role,
        )
        return room.attach(
            Attachment(member=member, deliver=self._deliver, present=not self.life.silent),
            since=since,
            can_undo=can_undo,
            re=re,
        )

    # ---- interactions, for admins

    async def watch(self, message: Watch) -> Subscription | None:
        """A new subscription, not started, in place of the one before. None if the peer is gone."""
        await self._services.actions.watch(self.known(), self._visit.visitor.network)
        subscription = await self._services.subscriptions.begin(message, self._deliver)
        self.end_watch()
        if self.stage is Stage.CLOSED or self.principal is None:
            return None
        self._subscription = subscription
        return subscription

    def end_watch(self) -> None:
        """End the subscription, if there is one. Safe to call twice."""
        if self._subscription is not None:
            self._subscription.end()
            self._subscription = None

    # ---- changes of access: ``realtime.people.grants.Holder``

    def access_ended(self, configuration_id: UUID) -> None:
        """Leave the room of this configuration, and tell the peer why."""
        self.let_go(configuration_id)
        self._deliver(Frame.of(Left(configuration=configuration_id, code="access_revoked")))

    def role_changed(self, configuration_id: UUID, role: Role) -> None:
        """Use and show another role from now on."""
        joined = self._rooms.get(configuration_id)
        if joined is not None:
            joined.role = role
            joined.room.members.assign(self._id, role)

    def renamed(self, name: str) -> None:
        """Show the peer under this name."""
        if self.principal is not None and self.principal.person.name != name:
            person = msgspec.structs.replace(self.principal.person, name=name)
            self.show_as(replace(self.principal, person=person))

    def admin_ended(self) -> None:
        """Leave every room and end the subscription: the session or token has ended."""
        for room_id in list(self._rooms):
            self.access_ended(room_id)
        if self._subscription is not None:
            self._deliver(Frame.of(Unwatched(code="admins_only")))
        self.depart()
        self.principal = None
        self._ended()

    def show_as(self, principal: Principal) -> None:
        """Be the same person under another name, in every joined room."""
        if self.principal is None:
            return  # signed out while the name was stored, and stays so
        self.principal = principal
        for joined in self._rooms.values():
            joined.room.members.rename(self._id, principal.person)

    def _show(self, present: bool) -> None:
        for joined in self._rooms.values():
            joined.room.members.show(self._id, present=present)
