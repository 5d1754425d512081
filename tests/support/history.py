"""A document built from its log: what every snapshot and every total is held against."""

from collections.abc import Iterable
from dataclasses import dataclass
from uuid import UUID

from configurator.catalogue.model import Catalogue
from configurator.operations.document import Document, apply_changes
from configurator.operations.intents import Operation
from configurator.operations.outcomes import Change


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


def fold(initial: Document, log: Iterable[LoggedOperation]) -> Document:
    """The document after the whole log, which must start right behind `initial`."""
    document = initial
    for logged in log:
        document = apply_changes(document, logged.changes, logged.version)
    return document
