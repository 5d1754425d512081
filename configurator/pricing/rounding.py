"""Rounding as in the original's JavaScript: halves go up, on the same binary numbers."""

import math


def hundredths(value: float) -> float:
    """`Math.round(value * 100) / 100`: 3.125 gives 3.13, but 1.005, whose double is less, 1."""
    scaled = value * 100
    whole = math.floor(scaled)
    return (whole + (scaled - whole >= 0.5)) / 100
