"""Formats money, choices, changes and reasons for people, one line each."""

import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from nest_haus_client import Apply, Change, Choice, Clear, Operation, Reason, Select, SetQuantity

RED, GREEN, YELLOW, CYAN, DIM, BOLD = "31", "32", "33", "36", "2", "1"
PEOPLE = ("34", "35", "36", "32", "33", "94", "95", "96")
"""A terminal colour for each of the eight colours of people."""


@dataclass(frozen=True, slots=True)
class TerminalColours:
    """Colours for a terminal, or none."""

    on: bool

    def __call__(self, text: str, colour: str) -> str:
        """The text in this colour."""
        return f"\x1b[{colour}m{text}\x1b[0m" if self.on and text else text


def paint_for(environ: Mapping[str, str]) -> TerminalColours:
    """Colours if standard output is a terminal, unless NO_COLOR is set."""
    return TerminalColours(sys.stdout.isatty() and not environ.get("NO_COLOR"))


def money(cents: int, *, sign: bool = False) -> str:
    """`187,300.00 €`; with `sign` also `+0.00 €`."""
    before = "-" if cents < 0 else "+" if sign else ""
    euros, rest = divmod(abs(cents), 100)
    return f"{before}{euros:,}.{rest:02d} €"


def choice(chosen: Choice | None) -> str:
    """`pv_panels x8`, or `-` for nothing."""
    if chosen is None:
        return "-"
    return chosen.option if chosen.quantity is None else f"{chosen.option} x{chosen.quantity}"


def change(changed: Change) -> str:
    """`nest: nest80 → nest120`, and whether a rule did it."""
    rule = " (by rule)" if changed.cause == "rule" else ""
    return f"{changed.category}: {choice(changed.before)} → {choice(changed.after)}{rule}"


def changes(changed: Sequence[Change]) -> str:
    """All changes, or a word for no changes."""
    return ", ".join(map(change, changed)) or "nothing"


def reason(why: Reason) -> str:
    """The sentence of a reason and its code."""
    return f"{why.text.en} ({why.code})"


def as_arguments(operation: Operation) -> str:
    """An operation as arguments of `nest edit`."""
    match operation:
        case Select(category=category, option=option, quantity=None):
            return f"{category}={option}"
        case Select(category=category, option=option, quantity=quantity):
            return f"{category}={option}:{quantity}"
        case SetQuantity(category=category, quantity=quantity):
            return f"{category}=:{quantity}"
        case Clear(category=category):
            return f"{category}="
        case Apply(operations=operations):
            return " ".join(map(as_arguments, operations))
        case _:
            anyway = " --anyway" if getattr(operation, "anyway", False) else ""
            return f"--{type(operation).__name__.lower()}{anyway}"
