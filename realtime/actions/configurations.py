"""Actions of people and programs on configurations: authorise, compute, commit, tell.

This is the service layer: every transport and every page calls it (for invitations,
`realtime.actions.sharing`). The role of an op's author is checked twice: here, to refuse early, and
again inside the transaction that stores the op. Only the second check is decisive.
"""

import secrets
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import assert_never
from uuid import UUID

import msgspec

from configurator.catalogue.selection import Choice
from configurator.house_code import (
    CODE_ALPHABET,
    CODE_LENGTH,
    as_code,
    as_id,
)
from configurator.people.roles import Permission, Role
from configurator.pricing.price import price
from configurator.protocol.codes import Refused
from configurator.protocol.messages import OpRequest, Outcome, Person
from realtime.actions.access import Admission, not_granted
from realtime.actions.inquiries import InquiryActions
from realtime.actions.people import PeopleActions
from realtime.actions.visits import VisitActions
from realtime.limits.allowances import HOUSES_OF_PERSON
from realtime.people.grants import Grants
from realtime.people.looks import Looks
from realtime.people.principal import Principal, Staff
from realtime.rooms.catalogues import ParsedCatalogues
from realtime.rooms.hub import Hub
from realtime.rooms.judge import repeated_outcome
from realtime.rooms.room import Room
from storage.errors import CodeTaken, TooMany
from storage.postgres.activity.sessions import Sessions
from storage.postgres.configurations.commit.statement import NotAllowed
from storage.postgres.configurations.configurations import Configurations
from storage.postgres.configurations.inquiries import Inquiries
from storage.postgres.configurations.stored import StoredConfiguration, StoredOperation
from storage.postgres.deployment import History
from storage.postgres.people.people import People
from storage.postgres.people.shares import Shares

NO_HOUSE = UUID(int=0)
"""No configuration has this id."""

CODE_TRIES = 5
OPS_PER_READ_MAX = 500


@dataclass(frozen=True, slots=True, kw_only=True)
class ConfigurationStores:
    """The stores that actions read from and write to."""

    configurations: Configurations
    people: People
    shares: Shares
    sessions: Sessions
    inquiries: Inquiries


class Actions:
    """Every action of the product; holds no state of its own."""

    def __init__(
        self,
        *,
        hub: Hub,
        stores: ConfigurationStores,
        grants: Grants,
        catalogues: ParsedCatalogues,
        looks: Looks,
        tell_renamed: Callable[[Person], None],
        now: Callable[[], datetime],
        new_id: Callable[[], UUID],
        new_session_key: Callable[[], str],
        scale: float = 1.0,
    ) -> None:
        """``scale`` multiplies the number of houses that a person may have."""
        self._houses_max = int(HOUSES_OF_PERSON * scale)
        self._hub = hub
        self._stores = stores
        self._grants = grants
        self._looks = looks
        self._new_id = new_id
        self.catalogues = catalogues
        self.people = PeopleActions(stores.people, tell_renamed=tell_renamed, new_id=new_id)
        self.visits = VisitActions(stores.sessions, now=now, new_session_key=new_session_key)
        self.inquiries = InquiryActions(
            stores.inquiries, visits=self.visits, grants=grants, now=now
        )

    async def create(
        self, principal: Principal, *, catalogue_id: str | None = None, size: str = ""
    ) -> StoredConfiguration:
        """A new configuration at the catalogue's defaults, owned by the person.

        `size` is the size of the house; a size that the catalogue does not have is ignored.
        """
        catalogues = self.catalogues
        catalogue = await catalogues.get(catalogue_id) if catalogue_id else catalogues.current
        selection = catalogue.defaults
        if size in catalogue.sizes:
            selection = selection.with_choice(catalogue.size_category, Choice(option=size))
        configuration_id = self._new_id()
        for _ in range(CODE_TRIES):
            try:
                return await self._stores.configurations.create(
                    configuration_id=configuration_id,
                    code="".join(secrets.choice(CODE_ALPHABET) for _ in range(CODE_LENGTH)),
                    catalogue_id=catalogue.id,
                    selection=msgspec.to_builtins(selection.choices()),
                    total_cents=price(catalogue, selection).total_cents,
                    owner_id=principal.person.id,
                    session_id=None,
                    at_most=self._houses_max,
                )
            except CodeTaken:
                continue
            except TooMany:
                raise Refused("too_many_houses") from None
        raise Refused("unavailable", retry_after_ms=1000)

    async def latest(self, principal: Principal) -> StoredConfiguration | None:
        """The configuration that the person worked on last, or None."""
        found = await self._stores.configurations.latest_of(principal.person.id, limit=1)
        return found[0] if found else None

    async def history(self) -> History:
        """The history of the data: its epoch, and whether it began with a backup.

        Raises StorageError.
        """
        return await self._stores.configurations.history()

    async def access(
        self, principal: Principal, reference: str, *, network: str | None = None
    ) -> Admission:
        """The configuration with this id or code, if the person may see it.

        Where an admin asks, the audit records it with the ``network`` they ask from.

        Raises:
            Refused: ``not_found``, both where there is no such configuration and where the person
                has no role in it.
        """
        found = await self._find(reference)
        if found is not None and isinstance(principal, Staff):
            await self._looks.house(principal, found.code, network)
            return Admission(configuration=found, role=principal.role)
        # The role is read even where there is no house: else the time of the answer would tell
        # whether there is one.
        role = await self._grants.read(found.id if found else NO_HOUSE, principal.person.id)
        if role is None or found is None:
            raise Refused("not_found")
        return Admission(configuration=found, role=role)

    async def rejoin(
        self, principal: Principal, reference: str, *, network: str | None = None
    ) -> tuple[Room, Role]:
        """The room that a person returns to, and their role; no read where both are known here.

        The configuration itself is not read: the room catches up with later versions by itself.
        Where an admin asks with a ``network``, the audit records that they looked at the house.

        Raises:
            Refused: ``not_found``.
        """
        configuration_id = as_id(reference)
        room = self._hub.opened(code=as_code(reference), configuration_id=configuration_id)
        if room is not None:
            configuration_id = room.id
        if configuration_id is None:
            access = await self.access(principal, reference, network=network)
            configuration_id, role = access.configuration.id, access.role
        else:
            try:
                role = await self.role(principal, configuration_id)
            except Refused:
                # The same read as for a house that is not there: see `access`.
                await self._find(reference)
                raise
        room = await self._hub.room(configuration_id)
        if isinstance(principal, Staff) and network is not None:
            await self._looks.house(principal, room.code, network)
        return room, role

    async def watch(self, principal: Principal, network: str | None) -> None:
        """Let an admin watch the interactions of all visitors, and record it in the audit.

        Raises:
            Refused: ``admins_only``.
        """
        if not isinstance(principal, Staff) or not principal.may(Permission.WATCH_ACTIVITY):
            raise Refused("admins_only")
        await self._looks.activity(principal, network)

    async def role(self, principal: Principal, configuration_id: UUID) -> Role:
        """The role of the principal in a configuration, read from the store unless known here.

        Raises:
            Refused: ``not_found``.
        """
        if isinstance(principal, Staff):
            return principal.role
        role = await self._grants.role(configuration_id, principal.person.id)
        if role is None:
            raise Refused("not_found")
        return role

    async def _find(self, reference: str) -> StoredConfiguration | None:
        code, configuration_id = as_code(reference), as_id(reference)
        if code is not None:
            return await self._stores.configurations.find(code)
        if configuration_id is not None:
            return await self._stores.configurations.load(configuration_id)
        return None

    async def submit(
        self,
        principal: Principal,
        configuration_id: UUID,
        role: Role,
        request: OpRequest,
        *,
        author_connection: str | None = None,
    ) -> Outcome:
        """Carry out one op and tell every member. See ``Room.submit``.

        Raises:
            Refused: ``read_only``; ``access_revoked`` where the transaction finds that the role has
                ended in the meantime.
        """
        if not role.may(Permission.EDIT):
            raise Refused("read_only")
        room = await self._hub.room(configuration_id)
        outcome = await room.submit(principal, request, author_connection=author_connection)
        match outcome:
            case Outcome():
                return outcome
            case NotAllowed():
                left = await self._grants.read(configuration_id, principal.person.id)
                raise Refused("access_revoked" if left is None else "read_only")
            case _:
                assert_never(outcome)

    async def not_granted(self, principal: Principal, configuration_id: UUID) -> Refused:
        """See ``realtime.actions.access``."""
        return await not_granted(self._grants, principal, configuration_id)

    async def outcome_of(
        self, configuration_id: UUID, op_id: UUID, *, author_connection: str | None = None
    ) -> Outcome:
        """The outcome of an op of this configuration, whichever process it was sent to.

        Waits for an op that this process is still carrying out. ``author_connection`` is the
        connection of the member who asks; that member gets the op's version before this method
        returns.

        Raises:
            Refused: ``op_unknown``: the op is not stored, so sending it again is safe.
        """
        room = self._hub.opened(configuration_id=configuration_id)
        found = await self._stores.configurations.outcome_of(configuration_id, op_id)
        if found is None and room is not None:
            await room.settled()
            found = await self._stores.configurations.outcome_of(configuration_id, op_id)
        if found is None:
            raise Refused("op_unknown")
        if room is not None:
            await room.show_version(found.version or 0, author_connection=author_connection)
        return repeated_outcome(found)

    async def operations(
        self, access: Admission, *, since: int, limit: int
    ) -> list[StoredOperation]:
        """Committed ops after the version ``since``, ascending, at most ``OPS_PER_READ_MAX``."""
        if since > access.configuration.version:
            raise Refused("version_unknown")
        return await self._stores.configurations.operations_since(
            access.configuration.id, since, min(limit, OPS_PER_READ_MAX)
        )
