"""The answers that clients received, to compare with the stored data: a small form of Jepsen's history.

An attempt ends in one of three ways: answered, "later" (503, not_saved: nothing is known) or
unknown (the connection broke or no answer came). Clients insist with the same id until answered,
so in the end every op and every event is acknowledged, and must be stored exactly once.

Times are those of the one clock that all clients of a run share (`asyncio` loop time, seconds).
"""

from collections import Counter
from collections.abc import Iterator, Set
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

from typing_extensions import override

Json = dict[str, Any]
Place = tuple[UUID, str, int]
"""A house, an epoch and a version."""

REFUSED = frozenset({"rejected", "conflict"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Acknowledged:
    """One answer to an op. A refused op changes nothing: its version is the one it was judged at,
    and its price is left out, because it is not stored with it.
    """

    configuration: UUID
    op_id: UUID
    outcome: str
    version: int
    total_cents: int | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Span:
    """When an op was first asked for, when the attempt that was answered first was sent, and when
    its answer was there.
    """

    asked: float
    sent: float
    answered: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Refusal:
    """The refusal of an op whose base is gone: its epoch ("" if none was named), and its time."""

    epoch: str
    sent: float


NOTICED_SECONDS = 10.0
"""Web processes notice a restore within 2 s, on a machine with too much to do a little later."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Restored:
    """A backup that took the place of everything. `kept`: the ops in it; `epoch`: of the history that
    is gone. The backup began at `backed_up`; the restore was committed between `earliest` and `latest`.
    """

    kept: frozenset[UUID]
    epoch: str
    backed_up: float
    earliest: float
    latest: float


@dataclass(slots=True)
class Attempts:
    """The attempts of one kind, by their end. `foreign`: those that something else than the product
    answered, such as a proxy with a page of its own; they also count as `later`.
    """

    sent: int = 0
    later: int = 0
    foreign: int = 0
    unknown: int = 0
    in_flight: int = 0
    repeats: int = 0

    @contextmanager
    def attempt(self) -> Iterator[None]:
        """Count one attempt, in flight until the block ends."""
        self.sent += 1
        self.in_flight += 1
        try:
            yield
        finally:
            self.in_flight -= 1

    @property
    def failed(self) -> int:
        return self.later + self.unknown

    @override
    def __str__(self) -> str:
        return (
            f"{self.sent} sent, {self.later} told to come later ({self.foreign} not by the product),"
            f" {self.unknown} of unknown outcome, {self.repeats} recognised as repeats"
        )


@dataclass(slots=True)
class Ledger:
    """One run, from the clients' side.

    `sessions`: those whose events are all in `events`. `flushed`: events that were in the stream at the moment of a FLUSHALL; those of them that no
    worker had stored are gone, and nothing else may be. `shown`: by house, epoch and version, the op
    that members were shown. `of_tabs`: houses in which browser tabs edit, whose answers nobody notes.

    After a restore what was acknowledged since the backup is in `gone` and not in `ops` any more.
    `undecided`: ops that were under way when the restore was committed, so that only the database
    knows in which history they were acknowledged. `again`: ops of `gone` that were asked for once
    more and acknowledged in the new history; `refused`: ops that could not be judged
    there (OP20); `unheard`: ops of which an attempt had no answer.
    `totals_of_tabs`: by code of the house, the totals that were stored before a restore.
    """

    seed: int
    ops: dict[UUID, Acknowledged] = field(default_factory=dict)
    spans: dict[UUID, Span] = field(default_factory=dict)
    events: set[UUID] = field(default_factory=set)
    sessions: set[UUID] = field(default_factory=set)
    flushed: set[UUID] = field(default_factory=set)
    of_tabs: set[UUID] = field(default_factory=set)
    shown: dict[Place, UUID] = field(default_factory=dict)
    gone: dict[UUID, Acknowledged] = field(default_factory=dict)
    undecided: set[UUID] = field(default_factory=set)
    again: set[UUID] = field(default_factory=set)
    refused: dict[UUID, Refusal] = field(default_factory=dict)
    unheard: set[UUID] = field(default_factory=set)
    restores: list[Restored] = field(default_factory=list)
    restoring: bool = False
    totals_of_tabs: dict[str, set[str]] = field(default_factory=dict)
    acknowledgements: list[float] = field(default_factory=list)
    op_attempts: Attempts = field(default_factory=Attempts)
    event_attempts: Attempts = field(default_factory=Attempts)
    reconnects: int = 0
    kills: list[str] = field(default_factory=list)
    problems: list[str] = field(default_factory=list)

    @contextmanager
    def noting(self, what: str) -> Iterator[None]:
        """Whatever goes wrong in the block is a problem of the run, which goes on."""
        try:
            yield
        except Exception as problem:  # noqa: BLE001 - of whatever kind
            self.problems.append(f"{what}: {problem!r}")

    def acknowledge(self, answer: Acknowledged, span: Span) -> None:
        """Note an answer; a second one to the same op must say the same."""
        self.acknowledgements.append(span.answered)
        op_id, before = answer.op_id, self.ops.get(answer.op_id)
        if before not in {None, answer} and not (self.restoring or op_id in self.undecided):
            self.problems.append(f"two answers to one op: {before}, then {answer}")
            return
        if before != answer:
            self.ops[op_id], self.spans[op_id] = answer, span
            self.undecided.discard(op_id)
            if op_id in self.gone:
                self.again.add(op_id)
        if self.restores and span.sent < self.restores[-1].latest and op_id not in self.kept:
            self.undecided.add(op_id)

    def refuse(self, op_id: UUID, epoch: str, sent: float) -> None:
        """Note that an op was refused because its base is gone."""
        self.refused[op_id] = Refusal(epoch=epoch, sent=sent)

    def show(self, place: Place, op_id: UUID) -> None:
        """Note an op that a member was shown; all members are shown the same at one version."""
        before = self.shown.setdefault(place, op_id)
        if before != op_id:
            house, epoch, version = place
            self.problems.append(
                f"{house} version {version} of {epoch}: shown {before}, then {op_id}"
            )

    @property
    def kept(self) -> frozenset[UUID]:
        """The ops that the newest restore brought back."""
        return self.restores[-1].kept if self.restores else frozenset()

    def is_to_be_stored(self, epoch: str, op_id: UUID) -> bool:
        """Whether an op that was shown in an epoch is in every backup that was restored since."""
        epochs = [each.epoch for each in self.restores]
        since = epochs.index(epoch) if epoch in epochs else len(epochs)
        return all(op_id in each.kept for each in self.restores[since:])

    def may_be_refused(self, refusal: Refusal) -> bool:
        """Whether an op was asked for in a history that is gone: it said so, or said nothing at a
        moment at which web processes may not have noticed the new one.
        """
        if refusal.epoch:
            return any(each.epoch == refusal.epoch for each in self.restores)
        return any(refusal.sent < each.latest + NOTICED_SECONDS for each in self.restores)

    def is_being_restored(self, at: float) -> bool:
        """Whether a page may still show an op as saved that was lost before anybody read it."""
        return any(each.earliest < at < each.latest + NOTICED_SECONDS for each in self.restores)

    def put_back(self, restored: Restored) -> None:
        """Forget what was acknowledged after a backup that was restored, and nothing else."""
        self.restoring = False
        self.restores.append(restored)
        earlier, self.undecided = self.undecided, set()
        for op_id in self.ops.keys() - restored.kept:
            span = self.spans[op_id]
            if span.answered <= restored.earliest or op_id in earlier:
                if span.answered < restored.backed_up and op_id not in earlier:
                    self.problems.append(
                        f"acknowledged before the backup and not in it: {self.ops[op_id]}"
                    )
                self._lose(op_id)
            elif span.sent < restored.latest:
                self.undecided.add(op_id)

    def settle(self, stored: Set[UUID]) -> None:
        """Count undecided ops that are not stored as acknowledged in the history that is gone."""
        for op_id in self.undecided - stored:
            self._lose(op_id)
        self.undecided.clear()

    def _lose(self, op_id: UUID) -> None:
        self.gone[op_id] = self.ops.pop(op_id)
        del self.spans[op_id]

    @override
    def __str__(self) -> str:
        outcomes = Counter(each.outcome for each in self.ops.values())
        told = ", ".join(f"{count} {name}" for name, count in sorted(outcomes.items()))
        lines = [
            f"seed {self.seed}",
            f"kills          {len(self.kills)}: {', '.join(self.kills)}",
            f"edits          {len(self.ops)} acknowledged ({told})",
            f"  attempts     {self.op_attempts}; sockets opened again {self.reconnects} times",
            f"interactions   {len(self.events)} acknowledged",
            f"  attempts     {self.event_attempts}",
            (
                f"restored       {len(self.restores)} times; {len(self.gone)} edits that were acknowledged"
                f" after a backup are gone, {len(self.again)} of them were asked for and acknowledged"
                f" again, {len(self.refused)} were refused because their base is gone"
            ),
        ]
        return "\n".join(lines)


def acknowledged(configuration: UUID, answer: Json) -> Acknowledged:
    """The outcome frame, or REST answer, as a line of the ledger."""
    return Acknowledged(
        configuration=configuration,
        op_id=UUID(answer["op_id"]),
        outcome=answer["outcome"],
        version=answer["version"],
        total_cents=answer["total_cents"],
    )
