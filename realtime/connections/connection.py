"""The connection of one peer: a browser tab, a socket or a program, whatever the transport.

Transports only move text: they call ``receive`` with each message that arrives, one at a time, and
write the frames that their ``deliver`` puts into the outbox. Everything that a client can do is
decided here and in ``actions``, so all transports behave alike.

    Connection       reads, answers and refuses messages, one at a time
    Pace             says which messages are too many                         (pace.py)
    ConnectedPerson  has principal, joined rooms and subscription             (connected_person.py)
"""

import asyncio
from collections.abc import Callable
from typing import assert_never

import msgspec
import structlog

from configurator.people.roles import Permission, Role
from configurator.protocol import codec
from configurator.protocol.code import Code
from configurator.protocol.codes import CODES, Refused
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
    Presence,
    Welcome,
)
from configurator.protocol.sharing import AccessOf, EndLink, Invite, Remove
from configurator.protocol.watching import Track, Unwatch, Unwatched, Watch, Watching
from realtime.actions.access import Admission
from realtime.connections.connected_person import ConnectedPerson, Stage
from realtime.connections.pace import Pace
from realtime.connections.services import Services
from realtime.connections.visits import ConnectionVisit
from realtime.delivery.frame import Frame
from realtime.delivery.outbox import Deliver
from realtime.limits.connections import ConnectionLimits
from realtime.people.principal import Principal
from realtime.rooms.room import Room
from storage.errors import StorageUnavailable

log = structlog.get_logger()

_SPOKEN = f"this server speaks {OLDEST_PROTOCOL} to {PROTOCOL}"

NOT_JUDGED = frozenset({CODES["unavailable"], CODES["internal"]})
"""A first hello that fails for one of these reasons, which are the server's, ends the connection;
the client tries again on a new one."""

UPDATE_MS = 5000
"""Milliseconds after which a client newer than this process tries again: an update is running."""


class Connection:
    """The connection of one peer.

    ``deliver`` queues a frame for it; ``hang_up`` ends its transport with a code.
    """

    def __init__(
        self,
        *,
        connection_id: str,
        services: Services,
        deliver: Deliver,
        hang_up: Callable[[Code], None],
        principal: Principal | None,
        visit: ConnectionVisit,
        limits: ConnectionLimits | None = None,
        seen: bool = True,
        ended: Callable[[], None] = lambda: None,
    ) -> None:
        """The peer is in no room yet.

        ``limits`` may outlive the connection; without them it has its own. ``seen=False`` hides the
        peer until it is heard of. ``ended`` is called when it is signed out.
        """
        self.id = connection_id
        self._services = services
        self._deliver = deliver
        self._hang_up = hang_up
        self._visit = visit
        self._limits = limits or services.limits.of_connection()
        self._person = ConnectedPerson(
            connection_id=connection_id,
            services=services,
            deliver=deliver,
            principal=principal,
            visit=visit,
            seen=seen,
            ended=ended,
        )
        self._pace = Pace(self._limits, connection_id, self._person)
        self.turn = asyncio.Lock()
        """Held while one message is handled."""
        self._beats = False
        """Set by a hello that promises a heartbeat of the program itself."""
        self._reply: Frame | None = None
        """The answer to the message that is being handled; None before there is one."""

    @property
    def welcomed(self) -> bool:
        """Whether a hello was accepted and the transport is still open."""
        return self._person.stage is Stage.OPEN

    async def receive(self, text: str | bytes) -> Frame | None:
        """Handle one message of the client, in the order of the calls; returns the reply, if any."""
        self._person.life.heard()
        async with self.turn:
            self._reply = None
            await self._receive(text)
            # Not kept until the next message: a snapshot is large.
            reply, self._reply = self._reply, None
            return reply

    def watch_life(self) -> None:
        """Hide the peer, from now on, while it gives no sign of life. The transport asks for signs."""
        self._person.life.watch()

    def heard(self) -> None:
        """Note a sign of life at the transport.

        Of a peer that promised a heartbeat only messages count as signs of life.
        """
        if not self._beats:
            self._person.life.heard()

    async def close(self) -> None:
        """Leave every room. Safe to call twice."""
        self._person.close()
        self._pace.close()

    async def _receive(self, text: str | bytes) -> None:
        message: FromClient | None = None
        try:
            try:
                message = codec.decode(text)
            finally:
                self._pace.admit(message)  # an unreadable message is charged, too: it costs as much
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
        opening = isinstance(message, Hello) and self._person.stage is Stage.OPENING
        if refused.code.close is not None or (opening and refused.code in NOT_JUDGED):
            self._hang_up(refused.code)

    async def _dispatch(self, message: FromClient) -> None:
        if self._person.stage is Stage.OPENING and not isinstance(message, Hello | Ping):
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
                self._person.end_watch()
                self._send(Unwatched(re=message.id))
            case Invite() | AccessOf() | EndLink() | Remove():
                sharing, at = self._services.sharing, self._visit.visitor.network
                answer = await sharing.answer(self._person.known(), message, network=at)
                self._send(msgspec.structs.replace(answer, re=message.id))
            case _:
                await self._dispatch_in_room(message)

    async def _dispatch_in_room(self, message: Join | Leave | Op | OutcomeOf | Presence) -> None:
        match message:
            case Op():
                await self._op(message)
            case Join():
                self._reply = await self._person.join(message)
            case Leave():
                self._leave(message)
            case OutcomeOf():
                await self._outcome_of(message)
            case Presence():
                self._pace.place(message)
            case _:
                assert_never(message)

    # ---- the person

    async def _hello(self, message: Hello) -> None:
        if message.protocol < OLDEST_PROTOCOL:
            raise Refused("client_too_old", detail=_SPOKEN)
        if message.protocol > PROTOCOL:
            raise Refused("client_too_new", detail=_SPOKEN, retry_after_ms=UPDATE_MS)
        if message.token is not None:
            self._person.change_to(await self._services.authenticate(message.token))
        principal = self._person.known()
        self._person.arrive(principal)
        self._beats = message.heartbeat_ms is not None
        if self._visit.name(message.session_id):
            await self._person.link_rooms(principal)
        self.welcome(re=message.id)

    def welcome(self, *, re: str | None = None) -> None:
        """Greet the principal; from now on all messages are understood."""
        self._person.welcome()
        principal = self._person.principal
        self._send(
            Welcome(
                re=re,
                protocol=PROTOCOL,
                connection=self.id,
                person=principal.person if principal else None,
                session_id=self._visit.session_id,
            )
        )

    async def _introduce(self, message: Introduce) -> None:
        principal = await self._services.actions.people.introduce(
            self._person.known(), message.name
        )
        self._person.show_as(principal)
        self._send(Introduced(re=message.id, person=principal.person))

    async def _watch(self, message: Watch) -> None:
        subscription = await self._person.watch(message)
        if subscription is not None:
            # The welcome goes first: the frames after it begin at the position that it names.
            self._send(Watching(re=message.id, since=subscription.since))
            subscription.start()

    # ---- configurations

    async def enter(self, access: Admission) -> None:
        """Become a member without a message: a snapshot is delivered, then everything new."""
        await self._person.enter(access)

    def _leave(self, message: Leave) -> None:
        room_id = self._person.joined(message.configuration).room.id
        self._person.let_go(room_id)
        self._send(Left(re=message.id, configuration=room_id))

    async def _op(self, message: Op) -> None:
        room, role = await self._room_of_op(message)
        outcome = await self._services.actions.submit(
            self._person.known(), room.id, role, message.request(), author_connection=self.id
        )
        self._send(msgspec.structs.replace(outcome, re=message.id))

    async def _room_of_op(self, message: Op) -> tuple[Room, Role]:
        """The room that an op belongs to, and its author's role there.

        An op needs no join before it, as over REST: Socket.IO clients send queued messages on
        connect, before their program can join.
        """
        joined = self._person.find(message.configuration)
        if joined is not None:
            return joined.room, joined.role
        principal = self._person.known()
        room, role = await self._services.actions.rejoin(principal, message.configuration)
        if role.may(Permission.EDIT):
            self._pace.admit_to(room.id)
        return room, role

    async def _outcome_of(self, message: OutcomeOf) -> None:
        actions = self._services.actions
        room, _ = await actions.rejoin(self._person.known(), message.configuration)
        outcome = await actions.outcome_of(room.id, message.op_id, author_connection=self.id)
        self._send(msgspec.structs.replace(outcome, re=message.id))

    def _send(self, message: FromServer) -> None:
        self._reply = Frame.of(message)
        self._deliver(self._reply)
