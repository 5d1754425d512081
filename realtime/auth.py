"""Who is asking: bearer token or cookie to principal. Tokens are kept nowhere, only their hash."""

from collections.abc import Callable
from datetime import datetime, timedelta
from uuid import UUID

from starlette.requests import HTTPConnection

from configurator.protocol.messages import Person
from realtime.principal import ADMIN_COOKIE, PERSON_COOKIE, Principal, token_sha256
from storage.postgres.admins import Admins
from storage.postgres.people import People

ADMIN_SESSION_TTL = timedelta(hours=8)
ADMIN = Principal(person=Person(id=UUID(int=0), name="Admin", colour=0), admin=True)


class Authenticator:
    """Finds people by token and admins by session."""

    def __init__(self, *, people: People, admins: Admins, now: Callable[[], datetime]) -> None:
        self._people = people
        self._admins = admins
        self._now = now

    async def by_token(self, token: str) -> Principal | None:
        """The person whose token this is, under the name they have now.

        Raises StorageUnavailable.
        """
        found = await self._people.by_token(token_sha256(token))
        if found is None:
            return None
        return Principal(person=Person(id=found.id, name=found.name, colour=found.colour))

    async def of(self, connection: HTTPConnection) -> Principal | None:
        """The person of a request: its bearer token, else its cookie, else an admin's session."""
        token = credential(connection)
        principal = await self.by_token(token) if token is not None else None
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
