"""Who is asking: bearer token or cookie to principal. Tokens are kept nowhere, only their hash.

Who a token belongs to does not change, only their name may. So it is looked up once in a while,
for many who come at the same time in one query: a thousand clients that return cost a few reads.
Admin sessions end, so those are looked up each time.
"""

from collections import OrderedDict
from collections.abc import Callable, Collection, Mapping
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime, timedelta
from types import TracebackType
from typing import Self
from uuid import UUID

from starlette.requests import HTTPConnection

from configurator.protocol.messages import Person
from realtime.cookies import Cookies, only
from realtime.lookups import Lookups
from realtime.principal import Principal, token_sha256
from storage.errors import StorageError
from storage.postgres.admins import Admins, called
from storage.postgres.people import People
from storage.postgres.people import Person as StoredPerson

ADMIN_SESSION_TTL = timedelta(hours=8)
UNATTENDED = "x-nest-unattended"
"""The header of a request that a page makes by itself, as to refresh what it shows: an admin session
does not count as used by it."""

USED = timedelta(minutes=1)
"""The use of an admin session is noted this often at most."""

TOKEN_USED = timedelta(days=1)
"""The use of a person's token is noted this often at most, whatever the number of requests."""

ADMIN = Person(id=UUID(int=0), name="Admin", colour=0)
"""The person that every admin is shown as."""

KNOWN_SECONDS = 30.0
UNKNOWN_SECONDS = 1.0
KNOWN_MAX = 10_000
UNKNOWN_MAX = 1_000


LOOKUPS_MAX = 3
"""So often a look-up is done again because somebody was renamed meanwhile."""


@dataclass(frozen=True, slots=True)
class _Answer:
    principal: Principal | None
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
        self._known: OrderedDict[bytes, _Answer] = OrderedDict()
        self._unknown: OrderedDict[bytes, _Answer] = OrderedDict()
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
        """Whose token this is, a person's or an admin session's; None: nobody's.

        A person is known under the name they have now, or had at most ``KNOWN_SECONDS`` ago when
        they changed it in another process and the bus is away. Raises StorageUnavailable.
        """
        return await self.by_token_hash(token_sha256(token))

    async def by_token_hash(self, token_hash: bytes) -> Principal | None:
        """As ``by_token``, for whoever has only the hash."""
        answer = self._known.get(token_hash) or self._unknown.get(token_hash)
        if answer is not None and self._clock() < answer.until:
            return answer.principal
        principal: Principal | None = None
        for _ in range(LOOKUPS_MAX):
            renames = self._renames
            principal = await self._lookups.get(token_hash)
            if self._renames == renames:
                self._keep(token_hash, principal)
                break
        return principal

    async def of(self, connection: HTTPConnection) -> Principal | None:
        """Who makes a request: its bearer token, else its cookies, the person's before an admin's."""
        found = await self.with_token(connection)
        return found[0] if found else None

    async def with_token(self, connection: HTTPConnection) -> tuple[Principal, str] | None:
        """As ``of``, and the token that says so."""
        return await self._first(
            credential(connection, self._cookies), self._cookies.admin_token(connection)
        )

    async def by_cookies(self, header: str) -> Principal | None:
        """Whoever a Cookie header belongs to, the person before the admin."""
        tokens = only(header, self._cookies.person), only(header, self._cookies.admin)
        found = await self._first(*tokens)
        return found[0] if found else None

    async def person_now(self, connection: HTTPConnection) -> UUID | None:
        """Whose the person's cookie is, as PostgreSQL has it now; None: nobody's."""
        shown = self._cookies.person_token(connection) or self._cookies.former_person(connection)
        if not shown:
            return None
        token_hash = token_sha256(shown)
        found = (await self._people.by_tokens([token_hash])).get(token_hash)
        if found is None:
            self.forget_token(token_hash)
        return found.id if found else None

    async def admin(self, connection: HTTPConnection) -> Principal | None:
        """The admin of an open session whose token the request carries as cookie or bearer."""
        sessions = await self._admin_sessions(connection)
        return admin_of(*min(sessions.items(), key=_by_session)) if sessions else None

    async def was_admin(self, connection: HTTPConnection) -> bool:
        """Whether the request carries the token of an admin session, open or over."""
        hashes = admin_hashes(connection, self._cookies)
        return bool(hashes) and await self._admins.known(hashes)

    async def is_admin(self, connection: HTTPConnection) -> bool:
        """Whether the request carries an open admin session, as cookie or as bearer token."""
        return bool(await self._admin_sessions(connection))

    async def is_admin_session(self, token_hash: bytes) -> bool:
        """Whether this is the hash of the token of an open admin session."""
        principal = await self.by_token_hash(token_hash)
        return principal is not None and principal.admin

    async def admin_name(self, connection: HTTPConnection) -> str | None:
        """What the audit calls the admin who makes this request; None: no admin does."""
        sessions = await self._admin_sessions(connection)
        if not sessions:
            return None
        return called(*min(sessions.items(), key=_by_session))

    async def _admin_sessions(self, connection: HTTPConnection) -> dict[bytes, str | None]:
        """The open admin sessions of this request, each with its admin's name if it has one.

        They count as used, unless the request says that nobody asked for it.
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
        """At most once in ``USED`` of each; what cannot be noted is noted next time."""
        for session, noted in list(self._used.items()):
            if now - noted >= USED:
                del self._used[session]
        fresh = [session for session in sessions if session not in self._used]
        if fresh:
            self._used |= dict.fromkeys(fresh, now)
            with suppress(StorageError):
                await self._admins.used(fresh, now)

    def forget(self, person_id: UUID) -> None:
        """This person changed: look again."""
        self._renames += 1
        token_hash = self._tokens.pop(person_id, None)
        if token_hash is not None:
            self._known.pop(token_hash, None)

    def forget_token(self, token_hash: bytes) -> None:
        """This token was found to be nobody's: what was known of it is over."""
        answer = self._known.get(token_hash)
        if answer is not None and answer.principal is not None:
            self.forget(answer.principal.person.id)

    async def _first(self, *tokens: str | None) -> tuple[Principal, str] | None:
        for token in tokens:
            principal = await self.by_token(token) if token else None
            if token and principal is not None:
                return principal, token
        return None

    async def _load(self, hashes: list[bytes]) -> dict[bytes, Principal]:
        people = await self._people.by_tokens(hashes)
        found = {
            token_hash: Principal(
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
        """At most once in ``TOKEN_USED`` of each; what cannot be noted is noted next time."""
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
            self._unknown[token_hash] = _Answer(None, self._clock() + UNKNOWN_SECONDS)
            self._unknown.move_to_end(token_hash)
            if len(self._unknown) > UNKNOWN_MAX:
                self._unknown.popitem(last=False)
        elif not principal.admin:
            self._known[token_hash] = _Answer(principal, self._clock() + KNOWN_SECONDS)
            self._known.move_to_end(token_hash)
            before = self._tokens.get(principal.person.id)
            if before is not None and before != token_hash:
                self._known.pop(before, None)  # a person has one token
            self._tokens[principal.person.id] = token_hash
            if len(self._known) > KNOWN_MAX:
                _, dropped = self._known.popitem(last=False)
                if dropped.principal is not None:
                    self._tokens.pop(dropped.principal.person.id, None)


def admin_hashes(connection: HTTPConnection, cookies: Cookies) -> list[bytes]:
    """The hashes of the tokens of a request that may be those of an admin session."""
    tokens = {bearer(connection), cookies.admin_token(connection)}
    return [token_sha256(token) for token in tokens if token]


def admin_of(session_sha256: bytes, name: str | None = None) -> Principal:
    """The admin of this session."""
    return Principal(
        person=ADMIN, admin=True, admin_session=session_sha256, called=called(session_sha256, name)
    )


def _by_session(named: tuple[bytes, str | None]) -> bytes:
    return named[0]


def bearer(connection: HTTPConnection) -> str | None:
    """The bearer token of a request."""
    scheme, _, token = connection.headers.get("authorization", "").partition(" ")
    return token.strip()[:128] or None if scheme.lower() == "bearer" else None


def credential(connection: HTTPConnection, cookies: Cookies) -> str | None:
    """The token that says which person is asking: bearer, else cookie."""
    return bearer(connection) or cookies.person_token(connection)
