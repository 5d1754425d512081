"""The roles of people who are connected here, known without asking PostgreSQL each time.

An op is checked in its own transaction. These roles are for everything else: seeing a house, being
in its room. A role is never older than ``FRESH_SECONDS``: a sweep reads the roles of all people who
are, or were lately, connected here, in one query. People who lost their role are told and leave. A
process that hears of a change reads the roles concerned at once. While PostgreSQL is away, the
roles stay as they are.

A role is dated by the moment at which its reading began; an older reading never replaces it.
"""

import asyncio
from collections.abc import Callable, Collection, Iterable
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from types import TracebackType
from typing import Protocol, Self
from uuid import UUID

from configurator.people.roles import Role
from realtime.people.admin_sessions import SWEEP_SECONDS, AdminSessions
from realtime.people.lookups import KEYS_MAX, Lookups
from realtime.people.principal import Principal, Staff
from storage.errors import StorageError
from storage.outage import Outage
from storage.postgres.people.granted import Granted
from storage.postgres.people.people import People
from storage.postgres.people.shares import Shares
from storage.tasks import OwnedTasks

FRESH_SECONDS = 30.0
REMEMBERED_SECONDS = 120.0
"""The role of a person who left is kept up to date for this long, because they may come back."""

ROLES_MAX = 20_000
SEEN_SECONDS = 600.0
"""The interval at which the presence of a person is noted in the store."""

GrantKey = tuple[UUID, UUID]
"""A configuration and a person."""


class Holder(Protocol):
    """A connection that depends on grants. It is called when they change, and must not wait."""

    def access_ended(self, configuration_id: UUID) -> None:
        """The role has ended: leave the room."""

    def role_changed(self, configuration_id: UUID, role: Role) -> None:
        """The person has another role now."""

    def renamed(self, name: str) -> None:
        """The person has another name now."""

    def admin_ended(self) -> None:
        """The admin session or the person's token has ended, or they were erased: be nobody."""


@dataclass(slots=True, eq=False)
class _Known:
    role: Role
    read_at: float
    used_at: float
    noted_at: float = float("-inf")
    holders: set[Holder] = field(default_factory=set)


@dataclass(slots=True, eq=False)
class _Here:
    connections: dict[Holder, bytes | None] = field(default_factory=dict)
    named_at: float = float("-inf")
    noted_at: float = float("-inf")


class Grants:
    """Async context manager: it owns the sweep. ``clock`` is monotonic, in seconds.

    ``token_ended`` is called with each token that was found to have lost its owner.
    """

    def __init__(
        self,
        *,
        shares: Shares,
        people: People,
        sessions: AdminSessions,
        clock: Callable[[], float],
        now: Callable[[], datetime],
        token_ended: Callable[[bytes], None],
        roles_max: int = ROLES_MAX,
        sweep_seconds: float = SWEEP_SECONDS,
    ) -> None:
        self._sweep_seconds = sweep_seconds
        self._roles_max = roles_max
        self._token_ended = token_ended
        self._shares = shares
        self._people = people
        self._sessions = sessions
        self._clock = clock
        self._now = now
        self._known: dict[GrantKey, _Known] = {}
        self._here: dict[UUID, _Here] = {}
        self._lookups: Lookups[GrantKey, Granted] = Lookups(shares.roles_of, name="roles")
        self._tasks = OwnedTasks()
        self.outage = Outage("checking the roles of who is here")
        self.outages = (self.outage,)

    async def __aenter__(self) -> Self:
        await self._lookups.__aenter__()
        await self._tasks.__aenter__()
        self._tasks.start(self._sweep_forever(), name="grants")
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        await self._tasks.__aexit__(kind, error, trace)
        await self._lookups.__aexit__(kind, error, trace)

    # ---- roles

    async def role(self, configuration_id: UUID, person_id: UUID) -> Role | None:
        """The role, at most ``FRESH_SECONDS`` old; None if there is none.

        Raises StorageUnavailable.
        """
        known = self._known.get((configuration_id, person_id))
        now = self._clock()
        if known is not None and now - known.read_at <= FRESH_SECONDS:
            known.used_at = now
            return known.role
        return await self.read(configuration_id, person_id)

    async def read(self, configuration_id: UUID, person_id: UUID) -> Role | None:
        """The role, read from PostgreSQL now; holders are told of a change."""
        pair, began_at = (configuration_id, person_id), self._clock()
        granted = await self._lookups.get(pair)
        self._store(pair, granted, began_at)
        return granted.role if granted is not None else None

    def suspect(self, configuration_id: UUID, people: Collection[UUID]) -> None:
        """Read again, now, the known roles of these people, which may have changed.

        While PostgreSQL is away, the roles stay as they are until the sweep.
        """
        for person_id in people:
            if (configuration_id, person_id) in self._known:
                self._tasks.start(self._read_again(configuration_id, person_id), name="role")

    async def _read_again(self, configuration_id: UUID, person_id: UUID) -> None:
        with suppress(StorageError):
            await self.read(configuration_id, person_id)

    # ---- holders

    def hold(self, configuration_id: UUID, person_id: UUID, holder: Holder) -> Role | None:
        """Register a holder of a role that was read just now; returns the role as known now."""
        known = self._known.get((configuration_id, person_id))
        if known is None:
            return None
        known.holders.add(holder)
        return known.role

    def release(self, configuration_id: UUID, person_id: UUID, holder: Holder) -> None:
        """Remove a holder of this role."""
        known = self._known.get((configuration_id, person_id))
        if known is not None:
            known.holders.discard(holder)
            known.used_at = self._clock()

    def arrive(self, principal: Principal, holder: Holder) -> None:
        """Register a holder for a principal's new names, and for the end of session or token."""
        if isinstance(principal, Staff):
            self._sessions.hold(principal.session_sha256, holder.admin_ended)
        else:
            here = self._here.setdefault(principal.person.id, _Here())
            here.connections[holder] = principal.token_sha256

    def depart(self, principal: Principal, holder: Holder) -> None:
        """Remove that registration."""
        if isinstance(principal, Staff):
            self._sessions.release(principal.session_sha256, holder.admin_ended)
        here = self._here.get(principal.person.id)
        if here is not None:
            here.connections.pop(holder, None)
            if not here.connections:
                del self._here[principal.person.id]

    def renamed(self, person_id: UUID, name: str) -> None:
        """Tell all connections of a person that they have another name."""
        here = self._here.get(person_id)
        if here is not None:
            here.named_at = self._clock()
            for holder in list(here.connections):
                holder.renamed(name)

    def forget(self, person_id: UUID) -> None:
        """Take an erased person out of every room; their connections belong to nobody any more."""
        for pair in [pair for pair in self._known if pair[1] == person_id]:
            self._drop(pair)
        here = self._here.pop(person_id, None)
        for holder in list(here.connections) if here is not None else []:
            holder.admin_ended()

    def sign_out(self, person_id: UUID) -> None:
        """End the connections of a token that this person gave up; those with a newer token stay."""
        if person_id in self._here:
            self._tasks.start(self._check_tokens_of(person_id), name="tokens")

    async def _check_tokens_of(self, person_id: UUID) -> None:
        """Check the tokens now; while PostgreSQL is away, the sweep will."""
        with suppress(StorageError):
            here = self._here.get(person_id)
            await self._check([here] if here is not None else [])

    # ---- the sweep

    async def _sweep_forever(self) -> None:
        while True:
            await asyncio.sleep(self.outage.pause(self._sweep_seconds))
            with self.outage.tolerated():
                await self.sweep()

    async def sweep(self) -> None:
        """Read every role that a connection here depends on."""
        began_at = self._clock()
        self._forget_unused(began_at)
        pairs = list(self._known)
        for start in range(0, len(pairs), KEYS_MAX):
            asked = pairs[start : start + KEYS_MAX]
            began_at = self._clock()
            found = await self._shares.roles_of(asked)
            for pair in asked:
                self._store(pair, found.get(pair), began_at)
        await self._check_tokens()
        await self._note_seen(self._clock())

    async def _check_tokens(self) -> None:
        """Find tokens that have lost their owner without a message about it."""
        await self._check(self._here.values())

    async def _check(self, of: Iterable[_Here]) -> None:
        held = [
            (holder, token)
            for here in of
            for holder, token in here.connections.items()
            if token is not None
        ]
        tokens = list({token for _, token in held})
        valid: set[bytes] = set()
        for start in range(0, len(tokens), KEYS_MAX):
            valid |= (await self._people.by_tokens(tokens[start : start + KEYS_MAX])).keys()
        for holder, token in held:
            if token not in valid:
                self._token_ended(token)
                holder.admin_ended()

    async def _note_seen(self, now: float) -> None:
        """Store who is connected here and in which house, each person once in ``SEEN_SECONDS``."""
        since = self._now() - timedelta(seconds=SEEN_SECONDS)
        in_houses = {
            pair: known
            for pair, known in self._known.items()
            if known.holders and now - known.noted_at >= SEEN_SECONDS
        }
        if in_houses:
            await self._shares.seen(in_houses, since=since)
            for known in in_houses.values():
                known.noted_at = now
        news = {
            person: here
            for person, here in self._here.items()
            if now - here.noted_at >= SEEN_SECONDS
        }
        if news:
            await self._people.seen(news, since=since)
            for here in news.values():
                here.noted_at = now

    def _forget_unused(self, now: float) -> None:
        for pair, known in list(self._known.items()):
            if not known.holders and now - known.used_at > REMEMBERED_SECONDS:
                del self._known[pair]

    # ---- what readings found

    def _store(self, pair: GrantKey, granted: Granted | None, began_at: float) -> None:
        known = self._known.get(pair)
        if known is not None and known.read_at > began_at:
            return
        if granted is None:
            self._drop(pair)
        elif known is None:
            self._remember(pair, granted, began_at)
        else:
            known.read_at = began_at
            self._change(pair[0], known, granted.role)
        here = self._here.get(pair[1])
        if granted is not None and granted.name and here is not None and here.named_at < began_at:
            for holder in list(here.connections):
                holder.renamed(granted.name)

    def _drop(self, pair: GrantKey) -> None:
        known = self._known.pop(pair, None)
        for holder in list(known.holders) if known is not None else []:
            holder.access_ended(pair[0])

    def _remember(self, pair: GrantKey, granted: Granted, began_at: float) -> None:
        self._known[pair] = _Known(role=granted.role, read_at=began_at, used_at=self._clock())
        if len(self._known) > self._roles_max:
            unused = (each for each, known in self._known.items() if not known.holders)
            oldest = next(unused)  # the one read just now, if all others are in use
            if oldest != pair:
                del self._known[oldest]

    def _change(self, configuration_id: UUID, known: _Known, role: Role) -> None:
        if role is not known.role:
            known.role = role
            for holder in list(known.holders):
                holder.role_changed(configuration_id, role)
