"""What a measurement gives: figures, each with a value per run, and the processor time it took."""

import math
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field
from statistics import median


@dataclass(frozen=True, slots=True, kw_only=True)
class Figure:
    """One line of the table. `aim`: as small as this or smaller; None where none was set."""

    name: str
    unit: str
    aim: float | None = None
    values: list[float] = field(default_factory=list)

    @property
    def met(self) -> bool | None:
        """Whether the median of the runs is within the aim."""
        return None if self.aim is None else median(self.values) <= self.aim


@dataclass(frozen=True, slots=True, kw_only=True)
class Run:
    """What one run gave. `figures`: by name; `cores`: processor time by who used it."""

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
        """Everything, for the file."""
        return asdict(self)


def percentile(values: Sequence[float], part: float) -> float:
    """The smallest value that at least this part of the values does not exceed."""
    ordered = sorted(values)
    return ordered[max(0, math.ceil(part * len(ordered)) - 1)]


def shown(value: float) -> str:
    """A number as people read it: three figures, no false precision."""
    if value == round(value):
        return f"{value:,.0f}"
    digits = max(0, 2 - math.floor(math.log10(abs(value))))
    return f"{value:,.{digits}f}"
