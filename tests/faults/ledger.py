"""What clients were told, to be compared with what is stored: Jepsen's history in a small form.

An attempt ends in one of three ways: answered, "later" (503, not_saved: nothing is known) or
unknown (the connection broke or no answer came). Clients insist with the same id until answered,
so in the end every op and every event is acknowledged, and must be stored exactly once.

Times are those of the one clock that all clients of a run share (`asyncio` loop time, seconds).
"""

from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

from typing_extensions import override

Json = dict[str, Any]
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
    """When an op was first asked for, and when its first answer was there."""

    asked: float
    answered: float


@dataclass(slots=True)
class Attempts:
    """How the attempts of one kind ended. `foreign`: those that were answered by somebody else than
    the product, such as a proxy's own page; they also count as `later`.
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
    worker had stored are gone, and nothing else may be. `shown`: by house and version, the op that
    members were shown. `of_tabs`: houses in which browser tabs edit, whose answers nobody notes.
    """

    seed: int
    ops: dict[UUID, Acknowledged] = field(default_factory=dict)
    spans: dict[UUID, Span] = field(default_factory=dict)
    events: set[UUID] = field(default_factory=set)
    sessions: set[UUID] = field(default_factory=set)
    flushed: set[UUID] = field(default_factory=set)
    of_tabs: set[UUID] = field(default_factory=set)
    shown: dict[tuple[UUID, int], UUID] = field(default_factory=dict)
    op_attempts: Attempts = field(default_factory=Attempts)
    event_attempts: Attempts = field(default_factory=Attempts)
    reconnects: int = 0
    kills: list[str] = field(default_factory=list)
    problems: list[str] = field(default_factory=list)

    def acknowledge(self, answer: Acknowledged, span: Span) -> None:
        """Note an answer; a second one to the same op must say the same."""
        before = self.ops.setdefault(answer.op_id, answer)
        self.spans.setdefault(answer.op_id, span)
        if before != answer:
            self.problems.append(f"two answers to one op: {before}, then {answer}")

    def show(self, configuration: UUID, version: int, op_id: UUID) -> None:
        """Note an op that a member was shown; all members are shown the same at one version."""
        before = self.shown.setdefault((configuration, version), op_id)
        if before != op_id:
            self.problems.append(f"{configuration} version {version}: shown {before}, then {op_id}")

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
