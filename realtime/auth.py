"""Who is asking: bearer token or cookie to principal. Tokens are kept nowhere, only their hash."""

from collections import OrderedDict
from collections.abc import Awaitable, Callable
from datetime import datetime, timedelta
from uuid import UUID

from starlette.requests import HTTPConnection

from configurator.protocol.messages import Person
from realtime.principal import ADMIN_COOKIE, PERSON_COOKIE, Principal, token_sha256
from storage.postgres.admins import Admins
from storage.postgres.people import People

CACHE_MAX = 10_000
CACHE_TTL = timedelta(seconds=30)
ADMIN_SESSION_TTL = timedelta(hours=8)
ADMIN = Principal(person=Person(id=UUID(int=0), name="Admin", colour=0), admin=True)


class Authenticator:
    """Finds people by token; remembers them for ``CACHE_TTL`` so that a room costs no reads."""

    def __init__(self, *, people: People, admins: Admins, now: Callable[[], datetime]) -> None:
        self._people = people
        self._admins = admins
        self._now = now
        self._known: OrderedDict[bytes, tuple[datetime, Principal]] = OrderedDict()

    async def by_token(self, token: str) -> Principal | None:
        """The person whose token this is. Raises StorageUnavailable."""
        digest = token_sha256(token)
        known = self._known.get(digest)
        if known is not None and known[0] > self._now():
            return known[1]
        found = await self._people.by_token(digest)
        if found is None:
            return None
        principal = Principal(person=Person(id=found.id, name=found.name, colour=found.colour))
        self._known[digest] = (self._now() + CACHE_TTL, principal)
        while len(self._known) > CACHE_MAX:
            self._known.popitem(last=False)
        return principal

    async def afresh(self, token: str) -> Principal | None:
        """As ``by_token``, with the name as it is stored now: for what stays open for long.

        Somebody may have introduced themself a moment ago, perhaps on another process.
        """
        self._known.pop(token_sha256(token), None)
        return await self.by_token(token)

    async def of(self, connection: HTTPConnection) -> Principal | None:
        """The person of a request: its bearer token, else its cookie, else an admin's session."""
        return await self._of(connection, self.by_token)

    async def of_socket(self, connection: HTTPConnection) -> Principal | None:
        """As ``of``, for a connection that stays open."""
        return await self._of(connection, self.afresh)

    async def _of(
        self,
        connection: HTTPConnection,
        find: Callable[[str], Awaitable[Principal | None]],
    ) -> Principal | None:
        token = credential(connection)
        principal = await find(token) if token is not None else None
        if principal is None and await self.is_admin(connection):
            return ADMIN
        return principal

    async def is_admin(self, connection: HTTPConnection) -> bool:
        """Whether the request carries an open admin session."""
        token = connection.cookies.get(ADMIN_COOKIE)
        if not token:
            return False
        return await self._admins.session_valid(token_sha256(token), self._now())


def person_token(connection: HTTPConnection) -> str | None:
    """The token in the person's cookie, as our pages use it."""
    return connection.cookies.get(PERSON_COOKIE)


def bearer(connection: HTTPConnection) -> str | None:
    """The bearer token of a request."""
    scheme, _, token = connection.headers.get("authorization", "").partition(" ")
    return token.strip()[:128] or None if scheme.lower() == "bearer" else None


def credential(connection: HTTPConnection) -> str | None:
    """The token that says which person is asking: bearer, else cookie."""
    return bearer(connection) or person_token(connection)
