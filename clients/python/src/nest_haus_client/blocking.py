"""The same client without ``async``, for notebooks and scripts.

::

    with Client.register("http://127.0.0.1:8080") as client:
        house = client.join(client.create().code)
        print(house.select("nest", "nest120").outcome)

A thread of its own runs the connection, so this works where an event loop runs already, and
methods may be called from any thread. Arguments, results and errors are those of the async client;
``timeout`` is in seconds, and what was asked goes on after a TimeoutError.
"""

import asyncio
from collections.abc import AsyncGenerator, Callable, Coroutine, Iterator, Sequence
from concurrent.futures import Future
from contextlib import suppress
from functools import partial
from threading import Thread
from types import TracebackType
from typing import Self, TypeVar
from uuid import UUID

from nest_haus_client.client import CONNECT_SECONDS, PendingOps
from nest_haus_client.client import Client as AsyncClient
from nest_haus_client.confirmed import Confirmed
from nest_haus_client.credential import GivenToken
from nest_haus_client.errors import ClientClosed
from nest_haus_client.events import Event, StatusName
from nest_haus_client.house import House as AsyncHouse
from nest_haus_client.messages import Activity, ActivityFilter, Member, Outcome, Person, You
from nest_haus_client.operations import Chosen, Operation, SingleOperation
from nest_haus_client.pending import PendingOp
from nest_haus_client.rest import Created, LoggedOp, StoredHouse, Ticket
from nest_haus_client.sharing import (
    AccessList,
    LinkEnded,
    Removed,
    Share,
    SharedRole,
    WithLink,
    WithPerson,
)

T = TypeVar("T")


class _Life:
    """The async client in a thread of its own, from ``start`` to ``stop``."""

    def __init__(self, client: Callable[[], AsyncClient]) -> None:
        self._make = client
        self._ready: Future[AsyncClient] = Future()
        self._thread = Thread(target=self._run, name="nest-haus-client", daemon=True)
        self._loop: asyncio.AbstractEventLoop | None = None
        self._over: asyncio.Event | None = None

    def start(self) -> AsyncClient:
        """The client, once it is entered; raises what entering it raised."""
        self._thread.start()
        return self._ready.result()

    def call(self, asked: Coroutine[object, object, T], timeout: float | None = None) -> T:
        """The result of a coroutine that runs there. Raises TimeoutError, ClientClosed."""
        if self._loop is None or not self._thread.is_alive():
            asked.close()
            raise ClientClosed
        future: Future[T] = asyncio.run_coroutine_threadsafe(asked, self._loop)
        try:
            return future.result(timeout)
        except BaseException:
            future.cancel()
            raise

    def stop(self) -> None:
        """Close the client and end the thread."""
        if self._loop is not None and self._over is not None and self._thread.is_alive():
            self._loop.call_soon_threadsafe(self._over.set)
        self._thread.join()

    def _run(self) -> None:
        try:
            asyncio.run(self._live())
        except BaseException as error:  # noqa: BLE001 - it is raised where it was asked for
            if not self._ready.done():
                self._ready.set_exception(error)

    async def _live(self) -> None:
        self._loop, self._over = asyncio.get_running_loop(), asyncio.Event()
        async with self._make() as client:
            self._ready.set_result(client)
            await self._over.wait()


class Client:
    """See ``nest_haus_client.Client``."""

    def __init__(
        self,
        url: str | Sequence[str],
        *,
        token: str | Callable[[], str] | None,
        pending: PendingOps | None = None,
        connect_seconds: float | None = CONNECT_SECONDS,
        session_id: str | None = None,
    ) -> None:
        """A function is asked for the token in a thread of its own: it may block."""
        given: GivenToken | None = partial(asyncio.to_thread, token) if callable(token) else token
        self._life = _Life(
            lambda: AsyncClient(
                url,
                token=given,
                pending=pending,
                connect_seconds=connect_seconds,
                session_id=session_id,
            )
        )
        self._client: AsyncClient | None = None

    @classmethod
    def register(
        cls,
        url: str | Sequence[str],
        *,
        name: str | None = None,
        connect_seconds: float | None = CONNECT_SECONDS,
        session_id: str | None = None,
    ) -> Self:
        """A client of a new person, who is made when it is entered."""
        client = cls(url, token=None)
        client._life = _Life(
            lambda: AsyncClient.register(
                url, name=name, connect_seconds=connect_seconds, session_id=session_id
            )
        )
        return client

    def __enter__(self) -> Self:
        self._client = self._life.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self._life.stop()

    @property
    def token(self) -> str:
        """What proves who this is. A secret."""
        return self._inner.token

    @property
    def person(self) -> Person | None:
        """Who the server says this is."""
        return self._inner.person

    @property
    def status(self) -> StatusName:
        """How the connection is."""
        return self._inner.status

    def introduce(self, name: str) -> Person:
        """Set the name that others see."""
        return self._life.call(self._inner.introduce(name))

    def create(self, *, catalogue: str | None = None) -> Created:
        """Make a configuration at the defaults."""
        return self._life.call(self._inner.create(catalogue=catalogue))

    def share(
        self,
        reference: str,
        role: SharedRole = "editor",
        *,
        lifetime_hours: int | None = None,
        uses_max: int | None = None,
    ) -> Share:
        """Make an invitation to a configuration."""
        return self._life.call(
            self._inner.share(reference, role, lifetime_hours=lifetime_hours, uses_max=uses_max)
        )

    def ticket(self) -> Ticket:
        """A ticket, for one connection of somebody who must not have the token."""
        return self._life.call(self._inner.ticket())

    def access(self, reference: str) -> AccessList:
        """Who may be in a configuration and by which links. Raises Refused, Unreachable."""
        return self._life.call(self._inner.access(reference))

    def end_link(
        self, reference: str, link: UUID, *, participants: WithLink = "remove"
    ) -> LinkEnded:
        """End a link and the roles that came from it, or ``keep`` these people."""
        return self._life.call(self._inner.end_link(reference, link, participants=participants))

    def remove(self, reference: str, person: UUID, *, links: WithPerson = "known") -> Removed:
        """End a person's role and the links by which they would come back; or leave oneself."""
        return self._life.call(self._inner.remove(reference, person, links=links))

    def redeem(self, invitation: str) -> str:
        """Accept an invitation; returns the code to join."""
        return self._life.call(self._inner.redeem(invitation))

    def join(self, reference: str, *, timeout: float | None = None) -> "House":
        """Enter a configuration by code, id or the address of its page."""
        return House(self._life.call(self._inner.join(reference), timeout), self._life)

    def read(self, reference: str) -> StoredHouse:
        """A configuration as it is stored now, without joining it."""
        return self._life.call(self._inner.read(reference))

    def log(self, reference: str, *, since: int = 0) -> list[LoggedOp]:
        """The committed ops of a configuration after a version."""
        return self._life.call(self._inner.log(reference, since=since))

    def pending_ops(self) -> dict[str, list[dict[str, object]]]:
        """The ops without an outcome, by code, to be kept."""
        return self._life.call(_look(self._inner.pending_ops))

    def watch(
        self,
        *,
        since: str | None = None,
        history: int = 100,
        filter: ActivityFilter | None = None,  # noqa: A002 - the protocol's word
        timeout: float | None = None,
    ) -> Iterator[Activity]:
        """The live interactions, for admins; ends after ``timeout`` seconds without any."""
        batches = self._inner.watch(since=since, history=history, filter=filter)
        return _taken(self._life, batches, timeout)

    def drop(self) -> None:
        """End the connection as a network would; another one is made."""
        self._life.call(_look(self._inner.drop))

    @property
    def _inner(self) -> AsyncClient:
        if self._client is None:
            raise ClientClosed
        return self._client


class House:
    """See ``nest_haus_client.House``."""

    def __init__(self, house: AsyncHouse, life: _Life) -> None:
        self._house = house
        self._life = life

    @property
    def id(self) -> UUID:
        """The configuration's id."""
        return self._house.id

    @property
    def code(self) -> str:
        """The configuration's code."""
        return self._house.code

    @property
    def selection(self) -> dict[str, Chosen]:
        """What is chosen, own pending ops included."""
        return self._life.call(_look(lambda: self._house.selection))

    @property
    def confirmed(self) -> Confirmed:
        """What the server said last."""
        return self._house.confirmed

    @property
    def version(self) -> int:
        """The confirmed version."""
        return self._house.version

    @property
    def total_cents(self) -> int:
        """The price of the confirmed version."""
        return self._house.total_cents

    @property
    def price_pending(self) -> bool:
        """Whether own ops are pending."""
        return bool(self.pending)

    @property
    def pending(self) -> tuple[PendingOp, ...]:
        """The ops of this client without an outcome, oldest first."""
        return self._life.call(_look(lambda: self._house.pending))

    @property
    def members(self) -> tuple[Member, ...]:
        """Who is here."""
        return self._house.members

    @property
    def you(self) -> You:
        """Who this client is here."""
        return self._house.you

    def select(
        self,
        category: str,
        option: str,
        quantity: int | None = None,
        *,
        guarded: bool = False,
        timeout: float | None = None,
    ) -> Outcome:
        """Choose an option."""
        asked = self._house.select(category, option, quantity, guarded=guarded)
        return self._life.call(asked, timeout)

    def set_quantity(
        self, category: str, quantity: int, *, guarded: bool = False, timeout: float | None = None
    ) -> Outcome:
        """Set how many; 0 clears."""
        return self._life.call(
            self._house.set_quantity(category, quantity, guarded=guarded), timeout
        )

    def clear(
        self, category: str, *, guarded: bool = False, timeout: float | None = None
    ) -> Outcome:
        """Leave a category out."""
        return self._life.call(self._house.clear(category, guarded=guarded), timeout)

    def apply(
        self,
        operations: Sequence[SingleOperation],
        *,
        guarded: bool = False,
        timeout: float | None = None,
    ) -> Outcome:
        """Do several operations at once, all or none."""
        return self._life.call(self._house.apply(operations, guarded=guarded), timeout)

    def reset(self, *, guarded: bool = False, timeout: float | None = None) -> Outcome:
        """Go back to the defaults of the catalogue."""
        return self._life.call(self._house.reset(guarded=guarded), timeout)

    def undo(self, *, anyway: bool = False, timeout: float | None = None) -> Outcome:
        """Take back this person's newest op."""
        return self._life.call(self._house.undo(anyway=anyway), timeout)

    def redo(self, *, anyway: bool = False, timeout: float | None = None) -> Outcome:
        """Bring back what this person's newest undo took back."""
        return self._life.call(self._house.redo(anyway=anyway), timeout)

    def submit(self, operation: Operation, *, guarded: bool = False) -> UUID:
        """Queue an op and return its op_id at once; ``outcome_of`` waits for its outcome."""
        asked = _look(lambda: self._house.submit(operation, guarded=guarded).op_id)
        return self._life.call(asked)

    def withdraw(self, op_id: UUID) -> bool:
        """Take an op back that was never sent; False where it was, or may have been."""
        return self._life.call(_look(lambda: self._house.withdraw(op_id)))

    def outcome_of(self, op_id: UUID, *, timeout: float | None = None) -> Outcome:
        """What became of an op; waits for it while it is pending here."""
        return self._life.call(self._house.outcome_of(op_id), timeout)

    def settled(self, *, timeout: float | None = None) -> None:
        """Wait until no op of this client is pending."""
        self._life.call(self._house.settled(), timeout)

    def reached(self, version: int, *, timeout: float | None = None) -> None:
        """Wait until this version is confirmed here."""
        self._life.call(self._house.reached(version), timeout)

    def present(self, *, category: str | None = None, view: str | None = None) -> None:
        """Tell the others where in the configurator this person is."""
        self._life.call(self._house.present(category=category, view=view))

    def events(self, *, timeout: float | None = None) -> Iterator[Event]:
        """Everything that happens from now on; ends after ``timeout`` seconds without anything."""
        return _taken(self._life, self._life.call(_look(self._house.events)), timeout)

    def leave(self) -> None:
        """Leave for good."""
        self._life.call(self._house.leave())


async def _look(what: Callable[[], T]) -> T:
    """Done between two turns of the loop, so that nothing changes meanwhile."""
    return what()


def _taken(life: _Life, items: AsyncGenerator[T, None], timeout: float | None) -> Iterator[T]:
    """The items of an async iterator, one call each; ends when none comes within ``timeout``."""
    try:
        while (item := life.call(_next(items, timeout))) is not None:
            yield item[0]
    finally:
        with suppress(ClientClosed):
            life.call(items.aclose())


async def _next(items: AsyncGenerator[T, None], timeout: float | None) -> tuple[T] | None:  # noqa: ASYNC109 - the caller is not async
    try:
        async with asyncio.timeout(timeout):
            return (await anext(items),)
    except (StopAsyncIteration, TimeoutError):
        return None
