"""The document: what a configuration is after a number of operations.

Its version counts the operations committed so far, 1..n without a gap; `written` remembers at
which version each category was last changed, which is what guards and undo ask about. The log is
the history: `fold` over it gives the document again, and complains when it does not fit.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from uuid import UUID

from configurator.catalogue import Catalogue
from configurator.errors import DocumentInvalid
from configurator.operations import (
    Change,
    Operation,
    change_from_json,
    change_to_json,
    operation_to_json,
    parse_operation,
)
from configurator.selection import Selection, selection_from_json, selection_to_json


@dataclass(frozen=True, slots=True, kw_only=True)
class Document:
    """The state at one version; a category that was never changed is not in `written`."""

    version: int
    selection: Selection
    written: Mapping[str, int]


@dataclass(frozen=True, slots=True, kw_only=True)
class LoggedOperation:
    """One committed operation: what was asked, by whom, and what it changed."""

    version: int
    op_id: UUID
    person_id: UUID
    operation: Operation
    changes: tuple[Change, ...]


def new_document(catalogue: Catalogue) -> Document:
    """Version 0: the defaults of the catalogue, nothing written."""
    return Document(version=0, selection=catalogue.defaults, written={})


def apply_changes(document: Document, changes: Iterable[Change], version: int) -> Document:
    """The document after these changes, which make the next version.

    Raises DocumentInvalid when `version` is not the next one, or when a change starts from
    something else than what is there.
    """
    if version != document.version + 1:
        raise DocumentInvalid(f"version {version} cannot follow version {document.version}")
    selection, written = document.selection, dict(document.written)
    for change in changes:
        if selection.get(change.category) != change.before:
            raise DocumentInvalid(
                f"version {version} changes {change.category} from {change.before}, "
                f"but it is {selection.get(change.category)}"
            )
        if change.after is None:
            selection = selection.without(change.category)
        else:
            selection = selection.with_choice(change.category, change.after)
        written[change.category] = version
    return Document(version=version, selection=selection, written=written)


def fold(initial: Document, log: Iterable[LoggedOperation]) -> Document:
    """The document after the whole log, which must start right behind `initial`."""
    document = initial
    for logged in log:
        document = apply_changes(document, logged.changes, logged.version)
    return document


def written_since(document: Document, base_version: int) -> frozenset[str]:
    """The categories changed after `base_version`."""
    return frozenset(
        category for category, version in document.written.items() if version > base_version
    )


def document_to_json(document: Document) -> dict[str, object]:
    """`{"version", "selection", "written"}`."""
    return {
        "version": document.version,
        "selection": selection_to_json(document.selection),
        "written": dict(sorted(document.written.items())),
    }


def document_from_json(catalogue: Catalogue, value: Mapping[str, object]) -> Document:
    """A document as `document_to_json` wrote it.

    Raises SelectionInvalid when it does not belong to this catalogue, DocumentInvalid when it is
    no document.
    """
    version, written = value.get("version"), value.get("written")
    if type(version) is not int or not isinstance(written, dict):
        raise DocumentInvalid(
            "a document has a version and the versions its categories were written"
        )
    selection = selection_from_json(catalogue, value.get("selection"))
    return Document(
        version=version,
        selection=selection,
        written={str(category): int(at) for category, at in written.items()},
    )


def logged_operation_to_json(logged: LoggedOperation) -> dict[str, object]:
    """`{"version", "op_id", "person_id", "operation", "changes"}`."""
    return {
        "version": logged.version,
        "op_id": str(logged.op_id),
        "person_id": str(logged.person_id),
        "operation": operation_to_json(logged.operation),
        "changes": [change_to_json(change) for change in logged.changes],
    }


def logged_operation_from_json(value: Mapping[str, object]) -> LoggedOperation:
    """A log row as `logged_operation_to_json` wrote it. Raises DocumentInvalid, OperationInvalid."""
    version, changes = value.get("version"), value.get("changes")
    if type(version) is not int or not isinstance(changes, list):
        raise DocumentInvalid("a log row has a version and a list of changes")
    return LoggedOperation(
        version=version,
        op_id=UUID(str(value["op_id"])),
        person_id=UUID(str(value["person_id"])),
        operation=parse_operation(value["operation"]),
        changes=tuple(change_from_json(change) for change in changes),
    )
