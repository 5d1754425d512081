"""The client without ``async``."""

import asyncio
from collections.abc import Callable, Iterator, Sequence
from functools import partial
from types import TracebackType
from typing import Self
from uuid import UUID

from nest_haus_client.blocking.background import Background
from nest_haus_client.blocking.house import House
from nest_haus_client.client import CONNECT_SECONDS
from nest_haus_client.client import Client as AsyncClient
from nest_haus_client.connecting.credential import GivenToken
from nest_haus_client.errors import ClientClosed
from nest_haus_client.events import StatusName
from nest_haus_client.houses import PendingOps
from nest_haus_client.messages import Activity, ActivityFilter, Person
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
        """A function as ``token`` is called in a separate thread, so it may block."""
        given: GivenToken | None = partial(asyncio.to_thread, token) if callable(token) else token
        self._background = Background(
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
        """A client of a new person, who is created when the client is entered."""
        client = cls(url, token=None)
        client._background = Background(
            lambda: AsyncClient.register(
                url, name=name, connect_seconds=connect_seconds, session_id=session_id
            )
        )
        return client

    def __enter__(self) -> Self:
        self._client = self._background.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self._background.stop()

    @property
    def token(self) -> str:
        """The token of this person. A secret."""
        return self._inner.token

    @property
    def person(self) -> Person | None:
        """The person, according to the server."""
        return self._inner.person

    @property
    def status(self) -> StatusName:
        """The status of the connection."""
        return self._inner.status

    def introduce(self, name: str) -> Person:
        """Set the name that others see."""
        return self._background.call(self._inner.introduce(name))

    def create(self, *, catalogue: str | None = None) -> Created:
        """Make a configuration at the defaults."""
        return self._background.call(self._inner.create(catalogue=catalogue))

    def share(
        self,
        reference: str,
        role: SharedRole = "editor",
        *,
        lifetime_hours: int | None = None,
        uses_max: int | None = None,
    ) -> Share:
        """Make an invitation to a configuration."""
        return self._background.call(
            self._inner.share(reference, role, lifetime_hours=lifetime_hours, uses_max=uses_max)
        )

    def ticket(self) -> Ticket:
        """A ticket, for one connection of a program that must not have the token."""
        return self._background.call(self._inner.ticket())

    def access(self, reference: str) -> AccessList:
        """The people with access to a configuration, and its links. Raises Refused, Unreachable."""
        return self._background.call(self._inner.access(reference))

    def end_link(
        self, reference: str, link: UUID, *, participants: WithLink = "remove"
    ) -> LinkEnded:
        """End a link and the roles that came from it, or ``keep`` these people."""
        return self._background.call(
            self._inner.end_link(reference, link, participants=participants)
        )

    def remove(self, reference: str, person: UUID, *, links: WithPerson = "known") -> Removed:
        """End a person's role and the links by which they could come back; or leave oneself."""
        return self._background.call(self._inner.remove(reference, person, links=links))

    def redeem(self, invitation: str) -> str:
        """Accept an invitation; returns the code to join."""
        return self._background.call(self._inner.redeem(invitation))

    def join(self, reference: str, *, timeout: float | None = None) -> House:
        """Enter a configuration by code, id or the address of its page."""
        return House(self._background.call(self._inner.join(reference), timeout), self._background)

    def read(self, reference: str) -> StoredHouse:
        """The stored configuration, without joining it."""
        return self._background.call(self._inner.read(reference))

    def log(self, reference: str, *, since: int = 0) -> list[LoggedOp]:
        """The committed ops of a configuration after a version."""
        return self._background.call(self._inner.log(reference, since=since))

    def pending_ops(self) -> dict[str, list[dict[str, object]]]:
        """The ops without an outcome, by code, to store and pass to a new client."""
        return self._background.look(self._inner.pending_ops)

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
        return self._background.iterate(batches, timeout)

    def drop(self) -> None:
        """End the connection as a network failure would; a new one is made."""
        self._background.look(self._inner.drop)

    @property
    def _inner(self) -> AsyncClient:
        if self._client is None:
            raise ClientClosed
        return self._client
