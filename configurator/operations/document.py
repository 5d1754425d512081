"""The document: the state of a configuration after a number of operations.

Its version counts the operations committed so far, 1..n without a gap. `written` has the version at
which each category was last changed, which guards and undo need. The changes of the log, applied one
op after the other, give the same document.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from configurator.catalogue.selection import Selection
from configurator.errors import DocumentInvalid
from configurator.operations.outcomes import Change


@dataclass(frozen=True, slots=True, kw_only=True)
class Document:
    """The state at one version; `written` lacks categories that were never changed."""

    version: int
    selection: Selection
    written: Mapping[str, int]


def apply_changes(document: Document, changes: Iterable[Change], version: int) -> Document:
    """The document after these changes, which make the next version.

    Raises DocumentInvalid if `version` is not the next one, or if a change starts from another
    value than the present one.
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


def written_since(document: Document, base_version: int) -> frozenset[str]:
    """The categories changed after `base_version`."""
    return frozenset(
        category for category, version in document.written.items() if version > base_version
    )
