"""The base of an op: the state that its author saw, and who changed it since."""

from uuid import UUID

from configurator.catalogue.model import Catalogue
from configurator.operations import undo
from configurator.operations.document import Document, written_since
from configurator.operations.intents import Redo, Undo
from configurator.operations.outcomes import Conflict, conflict, reads
from configurator.operations.undo import Reversal
from configurator.protocol.codes import Refused
from configurator.protocol.messages import OpRequest, Position
from storage.postgres.configurations.configurations import Configurations


def relies_on_base(asked: OpRequest) -> bool:
    """Whether the meaning of an op depends on the state that its author saw."""
    return asked.guarded or isinstance(asked.operation, Undo | Redo)


async def require_base(
    configurations: Configurations, configuration_id: UUID, asked: OpRequest, here: Position
) -> None:
    """Raise Refused if an op relies on a base version that does not exist.

    After a restore, the versions of the earlier history do not exist any more. An op that relies on
    one is refused, unless the op was stored before the backup was made.
    """
    if asked.epoch == here.epoch:
        unknown = asked.base_version > here.version
    else:
        unknown = (
            relies_on_base(asked)
            and await configurations.outcome_of(configuration_id, asked.op_id) is None
        )
    if unknown:
        raise Refused("version_unknown")


async def guard_conflict(
    configurations: Configurations,
    configuration_id: UUID,
    asked: OpRequest,
    *,
    catalogue: Catalogue,
    document: Document,
    reversal: Reversal | None,
) -> Conflict | None:
    """The conflict of a guarded op: its base was changed, and by whom. None without one.

    ``reversal`` is the op that an undo or redo would take back. Raises StorageUnavailable.
    """
    relied_on = reads(catalogue, asked.operation)
    if reversal is not None:
        relied_on = undo.reads(catalogue, reversal.changes)
    changed = written_since(document, asked.base_version) & relied_on
    if not changed:
        return None
    versions = {category: document.written[category] for category in changed}
    names = await configurations.authors(configuration_id, set(versions.values()))
    return conflict(catalogue, {c: names.get(v, "") for c, v in versions.items()})
