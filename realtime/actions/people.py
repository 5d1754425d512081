"""Registers people, and changes the name under which others see them."""

import secrets
from collections.abc import Callable
from dataclasses import replace
from uuid import UUID

import msgspec

from configurator.people.presence import COLOURS, guest_name
from configurator.people.reserved_names import is_reserved
from configurator.people.visible import NAME_CHARACTERS_MAX, one_line
from configurator.protocol.codes import Refused
from configurator.protocol.messages import Person
from realtime.people.principal import Principal, Visitor, token_sha256
from storage.postgres.people.people import People

TYPED_CHARACTERS_MAX = 1000
"""A name with more characters is refused before it is cleaned."""


class PeopleActions:
    """Registers and renames people. ``tell_renamed`` is called with each person of a new name."""

    def __init__(
        self,
        people: People,
        *,
        tell_renamed: Callable[[Person], None],
        new_id: Callable[[], UUID],
    ) -> None:
        self._people = people
        self._tell_renamed = tell_renamed
        self._new_id = new_id

    async def register(self, name: str | None = None) -> tuple[Visitor, str]:
        """A new person, and the token that authenticates them; a guest where no name is given.

        Raises:
            Refused: ``name_unusable`` or ``name_reserved``; no person is created then.
        """
        kept = _free(_kept_of(name)) if name is not None else guest_name(secrets.randbelow(2**31))
        token = secrets.token_urlsafe(32)
        person = Person(
            id=self._new_id(),
            name=kept,
            colour=secrets.randbelow(COLOURS),
        )
        await self._people.create(
            person_id=person.id,
            token_sha256=token_sha256(token),
            name=person.name,
            colour=person.colour,
        )
        return Visitor(person=person, token_sha256=token_sha256(token)), token

    async def introduce(self, principal: Principal, name: str) -> Visitor:
        """Rename the person; the cleaned name has 1 to 40 characters.

        Raises:
            Refused: ``people_only`` for an admin session, ``name_unusable``, or ``name_reserved``
                unless it is the name they have.
        """
        if not isinstance(principal, Visitor):
            raise Refused("people_only")
        clean = _kept_of(name)
        if clean != principal.person.name:
            _free(clean)
        await self._people.rename(principal.person.id, clean)
        renamed = _renamed(principal, clean)
        self._tell_renamed(renamed.person)
        return renamed


def _kept_of(name: str) -> str:
    """Cleans a name. Raises Refused, ``name_unusable``."""
    if len(name) > TYPED_CHARACTERS_MAX:
        raise Refused("name_unusable", detail=f"{len(name)} characters were sent")
    kept = one_line(name)
    if not 0 < len(kept) <= NAME_CHARACTERS_MAX:
        raise Refused("name_unusable", detail=f"{len(kept)} characters are left of this one")
    return kept


def _free(name: str) -> str:
    """The name, unless it would make its bearer look like staff. Raises Refused."""
    if is_reserved(name):
        raise Refused("name_reserved")
    return name


def _renamed(principal: Visitor, name: str) -> Visitor:
    """The same principal under another name."""
    return replace(principal, person=msgspec.structs.replace(principal.person, name=name))
