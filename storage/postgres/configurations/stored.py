"""Configurations and ops as they are stored, and how rows become them."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any, TypeAlias
from uuid import UUID

from sqlalchemy import Row

JsonDocument: TypeAlias = dict[str, object]


@dataclass(frozen=True, slots=True, kw_only=True)
class StoredConfiguration:
    """A configuration at one version. `written`: category -> version that last changed it.

    `restored_to`: the history of this epoch began with a backup of this moment.
    """

    id: UUID
    code: str
    catalogue_id: str
    epoch: UUID
    version: int
    selection: JsonDocument
    written: dict[str, int]
    total_cents: int
    status: str
    owner_id: UUID
    created_at: datetime
    updated_at: datetime
    restored_to: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class StoredOperation:
    """One op with its outcome. `version` is None for a refused op (rejected, conflict).

    `judged_at_version` is the head it was judged at; a committed op has version = judged + 1.
    """

    configuration_id: UUID
    op_id: UUID
    version: int | None
    judged_at_version: int
    base_version: int
    person_id: UUID
    author_name: str
    author_colour: int
    outcome: str
    body_sha256: bytes
    operation: JsonDocument
    changes: list[JsonDocument]
    reasons: list[JsonDocument]
    repairs: list[JsonDocument]
    total_cents: int | None
    guarded: bool
    committed_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class LogHead:
    """The end of a configuration's log: its version, and the history that it belongs to."""

    epoch: UUID
    version: int


def configuration_in(row: Row[Any]) -> StoredConfiguration:
    """The configuration in a row."""
    return StoredConfiguration(
        id=row.id,
        code=row.code,
        catalogue_id=row.catalogue_id,
        epoch=row.epoch,
        version=row.head,
        selection=row.selection,
        written=row.written,
        total_cents=row.total_cents,
        status=row.status,
        owner_id=row.owner_id,
        created_at=row.created_at,
        updated_at=row.updated_at,
        restored_to=row.restored_to,
    )


def operation_in(row: Row[Any]) -> StoredOperation:
    """The op in a row, with its author as they are called now."""
    return StoredOperation(
        configuration_id=row.configuration_id,
        op_id=row.op_id,
        version=row.version,
        judged_at_version=row.judged_at_version,
        base_version=row.base_version,
        person_id=row.person_id,
        author_name=row.author_name or "",
        author_colour=row.author_colour or 0,
        outcome=row.outcome,
        body_sha256=row.body_sha256,
        operation=row.operation,
        changes=row.changes,
        reasons=row.reasons,
        repairs=row.repairs,
        total_cents=row.total_cents,
        guarded=row.guarded,
        committed_at=row.committed_at,
    )
