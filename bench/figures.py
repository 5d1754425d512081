"""The results of a measurement: figures with a value for each run, and the processor time."""

import math
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field
from statistics import median
from typing import Literal

Sign = Literal["≤", "≥", "="]


@dataclass(frozen=True, slots=True, kw_only=True)
class Figure:
    """One line of the table.

    `aim` is an upper bound, or what its `sign` says; None if there is no aim.
    """

    name: str
    unit: str
    aim: float | None = None
    sign: Sign = "≤"
    values: list[float] = field(default_factory=list)

    @property
    def met(self) -> bool | None:
        """Whether the median of the runs is within the aim; where it is to be equal, every run."""
        if self.aim is None:
            return None
        middle = median(self.values)
        match self.sign:
            case "≤":
                return middle <= self.aim
            case "≥":
                return middle >= self.aim
            case "=":
                return all(value == self.aim for value in self.values)


@dataclass(frozen=True, slots=True, kw_only=True)
class Run:
    """One run: `figures` by name, and `cores`, the processor time by process."""

    figures: dict[str, float]
    cores: dict[str, float]


@dataclass(frozen=True, slots=True, kw_only=True)
class Result:
    """All runs of one measurement."""

    name: str
    title: str
    how: str
    figures: list[Figure]
    cores: dict[str, list[float]]
    machine: dict[str, object]
    missed: list[str]

    def to_json(self) -> dict[str, object]:
        """The result as JSON, for the file."""
        return asdict(self)


def percentile(values: Sequence[float], part: float) -> float:
    """The smallest value that at least this part of all values does not exceed."""
    ordered = sorted(values)
    return ordered[max(0, math.ceil(part * len(ordered)) - 1)]


def shown(value: float) -> str:
    """A number for people: three significant figures, without false precision."""
    if value == round(value):
        return f"{value:,.0f}"
    digits = max(0, 2 - math.floor(math.log10(abs(value))))
    return f"{value:,.{digits}f}"
