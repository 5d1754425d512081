"""Tickets: the owner of a token gets one, and it opens one connection in the owner's name.

With tickets a server program lets a browser or a worker connect without giving its own token away.
A ticket has no other use: no HTTP request accepts one.
"""

from collections.abc import Callable
from typing import Final

from starlette.requests import HTTPConnection

from realtime.people.auth import Authenticator
from realtime.people.principal import Principal, token_sha256
from storage.redis.tickets import TicketStore

PREFIX: Final = "ticket_"
SECRET_CHARS: Final = 43
"""32 random bytes, in the alphabet of URLs."""
TICKET_CHARS: Final = len(PREFIX) + SECRET_CHARS
TTL_MS: Final = 60_000


class Tickets:
    """Issues tickets and accepts them; ``new_ticket`` makes the ``SECRET_CHARS`` of a secret."""

    def __init__(
        self, *, tickets: TicketStore, authenticator: Authenticator, new_ticket: Callable[[], str]
    ) -> None:
        self._tickets = tickets
        self._authenticator = authenticator
        self._new_ticket = new_ticket

    async def asker(self, connection: HTTPConnection) -> tuple[Principal, bytes] | None:
        """The principal who asks for a ticket, and the hash that proves it to ``issue``. Raises StorageUnavailable."""
        found = await self._authenticator.with_token(connection)
        return (found[0], token_sha256(found[1])) if found else None

    async def issue(self, owner_sha256: bytes) -> str:
        """A ticket for the owner of the token with this hash, for ``TTL_MS``. Raises StorageUnavailable."""
        ticket = PREFIX + self._new_ticket()
        await self._tickets.keep(token_sha256(ticket), owner_sha256, TTL_MS)
        return ticket

    async def by_token_or_ticket(self, credential: str) -> Principal | None:
        """The principal of a token or ticket that opens a connection; None if it has none.

        A ticket works once; this call uses it up. Raises StorageUnavailable: the ticket can be used
        again then, unless only the answer of Redis was lost.
        """
        if not is_ticket(credential):
            return await self._authenticator.by_token(credential)
        ticket_sha256 = token_sha256(credential)
        owner_sha256 = await self._tickets.owner(ticket_sha256)
        if owner_sha256 is None:
            return None
        # The principal is looked up before the ticket is used up: with PostgreSQL away the ticket
        # stays valid.
        principal = await self._authenticator.by_token_hash(owner_sha256)
        return principal if await self._tickets.redeem(ticket_sha256) else None


def is_ticket(credential: str) -> bool:
    """Whether this has the form of a ticket, which no token has."""
    return len(credential) == TICKET_CHARS and credential.startswith(PREFIX)
