"""The client: your identity, the connection, and the houses that you have joined."""

import asyncio
from collections.abc import AsyncGenerator, Sequence
from random import Random
from types import TracebackType
from typing import Self
from uuid import UUID

from nest_haus_client.answers import Answers, Said
from nest_haus_client.connecting.addresses import meant, origin
from nest_haus_client.connecting.admission import Admission
from nest_haus_client.connecting.connection import Connection
from nest_haus_client.connecting.credential import Credential, GivenToken
from nest_haus_client.core.sendable import check_sendable
from nest_haus_client.core.session import Session
from nest_haus_client.errors import ClientClosed, ClientError, NotAdmitted, Refused, Unreachable
from nest_haus_client.events import Status, StatusName
from nest_haus_client.house import House
from nest_haus_client.houses import Houses, PendingOps
from nest_haus_client.messages import (
    Activity,
    ActivityFilter,
    Introduce,
    Introduced,
    OutcomeOf,
    Person,
)
from nest_haus_client.rest import Created, LoggedOp, Rest, StoredHouse, Ticket
from nest_haus_client.sharing import (
    AccessList,
    LinkEnded,
    Removed,
    Share,
    SharedRole,
    WithLink,
    WithPerson,
)
from nest_haus_client.watcher import batches

QUEUED_OPS_MAX = 1000
"""The most ops of a house that wait for their outcome, by default."""

CONNECT_SECONDS = 30.0
"""Seconds within which the first connection must succeed, by default."""


class Client:
    """A connection that is renewed whenever it is lost, and the houses that were joined over it.

    ``token`` is a person's (``Client.register`` makes one) or an admin session's; or a function,
    plain or async, that is called for one before every connection, and may return a ticket. A plain
    one must not block. If it raises Refused, that counts as the server's answer; after any other
    exception it is called again later. ``url`` may be several addresses of the same service, tried
    in turn; only the origin of each counts. ``pending`` is the result of an earlier client's
    ``pending_ops()``: those ops are sent again, with the same op_ids, when their houses are joined.
    ``session_id`` is the session of the visitor's tracked interactions: it is connected with the
    houses that are created or joined here, and an inquiry completes it.

    The first connection must succeed within ``connect_seconds``, else this client is closed and
    waiting calls raise ``Unreachable``; None tries without a limit, as for every later connection.
    Changes of the connection are also logged, by ``logging.getLogger("nest_haus_client")``.

    An async context manager; not safe across threads (``nest_haus_client.blocking`` is).
    """

    def __init__(
        self,
        url: str | Sequence[str],
        *,
        token: GivenToken | None,
        name: str = "nest-haus-client/python",
        queued_ops_max: int = QUEUED_OPS_MAX,
        pending: PendingOps | None = None,
        connect_seconds: float | None = CONNECT_SECONDS,
        session_id: str | None = None,
        random: Random | None = None,
    ) -> None:
        urls = [origin(each) for each in ([url] if isinstance(url, str) else url)]
        self.status: StatusName = "connecting"
        self.trouble: str | None = None
        self._random = random or Random()  # noqa: S311 - spreads reconnects, keeps no secret
        self._credential = Credential(token)
        self._rest = Rest(urls, self._credential)
        self._introduce_as: str | None = None
        self._register = False
        self._session_id = session_id
        self._session = Session(client=name, random=self._random, session_id=session_id)
        self._connection = Connection(
            urls,
            self._session,
            self._credential,
            random=self._random,
            heard=self.hear,
            tell=self._tell,
        )
        self._houses = Houses(queued_ops_max, self._random, left=pending)
        self._answers = Answers(self._session, self.wake)
        self._tasks = asyncio.TaskGroup()
        self._running: asyncio.Task[None] | None = None
        self._closed: ClientError | None = None
        self._admission = Admission(urls, connect_seconds)
        self._status_changed = asyncio.Event()

    @classmethod
    def register(
        cls,
        url: str | Sequence[str],
        *,
        name: str | None = None,
        connect_seconds: float | None = CONNECT_SECONDS,
        session_id: str | None = None,
    ) -> Self:
        """A client of a new person, created when the client is entered; others see ``name``.

        Keep ``token``: it is the only proof of this identity.
        """
        client = cls(url, token=None, connect_seconds=connect_seconds, session_id=session_id)
        client._register = True
        client._introduce_as = name
        return client

    async def __aenter__(self) -> Self:
        """Start connecting. Raises Refused, Unreachable if a person must be created first."""
        if self._register:
            self._credential.token = (await self._rest.register()).token
        if self._credential.token is None and not self._credential.asked_for:
            raise ValueError("A client needs a token; Client.register makes a new person.")
        await self._tasks.__aenter__()
        self._admission.begin(self._give_up)
        self._running = self._tasks.create_task(self._run(), name="nest-haus-client")
        if self._introduce_as is not None:
            try:
                await self.introduce(self._introduce_as)
            except BaseException as error:
                await self.__aexit__(type(error), error, error.__traceback__)
                raise
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        """Close: pending ops end with ClientClosed, which has their op_ids."""
        self._close(ClientClosed(self._houses.undecided()))
        if self._running is not None:
            self._running.cancel()
        # An error of the caller passes unchanged; the task group handles only a cancellation.
        if isinstance(error, asyncio.CancelledError):
            await self._tasks.__aexit__(kind, error, traceback)
        else:
            await self._tasks.__aexit__(None, None, None)

    # ---- identity and place

    @property
    def token(self) -> str:
        """The token, or the last one that was used. A secret."""
        return self._credential.token or ""

    @property
    def person(self) -> Person | None:
        """The person, according to the server; None before the first connection."""
        return self._session.person

    async def introduce(self, name: str) -> Person:
        """Set the name that others see. Raises Refused, ClientClosed."""
        self._session.person = (await self.ask(Introduce(name=name), Introduced)).person
        return self._session.person

    # ---- over HTTP

    async def create(self, *, catalogue: str | None = None) -> Created:
        """Make a configuration at the defaults; join it by its ``code``.

        Raises Refused, Unreachable.
        """
        return await self._rest.create(catalogue, self._session_id)

    async def share(
        self,
        reference: str,
        role: SharedRole = "editor",
        *,
        lifetime_hours: int | None = None,
        uses_max: int | None = None,
    ) -> Share:
        """Make an invitation to a configuration; by default for a week and any number of people.

        Raises Refused, Unreachable.
        """
        return await self._rest.share(meant(reference), role, lifetime_hours, uses_max)

    async def access(self, reference: str) -> AccessList:
        """The people with access to a configuration, and its links, for its owner and advisors.

        Raises Refused, Unreachable.
        """
        return await self._rest.access(meant(reference))

    async def end_link(
        self, reference: str, link: UUID, *, participants: WithLink = "remove"
    ) -> LinkEnded:
        """End a link and the roles that came from it, or ``keep`` these people.

        Safe to repeat. Raises Refused, Unreachable.
        """
        return await self._rest.end_link(meant(reference), link, participants)

    async def remove(self, reference: str, person: UUID, *, links: WithPerson = "known") -> Removed:
        """End a person's role, and the links by which they could come back; or leave oneself.

        Safe to repeat. Raises Refused, Unreachable.
        """
        return await self._rest.remove(meant(reference), person, links)

    async def redeem(self, invitation: str) -> str:
        """Accept an invitation (its link, or the part after the #); returns the code to join.

        Raises Refused, Unreachable.
        """
        return await self._rest.redeem(invitation)

    async def read(self, reference: str) -> StoredHouse:
        """The stored configuration, without joining it. Raises Refused, Unreachable."""
        return await self._rest.read(meant(reference))

    async def log(self, reference: str, *, since: int = 0) -> list[LoggedOp]:
        """The committed ops of a configuration after a version. Raises Refused, Unreachable."""
        return await self._rest.log(meant(reference), since)

    async def ticket(self) -> Ticket:
        """A ticket: the ``token`` for one connection of a program that must not have this token.

        Raises Refused, Unreachable.
        """
        return await self._rest.ticket()

    # ---- houses

    async def join(self, reference: str) -> House:
        """Enter a configuration by code, id or the address of its page; waits for its state.

        Raises Refused (``not_found`` and others), ClientClosed; and before the first connection
        NotAdmitted, or Unreachable after ``connect_seconds``.
        """
        self.check_open()
        wanted = meant(reference)
        check_sendable(wanted)
        known = self._houses.find(wanted)
        if known is not None:
            await known[0].enter()
            return known[1]
        seat, house = self._houses.add(wanted, self)
        self._session.add(seat.state, self.now())
        self.wake()
        try:
            await seat.enter()
        except asyncio.CancelledError:
            await house.leave()
            raise
        seat.state.restore(self._houses.take_left(house.code), self.now())
        self.wake()
        return house

    def pending_ops(self) -> dict[str, list[dict[str, object]]]:
        """The ops without an outcome, by code, to store and pass to a new client as ``pending``."""
        return self._houses.pending_ops()

    # ---- the live interactions

    def watch(
        self,
        *,
        since: str | None = None,
        history: int = 100,
        filter: ActivityFilter | None = None,  # noqa: A002 - the protocol's word
    ) -> AsyncGenerator[Activity, None]:
        """The live interactions, for admins, in order and without gaps across reconnects.

        Each batch has a ``last_id``: keep it, and pass it as ``since`` to continue after it. A slow
        reader loses nothing: batches that did not fit are requested again.

        Raises Refused (``admins_only``), ClientClosed.
        """
        return batches(
            self,
            self._session,
            since=since,
            history=history,
            wanted=filter,
            random=self._random,
        )

    # ---- the connection

    def drop(self) -> None:
        """End the connection as a network failure would; a new one is made. For tests and drills."""
        self._connection.drop()

    async def online(self) -> None:
        """Wait until the server has let this client in. Raises as ``join`` does."""
        while self.status != "online":
            self.check_open()
            await self._status_changed.wait()

    # ---- for houses (see house.Host)

    @property
    def is_closed(self) -> bool:
        """Whether the client is closed, so that it accepts no requests."""
        return self._closed is not None

    def now(self) -> float:
        """The loop's clock."""
        return asyncio.get_running_loop().time()

    def wake(self) -> None:
        """Send queued messages."""
        self._connection.wake()

    def hear(self) -> None:
        """Distribute new events."""
        for ended in self._houses.hear():
            self._session.remove(ended)

    def check_open(self) -> None:
        """Raises ClientClosed, NotAdmitted or Unreachable when the client is closed."""
        match self._closed:
            case None:
                return
            case NotAdmitted(refused=Refused() as refused):
                raise NotAdmitted(refused)
            case ClientClosed(refused=refused):
                raise ClientClosed(refused=refused)
            case why:
                raise Unreachable(str(why))

    async def ask(self, message: OutcomeOf | Introduce, answer: type[Said]) -> Said:
        """Send a question; returns its answer, of type ``answer``. Raises Refused, ClientClosed."""
        self.check_open()
        check_sendable(message)
        return await self._answers.of(message, answer)

    # ---- inside

    async def _run(self) -> None:
        await self._connection.run()
        refused = self._session.fatal
        if refused is not None and not self._admission.admitted:
            self._close(NotAdmitted(refused))
        else:
            self._close(ClientClosed(self._houses.undecided(), refused=refused))

    def _give_up(self, why: Unreachable) -> None:
        self._close(why)
        if self._running is not None:
            self._running.cancel()

    def _tell(self, status: StatusName, trouble: str | None, retry_in: float | None) -> None:
        self.status, self.trouble = status, trouble
        self._admission.tell(status, trouble)
        self._status_changed.set()
        self._status_changed = asyncio.Event()
        self._houses.tell(Status(status=status, detail=trouble, retry_in_seconds=retry_in))

    def _close(self, why: ClientError) -> None:
        if self._closed is not None:
            return
        self._closed = why
        self._admission.stop()
        refused = isinstance(why, ClientClosed) and why.refused
        trouble = str(why) if isinstance(why, Unreachable) else self.trouble
        self._tell("refused" if refused else "closed", trouble, None)
        self._houses.close(why)
        self._answers.close(why)
        self._session.end_watch(why)
