"""Rounding as the original's JavaScript does it: halves go up, on the same binary numbers."""

import math


def hundredths(value: float) -> float:
    """`Math.round(value * 100) / 100`: 3.125 is 3.13, and 1.005 is 1, as its double is below it."""
    scaled = value * 100
    whole = math.floor(scaled)
    return (whole + (scaled - whole >= 0.5)) / 100
