"""The funnel: which steps it has, and the shares of its rows."""

from collections.abc import Sequence
from typing import Final

from realtime.activity.figures.answers import FunnelRow
from realtime.activity.figures.query import unusable
from storage.postgres.analytics.behaviour import (
    BEGAN,
    CHOSE,
    COMPLETED,
    OPENED,
    STEPS_MAX,
    FunnelPart,
)

STEPS_TO_AN_INQUIRY: Final = (BEGAN, CHOSE, f"{CHOSE}_2", OPENED, COMPLETED)


def funnel_steps(asked: str | None) -> Sequence[str]:
    """The steps that a query asks for. Raises Refused ``query_unusable``."""
    if asked is None:
        return STEPS_TO_AN_INQUIRY
    steps = asked.split(",")
    sound = all(0 < len(step) <= 64 for step in steps) and len(set(steps)) == len(steps)
    if not sound or len(steps) > STEPS_MAX:
        raise unusable(
            "steps",
            f"are up to {STEPS_MAX} different ones, by comma: categories, began, chose, "
            "chose_2 to chose_16, opened, completed",
        )
    return steps


def funnel_rows(steps: Sequence[str], parts: Sequence[FunnelPart]) -> list[FunnelRow]:
    """A row for each part and step."""
    return [
        FunnelRow(
            part=part.value,
            step=step,
            reached=reached,
            of_sessions=_ratio(reached, part.sessions),
            of_first=_ratio(reached, part.reached[0]),
            of_previous=_ratio(reached, part.reached[place - 1]) if place else None,
        )
        for part in parts
        for place, (step, reached) in enumerate(zip(steps, part.reached, strict=True))
    ]


def _ratio(part: int, whole: int) -> float | None:
    return round(part / whole, 6) if whole else None
