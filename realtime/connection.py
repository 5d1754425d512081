"""One peer - a browser tab, a socket, a program - whatever the transport.

Transports only move text: they call ``receive`` with what arrived, one message at a time, and write
what the ``deliver`` they gave puts in their outbox. Everything a client can do is decided here and
in ``actions``, so no transport can drift from another.
"""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import assert_never
from uuid import UUID

import msgspec
import structlog

from configurator.access import Permission, Role, may
from configurator.house_code import as_code, as_id
from configurator.presence import Member
from configurator.protocol import codec
from configurator.protocol.codes import Code, Refused
from configurator.protocol.messages import (
    OLDEST_PROTOCOL,
    PROTOCOL,
    FromClient,
    FromServer,
    Hello,
    Introduce,
    Introduced,
    Join,
    Leave,
    Left,
    Op,
    OutcomeOf,
    Ping,
    Pong,
    Position,
    Presence,
    Track,
    Unwatch,
    Unwatched,
    Watch,
    Watching,
    Welcome,
)
from configurator.protocol.sharing import AccessOf, EndLink, Invite, Remove, SharingMessage
from configurator.visible import initials
from realtime.actions import Access
from realtime.frame import Frame
from realtime.limits import ConnectionLimits
from realtime.membership import Attachment, Deliver
from realtime.principal import Principal
from realtime.room import Room
from realtime.services import Services
from realtime.signs_of_life import SignsOfLife
from realtime.subscriptions import Subscription
from realtime.visits import Visit
from storage.errors import StorageUnavailable

log = structlog.get_logger()

_SPOKEN = f"this server speaks {OLDEST_PROTOCOL} to {PROTOCOL}"
ROOMS_MAX = 8
"""So many configurations can one connection be in at once."""

NOT_JUDGED = frozenset({"unavailable", "internal"})
"""A first hello that fails for these reasons of ours ends its connection, to be tried on a new one."""

UPDATE_MS = 5000
"""A client newer than this process tries again after this time: an update is running."""


@dataclass(slots=True)
class _Joined:
    room: Room
    role: Role
    place: Presence | None = None  # not shown yet


class Connection:
    """One peer. ``deliver`` queues frames for it; ``hang_up`` ends its transport with a code."""

    def __init__(
        self,
        *,
        connection_id: str,
        services: Services,
        deliver: Deliver,
        hang_up: Callable[[Code], None],
        principal: Principal | None,
        visit: Visit,
        limits: ConnectionLimits | None = None,
        seen: bool = True,
        ended: Callable[[], None] = lambda: None,
    ) -> None:
        """``limits`` may outlive this; not ``seen``: silent until it speaks; ``ended``: signed out."""
        self.id = connection_id
        self.principal = principal
        self._services = services
        self._deliver = deliver
        self._hang_up = hang_up
        self._ended = ended
        self._visit = visit
        self._limits = limits or services.limits.of_connection()
        self._joined: dict[UUID, _Joined] = {}
        self._placing: asyncio.TimerHandle | None = None
        self._watching: Subscription | None = None
        self._arrived: Principal | None = None
        self._closed = False
        self.turn = asyncio.Lock()
        """Held while one message is handled."""
        self._life = SignsOfLife(self._show, silent=not seen)
        self._beats = False
        self._reply: Frame | None = None
        self.welcomed = False

    async def receive(self, text: str | bytes) -> Frame | None:
        """Handle one message of the client, in the order of the calls; its reply, if it has one."""
        self._life.heard()
        async with self.turn:
            self._reply = None
            await self._receive(text)
            reply, self._reply = self._reply, None  # a snapshot is larger than all that is kept
            return reply

    def watch_life(self) -> None:
        """From now on the transport asks for signs of life: who gives none is not shown."""
        self._life.watch()

    def heard(self) -> None:
        """The peer answered the transport; a peer with a heartbeat of its own has to speak itself."""
        if not self._beats:
            self._life.heard()

    async def close(self) -> None:
        """Leave every room. Safe to call twice."""
        self._closed = True
        self._life.end()
        self._depart()
        if self._placing is not None:
            self._placing.cancel()

    async def _receive(self, text: str | bytes) -> None:
        message: FromClient | None = None
        try:
            try:
                message = codec.decode(text)
            finally:
                self._admit(message)
            await self._dispatch(message)
        except Refused as refused:
            self._limits.note(refused)
            self._refuse(refused, text, message)
        except StorageUnavailable as away:
            code = "not_saved" if isinstance(message, Op) else "unavailable"
            retry_after_ms = max(int(away.retry_after_seconds * 1000), 100)
            log.info("request_not_served", code=code, reason=str(away)[:200])
            self._refuse(Refused(code, retry_after_ms=retry_after_ms), text, message)
        except Exception:
            log.exception("message_failed", connection=self.id, source=self._visit.source)
            self._refuse(Refused("internal", retry_after_ms=1000), text, message)

    def _refuse(self, refused: Refused, text: str | bytes, message: FromClient | None) -> None:
        self._send(codec.error(refused, **codec.asked(text, message)))
        opening = isinstance(message, Hello) and not self.welcomed
        if refused.code.close is not None or (opening and refused.code.name in NOT_JUDGED):
            self._hang_up(refused.code)

    def _admit(self, message: FromClient | None) -> None:
        """Let one message through, or what was none. Presence is never too much: see ``_place``."""
        wait_ms = 0
        match message:
            case Op() if self.principal is not None:
                joined = self._find(message.configuration)
                edits = joined is not None and may(joined.role, Permission.EDIT)
                room_id = joined.room.id if joined is not None and edits else None
                wait_ms = self._limits.op(self.principal.person.id, room_id)
            case Track():
                wait_ms = self._limits.interaction()
            case Invite():
                wait_ms = self._limits.invitation()
            case Presence() if self._find(message.configuration) is not None:
                pass
            case _:
                wait_ms = self._limits.other()
        names = Join | Op | OutcomeOf | SharingMessage
        if isinstance(message, names) and self._find(message.configuration) is None:
            is_admin = self.principal is not None and self.principal.admin
            wait_ms = wait_ms or (0 if is_admin else self._limits.guess())
        self._limits.check(wait_ms, together=isinstance(message, Op | Track))

    async def _dispatch(self, message: FromClient) -> None:
        if not self.welcomed and not isinstance(message, Hello | Ping):
            raise Refused("hello_first")
        match message:
            case Hello():
                await self._hello(message)
            case Ping():
                self._send(Pong(re=message.id))
            case Introduce():
                await self._introduce(message)
            case Track():
                tracker, visit = self._services.tracker, self._visit
                self._send(await tracker.track(message, visitor=visit.visitor, source=visit.source))
            case Watch():
                await self._watch(message)
            case Unwatch():
                self._end_watch()
                self._send(Unwatched(re=message.id))
            case Invite() | AccessOf() | EndLink() | Remove():
                sharing, at = self._services.sharing, self._visit.visitor.network
                answer = await sharing.answer(self._known(), message, network=at)
                self._send(msgspec.structs.replace(answer, re=message.id))
            case _:
                await self._dispatch_in_room(message)

    async def _dispatch_in_room(self, message: Join | Leave | Op | OutcomeOf | Presence) -> None:
        match message:
            case Op():
                await self._op(message)
            case Join():
                await self._join(message)
            case Leave():
                self._leave(message)
            case OutcomeOf():
                await self._outcome_of(message)
            case Presence():
                self._place(message)
            case _:
                assert_never(message)

    async def _hello(self, message: Hello) -> None:
        if message.protocol < OLDEST_PROTOCOL:
            raise Refused("client_too_old", detail=_SPOKEN)
        if message.protocol > PROTOCOL:
            raise Refused("client_too_new", detail=_SPOKEN, retry_after_ms=UPDATE_MS)
        if message.token is not None:
            self._change_to(await self._services.authenticate(message.token))
        if self.principal is None:
            raise Refused("not_authenticated")
        self._arrive(self.principal)
        self._beats = message.heartbeat_ms is not None
        if self._visit.name(message.session_id):
            for room_id in list(self._joined):
                await self._visit.link(self._services.actions, self.principal, room_id)
        self.welcome(re=message.id)

    def _change_to(self, principal: Principal | None) -> None:
        """Be somebody else from now on, who is nowhere yet; or the same, who stays."""
        before = self._arrived
        if before is not None and (principal is None or not principal.is_same_as(before)):
            for room_id in list(self._joined):
                self._deliver(Frame.of(Left(configuration=room_id)))
            self._depart()
        self.principal = principal

    def _arrive(self, principal: Principal) -> None:
        if not self._closed:
            self._arrived = principal
            self._services.grants.arrive(principal, self)

    def _depart(self) -> None:
        """Let go of everything that hangs on who this is."""
        for room_id in list(self._joined):
            self._let_go(room_id)
        self._end_watch()
        if self._arrived is not None:
            self._services.grants.depart(self._arrived, self)
            self._arrived = None

    def welcome(self, *, re: str | None = None) -> None:
        """Open the connection for its principal."""
        self.welcomed = True
        self._send(
            Welcome(
                re=re,
                protocol=PROTOCOL,
                connection=self.id,
                person=self.principal.person if self.principal else None,
                session_id=self._visit.session_id,
            )
        )

    # ---- configurations

    async def _join(self, message: Join) -> None:
        principal, actions, at = self._known(), self._services.actions, self._visit.visitor.network
        if message.since is None:
            access = await actions.access(principal, message.configuration, network=at)
            self._check_room_for(access.configuration.id)
            await self._visit.link(actions, principal, access.configuration.id)
            await self.enter(access, re=message.id)
            return
        room, role = await actions.way_back(principal, message.configuration, network=at)
        self._check_room_for(room.id)
        await room.reach(message.since)
        self._attach(room, role, since=message.since, re=message.id)

    def _check_room_for(self, room_id: UUID) -> None:
        if len(self._joined) >= ROOMS_MAX and room_id not in self._joined:
            raise Refused("already_joined")

    async def enter(self, access: Access, *, re: str | None = None) -> None:
        """Become a member: a snapshot is delivered, then everything new."""
        person = self._known().person
        room = await self._services.hub.room(access.configuration.id)
        if access.configuration.version > room.version:
            await room.catch_up()
        can_undo = None
        if may(access.role, Permission.EDIT):
            can_undo = await room.undo_state(person.id)
        self._attach(room, access.role, can_undo=can_undo, re=re)

    def _attach(
        self,
        room: Room,
        role: Role,
        *,
        since: Position | None = None,
        can_undo: tuple[bool, bool] | None = None,
        re: str | None = None,
    ) -> None:
        principal = self._known()
        if self._closed:
            return
        if not principal.admin:
            held = self._services.grants.hold(room.id, principal.person.id, self)
            if held is None:
                raise Refused("not_found")
            role = held
        self._arrive(principal)
        self._joined[room.id] = _Joined(room, role)
        member = Member(
            connection=self.id,
            person=principal.person.id,
            name=principal.person.name,
            initials=initials(principal.person.name),
            colour=principal.person.colour,
            role=role,
        )
        self._reply = room.attach(
            Attachment(member=member, deliver=self._deliver, present=not self._life.silent),
            since=since,
            can_undo=can_undo,
            re=re,
        )

    def _leave(self, message: Leave) -> None:
        joined = self._room(message.configuration)
        self._let_go(joined.room.id)
        self._send(Left(re=message.id, configuration=joined.room.id))

    def _let_go(self, room_id: UUID) -> None:
        joined = self._joined.pop(room_id, None)
        if joined is not None:
            joined.room.members.remove(self.id)
            if self._arrived is not None:
                self._services.grants.release(room_id, self._arrived.person.id, self)

    async def _op(self, message: Op) -> None:
        room, role = await self._room_of_op(message)
        outcome = await self._services.actions.submit(
            self._known(), room.id, role, message.request()
        )
        room.show_to(self.id)
        self._send(msgspec.structs.replace(outcome, re=message.id))

    async def _room_of_op(self, message: Op) -> tuple[Room, Role]:
        """The room that an op belongs to, and as what its author may be there.

        Nobody needs to join for it, as over REST: Socket.IO clients send on connect what waited,
        before any program can join.
        """
        joined = self._find(message.configuration)
        if joined is not None:
            return joined.room, joined.role
        room, role = await self._services.actions.way_back(self._known(), message.configuration)
        if may(role, Permission.EDIT):
            self._limits.check(self._limits.op_of_room(room.id), together=True)
        return room, role

    async def _outcome_of(self, message: OutcomeOf) -> None:
        actions = self._services.actions
        room, _ = await actions.way_back(self._known(), message.configuration)
        outcome = await actions.outcome_of(room.id, message.op_id)
        room.show_to(self.id)
        self._send(msgspec.structs.replace(outcome, re=message.id))

    def _place(self, message: Presence) -> None:
        """Show where they are; of what comes too fast only the newest is kept, and shown in time."""
        self._room(message.configuration).place = message
        if self._placing is None:
            self._show_places()

    def _show_places(self) -> None:
        self._placing = None
        for joined in self._joined.values():
            if joined.place is None:
                continue
            if wait_ms := self._limits.presence():
                loop = asyncio.get_running_loop()
                self._placing = loop.call_later(wait_ms / 1000, self._show_places)
                return
            place, joined.place = joined.place, None
            joined.room.members.place(self.id, category=place.category, view=place.view)

    async def _introduce(self, message: Introduce) -> None:
        self.principal = await self._services.actions.introduce(self._known(), message.name)
        self._show_name(self.principal)
        self._send(Introduced(re=message.id, person=self.principal.person))

    # ---- interactions, for admins

    async def _watch(self, message: Watch) -> None:
        await self._services.actions.watch(self._known(), self._visit.visitor.network)
        subscription = await self._services.subscriptions.begin(message, self._deliver)
        self._end_watch()
        if self._closed or self.principal is None:
            return
        self._watching = subscription
        self._send(Watching(re=message.id, since=subscription.since))
        subscription.start()

    def _end_watch(self) -> None:
        if self._watching is not None:
            self._watching.end()
            self._watching = None

    # ---- what becomes of grants: ``realtime.grants.Holder``

    def access_ended(self, configuration_id: UUID) -> None:
        """Leave, and say why."""
        self._let_go(configuration_id)
        self._deliver(Frame.of(Left(configuration=configuration_id, code="access_revoked")))

    def role_changed(self, configuration_id: UUID, role: Role) -> None:
        """From now on that role decides what is refused early, and is shown."""
        joined = self._joined.get(configuration_id)
        if joined is not None:
            joined.role = role
            joined.room.members.assign(self.id, role)

    def renamed(self, name: str) -> None:
        """Be shown under this name."""
        if self.principal is not None and self.principal.person.name != name:
            person = msgspec.structs.replace(self.principal.person, name=name)
            self.principal = replace(self.principal, person=person)
            self._show_name(self.principal)

    def admin_ended(self) -> None:
        """Leave every room and stop watching: the session or token is over."""
        for room_id in list(self._joined):
            self.access_ended(room_id)
        if self._watching is not None:
            self._deliver(Frame.of(Unwatched(code="admins_only")))
        self._depart()
        self.principal = None
        self._ended()

    def _show_name(self, principal: Principal) -> None:
        for joined in self._joined.values():
            joined.room.members.rename(self.id, principal.person)

    def _show(self, present: bool) -> None:
        for joined in self._joined.values():
            joined.room.members.show(self.id, present=present)

    def _known(self) -> Principal:
        if self.principal is None:
            raise Refused("not_authenticated")
        return self.principal

    def _room(self, reference: str) -> _Joined:
        if joined := self._find(reference):
            return joined
        raise Refused("not_joined")

    def _find(self, reference: str) -> _Joined | None:
        """The room that is meant, by id or code in any spelling, as in ``Actions.access``."""
        for joined in self._joined.values():
            if reference in {joined.room.code, str(joined.room.id)}:
                return joined
        code, configuration_id = as_code(reference), as_id(reference)
        for joined in self._joined.values():
            if code == joined.room.code or configuration_id == joined.room.id:
                return joined
        return None

    def _send(self, message: FromServer) -> None:
        self._reply = Frame.of(message)
        self._deliver(self._reply)
