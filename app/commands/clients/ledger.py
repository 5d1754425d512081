"""The ops and events of a soak run, and whether they agree with the server's log."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from uuid import UUID

from nest_haus_client import (
    Changed,
    Event,
    House,
    LoggedOp,
    Outcome,
    Replaced,
    Skipped,
    StoredHouse,
)

LATENCIES_KEPT = 100_000


@dataclass(slots=True)
class RunLedger:
    """Counts, times and violations of the whole run."""

    outcomes: Counter[str] = field(default_factory=Counter)
    refusals: Counter[str] = field(default_factory=Counter)
    drops: int = 0
    reconnects: int = 0
    heard: int = 0
    replaced: int = 0
    undecided: int = 0
    milliseconds: list[float] = field(default_factory=list)
    violations: list[str] = field(default_factory=list)

    @property
    def ops(self) -> int:
        """The number of ops with an outcome."""
        return self.outcomes.total()

    def took(self, seconds: float) -> None:
        """Record how long an op took from the click to its outcome."""
        if len(self.milliseconds) < LATENCIES_KEPT:
            self.milliseconds.append(seconds * 1000)

    def percentile(self, part: float) -> float:
        """The time in seconds that this part of the ops did not exceed; 0 without ops."""
        ordered = sorted(self.milliseconds)
        return ordered[min(len(ordered) - 1, int(len(ordered) * part))] if ordered else 0.0


@dataclass(slots=True)
class EventChecker:
    """Checks the events of one client of a house: versions one by one, or a snapshot."""

    who: str
    ledger: RunLedger
    version: int

    def see(self, event: Event) -> None:
        """Take an event."""
        match event:
            case Changed(op=op):
                self.ledger.heard += 1
                if op.version != self.version + 1:
                    self.ledger.violations.append(
                        f"{self.who} was told version {op.version} after {self.version}"
                    )
                self.version = op.version
            case Replaced(version=version):
                self.ledger.replaced += 1
                self.version = version
            case Skipped():
                self.ledger.violations.append(f"{self.who} was not able to take its events")
            case _:
                pass


def audit(
    code: str,
    log: Sequence[LoggedOp],
    stored: StoredHouse,
    acknowledged: dict[UUID, Outcome],
    asked: frozenset[UUID],
) -> list[str]:
    """The violations of one house on the server: gaps, lost or foreign ops, a wrong price."""
    wrong = []
    versions = [op.version for op in log]
    if versions != list(range(1, stored.version + 1)):
        wrong.append(f"{code}: the log is not 1 to {stored.version} without gap or repeat")
    by_id = {op.op_id: op for op in log}
    if len(by_id) != len(log):
        wrong.append(f"{code}: an op is in the log twice")
    for op_id, outcome in acknowledged.items():
        found = by_id.get(op_id)
        if outcome.ok and (found is None or found.version != outcome.version):
            wrong.append(
                f"{code}: op {op_id} was acknowledged at {outcome.version}, not in the log"
            )
        elif outcome.ok and found is not None and found.total_cents != outcome.total_cents:
            wrong.append(f"{code}: version {found.version} has another price than its outcome")
        elif not outcome.ok and found is not None:
            wrong.append(f"{code}: op {op_id} was refused, but is in the log")
    foreign = [op.op_id for op in log if op.op_id not in asked]
    if foreign:
        wrong.append(f"{code}: {len(foreign)} ops in the log were asked for by nobody here")
    if log and log[-1].total_cents != price_of(stored):
        wrong.append(f"{code}: the stored price is not that of the last op")
    return wrong


def compare(who: str, house: House, stored: StoredHouse) -> list[str]:
    """The differences between a client's final state and the stored house."""
    wrong = []
    if house.version != stored.version:
        wrong.append(f"{who} is at version {house.version}, stored is {stored.version}")
    elif house.selection != stored.selection:
        wrong.append(f"{who} shows another selection than is stored")
    elif house.total_cents != price_of(stored):
        wrong.append(f"{who} shows another price than is stored")
    return wrong


def price_of(stored: StoredHouse) -> object:
    """The total of a stored house."""
    price = stored.derived["price"]
    return price["total_cents"] if isinstance(price, dict) else None
