"""The one statement that commits ops of different configurations.

It is right under READ COMMITTED, where a statement sees one snapshot and then waits for locks, for
these reasons:
- `head` and `granted` lock rows, and a locked row is read again after the wait: the head is the
  newest one, and a grant revoked meanwhile is not returned. The locks are held until the commit,
  so a revocation either comes before the op or waits for it.
- `seen` reads the snapshot, so it misses an op_id committed during the wait. Then the head has
  moved, or the INSERT violates the primary key; both cases are checked again with a new snapshot.
- The UPDATE assigns the version, head + 1, and the op gets it only from there.
- Heads are locked in the order of their ids, so two batches never wait for each other.
- An op is stored only in the history that it was judged in: after a restore the head may have the
  expected number but belong to a different house state. The epoch differs then, and the verdict is
  "moved". The epoch changes together with all tables, which a restore locks, so the epoch in the
  snapshot is the epoch of the rows that the statement finds.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import TypeAlias
from uuid import UUID

from configurator.people.roles import Permission, roles_with
from storage.postgres.configurations.stored import StoredOperation

EDITING: list[object] = list(roles_with(Permission.EDIT))
"""The roles whose ops are stored."""


@dataclass(frozen=True, slots=True, kw_only=True)
class CommitRequest:
    """One op with its computed outcome. Documents are JSON strings.

    `epoch`: the history in which it was judged, at `expected_version`.
    `takes_version` False: a refused op, stored only for its outcome; it changes nothing else.
    `selection`, `written` and `total_cents` are the state after the op; of a refused op only the
    total is kept, which is the price that its author was told.
    """

    configuration_id: UUID
    epoch: UUID
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
    """The op is durable. `version` is `expected_version + 1`, or None for a refused op."""

    version: int | None
    committed_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Repeated:
    """This op_id was stored before; compare `operation.body_sha256` with the request's."""

    operation: StoredOperation


@dataclass(frozen=True, slots=True, kw_only=True)
class HeadMoved:
    """Another op was committed first: compute this one again on the state at `head`.

    `head` None: the op that it was judged on was not stored, so the head was not read.
    """

    head: int | None


@dataclass(frozen=True, slots=True, kw_only=True)
class NotAllowed:
    """The person has no unrevoked grant that may edit."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Gone:
    """There is no such configuration."""


CommitResult: TypeAlias = Stored | Repeated | HeadMoved | NotAllowed | Gone

# The planner does not know how few rows a batch has and would scan whole tables. The statement is
# prepared once for arrays of any length, so one plan must fit all: always by index.
SETTINGS = {
    "plan_cache_mode": "force_generic_plan",
    "enable_seqscan": "off",
    "enable_hashjoin": "off",
    "enable_mergejoin": "off",
    "jit": "off",
}

COMMIT = """
WITH request AS MATERIALIZED (
    SELECT * FROM unnest(
        $1::uuid[], $2::uuid[], $3::uuid[], $4::bigint[], $5::boolean[], $6::text[], $7::bigint[],
        $8::boolean[], $9::bytea[], $10::text[], $11::text[], $12::text[], $13::text[],
        $14::text[], $15::text[], $16::bigint[], $18::uuid[]
    ) AS r (
        configuration_id, op_id, person_id, expected, takes_version, outcome, base_version,
        guarded, body_sha256, operation, changes, reasons, repairs,
        selection, written, total_cents, epoch
    )
), head AS MATERIALIZED (
    SELECT c.id, c.head
    FROM request r JOIN configurations c ON c.id = r.configuration_id
    ORDER BY c.id
    FOR NO KEY UPDATE OF c
), granted AS MATERIALIZED (
    SELECT g.configuration_id
    FROM request r
    JOIN grants g ON g.configuration_id = r.configuration_id AND g.person_id = r.person_id
    WHERE g.revoked_at IS NULL AND g.role = ANY ($17::text[])
    FOR SHARE OF g
), seen AS MATERIALIZED (
    SELECT o.configuration_id
    FROM request r
    JOIN operations o ON o.configuration_id = r.configuration_id AND o.op_id = r.op_id
), decided AS MATERIALIZED (
    SELECT r.*, h.head,
        CASE
            WHEN h.id IS NULL THEN 'gone'
            WHEN s.configuration_id IS NOT NULL THEN 'repeated'
            WHEN g.configuration_id IS NULL THEN 'not_allowed'
            WHEN h.head <> r.expected OR r.epoch <> (SELECT epoch FROM deployment) THEN 'moved'
            ELSE 'stored'
        END AS verdict
    FROM request r
    LEFT JOIN head h ON h.id = r.configuration_id
    LEFT JOIN granted g ON g.configuration_id = r.configuration_id
    LEFT JOIN seen s ON s.configuration_id = r.configuration_id
), advanced AS (
    UPDATE configurations c
    SET head = c.head + 1, selection = d.selection::jsonb, written = d.written::jsonb,
        total_cents = d.total_cents, updated_at = clock_timestamp()
    FROM decided d
    WHERE c.id = d.configuration_id AND d.verdict = 'stored' AND d.takes_version
        AND c.head = d.expected
    RETURNING c.id, c.head
), inserted AS (
    INSERT INTO operations (
        configuration_id, op_id, version, judged_at_version, base_version, person_id, outcome,
        body_sha256, operation, changes, reasons, repairs, total_cents, guarded, committed_at
    )
    SELECT d.configuration_id, d.op_id, a.head, d.expected, d.base_version, d.person_id,
        d.outcome, d.body_sha256, d.operation::jsonb, d.changes::jsonb, d.reasons::jsonb,
        d.repairs::jsonb, d.total_cents, d.guarded,
        clock_timestamp()
    FROM decided d LEFT JOIN advanced a ON a.id = d.configuration_id
    WHERE d.verdict = 'stored' AND d.takes_version = (a.id IS NOT NULL)
    RETURNING configuration_id, version, committed_at
)
SELECT d.configuration_id, d.verdict, d.head, i.version, i.committed_at
FROM decided d LEFT JOIN inserted i ON i.configuration_id = d.configuration_id
"""

# The same for a batch of one, the usual batch of a process with little load: scalars instead of
# arrays take a third less of PostgreSQL's time and half of ours. A test compares both statements.
COMMIT_ONE = """
WITH head AS MATERIALIZED (
    SELECT id, head FROM configurations WHERE id = $1 FOR NO KEY UPDATE
), granted AS MATERIALIZED (
    SELECT true FROM grants
    WHERE configuration_id = $1 AND person_id = $3 AND revoked_at IS NULL
        AND role = ANY ($17::text[])
    FOR SHARE
), decided AS MATERIALIZED (
    SELECT h.head,
        CASE
            WHEN h.id IS NULL THEN 'gone'
            WHEN EXISTS (
                SELECT FROM operations o WHERE o.configuration_id = $1 AND o.op_id = $2
            ) THEN 'repeated'
            WHEN NOT EXISTS (SELECT FROM granted) THEN 'not_allowed'
            WHEN h.head <> $4 OR $18::uuid <> (SELECT epoch FROM deployment) THEN 'moved'
            ELSE 'stored'
        END AS verdict
    FROM (VALUES (true)) AS always LEFT JOIN head h ON true
), advanced AS (
    UPDATE configurations c
    SET head = c.head + 1, selection = ($14::text)::jsonb, written = ($15::text)::jsonb,
        total_cents = $16, updated_at = clock_timestamp()
    FROM decided d
    WHERE c.id = $1 AND d.verdict = 'stored' AND $5 AND c.head = $4
    RETURNING c.head
), inserted AS (
    INSERT INTO operations (
        configuration_id, op_id, version, judged_at_version, base_version, person_id, outcome,
        body_sha256, operation, changes, reasons, repairs, total_cents, guarded, committed_at
    )
    SELECT $1, $2, a.head, $4, $7, $3, $6, $9, ($10::text)::jsonb, ($11::text)::jsonb,
        ($12::text)::jsonb, ($13::text)::jsonb, $16, $8, clock_timestamp()
    FROM decided d LEFT JOIN advanced a ON true
    WHERE d.verdict = 'stored' AND $5 = (a.head IS NOT NULL)
    RETURNING version, committed_at
)
SELECT $1 AS configuration_id, d.verdict, d.head, i.version, i.committed_at
FROM decided d LEFT JOIN inserted i ON true
"""

# Several ops of one configuration, each judged on the state after the one before: either all are
# stored, or no op is and the row says false; then they are committed one by one.
COMMIT_CHAIN = """
WITH request AS MATERIALIZED (
    SELECT * FROM unnest(
        $3::uuid[], $4::uuid[], $5::bigint[], $6::boolean[], $7::text[], $8::bigint[],
        $9::boolean[], $10::bytea[], $11::text[], $12::text[], $13::text[], $14::text[],
        $15::bigint[]
    ) AS r (
        op_id, person_id, expected, takes_version, outcome, base_version, guarded, body_sha256,
        operation, changes, reasons, repairs, total_cents
    )
), head AS MATERIALIZED (
    SELECT id, head FROM configurations WHERE id = $1 FOR NO KEY UPDATE
), granted AS MATERIALIZED (
    SELECT person_id FROM grants
    WHERE configuration_id = $1 AND person_id = ANY ($4::uuid[]) AND revoked_at IS NULL
        AND role = ANY ($2::text[])
    FOR SHARE
), sure AS MATERIALIZED (
    SELECT (
        EXISTS (SELECT FROM head WHERE head = ($5::bigint[])[1])
        AND $20::uuid = (SELECT epoch FROM deployment)
        AND NOT EXISTS (
            SELECT FROM operations o WHERE o.configuration_id = $1 AND o.op_id = ANY ($3::uuid[])
        )
        AND NOT EXISTS (SELECT FROM request r WHERE r.person_id NOT IN (SELECT person_id FROM granted))
    ) AS sure
), advanced AS (
    UPDATE configurations c
    SET head = $16, selection = ($17::text)::jsonb, written = ($18::text)::jsonb,
        total_cents = $19, updated_at = clock_timestamp()
    FROM sure
    WHERE c.id = $1 AND sure.sure AND c.head = ($5::bigint[])[1]
    RETURNING c.id
), inserted AS (
    INSERT INTO operations (
        configuration_id, op_id, version, judged_at_version, base_version, person_id, outcome,
        body_sha256, operation, changes, reasons, repairs, total_cents, guarded, committed_at
    )
    SELECT $1, r.op_id, CASE WHEN r.takes_version THEN r.expected + 1 END, r.expected,
        r.base_version, r.person_id, r.outcome, r.body_sha256, r.operation::jsonb,
        r.changes::jsonb, r.reasons::jsonb, r.repairs::jsonb, r.total_cents, r.guarded,
        clock_timestamp()
    FROM request r, advanced
    ORDER BY r.expected
    RETURNING op_id, version, committed_at
)
SELECT op_id, version, committed_at FROM inserted
"""

FIND = """
SELECT o.configuration_id, o.op_id, o.version, o.judged_at_version, o.base_version, o.person_id,
    coalesce(p.name, '') AS author_name, coalesce(p.colour, 0) AS author_colour, o.outcome,
    o.body_sha256, o.operation, o.changes, o.reasons, o.repairs, o.total_cents, o.guarded,
    o.committed_at
FROM unnest($1::uuid[], $2::uuid[]) AS r (configuration_id, op_id)
JOIN operations o ON o.configuration_id = r.configuration_id AND o.op_id = r.op_id
LEFT JOIN people p ON p.id = o.person_id
"""


def commit_arguments(
    requests: Sequence[CommitRequest],
) -> tuple[list[object], ...]:
    """The arrays of COMMIT; at most one request per configuration."""
    rows = [_values(request) for request in requests]
    columns: list[list[object]] = [list(column) for column in zip(*rows, strict=True)]
    return (*columns, EDITING, [request.epoch for request in requests])


def commit_one_arguments(
    request: CommitRequest,
) -> tuple[object, ...]:
    """The scalars of COMMIT_ONE."""
    return (*_values(request), EDITING, request.epoch)


def chain_arguments(
    requests: Sequence[CommitRequest],
) -> tuple[object, ...]:
    """The arguments of COMMIT_CHAIN; the first of the requests takes a version."""
    last = [request for request in requests if request.takes_version][-1]
    columns = [list(column) for column in zip(*map(_logged_values, requests), strict=True)]
    return (
        requests[0].configuration_id,
        EDITING,
        *columns,
        last.expected_version + 1,
        last.selection,
        last.written,
        last.total_cents,
        requests[0].epoch,
    )


def _logged_values(request: CommitRequest) -> tuple[object, ...]:
    return (
        request.op_id,
        request.person_id,
        request.expected_version,
        request.takes_version,
        request.outcome,
        request.base_version,
        request.guarded,
        request.body_sha256,
        request.operation,
        request.changes,
        request.reasons,
        request.repairs,
        request.total_cents,
    )


def _values(request: CommitRequest) -> tuple[object, ...]:
    *logged, total_cents = _logged_values(request)
    return (
        request.configuration_id,
        *logged,
        request.selection,
        request.written,
        total_cents,
    )


def is_own(stored: StoredOperation, request: CommitRequest) -> bool:
    """Whether a stored op is this very request, so that its first attempt was committed after all."""
    return (
        stored.body_sha256 == request.body_sha256
        and stored.person_id == request.person_id
        and stored.outcome == request.outcome
        and stored.judged_at_version == request.expected_version
    )
