"""A seed becomes a schedule: which fault hits which target, after how much quiet load, how long.

Nothing here looks at a clock or at the product, so the same seed gives the same schedule. What the
product and the machine make of it is another matter: a schedule that failed once is kept as a file
(`write`, `read`) and is run again with every test run.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from random import Random

import msgspec
from msgspec.structs import replace
from typing_extensions import override

ROUND_SECONDS = 75.0
"""About this long there are faults and load; then comes a quiet time in which everything is compared."""

LOAD_BETWEEN_SECONDS = (1.0, 4.0)
PAIRS_PART = 0.3
"""The part of the steps, about, that have two faults at a time."""

RECOVERY_SECONDS = 2.0
"""The time that a step takes beside its own length, for planning only."""


class Step(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """One fault, which begins `after` some seconds of load and lasts `seconds`.

    `beside`: a second one, which begins `after` some seconds of the first.
    """

    fault: str
    target: str
    seconds: float
    after: float
    beside: "Step | None" = None

    @property
    def faults(self) -> tuple["Step", ...]:
        """Itself, and the one beside it."""
        return (self,) if self.beside is None else (self, self.beside)

    @property
    def lasts(self) -> float:
        """Seconds until the last of its faults is over, as planned."""
        return max(self.seconds, self.beside.after + self.beside.seconds if self.beside else 0.0)

    @override
    def __str__(self) -> str:
        return " with ".join(f"{each.fault} {each.target}" for each in self.faults)


class Schedule(msgspec.Struct, frozen=True, kw_only=True):
    """`seed` also decides what the clients do. `problems`: what was found when it was written."""

    seed: int
    rounds: list[list[Step]]
    problems: list[str] = []


@dataclass(frozen=True, slots=True, kw_only=True)
class Choice:
    """The choices of the dice for one fault: a target, and a length between two.

    `needs`: by target, the parts of the product that the fault wants for itself. Two faults at a time
    share none: a store that is away can be told nothing, and what one changes the other would undo.
    """

    targets: Sequence[str]
    seconds: tuple[float, float]
    needs: Callable[[str], frozenset[str]]


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
            took = step.after + step.lasts + RECOVERY_SECONDS
            length -= took
            left -= took
        rounds.append(this)
    return Schedule(seed=seed, rounds=rounds)


def _steps(random: Random, choices: Mapping[str, Choice]) -> Iterator[Step]:
    while True:
        names = sorted(choices)
        random.shuffle(names)
        deck = [_step(random, fault, choices[fault]) for fault in names]
        while deck:
            step = deck.pop(0)
            if random.random() < PAIRS_PART:
                needs = _needs(step, choices)
                fits = (each for each in deck if needs.isdisjoint(_needs(each, choices)))
                if other := next(fits, None):
                    deck.remove(other)
                    step = _pair(random, step, other)
            yield step


def _step(random: Random, fault: str, choice: Choice) -> Step:
    return Step(
        fault=fault,
        target=random.choice(choice.targets),
        seconds=round(random.uniform(*choice.seconds), 1),
        after=round(random.uniform(*LOAD_BETWEEN_SECONDS), 1),
    )


def _needs(step: Step, choices: Mapping[str, Choice]) -> frozenset[str]:
    return choices[step.fault].needs(step.target)


def _pair(random: Random, one: Step, other: Step) -> Step:
    """The longer of them, and the other from some moment of it on."""
    short, long = sorted((one, other), key=lambda step: step.seconds)
    after = round(random.uniform(0, long.seconds), 1)
    return replace(long, beside=replace(short, after=after))


def write(schedule: Schedule, file: Path) -> None:
    """Keep a schedule."""
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_bytes(msgspec.json.format(msgspec.json.encode(schedule), indent=1) + b"\n")


def read(file: Path) -> Schedule:
    """A schedule that was kept."""
    return msgspec.json.decode(file.read_bytes(), type=Schedule)
