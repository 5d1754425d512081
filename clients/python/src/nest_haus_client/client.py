"""The client: who you are, the connection, and the houses you are in."""

import asyncio
from collections.abc import AsyncGenerator, Mapping, Sequence
from random import Random
from types import TracebackType
from typing import Self
from uuid import UUID

import msgspec

from nest_haus_client.addresses import meant, origin, same_name
from nest_haus_client.connection import Connection
from nest_haus_client.credential import Credential, GivenToken
from nest_haus_client.errors import (
    ClientClosed,
    ClientError,
    NotAdmitted,
    Refused,
    Unreachable,
)
from nest_haus_client.events import Ended, Status, StatusName
from nest_haus_client.house import House, Said
from nest_haus_client.messages import (
    Activity,
    ActivityFilter,
    Introduce,
    Introduced,
    OutcomeOf,
    Person,
)
from nest_haus_client.pending import PendingOp
from nest_haus_client.rest import Created, LoggedOp, Rest, StoredHouse, Ticket
from nest_haus_client.seat import Seat
from nest_haus_client.sendable import check_sendable
from nest_haus_client.session import Answer, Session, WatchState
from nest_haus_client.sharing import (
    AccessList,
    LinkEnded,
    Removed,
    Share,
    SharedRole,
    WithLink,
    WithPerson,
)
from nest_haus_client.state import HouseState

QUEUED_OPS_MAX = 1000
"""So many ops of a house wait for their outcome, unless asked otherwise."""

CONNECT_SECONDS = 30.0
"""The first connection must be there within this time, unless asked otherwise."""

PendingOps = Mapping[str, Sequence[Mapping[str, object]]]
"""Code of a configuration -> its pending ops as JSON objects."""


class Client:
    """A connection that is made again whenever it is lost, and the houses that are in it.

    ``token`` is a person's (``Client.register`` makes one) or an admin session's; or a function,
    plain or async, that is asked for one before every connection, and may give a ticket. A plain
    one must not block. When it raises Refused that is taken as the server's answer; with any other
    exception it is asked again later. ``url`` may be several addresses of the same service, tried
    in turn; of each its origin counts. ``pending`` is what ``pending_ops()`` of an earlier client
    said: those ops are sent again, with the same op_ids, when their houses are joined.
    ``session_id`` is what interactions of the visitor are tracked under: that session is then of
    the houses that are made or joined here, and an inquiry completes it.

    The first connection must be there within ``connect_seconds``, else this client is closed and
    whoever waits gets ``Unreachable``; None tries for ever, as it does for every later connection.
    What becomes of connections is also logged, by ``logging.getLogger("nest_haus_client")``.

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
        self._queued_ops_max = queued_ops_max
        self._restored = {
            code.upper(): msgspec.convert(list(ops), list[PendingOp], strict=False)
            for code, ops in (pending or {}).items()
        }
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
        self._houses: list[tuple[Seat, House]] = []
        self._joined = 0
        self._tasks = asyncio.TaskGroup()
        self._running: asyncio.Task[None] | None = None
        self._closed: ClientError | None = None
        self._urls = urls
        self._admitted = False
        self._connect_seconds = connect_seconds
        self._giving_up: asyncio.TimerHandle | None = None
        self._why_not = "no connection came about"
        self._waiting: set[asyncio.Future[Answer]] = set()
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
        """A client of a new person, who is made when it is entered; ``name`` is what others see.

        Keep ``token``: it is the only proof of who this is.
        """
        client = cls(url, token=None, connect_seconds=connect_seconds, session_id=session_id)
        client._register = True
        client._introduce_as = name
        return client

    async def __aenter__(self) -> Self:
        """Start connecting. Raises Refused, Unreachable where a person has to be made first."""
        if self._register:
            self._credential.token = (await self._rest.register()).token
        if self._credential.token is None and not self._credential.asked_for:
            raise ValueError("A client needs a token; Client.register makes a new person.")
        await self._tasks.__aenter__()
        if self._connect_seconds is not None:
            loop = asyncio.get_running_loop()
            self._giving_up = loop.call_later(self._connect_seconds, self._give_up)
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
        """Close: what is pending ends in ClientClosed, with its op_ids."""
        self._close(ClientClosed(self._undecided()))
        if self._running is not None:
            self._running.cancel()
        # An error of the caller goes on as it is; only a cancellation is the task group's business.
        if isinstance(error, asyncio.CancelledError):
            await self._tasks.__aexit__(kind, error, traceback)
        else:
            await self._tasks.__aexit__(None, None, None)

    # ---- who and where

    @property
    def token(self) -> str:
        """What proves who this is, or proved it last. A secret."""
        return self._credential.token or ""

    @property
    def person(self) -> Person | None:
        """Who the server says this is; None before the first connection."""
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
        """Make an invitation to a configuration: for a week and all who have it, unless said.

        Raises Refused, Unreachable.
        """
        return await self._rest.share(meant(reference), role, lifetime_hours, uses_max)

    async def access(self, reference: str) -> AccessList:
        """Who may be in a configuration and by which links, for its owner and advisors.

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
        """End a person's role, and the links by which they would come back; or leave, by naming oneself.

        Safe to repeat. Raises Refused, Unreachable.
        """
        return await self._rest.remove(meant(reference), person, links)

    async def redeem(self, invitation: str) -> str:
        """Accept an invitation (its link, or what is behind the #); returns the code to join.

        Raises Refused, Unreachable.
        """
        return await self._rest.redeem(invitation)

    async def read(self, reference: str) -> StoredHouse:
        """A configuration as it is stored now, without joining it. Raises Refused, Unreachable."""
        return await self._rest.read(meant(reference))

    async def log(self, reference: str, *, since: int = 0) -> list[LoggedOp]:
        """The committed ops of a configuration after a version. Raises Refused, Unreachable."""
        return await self._rest.log(meant(reference), since)

    async def ticket(self) -> Ticket:
        """A ticket, which is the ``token`` of one connection of somebody who must not have this one.

        Raises Refused, Unreachable.
        """
        return await self._rest.ticket()

    # ---- houses

    async def join(self, reference: str) -> House:
        """Enter a configuration by code, id or the address of its page; waits until it is there.

        Raises Refused (``not_found`` and others), ClientClosed; and where there was no connection
        yet NotAdmitted, or Unreachable after ``connect_seconds``.
        """
        self.check_open()
        wanted = meant(reference)
        check_sendable(wanted)
        for seat, house in self._houses:
            if _means(wanted, seat.state):
                await seat.enter()
                return house
        seat = self._take_seat(wanted)
        house = House(seat, self)
        self._houses.append((seat, house))
        self._session.add(seat.state, self.now())
        self.wake()
        try:
            await seat.enter()
        except asyncio.CancelledError:
            await house.leave()
            raise
        seat.state.restore(self._restored.pop(house.code, ()), self.now())
        self.wake()
        return house

    def pending_ops(self) -> dict[str, list[dict[str, object]]]:
        """The ops without an outcome, by code, to be kept and given to a new client as ``pending``."""
        pending: dict[str, list[PendingOp]] = {
            code: list(ops) for code, ops in self._restored.items()
        }
        for seat, house in self._houses:
            if seat.state.pending:
                pending.setdefault(house.code, []).extend(house.pending)
        found: dict[str, list[dict[str, object]]] = msgspec.to_builtins(pending)
        return found

    # ---- the live interactions

    async def watch(
        self,
        *,
        since: str | None = None,
        history: int = 100,
        filter: ActivityFilter | None = None,  # noqa: A002 - the protocol's word
    ) -> AsyncGenerator[Activity, None]:
        """The live interactions, for admins, in order, over lost connections without a gap.

        Each batch has a ``last_id``: keep it, and give it as ``since`` to go on after it. Whoever
        reads slowly is not left behind: what had no place is asked for again.

        Raises Refused (``admins_only``), ClientClosed.
        """
        self.check_open()
        check_sendable((since, filter))
        some = asyncio.Event()
        watch = WatchState(since=since, history=history, wanted=filter, heard=some.set)
        self._session.watch(watch)
        self.wake()
        try:
            while True:
                some.clear()
                while (batch := watch.take()) is not None:
                    self._session.watch_further(watch)
                    self.wake()
                    yield batch
                if watch.ended is not None:
                    raise watch.ended
                if not watch.waiting:
                    await some.wait()
        finally:
            self._session.unwatch(watch)
            self.wake()

    # ---- the connection

    def drop(self) -> None:
        """End the connection as a network would; another one is made. For tests and drills."""
        self._connection.drop()

    async def online(self) -> None:
        """Wait until the server has let this client in. Raises as ``join`` does."""
        while self.status != "online":
            self.check_open()
            await self._status_changed.wait()

    # ---- for houses (see house.Host)

    @property
    def is_closed(self) -> bool:
        """Whether nothing can be asked any more."""
        return self._closed is not None

    def now(self) -> float:
        """The loop's clock."""
        return asyncio.get_running_loop().time()

    def wake(self) -> None:
        """Send what was asked."""
        self._connection.wake()

    def hear(self) -> None:
        """Hand out what has happened."""
        for seat, house in list(self._houses):
            events = seat.state.take_events()
            seat.hear(events)
            if any(isinstance(event, Ended) for event in events):
                self._houses.remove((seat, house))
                self._session.remove(seat.state)

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
        """The answer to a question, which is of this type. Raises Refused, ClientClosed."""
        self.check_open()
        check_sendable(message)
        future: asyncio.Future[Answer] = asyncio.get_running_loop().create_future()
        self._waiting.add(future)
        question = self._session.ask(message, lambda said: _give(future, said), self.now())
        self.wake()
        try:
            said = await future
        finally:
            self._waiting.discard(future)
            self._session.forget(question)
        if isinstance(said, answer):
            return said
        raise said if isinstance(said, Refused) else Refused("malformed_message")

    # ---- inside

    async def _run(self) -> None:
        await self._connection.run()
        refused = self._session.fatal
        if refused is not None and not self._admitted:
            self._close(NotAdmitted(refused))
        else:
            self._close(ClientClosed(self._undecided(), refused=refused))

    def _give_up(self) -> None:
        where, seconds = " and ".join(self._urls), self._connect_seconds
        self._close(Unreachable(f"No connection to {where} within {seconds:g} s: {self._why_not}"))
        if self._running is not None:
            self._running.cancel()

    def _take_seat(self, reference: str) -> Seat:
        self._joined += 1
        return Seat(
            HouseState(
                reference, number=self._joined, capacity=self._queued_ops_max, random=self._random
            )
        )

    def _tell(self, status: StatusName, trouble: str | None, retry_in: float | None) -> None:
        self.status, self.trouble = status, trouble
        self._why_not = trouble or self._why_not
        if status == "online":
            self._admitted = True
            self._stop_giving_up()
        self._status_changed.set()
        self._status_changed = asyncio.Event()
        for seat, _ in self._houses:
            seat.tell(Status(status=status, detail=trouble, retry_in_seconds=retry_in))

    def _stop_giving_up(self) -> None:
        if self._giving_up is not None:
            self._giving_up.cancel()
            self._giving_up = None

    def _undecided(self) -> list[UUID]:
        return [op.op_id for seat, _ in self._houses for op in seat.state.pending]

    def _close(self, why: ClientError) -> None:
        if self._closed is not None:
            return
        self._closed = why
        self._stop_giving_up()
        refused = isinstance(why, ClientClosed) and why.refused
        trouble = str(why) if isinstance(why, Unreachable) else self.trouble
        self._tell("refused" if refused else "closed", trouble, None)
        for seat, _ in self._houses:
            seat.close(why)
        for answer in self._waiting:
            if not answer.done():
                answer.set_exception(why)
        self._session.end_watch(why)


def _means(reference: str, state: HouseState) -> bool:
    """Whether this id or code, in whatever spelling, is that house."""
    known = [state.reference]
    if state.confirmed is not None:
        known += [state.confirmed.code, str(state.confirmed.id)]
    return any(same_name(reference, each) for each in known)


def _give(answer: "asyncio.Future[Answer]", said: Answer) -> None:
    if not answer.done():
        answer.set_result(said)
