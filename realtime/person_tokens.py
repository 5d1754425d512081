"""The token that proves who a person is: exchanged, ended, and got back with a link of one's own.

A person has one token. A new one ends the old one everywhere: its connections and pages end within
a second on every process, or by the sweep of `realtime.grants` where the bus is away; requests with
it are refused after 30 seconds at the latest (`realtime.auth.KNOWN_SECONDS`), and at once by a
process that ended the token or found it ended.

A way back is a second secret of the person that opens nothing by itself. It can be exchanged once
for a new token, so somebody who signs out on a shared computer finds their houses again. It ends
with the token it was made with, but for the one that somebody names when they sign out.
"""

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Final
from uuid import UUID

from configurator.protocol.codes import Refused
from configurator.protocol.messages import Person
from realtime.principal import Principal, token_sha256
from storage.postgres.people import People

WAY_BACK_TTL: Final = timedelta(days=90)
"""How long a way back works: as long as an invitation."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Exchanged:
    """Whose token was exchanged, and their new one."""

    person_id: UUID
    token: str = field(repr=False)


class PersonTokens:
    """``tell_ended`` ends on every process what hangs on the token that this person had."""

    def __init__(
        self,
        *,
        people: People,
        tell_ended: Callable[[UUID], None],
        new_secret: Callable[[], str],
        now: Callable[[], datetime],
    ) -> None:
        self._people = people
        self._tell_ended = tell_ended
        self._new_secret = new_secret
        self._now = now

    async def exchange(self, token: str, *, keep: str | None = None) -> Exchanged | None:
        """A new token for whoever has this one, which is nobody's from now on; None: it was nobody's.

        The way back ends, unless it is ``keep``: somebody else who knew the token may have made it.
        ``ended`` is called for them once a browser has its answer: its own tabs hear of the end,
        load again, and need the new cookie for that.
        """
        fresh = self._new_secret()
        kept = token_sha256(keep) if keep else None
        person_id = await self._people.replace_token(token_sha256(token), token_sha256(fresh), kept)
        if person_id is None:
            return None
        return Exchanged(person_id=person_id, token=fresh)

    def ended(self, person_id: UUID) -> None:
        """Tell every process that a token of this person ended."""
        self._tell_ended(person_id)

    async def way_back(self, principal: Principal) -> tuple[str, datetime]:
        """The secret of a link back, and until when it works; the one before works no more.

        Raises:
            Refused: ``people_only``; ``not_authenticated``: the token ended a moment ago.
        """
        if principal.admin:
            raise Refused("people_only")
        secret, until = self._new_secret(), self._now() + WAY_BACK_TTL
        token = principal.token_sha256
        if token is None or not await self._people.keep_way_back(
            token, token_sha256(secret), until
        ):
            raise Refused("not_authenticated")
        return secret, until

    async def come_back(
        self, secret: str, *, here: Principal | None = None
    ) -> tuple[Principal, str]:
        """The person who kept this way back, and their new token; ``here``: whose browser opens it.

        Raises:
            Refused: ``way_back_unusable``; ``already_somebody`` for a link of somebody else, with
            the name of whoever is here.
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
        return Principal(person=person, token_sha256=token_sha256(fresh)), fresh
