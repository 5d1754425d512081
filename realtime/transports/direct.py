"""In-process: a page of this process is a member like any other, without a socket of its own.

Frames are handed over in one go per turn of the event loop. A page whose browser is away drops
them (it asks again by ``join`` with its position when it is back) instead of letting them pile up.
"""

import asyncio
from collections.abc import Callable
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


class OpenedPage:
    """A tab that was let in.

    ``initial_frames`` are its welcome and snapshot, ``catalogue_json`` is the catalogue of its house.
    """

    def __init__(
        self,
        *,
        connection_id: str,
        services: Services,
        principal: Principal,
        visitor: Visitor,
        session: CurrentSession | None,
        catalogue_json: str,
        send: Send,
        network: str,
        hang_up: HangUp,
        ended: Callable[[], None],
    ) -> None:
        self.catalogue_json = catalogue_json
        self._send = send
        self._end_page = hang_up
        self._actions = services.actions
        self._spoke = False
        self._fetched_ahead = session.id if session and visitor.bot == PREFETCH else None
        self._count_dropped = services.hub.count_dropped
        self._outbox = Outbox()
        self._scheduled = False
        self._built = False
        self._closed = False
        self.initial_frames: list[str] = []
        self._connection = Connection(
            connection_id=connection_id,
            services=services,
            deliver=self._deliver,
            hang_up=self._hang_up,
            principal=principal,
            visit=Visit(
                visitor=visitor,
                source=PAGE,
                session_id=session.key if session is not None else None,
            ),
            seen=False,
            ended=ended,
            limits=services.limits.of_connection(network),
        )
        self._connection.welcome()

    @property
    def connection(self) -> Self:
        """Where the texts of the page go."""
        return self

    async def enter(self, access: Access) -> None:
        """Become a member, whom nobody sees before the page gives a sign of life."""
        await self._connection.enter(access)

    async def receive(self, text: str) -> Frame | None:
        """Handle one message. The first is the page's sign of life: somebody looks at it.

        A page that is fetched ahead, or shown before somebody goes there, sends nothing.
        """
        self._spoke = True
        if self._fetched_ahead is not None:
            session_id, self._fetched_ahead = self._fetched_ahead, None
            await self._wake(session_id)
        return await self._connection.receive(text)

    def heard(self) -> None:
        """The browser gave a sign of life; before the first message it may be showing it to nobody."""
        if self._spoke:
            self._connection.heard()

    async def _wake(self, session_id: UUID) -> None:
        try:
            await self._actions.woke(session_id)
        except StorageError as away:
            log.warning("store_away", step="page", reason=str(away)[:200])

    def built(self) -> None:
        """What was delivered so far is the first paint; from now on frames are sent."""
        self.initial_frames = [frame.json.decode() for frame in self._outbox.drain()]
        self._built = True

    async def close(self) -> None:
        """Leave the room and forget the tab. Safe to call twice."""
        await self._connection.close()
        self._closed = True

    def _deliver(
        self, frame: Frame, *, key: object | None = None, lapse: Lapse | None = None
    ) -> None:
        if self._closed:
            return
        before = self._outbox.dropped
        self._outbox.put(frame, key=key, lapse=lapse)
        self._count_dropped(self._outbox.dropped - before)
        if self._built and not self._scheduled:
            self._scheduled = True
            asyncio.get_running_loop().call_soon(self._flush)

    def _flush(self) -> None:
        self._scheduled = False
        for frame in self._outbox.drain():
            self._send(frame.json.decode())

    def _hang_up(self, code: Code) -> None:
        """End the page after the frames that wait: the last one says why."""
        if self._built:
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

    async def open(
        self,
        *,
        configuration_code: str,
        person_token: str | None,
        send: Send,
        hang_up: HangUp,
        asking: HTTPConnection,
        language: str,  # noqa: ARG002 - frames carry both languages
        admin: Principal | None,
        ended: Callable[[], None] = lambda: None,
    ) -> OpenedPage | None:
        """The opened tab, or None when the link is wrong or the house is somebody else's.

        ``asking`` is the request for the page: no session is kept of a visitor who objects in it,
        nor of HEAD, after which nobody sees a page. ``admin``: who looks on instead of the person;
        their page leaves the house when their session ends. ``ended`` is called when that happens,
        or when the person's token is over.
        Raises StorageUnavailable.
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
                visitor=visitor,
                session=session,
                catalogue_json=catalogue_json,
                send=send,
                network=network_in(asking.scope),
                hang_up=hang_up,
                ended=ended,
            )
            await self._unless_away(partial(page.enter, access))
        except Refused:
            return None
        page.built()
        return page

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
