"""The role of one person, as tests ask for it."""

from uuid import UUID

from configurator.people.roles import Role
from storage.postgres.people.shares import Shares


async def role_of(shares: Shares, configuration_id: UUID, person_id: UUID) -> Role | None:
    """The person's present role in the configuration, or None."""
    pair = configuration_id, person_id
    granted = (await shares.roles_of([pair])).get(pair)
    return None if granted is None else granted.role
