"""Passes news about people on to the caches of this process and to their connections."""

from dataclasses import dataclass
from uuid import UUID

from configurator.protocol.messages import Person
from realtime.people.auth import Authenticator
from realtime.people.grants import Grants


@dataclass(frozen=True, slots=True)
class KnownPeople:
    """The caches of this process about people: owners of tokens, and roles."""

    authenticator: Authenticator
    grants: Grants

    def renamed(self, person: Person) -> None:
        """Take the new name of a person."""
        self.authenticator.forget(person.id)
        self.grants.renamed(person.id, person.name)

    def token_ended(self, person_id: UUID) -> None:
        """Forget the token that this person gave up."""
        self.authenticator.forget(person_id)
        self.grants.sign_out(person_id)

    def forgotten(self, person_id: UUID | None) -> None:
        """Forget a person who was erased, and end their connections; None: no person was erased."""
        if person_id is not None:
            self.authenticator.forget(person_id)
            self.grants.forget(person_id)
