"""In-process: a page of this process is a member like any other, without a socket of its own.

GET for a page takes a first sight of the house and leaves nothing behind. When the socket of the page
comes, in this or another process, a tab is opened, which joins the house by its position.

Frames are handed over in one go per turn of the event loop. A page whose browser is away drops
them (it asks again by ``join`` with its position when it is back) instead of letting them pile up.
"""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import Self
from uuid import UUID

import structlog
from starlette.requests import HTTPConnection

from configurator.protocol.codes import Code, Refused
from configurator.visitor import Visitor
from realtime.actions import Access
from realtime.auth import Authenticator
from realtime.connection import Connection
from realtime.door import network_in
from realtime.frame import Frame
from realtime.outbox import Lapse, Outbox
from realtime.principal import Principal
from realtime.readiness import UnlessAway
from realtime.services import Services
from realtime.visits import PAGE, Visit
from storage.errors import StorageError
from storage.postgres.sessions import PREFETCH, CurrentSession

log = structlog.get_logger()

Send = Callable[[str], None]
HangUp = Callable[[Code], None]


@dataclass(frozen=True, slots=True, kw_only=True)
class FirstSight:
    """A house as it is just now: `frames` are the welcome and the snapshot of its first paint."""

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
        visit: Visit,
        send: Send,
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
        """Where the texts of the page go."""
        return self

    async def enter(self, access: Access) -> list[str]:
        """Become a member, whom nobody sees; the frames that a member is sent first."""
        assert self._connection is not None  # noqa: S101 - it is not closed
        await self._connection.enter(access)
        return [frame.json.decode() for frame in self._outbox.drain()]

    def start(self) -> None:
        """From now on frames are sent, the welcome first."""
        self._started = True
        self._flush()

    async def receive(self, text: str) -> Frame | None:
        """Handle one message. The first is the page's sign of life: somebody looks at it.

        A page that is shown before somebody goes there sends nothing.
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
        """The browser gave a sign of life; before the first message it may be showing it to nobody."""
        if self._spoke and self._connection is not None:
            self._connection.heard()

    async def _wake(self, session_id: str) -> None:
        try:
            await self._actions.woke(self._principal, session_id)
        except StorageError as away:
            log.warning("store_away", step="page", reason=str(away)[:200])

    async def close(self) -> None:
        """Leave the room and forget the tab. Safe to call twice.

        The connection holds on to its page and the page to its connection: one of them lets go.
        """
        connection, self._connection = self._connection, None
        if connection is not None:
            await connection.close()
        self._closed = True

    def _deliver(
        self, frame: Frame, *, key: object | None = None, lapse: Lapse | None = None
    ) -> None:
        if self._closed:
            return
        before = self._outbox.dropped
        self._outbox.put(frame, key=key, lapse=lapse)
        self._count_dropped(self._outbox.dropped - before)
        if self._started and not self._scheduled:
            self._scheduled = True
            asyncio.get_running_loop().call_soon(self._flush)

    def _flush(self) -> None:
        self._scheduled = False
        for frame in self._outbox.drain():
            self._send(frame.json.decode())

    def _hang_up(self, code: Code) -> None:
        """End the page after the frames that wait: the last one says why."""
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
        admin: Principal | None,
    ) -> FirstSight | None:
        """What the first paint shows, or None when the link is wrong or the house is somebody else's.

        ``asking`` is the request for the page: no session is kept of a visitor who objects in it,
        nor of HEAD, after which nobody sees a page. ``admin``: who looks on instead of the person.
        Nobody stays in the house. Raises StorageUnavailable.
        """
        principal = admin or await self._unless_away(partial(self._person, person_token))
        if principal is None:
            return None
        try:
            visitor = self._services.door.visitor(asking)
            found = partial(self._found, principal, configuration_code, asking, visitor)
            access, session, catalogue_json = await self._unless_away(found)
            page = OpenedPage(
                connection_id=self._new_connection_id(),
                services=self._services,
                principal=principal,
                visit=Visit(
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
        send: Send,
        hang_up: HangUp,
        asking: HTTPConnection,
        admin: Principal | None,
        fetched_ahead: bool = False,
        returning: bool = False,
        ended: Callable[[], None] = lambda: None,
    ) -> OpenedPage | None:
        """A tab that may join the house; None as for ``look``.

        ``returning``: the tab was open before, here or in another process. Also the tab of somebody
        known whose access has ended meanwhile is opened then, with ``configuration`` "" and in no
        house: its ``join`` is refused with ``not_found``, as on any socket, and so in the same words
        for a house that ended, never was, or never was theirs.

        ``asking`` is the request of its socket; of what session it is the tab says in a hello.
        ``fetched_ahead``: its session is nobody's yet, and somebody's from its first message on. A page
        of an ``admin`` leaves the house when their session ends. ``ended`` is called when that
        happens, or when the person's token is over. A wrong link counts as a guess of its network.
        Raises StorageUnavailable.
        """
        principal = admin or await self._unless_away(partial(self._person, person_token))
        if principal is None:
            return None
        network = network_in(asking.scope)
        limits = self._services.limits.of_connection(network)
        visitor = self._services.door.visitor(asking)
        configuration = ""
        try:
            limits.check(0 if admin else limits.guess(), together=False)
            way_back = partial(
                self._services.actions.way_back,
                principal,
                configuration_code,
                network=visitor.network,
            )
            room, _ = await self._unless_away(way_back)
            configuration = str(room.id)
        except Refused as refused:
            if not returning:  # the answer to its join counts as a guess
                limits.note(refused)
                return None
        return OpenedPage(
            connection_id=self._new_connection_id(),
            services=self._services,
            principal=principal,
            visit=Visit(visitor=visitor, source=PAGE),
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
        self, principal: Principal, code: str, asking: HTTPConnection, visitor: Visitor
    ) -> tuple[Access, CurrentSession | None, str]:
        """The house, the session of the visit if one is kept, and the catalogue as JSON."""
        access = await self._services.actions.access(principal, code, network=visitor.network)
        session = None
        if asking.scope.get("method") != "HEAD":
            session = await self._session(principal, visitor, access.configuration.id)
        shelf = self._services.actions.catalogues
        return access, session, shelf.json(await shelf.get(access.configuration.catalogue_id))

    async def _session(
        self, principal: Principal, visitor: Visitor, configuration_id: UUID
    ) -> CurrentSession | None:
        if principal.admin or visitor.objection is not None:
            return None
        actions = self._services.actions
        return await actions.session(principal, configuration_id, bot_reason=visitor.bot)


def _sent_nowhere(_frame: str) -> None:
    """Of a first sight nothing is sent afterwards."""


def _hung_up_nowhere(_code: Code) -> None:
    """A first sight has no transport."""


def _ended_nowhere() -> None:
    """A first sight is over before anything it depends on."""
