"""What clients were told, to be compared with what is stored: Jepsen's history in a small form.

An attempt ends in one of three ways: answered, "later" (503, not_saved: nothing is known) or
unknown (the connection broke or no answer came). Clients insist with the same id until answered,
so in the end every op and every event is acknowledged, and must be stored exactly once.
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


@dataclass(slots=True)
class Attempts:
    """How the attempts of one kind ended."""

    sent: int = 0
    later: int = 0
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
            f"{self.sent} sent, {self.later} told to come later, {self.unknown} of unknown outcome,"
            f" {self.repeats} recognised as repeats"
        )


@dataclass(slots=True)
class Ledger:
    """One run, from the clients' side."""

    seed: int
    ops: dict[UUID, Acknowledged] = field(default_factory=dict)
    events: set[UUID] = field(default_factory=set)
    op_attempts: Attempts = field(default_factory=Attempts)
    event_attempts: Attempts = field(default_factory=Attempts)
    reconnects: int = 0
    kills: list[str] = field(default_factory=list)
    problems: list[str] = field(default_factory=list)

    def acknowledge(self, answer: Acknowledged) -> None:
        """Note an answer; a second one to the same op must say the same."""
        before = self.ops.setdefault(answer.op_id, answer)
        if before != answer:
            self.problems.append(f"two answers to one op: {before}, then {answer}")

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
