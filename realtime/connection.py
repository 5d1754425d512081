"""One peer - a browser tab, a socket, a program - whatever the transport.

Transports only move text: they call ``receive`` with what arrived, one message at a time, and write
what the ``deliver`` they gave puts in their outbox. Everything a client can do is decided here and
in ``actions``, so no transport can drift from another.
"""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Protocol, assert_never
from uuid import UUID

import msgspec
import structlog

from configurator.access import Role
from configurator.presence import Member, initials
from configurator.protocol import codec
from configurator.protocol.codes import Code, Refused
from configurator.protocol.messages import (
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
    OpRequest,
    Ping,
    Pong,
    Position,
    Presence,
    Track,
    Tracked,
    Welcome,
)
from realtime.actions import Access, Actions, as_code, as_id
from realtime.frame import Frame
from realtime.hub import Hub
from realtime.membership import Attachment, Deliver
from realtime.principal import Principal
from realtime.room import Room
from storage.errors import StorageUnavailable

log = structlog.get_logger()

ROOMS_MAX = 8
"""So many configurations can one connection be in at once."""


class Tracker(Protocol):
    """Stores one interaction and answers when it is stored."""

    async def track(
        self, *, session_id: str, interaction: bytes, event_id: UUID | None, source: str
    ) -> tuple[UUID, bool]:
        """The event's id and whether it was known. Raises Refused, StorageUnavailable."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Services:
    """What every connection of a process uses."""

    hub: Hub
    actions: Actions
    tracker: Tracker
    authenticate: Callable[[str], Awaitable[Principal | None]]


@dataclass(slots=True)
class _Joined:
    room: Room
    role: Role


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
        source: str,
        session_id: str | None = None,
    ) -> None:
        self.id = connection_id
        self.principal = principal
        self._services = services
        self._deliver = deliver
        self._hang_up = hang_up
        self._source = source
        self._session_id = session_id
        self._joined: dict[UUID, _Joined] = {}
        self._turn = asyncio.Lock()
        self._reply: Frame | None = None
        self.welcomed = False

    async def receive(self, text: str | bytes) -> Frame | None:
        """Handle one message of the client; messages are handled in the order of the calls.

        Returns:
            The reply, which was also delivered; None where a message has no reply.
        """
        async with self._turn:
            self._reply = None
            await self._receive(text)
            return self._reply

    async def close(self) -> None:
        """Leave every room. Safe to call twice."""
        for joined in self._joined.values():
            joined.room.members.remove(self.id)
        self._joined.clear()

    async def _receive(self, text: str | bytes) -> None:
        message: FromClient | None = None
        try:
            message = codec.decode(text)
            await self._dispatch(message)
        except Refused as refused:
            self._refuse(refused, text, message)
        except StorageUnavailable as away:
            code = "not_saved" if isinstance(message, Op) else "unavailable"
            retry_after_ms = max(int(away.retry_after_seconds * 1000), 100)
            log.info("request_not_served", code=code, reason=str(away)[:200])
            self._refuse(Refused(code, retry_after_ms=retry_after_ms), text, message)
        except Exception:
            log.exception("message_failed", connection=self.id, source=self._source)
            self._refuse(Refused("internal", retry_after_ms=1000), text, message)

    def _refuse(self, refused: Refused, text: str | bytes, message: FromClient | None) -> None:
        re = message.id if message is not None else codec.message_id(text)
        op_id = message.op_id if isinstance(message, Op) else None
        self._send(codec.error(refused, re=re, op_id=op_id))
        if refused.code.close is not None:
            self._hang_up(refused.code)

    async def _dispatch(self, message: FromClient) -> None:
        if not self.welcomed and not isinstance(message, Hello | Ping):
            raise Refused("hello_first")
        match message:
            case Hello():
                await self._hello(message)
            case Ping():
                self._send(Pong(re=message.id))
            case Op():
                await self._op(message)
            case Join():
                await self._join(message)
            case Leave():
                self._leave(message)
            case Presence():
                self._presence(message)
            case Introduce():
                await self._introduce(message)
            case Track():
                await self._track(message)
            case _:
                assert_never(message)

    async def _hello(self, message: Hello) -> None:
        if message.protocol != PROTOCOL:
            raise Refused("client_too_old", detail=f"this server speaks {PROTOCOL}")
        if message.token is not None:
            self.principal = await self._services.authenticate(message.token)
        if self.principal is None:
            raise Refused("not_authenticated")
        self.welcome(re=message.id)

    def welcome(self, *, re: str | None = None) -> None:
        """Open the connection for its principal."""
        self.welcomed = True
        self._send(
            Welcome(
                re=re,
                protocol=PROTOCOL,
                connection=self.id,
                person=self.principal.person if self.principal else None,
                session_id=self._session_id,
            )
        )

    async def _join(self, message: Join) -> None:
        access = await self._services.actions.access(self._known(), message.configuration)
        if len(self._joined) >= ROOMS_MAX and access.configuration.id not in self._joined:
            raise Refused("already_joined")
        await self.enter(access, since=message.since, re=message.id)

    async def enter(
        self, access: Access, *, since: Position | None = None, re: str | None = None
    ) -> None:
        """Become a member: the missed ops or a snapshot are delivered, then everything new."""
        person = self._known().person
        room = await self._services.hub.room(access.configuration.id)
        if access.configuration.version > room.version:
            await room.catch_up()
        if since is not None:
            await room.reach(since)
        room.members.remove(self.id)
        self._joined[room.id] = _Joined(room, access.role)
        member = Member(
            connection=self.id,
            person=person.id,
            name=person.name,
            initials=initials(person.name),
            colour=person.colour,
            role=access.role,
        )
        self._reply = room.attach(
            Attachment(member=member, deliver=self._deliver), since=since, re=re
        )

    def _leave(self, message: Leave) -> None:
        joined = self._room(message.configuration)
        joined.room.members.remove(self.id)
        del self._joined[joined.room.id]
        self._send(Left(re=message.id, configuration=joined.room.id))

    async def _op(self, message: Op) -> None:
        joined = self._room(message.configuration)
        outcome = await self._services.actions.submit(
            self._known(),
            joined.room.id,
            joined.role,
            OpRequest(
                op_id=message.op_id,
                base_version=message.base_version,
                operation=message.operation,
                guarded=message.guarded,
            ),
        )
        joined.room.show_to(self.id)
        self._send(msgspec.structs.replace(outcome, re=message.id))

    def _presence(self, message: Presence) -> None:
        joined = self._room(message.configuration)
        joined.room.members.place(self.id, category=message.category, view=message.view)

    async def _introduce(self, message: Introduce) -> None:
        self.principal = await self._services.actions.introduce(self._known(), message.name)
        for joined in self._joined.values():
            joined.room.members.rename(self.id, self.principal.person)
        self._send(Introduced(re=message.id, person=self.principal.person))

    async def _track(self, message: Track) -> None:
        event_id, duplicate = await self._services.tracker.track(
            session_id=message.session_id,
            interaction=bytes(message.interaction),
            event_id=message.event_id,
            source=self._source,
        )
        self._send(Tracked(re=message.id, event_id=event_id, duplicate=duplicate))

    def _known(self) -> Principal:
        if self.principal is None:
            raise Refused("not_authenticated")
        return self.principal

    def _room(self, reference: str) -> _Joined:
        """The room that is meant, by id or code in any spelling, as in ``Actions.access``."""
        for joined in self._joined.values():
            if reference in {joined.room.code, str(joined.room.id)}:
                return joined
        code, configuration_id = as_code(reference), as_id(reference)
        for joined in self._joined.values():
            if code == joined.room.code or configuration_id == joined.room.id:
                return joined
        raise Refused("not_joined")

    def _send(self, message: FromServer) -> None:
        self._reply = Frame.of(message)
        self._deliver(self._reply)
