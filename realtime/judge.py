"""What becomes of an op on one state of a configuration: pure, before anything is stored.

A ``Head`` is a document with everything that belongs to its version; price and pictures are never
apart from the selection they were computed from.
"""

import hashlib
from collections import OrderedDict
from dataclasses import dataclass, field
from datetime import datetime
from uuid import UUID

import msgspec

from configurator.catalogue import Catalogue
from configurator.derived import PreviewUrl, derive, derived_to_json
from configurator.document import Document, apply_changes
from configurator.operations import (
    Adjusted,
    Change,
    Committed,
    Conflict,
    Evaluation,
    Operation,
    Reason,
    Redo,
    Rejected,
    Repair,
    Undo,
    evaluate,
    operation_kind,
    operation_to_json,
)
from configurator.protocol.messages import OpFrame, OpRequest, Outcome, OutcomeName, Person
from configurator.selection import Choice, Selection
from configurator.undo import Reversal, take_back
from storage.postgres.committer import CommitRequest
from storage.postgres.configurations import StoredConfiguration, StoredOperation

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
"""So many derived states are kept in a process; each is about 3 kB."""


@dataclass(frozen=True, slots=True, kw_only=True)
class DerivedState:
    """The JSON of everything derived from a selection, and its price."""

    json: msgspec.Raw
    total_cents: int


class DerivedStates:
    """What was derived last, for all rooms of a process: many houses look the same.

    It follows from what it is asked for alone, so nothing in here is ever out of date.
    """

    def __init__(self, *, kept_max: int = DERIVED_MAX) -> None:
        self._kept_max = kept_max
        self._kept: OrderedDict[tuple[Catalogue, Selection, PreviewUrl], DerivedState] = (
            OrderedDict()
        )

    def __len__(self) -> int:
        return len(self._kept)

    def of(self, catalogue: Catalogue, selection: Selection, url: PreviewUrl) -> DerivedState:
        """Everything derived from this selection."""
        key = (catalogue, selection, url)
        state = self._kept.get(key)
        if state is not None:
            self._kept.move_to_end(key)
            return state
        derived = derive(catalogue, selection, preview_url=url)
        state = DerivedState(
            json=msgspec.Raw(_encoder.encode(derived_to_json(derived))),
            total_cents=derived.price.total_cents,
        )
        self._kept[key] = state
        if len(self._kept) > self._kept_max:
            self._kept.popitem(last=False)
        return state


@dataclass(frozen=True, slots=True, kw_only=True)
class Rules:
    """What states are computed with: the catalogue and the addresses of the pictures."""

    catalogue: Catalogue
    preview_url: PreviewUrl
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
    """A judged op: what is stored, what its author is told, and the head once it is stored.

    ``reverts``: the version that a committed undo or redo took back.
    """

    request: CommitRequest
    outcome: Outcome
    changes: list[Change]
    head: Head
    reverts: int | None = None


def head_of(rules: Rules, document: Document) -> Head:
    """The head with this document."""
    state = rules.derived.of(rules.catalogue, document.selection, rules.preview_url)
    return Head(document=document, derived=state.json, total_cents=state.total_cents)


def heard_head(head: Head, frame: OpFrame) -> Head:
    """The head after an op that another process judged; it is not computed a second time."""
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
    """The outcome of an op on ``head``, which is one of the history ``epoch``.

    ``conflicting`` is what a guard already found; ``reversal`` what an undo or redo takes back.
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
    """What every member is told of an op that was committed at ``at``."""
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
    """What the author of a stored op was told, told again."""
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
    """What the author asked for, so that a reused op_id can be told from a retry.

    A retry may have seen a later version; only a guarded op means the version it saw.
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
    """What the log keeps of an op: what was asked, and what an undo or redo took back."""
    if reverts is None:
        return asked
    return {**operation_to_json(asked), "reverts": reverts}


def _text(value: object) -> str:
    return _encoder.encode(value).decode()
