"""What a guarded op relies on, and who changed it after its author looked."""

from uuid import UUID

from configurator import undo
from configurator.catalogue import Catalogue
from configurator.document import Document, written_since
from configurator.operations import Conflict, conflict, reads
from configurator.protocol.messages import OpRequest
from configurator.undo import Reversal
from storage.postgres.configurations import Configurations


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
