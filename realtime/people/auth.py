"""Authentication: finds the principal of a bearer token or cookie.

Only hashes of tokens are stored. A token never changes its owner; only the owner's name may change.
The owner of a token is therefore remembered for a while, and simultaneous look-ups share one query:
a thousand clients that return cost a few reads. Admin sessions can end, so they are looked up each
time.
"""

from collections import OrderedDict
from collections.abc import Callable, Collection, Mapping
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime, timedelta
from types import TracebackType
from typing import Self
from uuid import UUID

from cachetools import TTLCache
from starlette.requests import HTTPConnection

from configurator.people.roles import Role
from configurator.protocol.messages import Person
from realtime.people.cookies import Cookies, only
from realtime.people.lookups import Lookups
from realtime.people.principal import Principal, Staff, Visitor, token_sha256
from storage.errors import StorageError
from storage.postgres.people.admins import Admins, called
from storage.postgres.people.people import People
from storage.postgres.people.people import Person as StoredPerson

ADMIN_SESSION_TTL = timedelta(hours=8)
UNATTENDED = "x-nest-unattended"
"""The header of a request that a page makes by itself, for example to refresh. It does not count as
use of an admin session."""

USED = timedelta(minutes=1)
"""The use of an admin session is noted at most this often."""

TOKEN_USED = timedelta(days=1)
"""The use of a person's token is noted at most this often, whatever the number of requests."""

ADMIN = Person(id=UUID(int=0), name="Admin", colour=0)
"""The person that every admin is shown as."""

KNOWN_SECONDS = 30.0
UNKNOWN_SECONDS = 1.0
KNOWN_MAX = 10_000
UNKNOWN_MAX = 1_000


LOOKUPS_MAX = 3
"""The most times that a look-up is repeated because a person is renamed while it runs."""


@dataclass(frozen=True, slots=True)
class _Answer:
    principal: Principal
    until: float


class Authenticator:
    """Finds people by token and admins by session. An async context manager.

    ``clock`` is monotonic, in seconds; ``now`` is the time of day.
    """

    def __init__(
        self,
        *,
        people: People,
        admins: Admins,
        cookies: Cookies,
        now: Callable[[], datetime],
        clock: Callable[[], float],
    ) -> None:
        self._people = people
        self._admins = admins
        self._cookies = cookies
        self._now = now
        self._clock = clock
        # Evicted here, not by the cache: an owner that leaves for lack of room must leave
        # `_tokens`, too, by which a person who signs out or is renamed is forgotten at once.
        self._known: OrderedDict[bytes, _Answer] = OrderedDict()
        self._unknown: TTLCache[bytes, None, float] = TTLCache(
            UNKNOWN_MAX, ttl=UNKNOWN_SECONDS, timer=clock
        )
        self._tokens: dict[UUID, bytes] = {}
        self._renames = 0
        self._used: dict[bytes, datetime] = {}
        self._lookups: Lookups[bytes, Principal] = Lookups(self._load, name="people")

    async def __aenter__(self) -> Self:
        await self._lookups.__aenter__()
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        await self._lookups.__aexit__(kind, error, trace)

    async def by_token(self, token: str) -> Principal | None:
        """The owner of this token, a person or an admin session; None if it has no owner.

        A person is known under the name they have now, or had at most ``KNOWN_SECONDS`` ago when
        they changed it in another process and the bus is away. Raises StorageUnavailable.
        """
        return await self.by_token_hash(token_sha256(token))

    async def by_token_hash(self, token_hash: bytes) -> Principal | None:
        """Like ``by_token``, for callers that have only the hash."""
        answer = self._known.get(token_hash)
        if answer is not None and self._clock() < answer.until:
            return answer.principal
        if token_hash in self._unknown:
            return None
        principal: Principal | None = None
        for _ in range(LOOKUPS_MAX):
            renames = self._renames
            principal = await self._lookups.get(token_hash)
            if self._renames == renames:
                self._keep(token_hash, principal)
                break
        return principal

    async def of(self, connection: HTTPConnection) -> Principal | None:
        """The principal of a request: by its bearer token, else by the person's cookie, else by an admin's."""
        found = await self.with_token(connection)
        return found[0] if found else None

    async def with_token(self, connection: HTTPConnection) -> tuple[Principal, str] | None:
        """The principal like ``of``, and the token that authenticates it."""
        return await self._first(
            credential(connection, self._cookies), self._cookies.admin_token(connection)
        )

    async def by_cookies(self, header: str) -> Principal | None:
        """The principal of a Cookie header: a person if it names one, else an admin."""
        tokens = only(header, self._cookies.person), only(header, self._cookies.admin)
        found = await self._first(*tokens)
        return found[0] if found else None

    async def person_now(self, connection: HTTPConnection) -> UUID | None:
        """The owner of the person's cookie, read from PostgreSQL now; None if it has no owner."""
        shown = self._cookies.person_token(connection) or self._cookies.former_person(connection)
        if not shown:
            return None
        token_hash = token_sha256(shown)
        found = (await self._people.by_tokens([token_hash])).get(token_hash)
        if found is None:
            self.forget_token(token_hash)
        return found.id if found else None

    async def staff(self, connection: HTTPConnection) -> Staff | None:
        """The member of staff who makes a request: the session is open, and its token came with the request."""
        sessions = await self._admin_sessions(connection)
        return admin_of(*min(sessions.items(), key=_by_session)) if sessions else None

    async def was_admin(self, connection: HTTPConnection) -> bool:
        """Whether the request carries the token of an admin session, open or over."""
        hashes = admin_hashes(connection, self._cookies)
        return bool(hashes) and await self._admins.known(hashes)

    async def is_admin_session(self, token_hash: bytes) -> bool:
        """Whether this is the hash of the token of an open admin session."""
        principal = await self.by_token_hash(token_hash)
        return isinstance(principal, Staff)

    async def _admin_sessions(self, connection: HTTPConnection) -> dict[bytes, str | None]:
        """The open admin sessions of this request, each with its admin's name if it has one.

        The sessions count as used, unless a page made the request by itself (``UNATTENDED``).
        """
        hashes = admin_hashes(connection, self._cookies)
        if not hashes:
            return {}
        now = self._now()
        found = await self._admins.names_of_valid(hashes, now)
        if found and UNATTENDED not in connection.headers:
            await self._note_used(found, now)
        return found

    async def _note_used(self, sessions: Collection[bytes], now: datetime) -> None:
        """Note the use of these sessions, each at most once in ``USED``.

        A use that cannot be stored is noted next time.
        """
        for session, noted in list(self._used.items()):
            if now - noted >= USED:
                del self._used[session]
        fresh = [session for session in sessions if session not in self._used]
        if fresh:
            self._used |= dict.fromkeys(fresh, now)
            with suppress(StorageError):
                await self._admins.used(fresh, now)

    def forget(self, person_id: UUID) -> None:
        """Look this person up again next time: they changed."""
        self._renames += 1
        token_hash = self._tokens.pop(person_id, None)
        if token_hash is not None:
            self._known.pop(token_hash, None)

    def forget_token(self, token_hash: bytes) -> None:
        """Forget the owner of this token, which was found to have none any more."""
        answer = self._known.get(token_hash)
        if answer is not None:
            self.forget(answer.principal.person.id)

    async def _first(self, *tokens: str | None) -> tuple[Principal, str] | None:
        for token in tokens:
            principal = await self.by_token(token) if token else None
            if token and principal is not None:
                return principal, token
        return None

    async def _load(self, hashes: list[bytes]) -> dict[bytes, Principal]:
        people = await self._people.by_tokens(hashes)
        found: dict[bytes, Principal] = {
            token_hash: Visitor(
                person=Person(id=each.id, name=each.name, colour=each.colour),
                token_sha256=token_hash,
            )
            for token_hash, each in people.items()
        }
        await self._note_tokens_used(people)
        others = [token_hash for token_hash in hashes if token_hash not in found]
        if others:
            named = await self._admins.names_of_valid(others, self._now())
            found |= {session: admin_of(session, name) for session, name in named.items()}
        return found

    async def _note_tokens_used(self, people: Mapping[bytes, StoredPerson]) -> None:
        """Note the use of these tokens, each at most once in ``TOKEN_USED``.

        A use that cannot be stored is noted next time.
        """
        before = self._now() - TOKEN_USED
        due = [
            token_hash
            for token_hash, each in people.items()
            if each.token_used_at is not None and each.token_used_at < before
        ]
        if due:
            with suppress(StorageError):
                await self._people.tokens_used(due, since=before)

    def _keep(self, token_hash: bytes, principal: Principal | None) -> None:
        if principal is None:
            self._unknown[token_hash] = None
        elif isinstance(principal, Visitor):
            self._known[token_hash] = _Answer(principal, self._clock() + KNOWN_SECONDS)
            self._known.move_to_end(token_hash)
            before = self._tokens.get(principal.person.id)
            if before is not None and before != token_hash:
                self._known.pop(before, None)  # a person has one token
            self._tokens[principal.person.id] = token_hash
            if len(self._known) > KNOWN_MAX:
                _, dropped = self._known.popitem(last=False)
                self._tokens.pop(dropped.principal.person.id, None)


def admin_hashes(connection: HTTPConnection, cookies: Cookies) -> list[bytes]:
    """The hashes of those tokens in a request that may belong to an admin session."""
    tokens = {bearer(connection), cookies.admin_token(connection)}
    return [token_sha256(token) for token in tokens if token]


def admin_of(session_sha256: bytes, name: str | None = None) -> Staff:
    """The admin of this session."""
    return Staff(
        person=ADMIN,
        role=Role.ADMIN,
        session_sha256=session_sha256,
        called=called(session_sha256, name),
    )


def _by_session(named: tuple[bytes, str | None]) -> bytes:
    return named[0]


def bearer(connection: HTTPConnection) -> str | None:
    """The bearer token of a request."""
    scheme, _, token = connection.headers.get("authorization", "").partition(" ")
    return token.strip()[:128] or None if scheme.lower() == "bearer" else None


def credential(connection: HTTPConnection, cookies: Cookies) -> str | None:
    """The token that names the person who asks: the bearer token, else the cookie."""
    return bearer(connection) or cookies.person_token(connection)
