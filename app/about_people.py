"""A web process handles news about people here: new names, and tokens that ended."""

from collections.abc import Callable, Sequence
from uuid import UUID

from configurator.protocol.messages import Person
from realtime.auth import Authenticator
from realtime.grants import Grants
from realtime.hub import Hub
from realtime.privacy import Forgotten


class AboutPeople:
    """`forget_sessions` is told of visitors' sessions that were erased; set it before news arrive."""

    def __init__(self, authenticator: Authenticator, grants: Grants, hub: Hub) -> None:
        self._authenticator = authenticator
        self._grants = grants
        self._hub = hub
        self.forget_sessions: Callable[[Sequence[UUID]], None] = lambda _sessions: None

    def renamed(self, person: Person) -> None:
        """Somebody has another name from now on."""
        self._authenticator.forget(person.id)
        self._grants.renamed(person.id, person.name)

    def token_ended(self, person_id: UUID) -> None:
        """The token that this person had is nobody's now."""
        self._authenticator.forget(person_id)
        self._grants.sign_out(person_id)

    def forgotten(self, forgotten: Forgotten) -> None:
        """Somebody was erased: what this process remembers of them goes, and their connections end."""
        if forgotten.person is not None:
            self._authenticator.forget(forgotten.person)
            self._grants.forget(forgotten.person)
        self._hub.forget_authors(forgotten.houses)
        if forgotten.sessions:
            self.forget_sessions(forgotten.sessions)
