"""The in-process transport: a page of this process is a member without a socket of its own.

The GET of a page takes a first sight of the house and leaves nothing behind. When the page's socket
connects, to this or another process, a tab is opened, which joins the house with its position.
Frames are handed to the page once per turn of the event loop. A page whose browser is away drops
them instead of piling them up; when the browser is back, it asks by ``join`` with its position.
"""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import Self
from uuid import UUID

import structlog
from starlette.requests import HTTPConnection

from configurator.activity.visitor import VisitorTraits
from configurator.protocol.code import Code
from configurator.protocol.codes import Refused
from realtime.actions.access import Admission
from realtime.connections.connection import Connection
from realtime.connections.services import Services
from realtime.connections.visits import PAGE, ConnectionVisit
from realtime.delivery.frame import Frame
from realtime.delivery.outbox import Outbox, SnapshotInstead
from realtime.delivery.page import HangUp, SendText
from realtime.people.auth import Authenticator
from realtime.people.networks import network_in
from realtime.people.principal import Principal, Staff
from storage.errors import StorageError
from storage.outage import UnlessAway
from storage.postgres.activity.sessions import PREFETCH, CurrentSession

log = structlog.get_logger()


@dataclass(frozen=True, slots=True, kw_only=True)
class FirstSight:
    """A house as it is now: `frames` are the welcome and the snapshot of its first paint."""

    frames: list[str]
    catalogue_json: str
    fetched_ahead: bool


class OpenedPage:
    """A tab that may join its house. Its transport delivers nothing before ``start``."""

    def __init__(
        self,
        *,
        connection_id: str,
        services: Services,
        principal: Principal,
        visit: ConnectionVisit,
        send: SendText,
        network: str,
        hang_up: HangUp,
        ended: Callable[[], None],
        configuration: str = "",
        fetched_ahead: bool = False,
    ) -> None:
        self.configuration = configuration
        self._send = send
        self._end_page = hang_up
        self._actions = services.actions
        self._principal = principal
        self._visit = visit
        self._spoke = False
        self._fetched_ahead = fetched_ahead
        self._count_dropped = services.hub.count_dropped
        self._outbox = Outbox()
        self._scheduled = False
        self._started = False
        self._closed = False
        self._connection: Connection | None = Connection(
            connection_id=connection_id,
            services=services,
            deliver=self._deliver,
            hang_up=self._hang_up,
            principal=principal,
            visit=visit,
            seen=False,
            ended=ended,
            limits=services.limits.of_connection(network),
        )
        self._connection.welcome()

    @property
    def connection(self) -> Self:
        """The object that receives the texts of the page: this one."""
        return self

    async def enter(self, access: Admission) -> list[str]:
        """Become a hidden member; returns the frames that a member gets first."""
        assert self._connection is not None  # noqa: S101 - it is not closed
        await self._connection.enter(access)
        return [frame.json.decode() for frame in self._outbox.drain()]

    def start(self) -> None:
        """Send frames from now on, the welcome first."""
        self._started = True
        self._flush()

    async def receive(self, text: str) -> Frame | None:
        """Handle one message. The first one shows that a person looks at the page.

        A page that the browser fetched ahead sends nothing until a person opens it.
        """
        self._spoke = True
        if self._connection is None:
            return None
        reply = await self._connection.receive(text)
        if self._fetched_ahead and self._visit.session_id is not None:
            self._fetched_ahead = False
            await self._wake(self._visit.session_id)
        return reply

    def heard(self) -> None:
        """Note a sign of life of the browser; ignored before the first message.

        Until then the browser may have fetched the page ahead, and show it to nobody.
        """
        if self._spoke and self._connection is not None:
            self._connection.heard()

    async def _wake(self, session_id: str) -> None:
        try:
            await self._actions.visits.woke(self._principal, session_id)
        except StorageError as away:
            log.warning("store_away", step="page", reason=str(away)[:200])

    async def close(self) -> None:
        """Leave the room and forget the tab. Safe to call twice.

        Page and connection refer to each other; this breaks the cycle.
        """
        connection, self._connection = self._connection, None
        if connection is not None:
            await connection.close()
        self._closed = True

    def _deliver(
        self, frame: Frame, *, key: object | None = None, instead: SnapshotInstead | None = None
    ) -> None:
        if self._closed:
            return
        before = self._outbox.dropped
        self._outbox.put(frame, key=key, instead=instead)
        self._count_dropped(self._outbox.dropped - before)
        if self._started and not self._scheduled:
            self._scheduled = True
            asyncio.get_running_loop().call_soon(self._flush)

    def _flush(self) -> None:
        self._scheduled = False
        for frame in self._outbox.drain():
            self._send(frame.json.decode())

    def _hang_up(self, code: Code) -> None:
        """Send the frames that wait, then end the page: the last frame says why."""
        if self._started:
            self._flush()
        self._end_page(code)


class Pages:
    """Lets browser tabs into configurations: a tab is a member, its page the transport."""

    def __init__(
        self,
        *,
        services: Services,
        authenticator: Authenticator,
        new_connection_id: Callable[[], str],
        unless_away: UnlessAway,
    ) -> None:
        self._services = services
        self._authenticator = authenticator
        self._unless_away = unless_away
        self._new_connection_id = new_connection_id

    async def look(
        self,
        *,
        configuration_code: str,
        person_token: str | None,
        asking: HTTPConnection,
        admin: Staff | None,
    ) -> FirstSight | None:
        """The content of the first paint; None if there is no such house, or no access to it.

        ``asking`` is the request for the page: no session is kept for a visitor who objects in it,
        nor for HEAD, after which nobody sees a page. ``admin`` looks at the house in place of the
        person. No member stays in the house. Raises StorageUnavailable.
        """
        principal: Principal | None = admin
        if principal is None:
            principal = await self._unless_away(partial(self._person, person_token))
        if principal is None:
            return None
        try:
            visitor = self._services.visitor_reader.visitor(asking)
            found = partial(self._found, principal, configuration_code, asking, visitor)
            access, session, catalogue_json = await self._unless_away(found)
            page = OpenedPage(
                connection_id=self._new_connection_id(),
                services=self._services,
                principal=principal,
                visit=ConnectionVisit(
                    visitor=visitor,
                    source=PAGE,
                    session_id=session.key if session is not None else None,
                ),
                send=_sent_nowhere,
                hang_up=_hung_up_nowhere,
                network=network_in(asking.scope),
                ended=_ended_nowhere,
            )
            try:
                frames = await self._unless_away(partial(page.enter, access))
            finally:
                await page.close()
        except Refused:
            return None
        return FirstSight(
            frames=frames,
            catalogue_json=catalogue_json,
            fetched_ahead=session is not None and visitor.bot == PREFETCH,
        )

    async def open(
        self,
        *,
        configuration_code: str,
        person_token: str | None,
        send: SendText,
        hang_up: HangUp,
        asking: HTTPConnection,
        admin: Staff | None,
        fetched_ahead: bool = False,
        returning: bool = False,
        ended: Callable[[], None] = lambda: None,
    ) -> OpenedPage | None:
        """A tab that may join the house; None where ``look`` returns None.

        ``returning`` says that the tab was open before, here or in another process. In that case
        the tab of a known person is opened even if their access has ended, with ``configuration``
        "" and in no house. Its ``join`` is refused with ``not_found``, as on any socket: the answer
        is the same whether their access ended, they never had any, or there is no such house.

        ``asking`` is the request of its socket; the tab names its session in a hello. With
        ``fetched_ahead`` the session counts as a visit only from the tab's first message on. The
        tab of an ``admin`` leaves the house when their session ends. ``ended`` is called then, or
        when the person's token ends. A wrong code counts as a guess by its network. Raises
        StorageUnavailable.
        """
        principal: Principal | None = admin
        if principal is None:
            principal = await self._unless_away(partial(self._person, person_token))
        if principal is None:
            return None
        network = network_in(asking.scope)
        limits = self._services.limits.of_connection(network)
        visitor = self._services.visitor_reader.visitor(asking)
        configuration = ""
        try:
            limits.check(0 if admin else limits.guess(), together=False)
            rejoin = partial(
                self._services.actions.rejoin,
                principal,
                configuration_code,
                network=visitor.network,
            )
            room, _ = await self._unless_away(rejoin)
            configuration = str(room.id)
        except Refused as refused:
            if not returning:  # the refusal of its join counts as the guess
                limits.note(refused)
                return None
        return OpenedPage(
            connection_id=self._new_connection_id(),
            services=self._services,
            principal=principal,
            visit=ConnectionVisit(visitor=visitor, source=PAGE),
            send=send,
            hang_up=hang_up,
            network=network,
            ended=ended,
            configuration=configuration,
            fetched_ahead=fetched_ahead,
        )

    async def _person(self, token: str | None) -> Principal | None:
        return await self._authenticator.by_token(token) if token else None

    async def _found(
        self, principal: Principal, code: str, asking: HTTPConnection, visitor: VisitorTraits
    ) -> tuple[Admission, CurrentSession | None, str]:
        """The house, the session of the visit if one is kept, and the catalogue as JSON."""
        access = await self._services.actions.access(principal, code, network=visitor.network)
        session = None
        if asking.scope.get("method") != "HEAD":
            session = await self._session(principal, visitor, access.configuration.id)
        catalogues = self._services.actions.catalogues
        return (
            access,
            session,
            catalogues.json(await catalogues.get(access.configuration.catalogue_id)),
        )

    async def _session(
        self, principal: Principal, visitor: VisitorTraits, configuration_id: UUID
    ) -> CurrentSession | None:
        if isinstance(principal, Staff) or visitor.objection is not None:
            return None
        actions = self._services.actions
        return await actions.visits.session(principal, configuration_id, bot_reason=visitor.bot)


def _sent_nowhere(_frame: str) -> None:
    """Ignore frames: nothing is sent after a first sight."""


def _hung_up_nowhere(_code: Code) -> None:
    """A first sight has no transport."""


def _ended_nowhere() -> None:
    """A first sight is over before a session or token can end."""
