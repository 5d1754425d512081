"""The token that authenticates a person: exchange it, end it, and get one back by a link.

A person has one token. A new one ends the old one everywhere: its connections and pages end within
a second on every process, or by the sweep of `realtime.people.grants` where the bus is away; requests with
it are refused after 30 seconds at the latest (`realtime.people.auth.KNOWN_SECONDS`), and at once by a
process that ended the token or found it ended.

A way back is a second secret of the person, which opens nothing by itself. It can be exchanged once
for a new token, so a person who signs out on a shared computer can return to their houses. A way
back ends together with the token it was made with, except for the one that a person names when they
sign out.
"""

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Final
from uuid import UUID

from configurator.protocol.codes import Refused
from configurator.protocol.messages import Person
from realtime.people.principal import Principal, Visitor, token_sha256
from storage.postgres.people.people import People

WAY_BACK_TTL: Final = timedelta(days=90)
"""A way back works for as long as an invitation may."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Exchanged:
    """The person whose token was exchanged, and their new token."""

    person_id: UUID
    token: str = field(repr=False)


class PersonTokens:
    """Exchanges and ends tokens.

    ``tell_ended`` has every process end what depends on the token that this person had.
    """

    def __init__(
        self,
        *,
        people: People,
        tell_ended: Callable[[UUID], None],
        new_secret: Callable[[], str],
        now: Callable[[], datetime],
    ) -> None:
        self._people = people
        self.tell_ended = tell_ended
        self._new_secret = new_secret
        self._now = now

    async def exchange(self, token: str, *, keep: str | None = None) -> Exchanged | None:
        """Exchange this token for a new one of the same person; None if it has no owner.

        The way back ends, too, unless it is ``keep``: another person who knew the token may have
        made it. For a browser, call ``ended`` only after it has its answer: its own tabs are told
        of the end, load again, and need the new cookie for that.
        """
        fresh = self._new_secret()
        kept = token_sha256(keep) if keep else None
        person_id = await self._people.replace_token(token_sha256(token), token_sha256(fresh), kept)
        if person_id is None:
            return None
        return Exchanged(person_id=person_id, token=fresh)

    def ended(self, person_id: UUID) -> None:
        """Tell every process that a token of this person has ended."""
        self.tell_ended(person_id)

    async def way_back(self, principal: Principal) -> tuple[str, datetime]:
        """The secret of a new link back, and its last moment; the earlier link ends.

        Raises:
            Refused: ``people_only``; ``not_authenticated``: the token ended a moment ago.
        """
        if not isinstance(principal, Visitor):
            raise Refused("people_only")
        secret, until = self._new_secret(), self._now() + WAY_BACK_TTL
        token = principal.token_sha256
        if token is None or not await self._people.keep_way_back(
            token, token_sha256(secret), until
        ):
            raise Refused("not_authenticated")
        return secret, until

    async def come_back(self, secret: str, *, here: Visitor | None = None) -> tuple[Visitor, str]:
        """The person who kept this way back, and their new token; ``here`` is the person of the browser.

        Raises:
            Refused: ``way_back_unusable``; ``already_somebody`` for a link of somebody else, with
            the name of the person who is here.
        """
        if here is not None:
            kept_by = await self._people.kept_way_back(token_sha256(secret), self._now())
            if kept_by is None:
                raise Refused("way_back_unusable")
            if kept_by != here.person.id:
                raise Refused("already_somebody", detail=here.person.name)
        fresh = self._new_secret()
        found = await self._people.come_back(token_sha256(secret), token_sha256(fresh), self._now())
        if found is None:
            raise Refused("way_back_unusable")
        person = Person(id=found.id, name=found.name, colour=found.colour)
        return Visitor(person=person, token_sha256=token_sha256(fresh)), fresh
