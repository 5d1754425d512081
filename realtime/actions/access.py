"""The configuration that a person may enter, and the refusal of everybody else."""

from dataclasses import dataclass
from uuid import UUID

from configurator.people.roles import Role
from configurator.protocol.codes import Refused
from realtime.people.grants import Grants
from realtime.people.principal import Principal
from storage.postgres.configurations.stored import StoredConfiguration


@dataclass(frozen=True, slots=True, kw_only=True)
class Admission:
    """A configuration that the person may enter, and the role they have there."""

    configuration: StoredConfiguration
    role: Role


async def not_granted(grants: Grants, principal: Principal, configuration_id: UUID) -> Refused:
    """The refusal after a transaction found another role than the one known here, or none."""
    role = await grants.read(configuration_id, principal.person.id)
    return Refused("not_found" if role is None else "owners_only")
