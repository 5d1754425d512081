"""The base of an op: the state that its author saw, and who changed it since."""

from uuid import UUID

from configurator import undo
from configurator.catalogue import Catalogue
from configurator.document import Document, written_since
from configurator.operations import Conflict, Redo, Undo, conflict, reads
from configurator.protocol.codes import Refused
from configurator.protocol.messages import OpRequest, Position
from configurator.undo import Reversal
from storage.postgres.configurations import Configurations


def relies_on_base(asked: OpRequest) -> bool:
    """Whether an op means something else on another state than the one that its author saw."""
    return asked.guarded or isinstance(asked.operation, Undo | Redo)


async def require_base(
    configurations: Configurations, configuration_id: UUID, asked: OpRequest, here: Position
) -> None:
    """Raises Refused where what an op was asked on does not exist, and matters.

    Of another history - a backup was restored - it does not exist any more. That matters to an op
    that relies on it, unless the op was stored before the backup was made.
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
    """The answer to a guarded op when somebody changed what it relies on, naming who; else None.

    ``reversal`` is what an undo or redo would take back. Raises StorageUnavailable.
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
