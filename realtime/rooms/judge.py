"""Judges an op on one state of a configuration: pure, before anything is stored.

A ``Head`` is a document with everything that belongs to its version; price and pictures are never
apart from the selection they were computed from.
"""

import hashlib
from dataclasses import dataclass, field
from datetime import datetime
from uuid import UUID

import msgspec
from cachetools import LRUCache

from configurator.catalogue.model import Catalogue
from configurator.catalogue.selection import Choice, Selection
from configurator.operations.document import Document, apply_changes
from configurator.operations.intents import Operation, Redo, Undo, operation_kind
from configurator.operations.outcomes import (
    Adjusted,
    Change,
    Committed,
    Conflict,
    Evaluation,
    Rejected,
    Repair,
    evaluate,
)
from configurator.operations.reasons import Reason
from configurator.operations.undo import Reversal, take_back
from configurator.pricing.derived import derive
from configurator.protocol.messages import OpFrame, OpRequest, Outcome, OutcomeName, Person
from storage.postgres.configurations.commit.statement import CommitRequest
from storage.postgres.configurations.stored import StoredConfiguration, StoredOperation

_encoder = msgspec.json.Encoder()
_OUTCOME_NAMES: dict[type, OutcomeName] = {
    Committed: "committed",
    Adjusted: "adjusted",
    Rejected: "rejected",
    Conflict: "conflict",
}


class _Total(msgspec.Struct, frozen=True):
    total_cents: int


class _Priced(msgspec.Struct, frozen=True):
    price: _Total


_priced = msgspec.json.Decoder(_Priced)

DERIVED_MAX = 2048
"""The number of derived states that a process keeps; each takes about 3 kB."""


@dataclass(frozen=True, slots=True, kw_only=True)
class DerivedState:
    """The JSON of everything derived from a selection, and its price."""

    json: msgspec.Raw
    total_cents: int


class DerivedStates:
    """The latest derived states of all rooms of a process, because many houses look the same.

    A derived state follows from its key alone, so none is ever out of date.
    """

    def __init__(self, *, kept_max: int = DERIVED_MAX) -> None:
        self._kept: LRUCache[tuple[Catalogue, Selection], DerivedState] = LRUCache(kept_max)

    def __len__(self) -> int:
        return len(self._kept)

    def of(self, catalogue: Catalogue, selection: Selection) -> DerivedState:
        """Everything derived from this selection."""
        key = (catalogue, selection)
        try:  # not `get`, which would hash the key twice for every op
            return self._kept[key]
        except KeyError:
            pass
        derived = derive(catalogue, selection)
        state = DerivedState(
            json=msgspec.Raw(_encoder.encode(derived)),
            total_cents=derived.price.total_cents,
        )
        self._kept[key] = state
        return state


@dataclass(frozen=True, slots=True, kw_only=True)
class Rules:
    """The inputs of every state: the catalogue, and the states derived before."""

    catalogue: Catalogue
    derived: DerivedStates = field(default_factory=DerivedStates)


@dataclass(frozen=True, slots=True, kw_only=True)
class Head:
    """A document, the JSON of everything derived from it, and its price."""

    document: Document
    derived: msgspec.Raw
    total_cents: int

    @property
    def version(self) -> int:
        """The version of the document."""
        return self.document.version


@dataclass(frozen=True, slots=True, kw_only=True)
class Judged:
    """A judged op: the record to store, the outcome for its author, and the head after it.

    ``reverts`` is the version that a committed undo or redo takes back.
    """

    request: CommitRequest
    outcome: Outcome
    changes: list[Change]
    head: Head
    reverts: int | None = None


def head_of(rules: Rules, document: Document) -> Head:
    """The head with this document."""
    state = rules.derived.of(rules.catalogue, document.selection)
    return Head(document=document, derived=state.json, total_cents=state.total_cents)


def heard_head(head: Head, frame: OpFrame) -> Head:
    """The head after an op that another process judged, without computing it again."""
    return Head(
        document=apply_changes(head.document, frame.changes, frame.version),
        derived=frame.derived,
        total_cents=_priced.decode(frame.derived).price.total_cents,
    )


def stored_head(rules: Rules, stored: StoredConfiguration) -> Head:
    """The head as it was stored."""
    return head_of(
        rules,
        Document(
            version=stored.version,
            selection=Selection(msgspec.convert(stored.selection, dict[str, Choice])),
            written=stored.written,
        ),
    )


def next_head(rules: Rules, head: Head, changes: list[Change]) -> Head:
    """The head one version later. Raises DocumentInvalid when the changes do not fit."""
    return head_of(rules, apply_changes(head.document, changes, head.version + 1))


def judge(
    rules: Rules,
    head: Head,
    *,
    configuration_id: UUID,
    epoch: UUID,
    author: Person,
    asked: OpRequest,
    conflicting: Conflict | None,
    reversal: Reversal | None = None,
) -> Judged:
    """Judge an op on ``head``, which belongs to the history ``epoch``.

    ``conflicting`` is the conflict that a guard found, if any; ``reversal`` is the op that an undo
    or redo takes back.
    """
    result = conflicting or _result(rules, head, asked.operation, reversal)
    commits = isinstance(result, Committed | Adjusted)
    changes = list(result.changes) if isinstance(result, Committed | Adjusted) else []
    repairs = list(result.repairs) if isinstance(result, Rejected | Conflict) else []
    reverts = reversal.version if reversal is not None and commits else None
    after = next_head(rules, head, changes) if commits else head
    name = _OUTCOME_NAMES[type(result)]
    return Judged(
        request=CommitRequest(
            configuration_id=configuration_id,
            epoch=epoch,
            op_id=asked.op_id,
            person_id=author.id,
            expected_version=head.version,
            takes_version=commits,
            outcome=name,
            base_version=asked.base_version,
            guarded=asked.guarded,
            body_sha256=body_sha256(asked),
            operation=_text(_stored(asked.operation, reverts)),
            changes=_text(changes),
            reasons=_text(list(result.reasons)),
            repairs=_text(repairs),
            selection=_text(after.document.selection.choices()),
            written=_text(dict(after.document.written)),
            total_cents=after.total_cents,
        ),
        outcome=Outcome(
            configuration=configuration_id,
            op_id=asked.op_id,
            outcome=name,
            version=after.version,
            total_cents=after.total_cents,
            reasons=list(result.reasons),
            repairs=repairs,
        ),
        changes=changes,
        head=after,
        reverts=reverts,
    )


def judged_frame(
    judged: Judged, *, asked: OpRequest, author: Person, epoch: UUID, at: datetime
) -> OpFrame:
    """The frame for every member about an op that was committed at ``at``."""
    return OpFrame(
        configuration=judged.request.configuration_id,
        epoch=epoch,
        version=judged.head.version,
        op_id=asked.op_id,
        outcome="adjusted" if judged.request.outcome == "adjusted" else "committed",
        author=author,
        operation_kind=operation_kind(asked.operation),
        changes=judged.changes,
        reasons=judged.outcome.reasons,
        total_cents=judged.head.total_cents,
        at=at,
        reverts=judged.reverts,
        selection=judged.head.document.selection.choices(),
        derived=judged.head.derived,
    )


def logged_frame(operation: StoredOperation, *, epoch: UUID) -> OpFrame:
    """A committed op as the log has it, without the state after it."""
    return OpFrame(
        configuration=operation.configuration_id,
        epoch=epoch,
        version=operation.version or 0,
        op_id=operation.op_id,
        outcome="adjusted" if operation.outcome == "adjusted" else "committed",
        author=Person(
            id=operation.person_id, name=operation.author_name, colour=operation.author_colour
        ),
        operation_kind=str(operation.operation["kind"]),
        changes=msgspec.convert(operation.changes, list[Change]),
        reasons=msgspec.convert(operation.reasons, list[Reason]),
        total_cents=operation.total_cents or 0,
        at=operation.committed_at,
        reverts=msgspec.convert(operation.operation.get("reverts"), int | None),
    )


def repeated_outcome(operation: StoredOperation) -> Outcome:
    """The outcome of a stored op, the same that its author was told."""
    return Outcome(
        configuration=operation.configuration_id,
        op_id=operation.op_id,
        outcome=msgspec.convert(operation.outcome, OutcomeName),
        version=operation.version or operation.judged_at_version,
        total_cents=operation.total_cents,
        reasons=msgspec.convert(operation.reasons, list[Reason]),
        repairs=msgspec.convert(operation.repairs, list[Repair]),
        repeated=True,
    )


def body_sha256(asked: OpRequest) -> bytes:
    """A hash of the author's request, which distinguishes a retry from a reused op_id.

    A retry may name a later base version; only in a guarded op is the base part of its meaning.
    """
    seen = asked.base_version if asked.guarded else None
    return hashlib.sha256(_encoder.encode((seen, asked.operation))).digest()


def _result(
    rules: Rules, head: Head, asked: Operation, reversal: Reversal | None
) -> Evaluation | Conflict:
    selection = head.document.selection
    if isinstance(asked, Undo | Redo) and reversal is not None:
        return take_back(rules.catalogue, selection, asked, reversal)
    return evaluate(rules.catalogue, selection, asked)


def _stored(asked: Operation, reverts: int | None) -> object:
    """The log's record of an op: the request, and the ops that an undo or redo took back."""
    if reverts is None:
        return asked
    return {**msgspec.to_builtins(asked), "reverts": reverts}


def _text(value: object) -> str:
    return _encoder.encode(value).decode()
