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
from configurator.operations import Change, Operation
from configurator.selection import Selection


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
