"""Group commit of ops (signatures; the body follows)."""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime
from types import TracebackType
from typing import Self, TypeAlias
from uuid import UUID

from storage.postgres.configurations import StoredOperation
from storage.postgres.engine import Database


@dataclass(frozen=True, slots=True, kw_only=True)
class CommitRequest:
    """One op with its computed outcome. The documents are JSON strings.

    `takes_version` False: a refused op, stored only for its outcome; it changes nothing else.
    `selection`, `written` and `total_cents` are the state after the op; for a refused op they are
    ignored.
    """

    configuration_id: UUID
    op_id: UUID
    person_id: UUID
    expected_version: int
    takes_version: bool
    outcome: str
    base_version: int
    guarded: bool
    body_sha256: bytes
    operation: str
    changes: str
    reasons: str
    repairs: str
    selection: str
    written: str
    total_cents: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Stored:
    """Durable. `version` is `expected_version + 1`, or None for a refused op."""

    version: int | None
    committed_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Repeated:
    """This op_id was stored before; compare `operation.body_sha256` with the request's."""

    operation: StoredOperation


@dataclass(frozen=True, slots=True, kw_only=True)
class HeadMoved:
    """Somebody else's op came first: compute again on the state at `head`."""

    head: int


@dataclass(frozen=True, slots=True, kw_only=True)
class NotAllowed:
    """The person has no unrevoked grant that may edit."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Gone:
    """There is no such configuration."""


CommitResult: TypeAlias = Stored | Repeated | HeadMoved | NotAllowed | Gone


class Committer:
    """Async context manager that commits ops, those that wait at the same moment together."""

    def __init__(
        self,
        database: Database,
        *,
        editing_roles: Collection[str] = ("owner", "advisor", "editor"),
        max_batch: int = 64,
        connections: int = 2,
        deadline_seconds: float = 5.0,
        max_waiting: int = 4096,
    ) -> None:
        self._database = database

    async def __aenter__(self) -> Self: ...

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None: ...

    async def commit(self, request: CommitRequest) -> CommitResult:
        """The fate of one op. Raises StorageUnavailable when it is unknown at the deadline."""
        raise NotImplementedError
