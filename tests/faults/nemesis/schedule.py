"""A seed becomes a schedule: which fault hits which target, after how much quiet load, how long.

Nothing here looks at a clock or at the product, so the same seed gives the same schedule. What the
product and the machine make of it is another matter: a schedule that failed once is kept as a file
(`write`, `read`) and is run again with every test run.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from random import Random

import msgspec

ROUND_SECONDS = 75.0
"""After about so much of faults and load comes quiet, and everything is compared."""

LOAD_BETWEEN_SECONDS = (1.0, 4.0)
RECOVERY_SECONDS = 2.0
"""What a step takes beside its own length, for planning only."""


class Step(msgspec.Struct, frozen=True, kw_only=True):
    """One fault: `after` so many seconds of load, for so many `seconds`."""

    fault: str
    target: str
    seconds: float
    after: float


class Schedule(msgspec.Struct, frozen=True, kw_only=True):
    """`seed` also decides what the clients do. `problems`: what was found when it was written."""

    seed: int
    rounds: list[list[Step]]
    problems: list[str] = []


@dataclass(frozen=True, slots=True, kw_only=True)
class Choice:
    """What the dice may choose for one fault: a target, and a length between two."""

    targets: Sequence[str]
    seconds: tuple[float, float]


def plan(seed: int, seconds: float, choices: Mapping[str, Choice]) -> Schedule:
    """Rounds of steps that together take about `seconds`; no fault comes twice before all came once."""
    random = Random(seed)
    steps = _steps(random, choices)
    rounds: list[list[Step]] = []
    left = seconds
    while left > 0:
        length, this = min(left, ROUND_SECONDS), list[Step]()
        while length > 0:
            step = next(steps)
            this.append(step)
            took = step.after + step.seconds + RECOVERY_SECONDS
            length -= took
            left -= took
        rounds.append(this)
    return Schedule(seed=seed, rounds=rounds)


def _steps(random: Random, choices: Mapping[str, Choice]) -> Iterator[Step]:
    while True:
        deck = sorted(choices)
        random.shuffle(deck)
        for fault in deck:
            yield Step(
                fault=fault,
                target=random.choice(choices[fault].targets),
                seconds=round(random.uniform(*choices[fault].seconds), 1),
                after=round(random.uniform(*LOAD_BETWEEN_SECONDS), 1),
            )


def write(schedule: Schedule, file: Path) -> None:
    """Keep a schedule."""
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_bytes(msgspec.json.format(msgspec.json.encode(schedule), indent=1) + b"\n")


def read(file: Path) -> Schedule:
    """A schedule that was kept."""
    return msgspec.json.decode(file.read_bytes(), type=Schedule)
